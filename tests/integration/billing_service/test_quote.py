"""The quote: what planned resources cost, by the rules of the ledger, and whether they fit the quota."""

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
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

from .conftest import TOKEN, Api, Load
from .ledger_kit import found
from .quota_kit import organization
from .requests import assert_error

CATALOGUE = Path(__file__).with_name("plans.yaml")
NOW = datetime(2026, 11, 20, 12, 0, 30, tzinfo=UTC)
SINCE = "2025-01-01T00:00:00Z"
PRICES = (
    "resource,currency,unit_price,valid_from\n"
    f"cpu_core_hour,EUR,0.0325,{SINCE}\nmemory_gib_hour,EUR,0.0046,{SINCE}\nstorage_gib_hour,EUR,0.00014,{SINCE}\n"
    f"network_gib,EUR,0.009,{SINCE}\npublic_ip_hour,EUR,0.004,{SINCE}\nload_balancer_hour,EUR,0.01,{SINCE}\n"
)
SUBSCRIPTIONS = "organization,plan,valid_from,addons\n"
MACHINE = {
    "kind": "VirtualMachine", "cpu": "4", "memory": "8Gi", "storage": {"class": "fast", "size": "100Gi"},
    "public_ips": 1, "hours_per_month": 730, "count": 3,
}  # fmt: skip

Quote = Callable[..., Awaitable[dict[str, Any]]]


async def sent(api: Api, *resources: object, query: str = "", text: str | None = None) -> Any:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    content = text if text is not None else json.dumps({"resources": resources})
    return await api.client.post(f"/api/organization/acme/quote{query}", content=content, headers=headers)


@pytest.fixture
async def quote(api: Api, load: Load) -> Quote:
    """Prices are there, and it is 20 November."""
    api.now = NOW
    await load(PRICES)

    async def quote(*resources: object, query: str = "") -> dict[str, Any]:
        response = await sent(api, *resources, query=query)
        assert response.status_code == 200, response.text
        return dict(simplejson.loads(response.text, use_decimal=True))

    return quote


def parts(data: dict[str, Any], name: str = "per_month") -> dict[str, Any]:
    return {one["component"]: one[name] for one in data["components"]}


def quantities(data: dict[str, Any]) -> dict[str, Any]:
    return {one["sku"]: one["quantity"] for one in data["lines"]}


async def test_the_example_of_the_documentation(quote: Quote) -> None:
    """Three machines for 730 hours. The class has no SKU, so it has the general price of storage."""
    data = await quote(MACHINE)
    assert quantities(data) == {
        "cpu_core_hour": 3 * 4 * 730,
        "memory_gib_hour": 3 * 8 * 730,
        "storage_gib_hour": 3 * 100 * 730,
        "public_ip_hour": 3 * 730,
    }
    assert parts(data) == {
        "cpu": Decimal("284.70"), "memory": Decimal("80.59"), "storage": Decimal("30.66"), "public_ip": Decimal("8.76"),
    }  # fmt: skip
    assert parts(data, "per_hour")["cpu"] == Decimal("0.390000")
    assert data["total"] == {
        "per_hour": Decimal("0.554400"), "per_month": Decimal("404.71"), "exact": Decimal("404.712"),
        "rounding": Decimal("-0.002"),
    }  # fmt: skip
    line = data["lines"][0]
    assert line["price"] == {
        "id": line["price"]["id"], "list": None, "unit_price": Decimal("0.0325"), "per": "unit", "from_quantity": None,
        "counted_before": None, "valid_from": "2025-01-01T00:00:00.000Z", "valid_until": None,
    }  # fmt: skip
    assert (data["price_missing"], data["not_in_quote"]) == ([], [])
    assert (data["on_plan"], data["quota"], data["currency"]) == (False, None, "EUR")


