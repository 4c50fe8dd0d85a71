"""The list rounds in PostgreSQL, and the overview in Python: both show the same figures."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
import simplejson

from billing_service.database import open_database
from billing_service.money import rounded

from .conftest import Api, Load

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
PRICES = "resource,currency,unit_price,valid_from\n" + "".join(
    f"cpu_core_hour,{currency},{price},2025-01-01T00:00:00Z\n"
    for currency, price in (("EUR", "0.0325"), ("USD", "0.000000000001"), ("JPY", "0.5"))
)
OWNERS = {"acme-web": "acme", "acme-data": "acme", "globex-shop": "globex", "nippon-web": "nippon"}


def usage(quantities: dict[str, str]) -> str:
    lines = [f"{name},2026-11-09T10:00:00Z,cpu_core_hour,-,{quantity}\n" for name, quantity in quantities.items()]
    return "namespace,hour,sku,workload,quantity\n" + "".join(lines)


async def summaries(api: Api, organization: str, period: str = "") -> dict[str, Any]:
    listed = await api.get(f"/api/organization/{organization}/projects{period}")
    entries = simplejson.loads(listed.text, use_decimal=True)["projects"]
    return {entry["namespace"]: entry["billing_summary"] for entry in entries}


@pytest.mark.parametrize("period", ["", "2026-11", "2026-10"])
@pytest.mark.parametrize("quantity", ["0", "0.1", "0.123076923", "0.153846154", "3", "99999.123456789"])
async def test_a_project_has_the_same_summary_in_both(api: Api, load: Load, quantity: str, period: str) -> None:
    """Text by text: 0, half a cent, almost nothing, currencies of 0 and 2 digits, a month that is over."""
    await load(PRICES)
    await load(usage(dict.fromkeys(OWNERS, quantity)))
    api.now = NOW
    for namespace, organization in OWNERS.items():
        shown = (await summaries(api, organization, f"?period={period}" if period else ""))[namespace]
        month = f"&period={period}" if period else ""
        response = await api.get(f"/api/project/{namespace}/overview?organization={organization}{month}")
        summary = simplejson.loads(response.text, use_decimal=True)["billing_summary"]
        assert simplejson.dumps(shown) == simplejson.dumps(summary)


@pytest.mark.parametrize("digits", [0, 2, 3, 6])
async def test_postgresql_rounds_as_python_does(database_url: str, digits: int) -> None:
    """Half away from zero, with all digits, for amounts up to the largest one."""
    values = ["0", "0.5", "0.005", "0.0049999999999999999", "2.675", "0E-21", "1E+2", "999999999999999999.995"]
    exact = [Decimal(value) for value in values] + [Decimal(n) / 2000 for n in range(50)]
    async with open_database(database_url) as database:
        query = "SELECT round(unnest(%(exact)s::numeric[]), %(digits)s::integer)::text AS text"
        rows = await database.fetch(query, exact=exact, digits=digits)
    assert [row["text"] for row in rows] == [f"{rounded(value, digits):f}" for value in exact]
