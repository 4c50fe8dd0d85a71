"""The plan of an organization: what it grants, what is enforced, requested and used, and the fees."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import simplejson

from billing_service.database import connect
from billing_service.plans.catalogue import read_catalogue, read_members
from billing_service.plans.load import load_catalogue, load_members
from billing_service.plans.quota import read_quotas
from billing_service.plans.quota_store import store_quotas
from billing_service.plans.resources import Subscription
from billing_service.plans.subscribe import subscribe

from .conftest import USAGE_HEADER, Api, Load
from .quota_kit import ORGANIZATION, organization, project
from .requests import assert_error

CATALOGUE = Path(__file__).with_name("plans.yaml")
HEADER = "organization,plan,valid_from,addons\n"
NOW = datetime(2026, 11, 20, 12, 0, 30, tzinfo=UTC)
SCALE = f"{HEADER}acme,scale-pool,2026-09-01T00:00:00Z,turbo-x1=3 turbo-x2=2\n"

Store = Callable[..., Awaitable[None]]


@pytest.fixture(autouse=True)
async def catalogue(database_url: str, api: Api) -> None:
    api.now = NOW
    async with connect(database_url) as connection:
        await load_catalogue(connection, read_catalogue(CATALOGUE), now=NOW)
        await load_members(connection, read_members(CATALOGUE))


@pytest.fixture
def store(database_url: str) -> Store:
    """Stores a reading of these resources."""

    async def store(*resources: dict[str, Any], now: datetime = NOW) -> None:
        async with connect(database_url) as connection:
            await store_quotas(connection, read_quotas(resources), now)

    return store


async def planned(api: Api, organization: str = "acme", query: str = "") -> dict[str, Any]:
    response = await api.get(f"/api/organization/{organization}/plan{query}")
    assert response.status_code == 200, response.text
    return dict(simplejson.loads(response.text, use_decimal=True))


def of(data: dict[str, Any], name: str) -> dict[str, Any]:
    [found] = [one for one in data["quota"]["dimensions"] if one["dimension"] == name]
    return dict(found)


async def test_the_example_of_the_platform(api: Api, load: Load) -> None:
    """Scale Pool, 3 Turbo x1 and 2 Turbo x2: 158 EUR, 30 cores, 84 GiB, 460 GiB, and no more addresses."""
    await load(SCALE)
    data = await planned(api)
    assert data["plan"] == {"id": "scale-pool", "name": "Scale Pool", "monthly_price": 99}
    assert [(one["id"], one["quantity"]) for one in data["addons"]] == [("turbo-x1", 3), ("turbo-x2", 2)]
    assert data["monthly_price"] == 158
    assert data["subscription"] == {"state": "active", "since": "2026-09-01T00:00:00.000Z", "suspended": False}
    granted = {
        one["dimension"]: (one["unit"], one["plan"], one["addons"], one["entitled"])
        for one in data["quota"]["dimensions"]
    }
    assert granted == {
        "cpu": ("core", 16, 14, 30),
        "memory": ("GiB", 56, 28, 84),
        "storage": ("GiB", 320, 140, 460),
        "pods": ("pod", 500, 0, 500),
        "public_ipv4": ("address", 3, 0, 3),
        "object_storage": ("GB", 500, 0, 500),
    }


async def test_the_fees_are_those_of_the_statement(api: Api, load: Load) -> None:
    """By the hour, also after a change within the month. The total is rounded once."""
    await load(f"{HEADER}acme,pro-pool,2026-11-01T00:00:00Z,\nacme,scale-pool,2026-11-11T05:00:00Z,turbo-x1=1\n")
    data = await planned(api)
    statement = simplejson.loads((await api.get("/api/organization/acme/statement")).text, use_decimal=True)
    assert data["fees"] == {"lines": statement["fees"], "total": statement["invoiced"]["fees"]}
    assert len(data["fees"]["lines"]) == 3
    assert data["fees"]["total"] == Decimal("87.92")  # 245 of 720 hours of 49, and 475 of 108: rounded once
    assert data["period"] == "2026-11"


async def test_without_a_subscription_there_is_no_plan(api: Api) -> None:
    """The state has the value none, and nothing is granted: null, not 0."""
    data = await planned(api)
    assert (data["plan"], data["addons"], data["monthly_price"]) == (None, [], None)
    assert data["subscription"] == {"state": "none", "since": None, "suspended": False}
    assert data["fees"] == {"lines": [], "total": 0}
    assert data["quota"]["source"] == "none"
    for one in data["quota"]["dimensions"]:
        assert {one[name] for name in ("plan", "entitled", "enforced", "limit", "requested", "used", "left")} == {None}
        assert (one["exhausted_on"], one["exhaustion"]) == (None, None)


@pytest.mark.parametrize("state", ["suspended", "canceled"])
async def test_a_suspended_organization_has_the_suspended_quota(api: Api, database_url: str, state: str) -> None:
    """It is shown with the plan that it had, and pays nothing. What the suspended plan does not state is not known."""
    document = {"billing.kube-dc.com/plan-id": "pro-pool", "billing.kube-dc.com/subscription": state}
    async with connect(database_url) as connection:
        await subscribe(connection, [Subscription("acme", "suspendedPlan", {}, document)], now=NOW)
    data = await planned(api)
    assert data["plan"]["id"] == "pro-pool"
    assert data["subscription"]["state"] == state
    assert data["subscription"]["suspended"] is True
    assert (data["monthly_price"], data["fees"]["total"]) == (0, 0)
    assert [of(data, name)["limit"] for name in ("cpu", "memory", "pods", "storage")] == [Decimal("0.5"), 1, 10, None]


@pytest.mark.parametrize("state", ["trialing", "canceling", "past_due"])
async def test_other_states_have_the_full_quota(api: Api, database_url: str, state: str) -> None:
    """As the platform defines."""
    document = {"billing.kube-dc.com/plan-id": "pro-pool", "billing.kube-dc.com/subscription": state}
    async with connect(database_url) as connection:
        await subscribe(connection, [Subscription("acme", "pro-pool", {}, document)], now=NOW)
    data = await planned(api)
    assert (data["subscription"]["state"], data["subscription"]["suspended"]) == (state, False)
    assert of(data, "cpu")["limit"] == 8


async def test_the_platform_states_what_is_requested(api: Api, load: Load, store: Store) -> None:
    """The limit is the smaller one of what is granted and enforced. Bytes are shown as GiB, object storage as GB."""
    await load(f"{HEADER}acme,scale-pool,2026-09-01T00:00:00Z,\n")
    await store(organization("acme"), project("acme", "acme-web"), organization("globex", "u-9"))
    data = await planned(api)
    assert data["quota"]["source"] == "platform"
    assert data["quota"]["last_updated"] == "2026-11-20T11:59:30.000Z"
    names = ("entitled", "enforced", "limit", "requested", "left")
    assert [of(data, "cpu")[name] for name in names] == [16, Decimal("16.6"), 16, Decimal("12.5"), Decimal("3.5")]
    assert [of(data, "memory")[name] for name in names] == [56, 60, 56, 24, 32]
    assert [of(data, "object_storage")[name] for name in names] == [500, 500, 500, Decimal("1.5"), Decimal("498.5")]
    assert of(data, "object_storage")["used"] == Decimal("1.5")
    [web] = [one for one in of(data, "cpu")["projects"] if one["namespace"] == "acme-web"]
    assert web == {"namespace": "acme-web", "requested": 2, "used": None, "limit": 4}
    assert [one["namespace"] for one in of(data, "cpu")["projects"]] == ["acme-data", "acme-web"]
    assert of(data, "public_ipv4")["exhausted_on"] == "2026-11-20"  # 3 of 3: nothing is left


async def test_a_lower_enforced_quota_is_the_limit(api: Api, load: Load, store: Store) -> None:
    """What blocks the tenant. More requests than the limit leave less than nothing."""
    await load(f"{HEADER}acme,scale-pool,2026-09-01T00:00:00Z,\n")
    await store(organization("acme", cpu={"used": "9", "hard": "8"}))
    cpu = of(await planned(api), "cpu")
    assert (cpu["entitled"], cpu["limit"], cpu["left"]) == (16, 8, -1)
    assert cpu["exhausted_on"] == "2026-11-20"


async def test_the_ledger_stands_in_for_the_platform(api: Api, load: Load, store: Store) -> None:
    """Without a reading of the last hour, the newest hour of each project. A class of storage is storage."""
    await load("sku,component,unit,basis\nstorage_gib_hour.fast,storage,GiB hour,provisioned\n")
    await load(f"{HEADER}acme,scale-pool,2026-09-01T00:00:00Z,\n")
    await load(f"{USAGE_HEADER}acme-web,2026-11-20T10:00:00Z,2.5,8,100,1,1\nacme-data,2026-11-20T09:00:00Z,1,2,3,0,0\n")
    await load("namespace,hour,sku,workload,quantity\nacme-web,2026-11-20T10:00:00Z,storage_gib_hour.fast,-,50\n")
    await load("namespace,running_pods,running_vms,cpu_cores,memory_gib\nacme-web,10,1,2.4,8.8\nacme-data,3,0,1,2\n")
    await store(organization("acme"), now=NOW - timedelta(hours=1, seconds=1))
    data = await planned(api)
    assert data["quota"]["source"] == "ledger"
    assert data["quota"]["last_updated"] is None
    requested = {one["dimension"]: one["requested"] for one in data["quota"]["dimensions"]}
    assert requested == {
        "cpu": Decimal("3.5"), "memory": 10, "storage": 153, "pods": 14, "public_ipv4": 1, "object_storage": None,
    }  # fmt: skip
    assert of(data, "cpu")["enforced"] is None
    assert of(data, "cpu")["left"] == Decimal("12.5")
    assert [one["requested"] for one in of(data, "cpu")["projects"]] == [1, Decimal("2.5")]


async def test_a_malformed_quantity_is_not_known(
    api: Api, load: Load, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    """It is named in the log, and is neither 0 nor taken from elsewhere. Members that are not used are ignored."""
    await load(f"{HEADER}acme,scale-pool,2026-09-01T00:00:00Z,\n")
    wrong = {"cpu": {"used": "many", "hard": "-1"}, "memory": {"used": None, "hard": "60Gi"}, "pods": 7}
    await store(organization("acme", **wrong, disks={"used": "1"}))
    data = await planned(api)
    assert data["quota"]["source"] == "platform"
    cpu = of(data, "cpu")
    assert (cpu["requested"], cpu["enforced"], cpu["limit"], cpu["left"], cpu["exhaustion"]) == (
        None,
        None,
        16,
        None,
        None,
    )
    assert of(data, "memory")["requested"] is None
    assert of(data, "pods")["requested"] is None
    named = {record.fields["member"] for record in caplog.records}  # type: ignore[attr-defined]
    assert named == {"cpu.used", "cpu.hard", "pods"}


async def test_a_project_user_gets_the_own_part(api: Api, load: Load, store: Store) -> None:
    """The limit is shared, so it is shown. What other projects request, what is left, and fees are not."""
    await load(SCALE)
    await store(
        organization("acme"), project("acme", "acme-web"), project("acme", "acme-data", "p-2", cpu={"used": "7"})
    )
    data = await planned(api, query="?namespaces=acme-web,globex-shop")
    assert data["namespaces"] == ["acme-web", "globex-shop"]
    assert data["plan"] == {"id": "scale-pool", "name": "Scale Pool"}
    assert data.keys().isdisjoint({"fees", "monthly_price"})
    assert "monthly_price" not in data["addons"][0]
    cpu = of(data, "cpu")
    assert (cpu["limit"], cpu["requested"], cpu["left"]) == (Decimal("16.6"), 2, None)
    assert (cpu["exhausted_on"], cpu["exhaustion"]) == (None, None)
    assert [one["namespace"] for one in cpu["projects"]] == ["acme-web"]


async def test_profiles_of_gpus_are_dimensions(api: Api, store: Store, database_url: str, tmp_path: Path) -> None:
    """If the plan grants them, or the platform measures them."""
    path = tmp_path / "plans.yaml"
    gpu = "gpu: {l4-small: {shares: 4, memoryMiB: 6144, corePercent: 25}}"
    path.write_text(CATALOGUE.read_text().replace("price: 99,", f"price: 99, {gpu},"))
    async with connect(database_url) as connection:
        await load_catalogue(connection, read_catalogue(path), now=NOW)
        await subscribe(connection, [Subscription("acme", "scale-pool", {}, {})], now=NOW)
    accelerators = {"l4-small": {"used": "1", "hard": "4"}, "h100": {"used": "1"}, "bad name": {"used": "1"}}
    await store(organization("acme", cpu=ORGANIZATION["cpu"], accelerators=accelerators))
    found = [one for one in (await planned(api))["quota"]["dimensions"] if one["dimension"] == "gpu"]
    assert [(one["profile"], one["entitled"], one["limit"], one["requested"], one["unit"]) for one in found] == [
        ("l4-small", 4, 4, 1, "share"),
        ("h100", None, None, 1, "share"),
    ]


async def test_the_tag_changes_with_the_quota(api: Api, load: Load, store: Store) -> None:
    """A new reading is another response, although the ledger has not changed."""
    await load(SCALE)
    await store(organization("acme"))
    path = "/api/organization/acme/plan"
    tag = (await api.get(path)).headers["etag"]
    assert (await api.get(path, **{"If-None-Match": tag})).status_code == 304
    await store(organization("acme", cpu={"used": "1"}))
    assert (await api.get(path, **{"If-None-Match": tag})).status_code == 200


async def test_an_unknown_organization_and_parameter(api: Api) -> None:
    """As for a statement."""
    assert_error(await api.get("/api/organization/nobody/plan"), 404, "organization_not_found")
    assert_error(await api.get("/api/organization/acme/plan?period=2026-10"), 400, "bad_request")
