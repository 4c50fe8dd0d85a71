"""The statement of an organization for one month of its time zone.

A project's figure is rounded once from its exact sum; its SKUs are split by largest remainder. The organization's usage
is rounded once from the exact sum of all lines; `rounding` is the difference to the projects. Other currencies that the
organization had in the month have sections of the same form.
"""

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from typing import Any

from psycopg.rows import DictRow

from billing_service.currencies import DIGITS
from billing_service.errors import OrganizationNotFound
from billing_service.figures.adjustments import read_adjustments, shown_adjustments
from billing_service.figures.again import VERSION, DataChanged, consistent
from billing_service.figures.facts import facts, refuse_future, rfc3339
from billing_service.figures.lives import Lives, named_lives
from billing_service.ledger.script import script
from billing_service.money import exact_sum, rounded, split
from billing_service.render import text
from billing_service.statements.closed import Ledger, of_projects, short

Fetch = Callable[..., Awaitable[list[DictRow]]]


async def statement(
    fetch: Fetch,
    organization: str,
    now: datetime | None = None,
    period: date | None = None,
    namespaces: list[str] | None = None,
) -> str:
    """JSON. Of a closed month always the same bytes. `namespaces`: these projects, without the organization's lines.

    `period`: None is the running month. Raises OrganizationNotFound (404), PeriodNotFound (404), DataChanging (503).
    """
    return await consistent(lambda: _read(fetch, organization, now, period, namespaces))


async def _read(
    fetch: Fetch, organization: str, now: datetime | None, period: date | None, namespaces: list[str] | None
) -> str:
    months = await fetch(script("statements/month.sql"), organization=organization, period=period, now=now)
    if not months:
        raise OrganizationNotFound(f"Organization {organization} is not registered")
    [month] = months
    refuse_future(month)
    if month["closed"]:
        kept: str = month["statement"]
        return short(kept) if namespaces is None else await _of_closed(fetch, month, namespaces, now)
    lives = await named_lives(fetch, organization, namespaces, now)
    body = text(await computed(fetch, month, namespaces, lives))
    [version] = await fetch(VERSION, organization=organization)
    if version["number"] != month["data_version"]:
        raise DataChanged
    return body


async def _of_closed(fetch: Fetch, month: DictRow, namespaces: list[str], now: datetime | None) -> str:
    given = {"organization": month["organization"], "period": month["period"]}
    lives = await named_lives(fetch, month["organization"], namespaces, now) or ()
    usage = await fetch(script("statements/usage.sql"), **given, namespaces=namespaces)
    adjustments = await read_adjustments(fetch, month["organization"], month["period"], lives)
    return text(of_projects(month["statement"], Ledger(usage, adjustments, lives), namespaces))


async def computed(
    fetch: Fetch, month: DictRow, namespaces: list[str] | None = None, lives: Lives | None = None
) -> dict[str, Any]:
    """`namespaces`: only these projects, with these `lives`."""
    given = {"organization": month["organization"], "period": month["period"]}
    found = await fetch(script("statements/usage.sql"), **given, namespaces=namespaces)
    usage = [row for row in found if lives is None or (row["namespace"], row["life"]) in lives]
    adjustments = await read_adjustments(fetch, month["organization"], month["period"], lives)
    sections = {code: _section(list(rows)) for code, rows in groupby(usage, lambda row: row["currency"])}
    main = sections.pop(month["currency"], None) or _section([], month["digits"])
    fees = None if namespaces is not None else await fee_rows(fetch, month)
    return {
        **facts(month),
        "namespaces": namespaces,
        "period": f"{month['period']:%Y-%m}",
        **main,
        **shown_adjustments(adjustments),
        "adjustments_total": _sum(adjustments, month),
        **(await _organization(fetch, main, adjustments, fees, month) if fees is not None else {}),
        "other_currencies": await _others(fetch, sections, adjustments, fees, month),
    }


