"""`meta` of a response: how complete and how final the figures are, as the billing service sends it."""

import json
from typing import Any

import httpx2 as httpx
import pytest

from tests.functions.overview.replies import overview
from tests.kit.billing import billing_summary
from tests.kit.envelopes import assert_error_envelope, assert_success_envelope
from tests.kit.in_process import get, make
from tests.kit.tenants import user

PATH = "/api/billing/project/acme-web/overview"
QUALITY = {
    "complete_through": "2025-10-01T13:00:00.000Z",
    "incomplete_hours": 2,
    "data_version": 2**40,
    "currency": "EUR",
    "currency_digits": 2,
    "time_zone": "Europe/Berlin",
    "period_state": "open",
    "cost_basis": "usage",
}


async def overview_with(query: str = "", **members: Any) -> httpx.Response:
    reply = {"organization": "acme", "namespace": "acme-web", "as_of": "2025-10-01T15:00:00Z", **overview(), **members}

    def send(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=json.dumps(reply), headers={"content-type": "application/json"})

    return await get(make("overview", billing=send), PATH + query, user("acme", "acme-web"))


async def test_meta_has_what_the_billing_service_sends() -> None:
    """Every member is in `meta` under the same name. Data has none of them."""
    body = assert_success_envelope(await overview_with(**QUALITY))
    assert body["meta"] == {"as_of": "2025-10-01T15:00:00.000Z", "stale": False, **QUALITY}
    assert body["data"].keys() == {"namespace", "billing_summary", "compute_instances", "cost_breakdown", "cost_shares"}


async def test_a_member_that_is_not_sent_is_absent() -> None:
    """A foreign billing service sends none of them, and null is the same."""
    for members in ({}, dict.fromkeys(QUALITY)):
        body = assert_success_envelope(await overview_with(**members))
        assert body["meta"] == {"as_of": "2025-10-01T15:00:00.000Z", "stale": False}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("complete_through", "2025-10-01"),
        ("complete_through", 1759323600),
        ("incomplete_hours", -1),
        ("incomplete_hours", "2"),
        ("data_version", 1.5),
        ("currency", "eur"),
        ("currency_digits", 5),
        ("time_zone", "Europe/Berlin\r\nx"),
        ("period_state", "final"),
        ("cost_basis", ""),
    ],
)
async def test_an_invalid_member_is_503(name: str, value: object) -> None:
    """What the figures mean is then unknown."""
    assert_error_envelope(await overview_with(**{**QUALITY, name: value}), 503, "Billing service unreachable")


SUMMARY = billing_summary(5)
UNKNOWN = dict.fromkeys(("current_month_total", "last_day_spend", "total_cost_per_hour"))
FINISHED = {**SUMMARY, "last_day_spend": None, "total_cost_per_hour": None}
NO_RATE = {**overview()["compute_instances"], "cost_per_hour": None}


async def test_never_metered_is_null_and_not_zero() -> None:
    """The reply then has `as_of` null."""
    members = {"as_of": None, "billing_summary": {**SUMMARY, **UNKNOWN}, "compute_instances": NO_RATE}
    body = assert_success_envelope(await overview_with(**members))
    assert {name: body["data"]["billing_summary"][name] for name in UNKNOWN} == UNKNOWN
    assert body["meta"]["as_of"] is None


async def test_an_earlier_month_has_no_last_day_and_no_rate() -> None:
    """They are null in a month that is over."""
    members = {"billing_summary": FINISHED, "compute_instances": NO_RATE, "period_state": "closed"}
    body = assert_success_envelope(await overview_with("?period=2025-10", **members))
    assert body["data"]["billing_summary"]["current_month_total"] == 5
    assert body["data"]["billing_summary"]["last_day_spend"] is None


@pytest.mark.parametrize(
    "members",
    [
        {"billing_summary": {**SUMMARY, "current_month_total": None}},
        {"billing_summary": {**SUMMARY, "current_month_total": None}, "period_state": "closed"},
        {"billing_summary": FINISHED, "compute_instances": NO_RATE},
        {"billing_summary": FINISHED, "compute_instances": NO_RATE, "period_state": "open"},
        {"billing_summary": FINISHED, "period_state": "closed"},
        {"compute_instances": NO_RATE},
    ],
)
async def test_a_null_without_a_reason_is_503(members: dict[str, Any]) -> None:
    """Only a month that is over, and a project that was never metered, have amounts that are not known."""
    assert_error_envelope(await overview_with(**members), 503, "Billing service unreachable")


async def test_a_service_that_ignores_the_month_does_not_offer_it() -> None:
    """Figures of another month are never shown as those of the requested one."""
    body = assert_error_envelope(await overview_with("?period=2025-01"), 501, "Not offered by this installation")
    assert body["code"] == "not_offered"


async def test_gpu_and_other_costs_are_parts_where_they_are_used() -> None:
    """The five names are always there."""
    parts = overview()["cost_breakdown"]
    plain = assert_success_envelope(await overview_with())
    assert plain["data"]["cost_breakdown"] == parts
    assert plain["data"]["cost_shares"].keys() == parts.keys()
    assert round(sum(plain["data"]["cost_shares"].values()), 3) == 1
    assert "adjustments" not in plain["data"]
    body = assert_success_envelope(await overview_with(cost_breakdown={**parts, "gpu_cost": 3}, adjustments=-1.5))
    assert body["data"]["cost_breakdown"] == {**parts, "gpu_cost": 3}
    assert body["data"]["adjustments"] == -1.5


@pytest.mark.parametrize(("amount", "shown"), [(0, False), (0.004, True), (0.005, False)])
async def test_almost_nothing_is_not_nothing(amount: float, shown: bool) -> None:
    """0.004 EUR is shown as 0.00 with `almost_nothing`."""
    body = assert_success_envelope(await overview_with(billing_summary=billing_summary(amount)))
    assert body["data"]["billing_summary"]["almost_nothing"] is shown
