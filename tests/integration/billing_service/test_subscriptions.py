"""Subscriptions from the annotations of Organization resources."""

from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import simplejson
import yaml

from billing_service.database import connect
from billing_service.plans.catalogue import read_catalogue
from billing_service.plans.load import load_catalogue
from billing_service.plans.resources import ResourcesError, read_subscriptions
from billing_service.plans.subscribe import subscribe

from .conftest import Api, Load
from .ledger_kit import found
from .process import run

CATALOGUE = Path(__file__).with_name("plans.yaml")
NOVEMBER = datetime(2026, 11, 20, 12, tzinfo=UTC)
SEPTEMBER = datetime(2026, 9, 1, tzinfo=UTC)
PRICE = "resource,currency,unit_price,valid_from\ncpu_core_hour,EUR,0.05,2025-01-01T00:00:00Z\n"
USAGE = "namespace,hour,sku,workload,quantity\nacme-web,2026-10-10T00:00:00Z,cpu_core_hour,-,100\n"


def organization(name: str, plan: str = "", subscription: str = "", addons: str = "", **members: Any) -> dict[str, Any]:
    """As the platform stores it."""
    given = {"plan-id": plan, "subscription": subscription, "addons": addons} | members
    annotations = {f"billing.kube-dc.com/{key}": value for key, value in given.items() if value}
    return {
        "apiVersion": "kube-dc.com/v1",
        "kind": "Organization",
        "metadata": {"name": name, "namespace": name, "annotations": annotations or None, "generation": 3},
        "spec": {"email": "a@example.org"},
    }


ACME = organization(
    "acme",
    "scale-pool",
    "active",
    '[{"addonId":"turbo-x1","quantity":3,"priceId":"p_1"},{"addonId":"turbo-x2","quantity":2}]',
    stripe="cus_1",
)
OTHERS = [
    organization("acme-prod", "dev-pool", "canceled"),
    organization("nippon"),
    organization("unknown-to-billing"),
]


@pytest.fixture(autouse=True)
async def catalogue(database_url: str, registry: None) -> None:  # noqa: ARG001 - the rows must be there
    async with connect(database_url) as connection:
        await load_catalogue(connection, read_catalogue(CATALOGUE), now=NOVEMBER)


def written(folder: Path, *items: dict[str, Any], as_yaml: bool = False) -> Path:
    path = folder / "organizations"
    document = {"apiVersion": "v1", "kind": "List", "items": list(items)}
    path.write_text(yaml.safe_dump(document) if as_yaml else simplejson.dumps(document))
    return path


async def stored(url: str) -> list[tuple[Any, ...]]:
    async with connect(url) as connection:
        columns = "organization::text, plan, addons, lower(validity) AS since, upper(validity) AS until"
        return await found(connection, f"SELECT {columns} FROM subscriptions ORDER BY organization, validity")


async def subscribed(url: str, path: Path, since: datetime) -> None:
    async with connect(url) as connection:
        await subscribe(connection, read_subscriptions(path), since, NOVEMBER)


@pytest.mark.parametrize("as_yaml", [True, False])
async def test_an_organization_has_its_plan_from_a_moment_on(
    api: Api, database_url: str, tmp_path: Path, as_yaml: bool
) -> None:
    """158 EUR a month. Without the annotation there is not a plan. What is not used is kept."""
    for _ in range(2):
        await subscribed(database_url, written(tmp_path, ACME, *OTHERS, as_yaml=as_yaml), SEPTEMBER)
    assert await stored(database_url) == [
        ("acme", "scale-pool", {"turbo-x1": 3, "turbo-x2": 2}, SEPTEMBER, None),
        ("acme-prod", "suspendedPlan", {}, SEPTEMBER, None),
    ]
    api.now = NOVEMBER
    statement = (await api.get("/api/organization/acme/statement?period=2026-10")).json()
    assert statement["invoiced"]["fees"] == 158
    async with connect(database_url) as connection:
        assert await found(
            connection,
            "SELECT document->>'billing.kube-dc.com/stripe' AS stripe FROM subscriptions"
            " WHERE organization = 'acme' AND document->>'billing.kube-dc.com/addons' LIKE '%p_1%'",
        ) == [("cus_1",)]


