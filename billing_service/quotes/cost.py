"""What planned resources cost an hour and a month, by component, with the prices that were used."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, LiteralString

from psycopg.rows import DictRow

from billing_service.database import Database
from billing_service.figures.facts import rfc3339
from billing_service.ledger.script import script
from billing_service.metering import skus
from billing_service.metering.quantity import gib, rounded
from billing_service.money import RATE_DIGITS, exact_sum, split
from billing_service.plans.quantities import EXACT
from billing_service.quotes.needs import Needs

Units = Mapping[tuple[str, int | None], Decimal]  # by SKU and hours of a month

_OWN: LiteralString = "SELECT code FROM skus WHERE code LIKE 'storage\\_gib\\_hour.%%' OR component = 'gpu'"


async def rates(database: Database, month: DictRow, needs: list[Needs]) -> tuple[list[DictRow], set[str]]:
    """A row for each unit price, or one without a price; and the resources of Kubernetes that have no SKU."""
    own = frozenset(row["code"] for row in await database.fetch(_OWN))
    units = _units(needs, own)
    unknown = {name for one in needs for name, _ in one.others if _gpu(name) not in own}
    rows = await database.fetch(
        script("quotes/rates.sql"),
        organization=month["organization"],
        now=month["moment"],
        period=month["period"],
        codes=[code for code, _ in units],
        hours=[hours for _, hours in units],
        units=list(units.values()),
    )
    return rows, unknown


def _units(needs: Iterable[Needs], own: frozenset[str]) -> Units:
    """Quantities have nine decimals, as lines of the ledger. `own`: SKUs of storage classes and GPUs."""
    classes = frozenset(code.partition(".")[2] for code in own if code.startswith(skus.STORAGE))
    found: defaultdict[tuple[str, int | None], Decimal] = defaultdict(Decimal)
    for one in needs:
        amounts = [
            (skus.CPU, one.hours, one.cpu),
            (skus.MEMORY, one.hours, gib(one.memory)),
            *(
                (skus.storage(volume.storage_class, classes), one.kept_hours, gib(volume.size))
                for volume in one.volumes
            ),
            (skus.PUBLIC_IP, one.kept_hours, Decimal(one.addresses)),
            (skus.LOAD_BALANCER, one.hours, Decimal(one.balancers)),
            (skus.NETWORK, None, gib(one.egress)),
            *((_gpu(name), one.hours, amount) for name, amount in one.others if _gpu(name) in own),
        ]
        for code, hours, amount in amounts:
            if amount:
                key = (code, hours)
                found[key] = EXACT.add(found[key], EXACT.multiply(rounded(amount), Decimal(one.number)))
    return dict(found)


def _gpu(resource: str) -> str:
    """The SKU of a resource: kube-state-metrics writes nvidia.com/gpu as nvidia_com_gpu."""
    return skus.gpu(re.sub(r"[^A-Za-z0-9_]", "_", resource))


def cost(rows: list[DictRow], others: set[str], digits: int) -> dict[str, Any]:
    """Amounts of a month with the currency's digits, of an hour with four more. The components add up to the total.

    `others`: resources that have no SKU. What has no price is in `price_missing`, and its component and the total are
    null. The total is also null if there is nothing that could have a price.
    """
    missing = sorted({row["sku"] for row in rows if row["price"] is None} | others)
    incomplete = {row["component"] or "other" for row in rows if row["price"] is None} | (
        {"other"} if others else set()
    )
    month: defaultdict[str, Decimal] = defaultdict(Decimal)
    hour: defaultdict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        if row["price"] is not None:
            month[row["component"]] = EXACT.add(month[row["component"]], row["amount"])
            hour[row["component"]] = EXACT.add(hour[row["component"]], _each_hour(row))
    months, hours = split(month, digits), split(hour, digits + RATE_DIGITS)
    names = dict.fromkeys([*month, *incomplete])
    components = [_component(name, hours, months, complete=name not in incomplete) for name in names]
    exact = exact_sum(month.values())
    total = exact_sum(months.values()) if month and not incomplete else None
    return {
        "components": components,
        "total": {
            "per_hour": None if total is None else exact_sum(hours.values()),
            "per_month": total,
            "exact": None if total is None else exact,
            "rounding": None if total is None else EXACT.subtract(total, exact),
        },
        "lines": [_line(row) for row in rows if row["price"] is not None],
        "price_missing": missing,
    }


def _each_hour(row: DictRow) -> Decimal:
    """The amount of a month, for as long as everything runs."""
    if row["rating"] == "unit":
        return EXACT.multiply(row["each_hour"], row["unit_price"])
    return EXACT.divide(EXACT.multiply(row["amount"], row["each_hour"]), row["all_quantity"])


def _component(
    name: str, hours: Mapping[str, Decimal], months: Mapping[str, Decimal], *, complete: bool
) -> dict[str, Any]:
    """`complete` False: a part of it has no price."""
    amounts = (
        {"per_hour": hours[name], "per_month": months[name]} if complete else {"per_hour": None, "per_month": None}
    )
    return {"component": name, **amounts}


def _line(row: DictRow) -> dict[str, Any]:
    """`amount` is exact. With `per` unit it is quantity times unit_price; with `month` the price is for a month."""
    return {
        **{name: row[name] for name in ("sku", "component", "unit", "quantity", "amount")},
        "price": {
            "id": row["price"],
            "list": row["price_list"] or None,
            "unit_price": row["unit_price"],
            "per": "month" if row["rating"] == "month" else "unit",
            "from_quantity": row["since"],
            "counted_before": row["counted"],
            "valid_from": rfc3339(row["valid_from"]),
            "valid_until": rfc3339(row["valid_until"]),
        },
    }