async def test_steps_go_on_from_the_quantity_of_a_month(quote: Quote, load: Load) -> None:
    """From the larger one of the running month and the month before: what runs already uses the included quantity."""
    await load(f"resource,currency,unit_price,valid_from,included\ncpu_core_hour,EUR,0.04,{SINCE},1000\n")
    for hour, cores in (("2026-10-10T00:00:00Z", 900), ("2026-11-10T00:00:00Z", 400)):
        await load(f"namespace,hour,sku,workload,quantity\nacme-data,{hour},cpu_core_hour,-,{cores}\n")
    data = await quote({"kind": "Pod", "cpu": "1", "memory": "1Gi", "hours_per_month": 700})
    lines = [one for one in data["lines"] if one["sku"] == "cpu_core_hour"]
    assert [(one["quantity"], one["price"]["unit_price"], one["price"]["from_quantity"]) for one in lines] == [
        (100, 0, 0),
        (600, Decimal("0.04"), 1000),
    ]
    assert {one["price"]["counted_before"] for one in lines} == {900}
    assert parts(data)["cpu"] == 24
    assert parts(data, "per_hour")["cpu"] == Decimal("0.034286")  # 24 EUR in 700 hours


@pytest.mark.parametrize(
    ("hours", "amount"),
    [(730, "2.99"), (744, "2.99"), (720, "2.99"), (719, "2.985846663"), (100, "0.415277700")],
)
async def test_a_price_by_the_month(quote: Quote, load: Load, hours: int, amount: str) -> None:
    """A complete month is exactly the price. A part of it costs what its hours are rated with."""
    await load(f"resource,currency,unit_price,valid_from,per\npublic_ip_hour,EUR,2.99,{SINCE},month\n")
    data = await quote({"kind": "PublicIP", "hours_per_month": hours})
    [line] = data["lines"]
    assert (line["amount"], line["price"]["per"]) == (Decimal(amount), "month")


async def test_disks_and_addresses_stay_while_a_machine_is_stopped(quote: Quote) -> None:
    """The hours are those in which it runs. A volume alone is there for its own hours."""
    data = await quote(
        {**MACHINE, "hours_per_month": 200, "count": 1},
        {"kind": "Volume", "storage": {"size": "1Gi"}, "hours_per_month": 10},
    )
    assert quantities(data) == {
        "cpu_core_hour": 800, "memory_gib_hour": 1600, "storage_gib_hour": 73010, "public_ip_hour": 730,
    }  # fmt: skip


async def test_a_class_of_storage_with_a_sku_has_its_price(quote: Quote, load: Load) -> None:
    """Without a price it is missing: the general price does not stand in, and nothing is 0."""
    await load("sku,component,unit,basis\nstorage_gib_hour.fast,storage,GiB hour,provisioned\n")
    data = await quote(MACHINE)
    assert data["price_missing"] == ["storage_gib_hour.fast"]
    assert parts(data)["storage"] is None
    assert parts(data)["cpu"] == Decimal("284.70")
    assert set(data["total"].values()) == {None}
    await load(f"resource,currency,unit_price,valid_from\nstorage_gib_hour.fast,EUR,0.0002,{SINCE}\n")
    data = await quote(MACHINE, {"kind": "Volume", "storage": [{"size": "10Gi"}, {"class": "slow", "size": "10Gi"}]})
    assert quantities(data)["storage_gib_hour.fast"] == 219000
    assert quantities(data)["storage_gib_hour"] == 14600


async def test_a_load_balancer_has_an_address(quote: Quote) -> None:
    """As it is metered. One that shares an address is stated with 0."""
    data = await quote({"kind": "LoadBalancer", "count": 2}, {"kind": "LoadBalancer", "public_ips": 0})
    assert quantities(data) == {"load_balancer_hour": 2190, "public_ip_hour": 1460}


# --- manifests ------------------------------------------------------------------


def container(cpu: Any = "100m", memory: Any = "1Gi", **members: Any) -> dict[str, Any]:
    return {"name": "c", "image": "i", "resources": {"requests": {"cpu": cpu, "memory": memory}}, **members}


def workload(kind: str, pod: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1", "kind": kind, "metadata": {"name": "api"},
        "spec": {"selector": {}, "template": {"metadata": {}, "spec": pod}, **spec}, "status": {},
    }  # fmt: skip


def claim(size: str = "10Gi", storage_class: str | None = None) -> dict[str, Any]:
    named = {"storageClassName": storage_class} if storage_class else {}
    return {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}, **named}


async def one(quote: Quote, manifest: dict[str, Any]) -> tuple[Any, ...]:
    [read] = (await quote(manifest))["resources"]
    return tuple(read[name] for name in ("count", "cpu", "memory", "storage"))


