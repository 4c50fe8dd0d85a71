"""Rendering of responses: decimals without exponent, errors in one format, a bug without detail."""

import json
import logging
from decimal import Decimal

import httpx2
import pytest
import simplejson

from billing_service.api import create_app
from billing_service.errors import PriceMissing
from billing_service.render import render
from billing_service.request_log import JsonFormatter, frames


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("0.0000000", "0.0000000"),
        ("0.0000001", "0.0000001"),
        ("1E+3", "1000"),
        ("8999999999991.99", "8999999999991.99"),
        ("1.10", "1.10"),
    ],
)
def test_a_decimal_is_written_digit_by_digit(amount: str, text: str) -> None:
    """No exponent, no binary float in between, no digit lost or gained."""
    content = bytes(render(200, {"amount": Decimal(amount)}).body)
    assert content == f'{{"amount":{text}}}'.encode()
    assert simplejson.loads(content, use_decimal=True)["amount"] == Decimal(amount)


@pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("Infinity"), object()])
def test_what_is_no_amount_is_not_written(value: object) -> None:
    """NaN and Infinity are not valid JSON. A bug that produces one raises an error and is not sent."""
    with pytest.raises(TypeError):
        render(200, {"amount": value})


def test_an_error_has_code_message_and_its_details() -> None:
    """The format that the functions read."""
    body = PriceMissing("no price", resource="network_gib", month="2025-09").body()
    assert body == {"code": "price_missing", "message": "no price", "resource": "network_gib", "month": "2025-09"}


class BrokenDatabase:
    """Fails with a text that holds a value, as database drivers do."""

    pool = None

    async def fetch(self, *_: object) -> None:
        raise RuntimeError("value 4711 of tenant acme")


async def test_a_bug_is_500_without_detail_and_logged_without_values(caplog: pytest.LogCaptureFixture) -> None:
    """The client learns nothing; the log has type and frames, once."""
    app = create_app(BrokenDatabase(), "a-service-token-for-tests")  # type: ignore[arg-type]  # a working fake of a bug
    caplog.set_level(logging.INFO)
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://billing") as client:
        response = await client.get("/api/health")
    assert response.status_code == 500
    assert response.json() == {"code": "internal_error", "message": "Internal server error"}
    records = [record for record in caplog.records if record.name == "billing_service"]
    assert len(records) == 1
    line = json.loads(JsonFormatter().format(records[0]))
    assert (line["level"], line["status"], line["exception"][0]) == ("ERROR", 500, "RuntimeError")
    assert any(frame.endswith(" fetch") for frame in line["exception"])
    assert "4711" not in caplog.text + json.dumps(line)


def test_the_cause_of_an_exception_is_logged_too() -> None:
    """What was behind a translated failure is the interesting part."""
    error = ValueError("secret")
    error.__cause__ = OSError("secret")
    lines = frames(error)
    assert lines == ["ValueError", "OSError"]
