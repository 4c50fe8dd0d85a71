"""The demo budgets of the local platform, through its API: one fires at once, and its channel is the receiver.

What is there by its name is kept, so that a later start does not change what was changed since.
"""

import base64
from typing import Any

import httpx2

from dev.settings import LOOPBACK, PlatformError, Settings, kept_secret

CHANNEL = "Receiver of make run"
FIRING, MONTHLY = "Demo: one euro a month", "Everything in a month"
_TIMEOUT_SECONDS = 15


def provide(settings: Settings, token: str) -> list[str]:
    """The names of the budgets that were made. `token`: of an org-admin. Raises PlatformError."""
    headers = {"authorization": f"Bearer {token}"}
    with httpx2.Client(base_url=settings.api_url, headers=headers, timeout=_TIMEOUT_SECONDS, trust_env=False) as api:
        channel = _channel(api, settings)
        names = {budget["name"] for budget in _data(api.get("/api/billing/budgets"))["budgets"]}
        wanted = [body for body in bodies(channel) if body["name"] not in names]
        for body in wanted:
            _data(api.post("/api/billing/budgets", json=body))
    return [body["name"] for body in wanted]


def _channel(api: httpx2.Client, settings: Settings) -> str:
    for channel in _data(api.get("/api/billing/channels"))["channels"]:
        if channel["name"] == CHANNEL:
            return str(channel["id"])
    url = f"http://{LOOPBACK}:{settings.ports['RECEIVER_PORT']}/budgets"
    target = {"kind": "webhook", "url": url, "secret": webhook_secret(settings)}
    return str(_data(api.post("/api/billing/channels", json={"name": CHANNEL, "target": target}))["id"])


def webhook_secret(settings: Settings) -> str:
    key = kept_secret(settings.data, "receiver-key").encode()[:32]
    return f"whsec_{base64.b64encode(key).decode()}"


def bodies(channel: str) -> list[dict[str, Any]]:
    given: dict[str, Any] = {
        "scope": {"kind": "organization"},
        "currency": "EUR",
        "period": "month",
        "channels": [channel],
    }
    given |= {"notify_on": ["firing", "resolved"], "rollover": False}
    expected = {"basis": "forecast", "percent": 100, "probability": 0.8}
    half, most = ({"basis": "actual", "percent": percent} for percent in (50, 80))
    return [
        given | {"name": FIRING, "amount": 1, "thresholds": [{"basis": "actual", "percent": 100}]},
        given | {"name": MONTHLY, "amount": 400, "thresholds": [half, most, expected]},
    ]


def _data(response: httpx2.Response) -> Any:
    if not response.is_success:
        raise PlatformError(f"the demo budgets: {response.status_code} for {response.url.path}: {response.text[:500]}")
    return response.json()["data"]