async def test_a_deployment_is_its_replicas(quote: Quote) -> None:
    """The containers together, 1 replica if none is stated. A limit without a request is the request."""
    limited = {"name": "l", "resources": {"limits": {"cpu": "1", "memory": "512Mi"}}}
    pod = {"containers": [container(), container("0.25", "1.5Gi"), limited]}
    assert await one(quote, workload("Deployment", pod, replicas=3)) == (3, Decimal("1.35"), 3, 0)
    assert await one(quote, workload("Deployment", pod)) == (1, Decimal("1.35"), 3, 0)
    data = await quote(workload("Deployment", pod, replicas=3))
    assert quantities(data) == {"cpu_core_hour": Decimal("2956.5"), "memory_gib_hour": 6570}


async def test_a_pod_requests_what_its_largest_step_needs(quote: Quote) -> None:
    """An init container counts alone, with the sidecars before it; then the overhead is added."""
    sidecar = container("200m", "1Gi", restartPolicy="Always")
    pod = {
        "containers": [container("500m", "1Gi"), container("500m", "1Gi")],
        "initContainers": [container("1", "8Gi"), sidecar, container("1100m", "1Gi")],
        "overhead": {"cpu": "250m", "memory": "120Mi"},
    }
    manifest = {"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "p-"}, "spec": pod}
    assert await one(quote, manifest) == (1, Decimal("1.55"), Decimal("8.1171875"), 0)
    pod["resources"] = {"requests": {"cpu": "2"}}
    assert (await one(quote, manifest))[1] == Decimal("2.25")


async def test_a_stateful_set_has_a_volume_for_each_replica(quote: Quote) -> None:
    """Of each template, and ephemeral ones of the pod."""
    ephemeral = {"name": "tmp", "ephemeral": {"volumeClaimTemplate": {"spec": claim("1Gi")}}}
    pod = {"containers": [container()], "volumes": [ephemeral, {"name": "e", "emptyDir": {}}]}
    templates = [{"metadata": {"name": "data"}, "spec": claim("50Gi")}, {"spec": claim("5Gi", "fast")}]
    manifest = workload("StatefulSet", pod, replicas=2, volumeClaimTemplates=templates)
    assert await one(quote, manifest) == (2, Decimal("0.1"), 1, 56)
    assert quantities(await quote(manifest))["storage_gib_hour"] == 2 * 56 * 730


async def test_a_claim_is_its_request(quote: Quote) -> None:
    """And nothing runs."""
    assert await one(quote, {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "spec": claim("1Ti")}) == (
        1,
        0,
        0,
        1024,
    )


def machine(domain: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "kubevirt.io/v1", "kind": "VirtualMachine", "metadata": {"name": "vm"},
        "spec": {"runStrategy": "Always", "template": {"spec": {"domain": domain}}, **spec},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("domain", "cpu", "memory"),
    [
        ({"cpu": {"cores": 2, "sockets": 2, "threads": 2}, "memory": {"guest": "4Gi"}}, 8, 4),
        ({"cpu": {"cores": 3}, "resources": {"requests": {"memory": "2Gi", "cpu": "1"}}}, 3, 2),
        ({"resources": {"requests": {"memory": "2Gi", "cpu": "1500m"}}}, 2, 2),
        ({"resources": {"limits": {"memory": "2Gi", "cpu": "4"}}, "cpu": {"model": "host"}}, 4, 2),
        ({"memory": {"guest": "1Gi"}, "resources": {"requests": {"memory": "2Gi"}}}, 1, 1),
    ],
)
async def test_a_machine_is_what_the_meter_counts(quote: Quote, domain: dict[str, Any], cpu: int, memory: int) -> None:
    """The topology, or the processors that are requested, rounded up; what the guest sees. Disks come with it."""
    disks = [{"spec": {"storage": claim("30Gi")}}, {"spec": {"pvc": claim("2Gi")}}]
    assert await one(quote, machine(domain, dataVolumeTemplates=disks)) == (1, cpu, memory, 32)


async def test_what_cannot_be_priced_is_named(quote: Quote) -> None:
    """A container without a request is billed by its use; a device has no SKU. Nothing of it is 0."""
    pod = {"containers": [{"name": "a"}, container()]}
    data = await quote(workload("Deployment", pod))
    assert [(one["pointer"]) for one in data["not_in_quote"]] == [
        "/resources/0/spec/template/spec/containers/0/resources/requests/cpu",
        "/resources/0/spec/template/spec/containers/0/resources/requests/memory",
    ]
    assert (await quote(workload("Deployment", {"containers": [{"name": "a"}]})))["total"]["per_month"] is None
    gpu = container()
    gpu["resources"]["limits"] = {"nvidia.com/gpu": 1}
    data = await quote(workload("Deployment", {"containers": [gpu]}))
    assert data["price_missing"] == ["gpu_hour"]
    assert (data["total"]["per_month"], parts(data)["gpu"]) == (None, None)
    devices = {"cpu": {"cores": 1}, "memory": {"guest": "1Gi"}, "devices": {"gpus": [{"deviceName": "nvidia.com/A10"}]}}
    data = await quote(machine(devices))
    assert data["price_missing"] == ["nvidia.com/A10"]
    assert (data["total"]["per_month"], parts(data)["other"]) == (None, None)


async def test_gpus_have_the_price_of_their_sku(quote: Quote, load: Load) -> None:
    """Each kind of share has its own, as it is metered."""
    await load("sku,component,unit,basis\ngpu_hour.nvidia_com_gpumem,gpu,MiB hour,provisioned\n")
    prices = f"gpu_hour,EUR,1.5,{SINCE}\ngpu_hour.nvidia_com_gpumem,EUR,0.0001,{SINCE}\n"
    await load("resource,currency,unit_price,valid_from\n" + prices)
    gpu = container()
    gpu["resources"]["limits"] = {"nvidia.com/gpu": 2, "nvidia.com/gpumem": "4000"}
    data = await quote(workload("Deployment", {"containers": [gpu]}, replicas=2))
    assert quantities(data)["gpu_hour"] == 2 * 2 * 730
    assert quantities(data)["gpu_hour.nvidia_com_gpumem"] == 2 * 4000 * 730
    assert parts(data)["gpu"] == 4380 + 584
    assert data["price_missing"] == []


# --- bad input --------------------------------------------------------------------

POD = {"kind": "Pod", "cpu": "1", "memory": "1Gi"}
OF_POD = "/spec/template/spec"
WRONG: list[tuple[object, str, str]] = [
    ({"kind": "Cluster"}, "/kind", "must be one of VirtualMachine, Deployment"),
    ({}, "/kind", "is required"),
    ({"kind": 7}, "/kind", "must be a text"),
    ("Pod", "", "must be an object"),
    ({**POD, "cpu": "-4"}, "/cpu", "must be a quantity of Kubernetes like 500m"),
    ({**POD, "cpu": "0"}, "/cpu", "must be above 0 and at most 10000"),
    ({**POD, "cpu": "10001"}, "/cpu", "must be above 0 and at most 10000"),
    ({**POD, "cpu": "four"}, "/cpu", "must be a quantity"),
    ({**POD, "cpu": True}, "/cpu", "must be a quantity"),
    ({"kind": "Pod", "cpu": "1"}, "/memory", "is required"),
    ({**POD, "memory": "2Pi"}, "/memory", "must be above 0 and at most 1Pi"),
    ({**POD, "storage": "100Gi"}, "/storage", "must be an object"),
    ({**POD, "storage": {"size": "-100Gi"}}, "/storage/size", "must be a quantity"),
    ({**POD, "storage": {"size": "1Gi", "kind": "ssd"}}, "/storage/kind", "unknown member; allowed: class, size"),
    ({**POD, "storage": [{"size": "1Gi"}, {"class": ""}]}, "/storage/1/class", "must be a text"),
    ({**POD, "count": 0}, "/count", "must be a whole number from 1 to 1000"),
    ({**POD, "count": 1001}, "/count", "must be a whole number from 1 to 1000"),
    ({**POD, "count": 1.5}, "/count", "must be a whole number from 1 to 1000"),
    ({**POD, "count": "3"}, "/count", "must be a whole number from 1 to 1000"),
    ({**POD, "hours_per_month": 746}, "/hours_per_month", "must be a whole number from 1 to 745"),
    ({**POD, "hours_per_month": 0}, "/hours_per_month", "must be a whole number from 1 to 745"),
    ({**POD, "public_ips": -1}, "/public_ips", "must be a whole number from 0 to 1000"),
    ({**POD, "disk": "1Gi"}, "/disk", "unknown member; allowed: kind, name, hours_per_month, count, cpu, memory"),
    ({"kind": "PublicIP", "public_ips": 0}, "/public_ips", "must be a whole number from 1 to 1000"),
    ({"kind": "PublicIP", "cpu": "1"}, "/cpu", "unknown member"),
    ({"kind": "Volume"}, "/storage", "is required"),
    ({"apiVersion": "v1", "kind": "Service"}, "/kind", "apiVersion and kind must be one of: apps/v1 Deployment"),
    ({"apiVersion": "extensions/v1", "kind": "Deployment"}, "/kind", "apiVersion and kind must be one of"),
    ({"apiVersion": "v1", "kind": "Pod"}, "/spec", "is required"),
    ({"apiVersion": "v1", "kind": "Pod", "spec": {}, "count": 3}, "/count", "unknown member; allowed: apiVersion"),
    ({"apiVersion": "v1", "kind": "Pod", "spec": {}}, "/spec/containers", "must have at least one container"),
    ({"apiVersion": "v1", "kind": "Pod", "spec": {"containers": {}}}, "/spec/containers", "must be an array"),
    (workload("Deployment", {"containers": [container("-1")]}),
     f"{OF_POD}/containers/0/resources/requests/cpu", "must be"),
    (workload("Deployment", {"containers": [container()]}, replicas=0), "/spec/replicas", "must be a whole number"),
    (workload("StatefulSet", {"containers": [container()]}, volumeClaimTemplates=[{"spec": {}}]),
     "/spec/volumeClaimTemplates/0/spec/resources", "is required"),
    (machine({"memory": {"guest": "1Gi"}}, instancetype={"name": "u1"}), "/spec/instancetype", "is not supported"),
    (machine({"cpu": {"cores": 2}}), f"{OF_POD}/domain/memory", "is required"),
    (machine({"cpu": {"cores": 0}, "memory": {"guest": "1Gi"}}), f"{OF_POD}/domain/cpu/cores", "must be"),
]  # fmt: skip


@pytest.mark.parametrize(("resource", "pointer", "text"), WRONG, ids=[f"{n} {w[1]}" for n, w in enumerate(WRONG)])
async def test_a_wrong_member_is_pointed_at(api: Api, quote: Quote, resource: object, pointer: str, text: str) -> None:
    """With what is allowed. A good resource before it does not matter."""
    del quote
    body = assert_error(await sent(api, POD, resource), 422, "invalid_body")
    [error] = body["errors"]
    assert error["pointer"] == f"/resources/1{pointer}"
    assert error["message"].startswith(text)
    assert body["message"] == f"{error['pointer']}: {error['message']}"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", "bad_request"), ("", "bad_request"), ('{"resources": [NaN]}', "bad_request"),
        ('{"resources": [], "resources": []}', "bad_request"),
        ('{"resources": ' + "[" * 40 + "]" * 40 + "}", "bad_request"),
        ("\xff", "invalid_body"), ("[]", "invalid_body"), ("{}", "invalid_body"), ('{"resources": []}', "invalid_body"),
        ('{"resources": {}}', "invalid_body"), ('{"resources": [{"kind": "PublicIP"}], "x": 1}', "invalid_body"),
        (json.dumps({"resources": [POD] * 101}), "invalid_body"), (" " * 65_537, "bad_request"),
    ],
)  # fmt: skip
async def test_a_wrong_body_is_refused(api: Api, quote: Quote, text: str, code: str) -> None:
    """JSON that is not strict is a 400."""
    del quote
    status = 400 if code == "bad_request" or text == "\xff" else 422
    response = await sent(api, text=text)
    assert response.status_code == status, response.text


