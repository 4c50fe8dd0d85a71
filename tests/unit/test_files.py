"""Every declared endpoint that sends a file: the same figures, tenants and versions as its JSON."""

from typing import Any

import pytest

from tests.kit.declared import CASES, Case
from tests.kit.envelopes import assert_error_envelope, assert_success_envelope
from tests.kit.files import rows
from tests.kit.in_process import get, make
from tests.kit.tenants import AMOUNTS, admin, priced, user

WITH_TABLE = [case for case in CASES if case.endpoint.table is not None]


def with_format(case: Case, value: str) -> str:
    return f"{case.path()}?format={value}"


@pytest.mark.parametrize("case", WITH_TABLE, ids=str)
async def test_a_file_ends_with_the_total_and_its_time(case: Case) -> None:
    """Headers are those of a download. The JSON has the same amounts."""
    function = make(case.function.name, billing=priced())
    response = await get(function, with_format(case, "csv"), user("acme", "acme-web"))
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    assert response.headers["content-disposition"].startswith('attachment; filename="')
    assert response.headers["cache-control"] == "no-store"
    *_, total = rows(response.text)
    assert (total["row"], total["as_of"]) == ("total", "2025-10-01T15:00:00.000Z")
    assert str(AMOUNTS["acme-web"]) in total.values()
    assert str(AMOUNTS["acme-web"]) in (await get(function, with_format(case, "json"), user("acme", "acme-web"))).text


@pytest.mark.parametrize("case", WITH_TABLE, ids=str)
async def test_a_file_has_no_other_tenants_figures(case: Case) -> None:
    """Neither in the rows nor in the total."""
    response = await get(
        make(case.function.name, billing=priced()), with_format(case, "csv"), user("acme", "acme-web", "globex-shop")
    )
    assert response.status_code == 200
    for namespace in ("acme-data", "acme-prod-web", "globex-shop"):
        assert str(AMOUNTS[namespace]) not in response.text


@pytest.mark.parametrize("case", WITH_TABLE, ids=str)
async def test_an_error_is_json_and_an_unknown_format_is_named(case: Case) -> None:
    """400 with what is allowed."""
    function = make(case.function.name, billing=priced())
    body = assert_error_envelope(await get(function, with_format(case, "xml"), admin("acme")), 400)
    assert "'format'" in body["error"]
    assert "'json' or 'csv'" in body["error"]
    assert_error_envelope(await get(function, with_format(case, "csv")), 401)


@pytest.mark.parametrize("case", WITH_TABLE, ids=str)
async def test_file_and_json_have_different_versions(case: Case) -> None:
    """An ETag of the JSON does not make the file 304."""
    billing = priced()

    def tagged(request: Any) -> Any:
        response = billing(request)
        response.headers["etag"] = '"7"'
        return response

    function = make(case.function.name, billing=tagged)
    who = user("acme", "acme-web")
    tag = (await get(function, case.path(), who)).headers.get("etag")
    assert tag is not None
    file = await get(function, with_format(case, "csv"), who, if_none_match=tag)
    assert file.status_code == 200
    again = await get(function, with_format(case, "csv"), who, if_none_match=file.headers["etag"])
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("case", [case for case in CASES if case.endpoint.method == "GET"], ids=str)
async def test_only_an_endpoint_with_a_table_has_a_format(case: Case) -> None:
    """Another one rejects the parameter."""
    if case in WITH_TABLE:
        assert_success_envelope(
            await get(make(case.function.name, billing=priced()), with_format(case, "json"), user("acme", "acme-web"))
        )
    else:
        function = make(case.function.name, billing=priced())
        assert_error_envelope(await get(function, with_format(case, "csv"), user("acme", "acme-web")), 400)
