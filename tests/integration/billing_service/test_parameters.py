"""Parameters of the billing API: pages of the list, and each wrong one named with its own rule."""

import pytest

from .conftest import Api, Load
from .requests import OVERVIEW, PROJECTS, assert_error


async def test_the_list_is_paged(api: Api, load: Load) -> None:
    """Page after page, each project comes once and in order; the last page has no next."""
    names = [f"many-{number:05}" for number in range(25)]
    await load("organization,currency\nmany,EUR\n")
    await load("namespace,organization\n" + "".join(f"{name},many\n" for name in names))
    path = "/api/organization/many/projects"
    seen, after, pages = [], "", 0
    while after is not None:
        page = (await api.get(f"{path}?limit=10{after and '&after='}{after}")).json()
        assert len(page["projects"]) <= 10
        seen += [project["namespace"] for project in page["projects"]]
        after, pages = page["next"], pages + 1
    assert (seen, pages) == (names, 3)
    complete = (await api.get(path)).json()
    assert "next" not in complete
    assert [project["namespace"] for project in complete["projects"]] == names
    beyond = (await api.get(f"{path}?limit=10&after=zzz")).json()
    assert (beyond["projects"], beyond["next"]) == ([], None)
    assert (await api.get(f"{path}?limit=25")).json()["next"] is None


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("/api/project/acme-web/overview", "organization"),
        ("/api/project/acme-web/overview?organization=", "organization"),
        ("/api/project/acme-web/overview?organization=Acme", "organization"),
        ("/api/project/acme-web/overview?organization=acme%0A", "organization"),
        ("/api/project/acme_web/overview?organization=acme", "namespace"),
        (f"/api/project/{'a' * 64}/overview?organization=acme", "namespace"),
        (f"{OVERVIEW}&organization=acme", "organization"),
        ("/api/organization/acm%C3%A9/projects", "organization"),
        (f"{PROJECTS}?after=No", "after"),
        (f"{PROJECTS}?after=", "after"),
    ],
)
async def test_a_wrong_name_is_400_and_named(api: Api, path: str, parameter: str) -> None:
    """The response names the parameter, and its rule."""
    error = assert_error(await api.get(path), 400, "bad_request")
    assert error["parameter"] == parameter
    assert f"'{parameter}'" in error["message"]
    assert "lower-case letters" in error["message"] or "once" in error["message"]


@pytest.mark.parametrize("limit", ["0", "-1", "1001", "010", "1.0", "", "%31%30%0A", "ten", "99999999999999999999"])
async def test_a_wrong_limit_is_400_with_its_own_rule(api: Api, limit: str) -> None:
    """The message for a number contains the rule for numbers, not the rule for names."""
    error = assert_error(await api.get(f"{PROJECTS}?limit={limit}"), 400, "bad_request")
    assert error["parameter"] == "limit"
    assert error["message"] == "query parameter 'limit' must be a whole number from 1 to 1000"


@pytest.mark.parametrize(
    ("path", "allowed", "named"),
    [
        (f"{OVERVIEW}&limit=1", "organization, period", {"parameter": "limit"}),
        (f"{PROJECTS}?offset=1", "limit, after, period", {"parameter": "offset"}),
        (f"{PROJECTS}?%3Cscript%3E=1", "limit, after, period", {}),
    ],
)
async def test_an_unknown_parameter_is_400_with_those_that_are_allowed(
    api: Api, path: str, allowed: str, named: dict[str, str]
) -> None:
    """Its name is sent back when it is a plain one."""
    error = assert_error(await api.get(path), 400, "bad_request")
    message = f"allowed query parameters: {allowed}"
    assert error == {"code": "bad_request", "message": message, **named}


async def test_two_wrong_parameters_are_both_named(api: Api) -> None:
    """`parameter` is the first of them."""
    error = assert_error(await api.get(f"{PROJECTS}?limit=0&after=NO"), 400, "bad_request")
    assert error["parameter"] == "limit"
    assert "'limit' must be a whole number" in error["message"]
    assert "'after' must be 1 to 63" in error["message"]