async def test_a_changed_subscription_holds_from_its_moment_on(database_url: str, tmp_path: Path) -> None:
    """The past stays. Without the annotation the organization pays by usage from then on."""
    await subscribed(database_url, written(tmp_path, ACME), SEPTEMBER)
    november = datetime(2026, 11, 5, 7, tzinfo=UTC)
    await subscribed(database_url, written(tmp_path, organization("acme", "dev-pool", "past_due")), november)
    december = datetime(2026, 12, 1, tzinfo=UTC)
    await subscribed(database_url, written(tmp_path, organization("acme", "dev-pool")), december)
    assert await stored(database_url) == [
        ("acme", "scale-pool", {"turbo-x1": 3, "turbo-x2": 2}, SEPTEMBER, november),
        ("acme", "dev-pool", {}, november, december),
    ]


@pytest.mark.parametrize("state", ["suspended", "canceled"])
async def test_a_suspended_organization_pays_nothing(
    api: Api, load: Load, database_url: str, tmp_path: Path, state: str
) -> None:
    """Neither a fee nor its usage."""
    await load(PRICE)
    await load(USAGE)
    await subscribed(database_url, written(tmp_path, organization("acme", "scale-pool", state)), SEPTEMBER)
    api.now = NOVEMBER
    statement = (await api.get("/api/organization/acme/statement?period=2026-10")).json()
    assert statement["invoiced"] == {"fees": 0, "usage": 0, "adjustments": 0, "total": 0}
    assert (statement["cost_basis"], statement["usage_total"]) == ("list_price", 5)


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (organization("acme", "mega-pool", "active"), "acme: plan: 'mega-pool' is not in the catalogue"),
        (
            organization("acme", "dev-pool", "active", '[{"addonId":"turbo-x9","quantity":1}]'),
            "acme: addon: 'turbo-x9' is not in the catalogue",
        ),
        (
            organization("acme", "dev-pool", "paused"),
            "acme: billing.kube-dc.com/subscription is 'paused', must be one of",
        ),
        (organization("acme", "", "active"), "acme: billing.kube-dc.com/plan-id is missing"),
        (
            organization("acme", "dev-pool", "active", "turbo-x1"),
            "acme: billing.kube-dc.com/addons is 'turbo-x1', must be like",
        ),
        (
            organization("acme", "dev-pool", "active", '[{"addonId":"turbo-x1","quantity":-1}]'),
            "acme: billing.kube-dc.com/addons",
        ),
        (organization("acme", "dev-pool", "active", "[1]"), "acme: billing.kube-dc.com/addons"),
        (
            organization("globex", "dev-pool", "active"),
            "globex: plan: 'dev-pool' costs EUR, and the organization is billed in USD",
        ),
        (organization("nobody", "dev-pool", "active"), "nobody: organization: 'nobody' is not registered"),
        ({"kind": "Project", "metadata": {"name": "acme-web"}}, "item 3: must be a resource of the kind Organization"),
        ({"kind": "Organization"}, "item 3: must be a resource of the kind Organization"),
        (organization("acme-prod"), "acme-prod: is there twice"),
    ],
)
async def test_a_wrong_entry_is_named(database_url: str, tmp_path: Path, item: dict[str, Any], reason: str) -> None:
    """Nothing of the file is stored."""
    good = [organization("acme-prod", "dev-pool", "active"), organization("nippon")]
    path = written(tmp_path, *good, deepcopy(item))
    with pytest.raises(ResourcesError, match=reason.replace("[", r"\[")):
        await subscribed(database_url, path, SEPTEMBER)
    assert await stored(database_url) == []


@pytest.mark.parametrize(
    ("text", "reason"), [("{", "is not JSON or YAML"), ("a: [", "is not JSON"), ("text", "must be a list")]
)
def test_another_file_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    """With what it must be."""
    path = tmp_path / "organizations"
    path.write_text(text)
    with pytest.raises(ResourcesError, match=reason):
        read_subscriptions(path)


async def test_subscriptions_is_a_command(database_url: str, tmp_path: Path) -> None:
    """It names what is wrong with exit code 1."""
    path = str(written(tmp_path, ACME, *OTHERS))
    done = run(database_url, "subscriptions", path, "--valid-from", "2026-09-01T00:00:00Z")
    assert (done.returncode, done.stdout) == (0, "subscriptions: 4 organizations from 2026-09-01T00:00Z on\n"), (
        done.stderr
    )
    done = run(database_url, "subscriptions", str(written(tmp_path, organization("acme", "mega-pool", "active"))))
    assert (done.returncode, "acme: plan: 'mega-pool' is not in the catalogue" in done.stderr) == (1, True), done.stderr