async def test_mistakes_are_listed_together(api: Api, quote: Quote) -> None:
    """The first five."""
    del quote
    body = assert_error(await sent(api, *[{"kind": "Cluster"}] * 7), 422, "invalid_body")
    assert [error["pointer"] for error in body["errors"]] == [f"/resources/{number}/kind" for number in range(5)]  # type: ignore[index]
    assert body["message"].endswith("; and 4 more")


async def test_an_organization_that_is_not_registered_is_404(api: Api, quote: Quote) -> None:
    """As for a statement."""
    del quote
    headers = {"Authorization": f"Bearer {TOKEN}"}
    content = json.dumps({"resources": [POD]})
    response = await api.client.post("/api/organization/nobody/quote", content=content, headers=headers)
    assert_error(response, 404, "organization_not_found")
    assert_error(await sent(api, POD, query="?days=1"), 400, "bad_request")
    assert (await api.client.post("/api/organization/acme/quote", content=content)).status_code == 401


# --- the quota --------------------------------------------------------------------


@pytest.fixture
async def plans(database_url: str, api: Api, load: Load) -> Callable[..., Awaitable[None]]:
    """Sells the catalogue, changed by `texts`, and subscribes acme; the platform has measured these requests."""
    del api

    async def plans(subscription: str, *changes: tuple[str, str], **usage: Any) -> None:
        text = CATALOGUE.read_text()
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path = CATALOGUE.with_name("changed.yaml")
        path.write_text(text)
        try:
            async with connect(database_url) as connection:
                await load_catalogue(connection, read_catalogue(path), now=NOW)
                await load_members(connection, read_members(path))
                if usage:
                    await store_quotas(connection, read_quotas([organization("acme", **usage)]), NOW)
        finally:
            path.unlink()
        await load(f"{SUBSCRIPTIONS}acme,{subscription}\n")

    return plans


