"""The demo budget of the local platform: it fires, and the receiver gets a signed notification."""

import json
import time
from typing import Any

import pytest
from standardwebhooks import Webhook

from dev import budgets
from dev.platform import Platform


@pytest.mark.slow_fault
def test_the_demo_budget_fires_and_is_received(platform: Platform) -> None:
    """Made through the API once, evaluated by the worker within a minute, delivered to the receiver."""
    token = platform.token("alice")
    assert budgets.provide(platform.settings, token) == [budgets.FIRING, budgets.MONTHLY]
    assert budgets.provide(platform.settings, token) == []
    received = _wait_for(platform)
    data = Webhook(budgets.webhook_secret(platform.settings)).verify(received["body"], received)["data"]
    [event] = data["events"]
    assert (event["status"], event["kind"], data["organization"]) == ("firing", "budget.threshold", "acme")
    assert event["title"] == f"Budget {budgets.FIRING}: 100 % is reached"


def _wait_for(platform: Platform) -> dict[str, Any]:
    file, deadline = platform.settings.data / "notifications.jsonl", time.monotonic() + 120
    while time.monotonic() < deadline:
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        for received in map(json.loads, lines):
            if budgets.FIRING in received["body"]:
                found: dict[str, Any] = received
                return found
        time.sleep(0.5)
    raise AssertionError("no notification within two minutes")
