"""A quote is what the ledger books for the same usage of a complete month."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import simplejson

from billing_service.database import connect

from .conftest import Api, Load
from .ledger_kit import found
from .test_quote import PRICES, SINCE, sent

NOVEMBER = datetime(2026, 11, 1, tzinfo=UTC)
HOURS = 720
LINES = "namespace,hour,sku,workload,quantity\n"
LISTS = {
    "by the unit": "",
    "own list": f"resource,currency,unit_price,valid_from,organization\ncpu_core_hour,EUR,0.029,{SINCE},acme\n",
    "included": f"resource,currency,unit_price,valid_from,included\ncpu_core_hour,EUR,0.04,{SINCE},1000\n",
    "tiers": "resource,currency,unit_price,valid_from,included,tiers\n"
    f"cpu_core_hour,EUR,0.04,{SINCE},100,500=0.03 2000.5=0.02\nmemory_gib_hour,EUR,0.01,{SINCE},,1000=0.001\n",
    "by the month": "resource,currency,unit_price,valid_from,per\n"
    f"public_ip_hour,EUR,2.99,{SINCE},month\nstorage_gib_hour,EUR,0.101,{SINCE},month\n",
}
PLANNED = [
    {"kind": "VirtualMachine", "cpu": "1100m", "memory": "3Gi", "storage": {"size": "40Gi"}, "count": 2},
    {"kind": "PublicIP", "count": 3},
    {"kind": "Deployment", "cpu": "0.7", "memory": "1000M", "count": 4, "egress": "30Gi"},
]
BOOKED = [  # in every hour
    ("cpu_core_hour", "VirtualMachine/a", "1.1"),
    ("cpu_core_hour", "VirtualMachine/b", "1.1"),
    ("cpu_core_hour", "Deployment/c", "2.8"),
    ("memory_gib_hour", "VirtualMachine/a", "3"),
    ("memory_gib_hour", "VirtualMachine/b", "3"),
    ("memory_gib_hour", "Deployment/c", str(4 * Decimal("0.931322575"))),  # 1000 MB in GiB, as the ledger rounds it
    ("storage_gib_hour", "VirtualMachine/a", "40"),
    ("storage_gib_hour", "VirtualMachine/b", "40"),
    ("public_ip_hour", "PublicIP/a", "3"),
]
OTHERS = [("cpu_core_hour", "-", "7.3"), ("memory_gib_hour", "-", "20")]


def usage(namespace: str, hours: int, lines: list[tuple[str, str, str]]) -> Iterator[str]:
    for hour in range(hours):
        begins = NOVEMBER + timedelta(hours=hour)
        for sku, workload, quantity in lines:
            yield f"{namespace},{begins:%Y-%m-%dT%H}:00:00Z,{sku},{workload},{quantity}\n"


async def booked(database_url: str) -> dict[str, Decimal]:
    query = """
        SELECT k.code, sum(m.amount) FROM organization_monthly AS m JOIN skus AS k ON k.id = m.sku
        WHERE m.organization = 'acme' AND m.period = '2026-11-01' GROUP BY 1
    """
    async with connect(database_url) as connection:
        return {str(code): Decimal(str(amount)) for code, amount in await found(connection, query)}


@pytest.mark.parametrize("days", [0, 3])
@pytest.mark.parametrize("prices", LISTS)
async def test_a_quote_is_what_the_ledger_books(
    api: Api, load: Load, database_url: str, prices: str, days: int
) -> None:
    """To the last digit, for each SKU, also after other usage of the month."""
    await load(PRICES)
    if LISTS[prices]:
        await load(LISTS[prices])
    ended = NOVEMBER + timedelta(hours=HOURS)
    api.now = ended - timedelta(seconds=1)
    if days:
        await load(LINES + "".join(usage("acme-data", days * 24, OTHERS)), now=api.now)
    response = await sent(api, *({**one, "hours_per_month": HOURS} for one in PLANNED))
    data = simplejson.loads(response.text, use_decimal=True)
    before = await booked(database_url)
    egress = "acme-web,2026-11-10T00:00:00Z,network_gib,Deployment/c,120\n"
    await load(LINES + "".join(usage("acme-web", HOURS, BOOKED)) + egress, now=ended)
    exact = {sku: amount - before.get(sku, Decimal(0)) for sku, amount in (await booked(database_url)).items()}
    quoted = dict.fromkeys(exact, Decimal(0))
    for line in data["lines"]:
        quoted[line["sku"]] += line["amount"]
    assert quoted == exact
    assert data["total"]["exact"] == sum(exact.values())
    months = [one["per_month"] for one in data["components"]]
    assert sum(months) == data["total"]["per_month"] == round(sum(exact.values()), 2)