REQUESTED = {
    "cpu": {"used": "3", "hard": "4100m"}, "memory": {"used": "4Gi", "hard": "9Gi"}, "storage": {"used": "20Gi"},
    "pods": {"used": "5"}, "publicIPv4": {"used": "0"}, "objectStorage": {"used": "0"},
}  # fmt: skip
DEV = "dev-pool,2026-09-01T00:00:00Z,"


def small(cpu: str = "1", memory: str = "1Gi", **more: Any) -> dict[str, Any]:
    return {"kind": "Pod", "cpu": cpu, "memory": memory, **more}


async def test_what_fits_needs_no_upgrade(quote: Quote, plans: Any) -> None:
    """Each dimension with what is left before and afterwards; up to the limit exactly."""
    await plans(DEV, **REQUESTED)
    data = await quote(small(storage={"size": "10Gi"}))
    assert data["on_plan"] is True
    quota = data["quota"]
    assert (quota["source"], quota["fits"], quota["exceeded"]) == ("platform", True, [])
    assert quota["upgrade"] == {"state": "not_needed", "option": None}
    left = {row["dimension"]: (row["left_now"], row["planned"], row["left_after"]) for row in quota["dimensions"]}
    assert left["cpu"] == (1, 1, 0)
    assert left["storage"] == (40, 10, 30)
    assert left["pods"] == (95, 1, 94)
    assert left["public_ipv4"] == (1, 0, 1)
    assert data["cost_basis"] == "list_price"


