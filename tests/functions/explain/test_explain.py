"""The rows of a figure: exact, and they add up."""

import json
from decimal import Decimal
from typing import Any

import httpx2 as httpx
import pytest

from common.money.strict_json import parse_json
from tests.functions.explain.replies import explanation
from tests.kit.envelopes import assert_error_envelope, assert_success_envelope
from tests.kit.files import rows
from tests.kit.in_process import get, make
from tests.kit.tenants import user

PATH = "/api/billing/project/acme-web/explain"
OWNER = {"organization": "acme", "namespace": "acme-web", "as_of": "2025-10-01T15:00:00Z"}


async def explained(query: str = "", text: str = "", **changes: Any) -> httpx.Response:
    content = text or json.dumps({**OWNER, **explanation(**changes)})

    def send(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=content, headers={"content-type": "application/json"})

    return await get(make("explain", billing=send), PATH + query, user("acme", "acme-web"))


async def test_every_row_is_shown_with_its_price() -> None:
    """Names and values are those of the billing service; `from` and `to` are RFC 3339."""
    data = assert_success_envelope(await explained())["data"]
    assert (data["from"], data["to"]) == ("2025-10-01T00:00:00.000Z", "2025-10-01T15:00:00.000Z")
    assert (data["value"], data["exact"], data["rest"]) == (12.5, 12.5, None)
    [row] = data["rows"]
    assert (row["sku"], row["workload"], row["price"]["valid_until"]) == ("cpu_core_hour", "Deployment/api", None)


async def test_exact_amounts_keep_all_digits() -> None:
    """30 digits: Python's default context has 28."""
    amount = "123456789.012345678901234567891"
    text = json.dumps({**OWNER, **explanation(7, value=123456789.01, rounding=8)})
    text = text.replace('"amount": 7', f'"amount": {amount}').replace('"exact": 7', f'"exact": {amount}')
    text = text.replace('"rounding": 8', '"rounding": -0.002345678901234567891')
    response = await explained(text=text)
    assert_success_envelope(response)
    data = parse_json(response.content)["data"]
    assert data["exact"] == data["rows"][0]["amount"] == Decimal(amount)


@pytest.mark.parametrize(
    "changes",
    [
        {"exact": 12.51},
        {"rest": {"rows": 3, "amount": 0.01}},
        {"rounding": 0.01},
        {"value": 12.51, "rounding": None},
        {"rows": []},
        {"figure": "everything"},
        {"period": "2025"},
        {"from": None},
    ],
)
async def test_an_explanation_that_does_not_add_up_is_503(changes: dict[str, Any]) -> None:
    """It explains nothing."""
    assert_error_envelope(await explained(**changes), 503, "Billing service unreachable")


async def test_the_rest_of_the_rows_is_part_of_the_sum() -> None:
    """Rows that are not shown are one line."""
    changes = {"exact": 13, "value": 13, "rest": {"rows": 3, "amount": 0.5}}
    data = assert_success_envelope(await explained(**changes))["data"]
    assert data["rest"] == {"rows": 3, "amount": 0.5}


@pytest.mark.parametrize("query", ["?figure=total", "?figure=", "?period=2025-13", "?period=", "?month=2025-10"])
async def test_a_wrong_parameter_is_named(query: str) -> None:
    """With what is allowed."""
    body = assert_error_envelope(await explained(query), 400)
    assert query[1:].partition("=")[0] in body["error"]


async def test_another_month_is_not_shown() -> None:
    """A foreign billing service may ignore `period`."""
    assert_error_envelope(await explained("?period=2025-09"), 501, "Not offered by this installation")


async def test_the_amounts_of_a_file_add_up_to_its_total() -> None:
    """With the rest and the rounding. Adjustments have another column; a reason does not become a formula."""
    adjustment = {
        "id": "a1",
        "namespace": "acme-web",
        "sku": None,
        "quantity": None,
        "currency": "EUR",
        "amount": -3.5,
        "reason": "=HYPERLINK(1)",
        "refers_to": None,
        "created_at": "2025-10-02T00:00:00Z",
    }
    changes: dict[str, Any] = {"rest": {"rows": 7, "amount": 0.123}, "exact": 12.623, "rounding": -0.003}
    response = await explained("?format=csv", **changes, value=12.62, adjustments=[adjustment], currency="EUR")
    *parts, total = rows(response.text)
    assert [row["row"] for row in parts] == ["usage", "7 more rows", "rounding", "adjustment"]
    assert sum(Decimal(row["amount"] or 0) for row in parts) == Decimal(total["amount"]) == Decimal("12.62")
    assert (parts[-1]["adjustment"], parts[-1]["reason"]) == ("-3.5", "'=HYPERLINK(1)")
    assert (parts[0]["unit_price"], parts[0]["valid_until"]) == ("12.5", "")
    assert {row["currency"] for row in (*parts, total)} == {"EUR"}