async def _others(
    fetch: Fetch, sections: dict[str, Any], adjustments: list[DictRow], fees: list[DictRow] | None, month: DictRow
) -> list[dict[str, Any]]:
    """Also a currency that has fees, corrections or credits only: after the organization, or the plan, changed it."""
    found = []
    for code in sorted({*sections, *(row["currency"] for row in [*adjustments, *(fees or [])])} - {month["currency"]}):
        digits = DIGITS[code]
        section = sections.get(code) or _section([], digits)
        totals: dict[str, Any] = {"adjustments_total": _total(adjustments, code, digits)}
        if fees is not None:
            totals["fees_total"] = _total(fees, code, digits)
            other = month | {"currency": code, "digits": digits}
            totals["invoiced"] = await invoiced_of(fetch, section["usage_total"], adjustments, fees, other)
        found.append({"currency": code, **section, **totals})
    return found


async def _organization(
    fetch: Fetch, main: dict[str, Any], adjustments: list[DictRow], fees: list[DictRow], month: DictRow
) -> dict[str, Any]:
    invoiced = await invoiced_of(fetch, main["usage_total"], adjustments, fees, month)
    return {"fees": [_fee(row) for row in fees], "invoiced": invoiced}


async def invoiced_of(
    fetch: Fetch, usage_total: Decimal, adjustments: list[DictRow], fees: list[DictRow], month: DictRow
) -> dict[str, Decimal]:
    """What is invoiced: fees, usage and its corrections in the hours without a subscription, and credits.

    Each is rounded once. `usage_total`: of all hours.
    """
    usage = usage_total
    if fees:
        given = {name: month[name] for name in ("organization", "starts", "ends", "currency")}
        [row] = await fetch(script("statements/invoiced.sql"), **given)
        usage = rounded(row["amount"], month["digits"])
    corrections = [row for row in adjustments if row["invoiced"]]
    invoiced = {"fees": _sum(fees, month), "usage": usage, "adjustments": _sum(corrections, month)}
    return invoiced | {"total": exact_sum(invoiced.values())}


async def fees_of(fetch: Fetch, month: DictRow) -> tuple[list[dict[str, Any]], Decimal]:
    """The fees of the complete month: exact lines, and the total in the month's currency, rounded once."""
    rows = await fee_rows(fetch, month)
    return [_fee(row) for row in rows], _sum(rows, month)


async def fee_rows(fetch: Fetch, month: DictRow) -> list[DictRow]:
    given = {name: month[name] for name in ("organization", "starts", "ends")}
    return await fetch(script("statements/fees.sql"), **given)


def _sum(rows: list[DictRow], month: DictRow) -> Decimal:
    """Of the rows in the month's currency."""
    return _total(rows, month["currency"], month["digits"])


def _total(rows: list[DictRow], currency: str, digits: int) -> Decimal:
    return rounded(exact_sum(row["amount"] for row in rows if row["currency"] == currency), digits)


def _fee(row: DictRow) -> dict[str, Any]:
    """`amount` is exact: the monthly price, for `hours` of the month's hours."""
    names = ("kind", "id", "quantity", "currency", "monthly_price", "hours", "amount")
    return {name: row[name] for name in names} | {"from": rfc3339(row["since"]), "to": rfc3339(row["till"])}


def _section(usage: list[DictRow], digits: int | None = None) -> dict[str, Any]:
    digits = usage[0]["digits"] if digits is None else digits
    grouped = groupby(usage, lambda row: (row["namespace"], row["life"]))
    projects = [_project(list(rows), digits) for _, rows in grouped]
    total = rounded(exact_sum(row["amount"] for row in usage), digits)
    return {
        "projects": projects,
        "rounding": total - exact_sum(project["total"] for project in projects),
        "usage_total": total,
        "unrated_lines": sum(row["unrated"] for row in usage),
    }


def _project(rows: list[DictRow], digits: int) -> dict[str, Any]:
    """`uid` is empty if it is not known. A namespace with two uids in the month is two projects."""
    amounts = split({row["sku"]: row["amount"] for row in rows}, digits)
    return {
        "namespace": rows[0]["namespace"],
        "uid": rows[0]["uid"] or "",
        "lines": [
            {name: row[name] for name in ("sku", "component", "unit", "quantity")} | {"amount": amounts[row["sku"]]}
            for row in rows
        ],
        "total": exact_sum(amounts.values()),
    }