@pytest.mark.parametrize(
    ("planned", "expected"),
    [
        (small("2"), ("dev-pool", {"turbo-x1": 1}, 28)),  # 5 cores: 19 + 9
        (small("1", "9Gi"), ("dev-pool", {"turbo-x2": 1}, 35)),  # 13 GiB: 8 + 8, cheaper than 2 of turbo-x1
        (small("7"), ("dev-pool", {"turbo-x1": 1, "turbo-x2": 1}, 44)),  # 10 cores; pro-pool has 8
        (small("5", "20Gi"), ("pro-pool", {}, 49)),  # 8 cores, 24 GiB: 2 of turbo-x2 are 51
        (small("1", "1Gi", public_ips=2), ("scale-pool", {}, 99)),  # add-ons bring no address
        (small("13", "60Gi"), ("scale-pool", {"turbo-x2": 1}, 115)),  # 16 cores, 64 GiB
        (small("1", "1Gi", public_ips=4), None),
    ],
)
async def test_the_cheapest_upgrade_is_found(
    quote: Quote, plans: Any, planned: dict[str, Any], expected: tuple[str, dict[str, int], int] | None
) -> None:
    """Over all plans and numbers of add-ons. If nothing fits, it is stated."""
    await plans(DEV, **REQUESTED)
    upgrade = (await quote(planned))["quota"]["upgrade"]
    if expected is None:
        assert upgrade == {"state": "none_fits", "option": None}
        return
    option = upgrade["option"]
    addons = {one["id"]: one["quantity"] for one in option["addons"]}
    assert (option["plan"]["id"], addons, option["monthly_price"]) == expected
    assert option["difference"] == expected[2] - 19


