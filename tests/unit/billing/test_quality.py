"""`meta` of a response: how complete and how final the figures are, as the billing service sends it."""

import json
from typing import Any

import httpx2 as httpx
import pytest

from tests.functions.overview.replies import overview
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


async def overview_with(**members: Any) -> httpx.Response:
    reply = {"organization": "acme", "namespace": "acme-web", "as_of": "2025-10-01T15:00:00Z", **overview(), **members}

    def send(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=json.dumps(reply), headers={"content-type": "application/json"})

    return await get(make("overview", billing=send), PATH, user("acme", "acme-web"))


async def test_meta_has_what_the_billing_service_sends() -> None:
    """Every member is in `meta` under the same name. Data has none of them."""
    body = assert_success_envelope(await overview_with(**QUALITY))
    assert body["meta"] == {"as_of": "2025-10-01T15:00:00.000Z", "stale": False, **QUALITY}
    assert body["data"].keys() == {"namespace", "billing_summary", "compute_instances", "cost_breakdown"}


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