async def test_hidden_entries_are_not_proposed(quote: Quote, plans: Any) -> None:
    """An organization that has them keeps them, and gets no more of them."""
    hidden = ("turbo-x1: {price: 9,", "turbo-x1: {price: 1, selfService: false,")
    await plans(DEV + "turbo-x1=1", hidden, ("pro-pool:   {", "pro-pool:   {disabled: true, "), **REQUESTED)
    option = (await quote(small("11", "10Gi")))["quota"]["upgrade"]["option"]  # 14 cores, 14 GiB
    assert option["plan"]["id"] == "dev-pool"
    assert {one["id"]: one["quantity"] for one in option["addons"]} == {"turbo-x1": 1, "turbo-x2": 2}
    assert (option["monthly_price"], option["difference"]) == (52, 32)


async def test_equal_prices_have_one_order(quote: Quote, plans: Any) -> None:
    """The plan that there is, then fewer add-ons."""
    await plans(DEV, ("turbo-x1: {price: 9,", "turbo-x1: {price: 8,"), ("price: 49", "price: 35"), **REQUESTED)
    option = (await quote(small("5")))["quota"]["upgrade"]["option"]  # 8 cores: 2 x1, 1 x2, or pro-pool
    assert (option["plan"]["id"], [(one["id"], one["quantity"]) for one in option["addons"]]) == (
        "dev-pool",
        [("turbo-x2", 1)],
    )


async def test_requests_that_are_not_known_decide_nothing(quote: Quote, plans: Any) -> None:
    """Neither that it fits nor that it does not, and no upgrade."""
    await plans(DEV, **(REQUESTED | {"cpu": {"used": "many", "hard": "4"}}))
    quota = (await quote(small()))["quota"]
    assert (quota["fits"], quota["unknown"], quota["exceeded"]) == (None, ["cpu"], [])
    assert quota["upgrade"] == {"state": "unknown", "option": None}
    assert (await quote({"kind": "Volume", "storage": {"size": "1Gi"}}))["quota"]["fits"] is True


async def test_a_suspended_organization_cannot_upgrade(quote: Quote, plans: Any) -> None:
    """It has the quota of the suspended plan."""
    await plans("suspendedPlan,2026-09-01T00:00:00Z,", **REQUESTED)
    quota = (await quote(small()))["quota"]
    assert (quota["fits"], quota["upgrade"]) == (False, {"state": "suspended", "option": None})


async def test_a_dimension_that_is_exceeded_already_does_not_matter(quote: Quote, plans: Any) -> None:
    """If nothing of it is planned: the upgrade is for what is planned."""
    await plans(DEV, **(REQUESTED | {"publicIPv4": {"used": "3", "hard": "1"}}))
    assert (await quote(small()))["quota"]["fits"] is True
    option = (await quote(small("2")))["quota"]["upgrade"]["option"]
    assert option["plan"]["id"] == "dev-pool"


async def test_a_project_user_gets_prices_and_no_quota(quote: Quote, plans: Any) -> None:
    """What is left would show what other projects request."""
    await plans(DEV, **REQUESTED)
    data = await quote(small(), query="?namespaces=acme-web")
    assert data["namespaces"] == ["acme-web"]
    assert "quota" not in data
    assert data["total"]["per_month"] == Decimal("27.08")


async def test_nothing_is_stored(quote: Quote, plans: Any, database_url: str) -> None:
    """Not even a data version."""
    await plans(DEV, **REQUESTED)
    versions = "SELECT organization, version FROM data_versions ORDER BY 1"
    async with connect(database_url) as connection:
        before = await found(connection, versions)
        await quote(small("2"), MACHINE)
        assert await found(connection, versions) == before
