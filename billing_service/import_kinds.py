"""The kinds of CSV files: what each column allows, and the SQL that checks the lines together and stores them.

`staging` makes the temporary table `incoming`, which holds the lines as they were read; `checks` finds what one line
alone does not show (a name that is not registered, a line that repeats another).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import LiteralString

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_CURRENCY = re.compile(r"[A-Z]{3}")
_AMOUNT = re.compile(r"[0-9]{1,12}(\.[0-9]{1,9})?")
_COUNT = re.compile(r"[0-9]{1,9}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)", re.ASCII)
_NO_MOMENT = datetime.min.replace(tzinfo=UTC)  # what programs write for "never"
_RESOURCES = ("cpu_core_hour", "memory_gib_hour", "storage_gib_hour", "network_gib", "public_ip_hour")


def _label(field: str) -> str:
    if not _LABEL.fullmatch(field):
        raise ValueError("must be an RFC 1123 label: 1 to 63 of a-z, 0-9 and -, a letter or digit first and last")
    return field


def _currency(field: str) -> str:
    if not _CURRENCY.fullmatch(field):
        raise ValueError("must be an ISO 4217 code of three capitals, like EUR")
    return field


def _resource(field: str) -> str:
    if field not in _RESOURCES:
        raise ValueError(f"must be one of {', '.join(_RESOURCES)}")
    return field


def _amount(field: str) -> Decimal:
    if not _AMOUNT.fullmatch(field):
        raise ValueError("must be a number like 12.5, not negative, at most 12 digits before the point and 9 after it")
    return Decimal(field)


def _count(field: str) -> int:
    if not _COUNT.fullmatch(field):
        raise ValueError("must be a whole number from 0 to 999999999")
    return int(field)


def _time(field: str) -> datetime:
    """RFC 3339 with an offset, in UTC afterwards."""
    allowed = "must be a time with its offset, like 2025-09-01T13:00:00Z"
    if not _TIME.fullmatch(field):
        raise ValueError(allowed)
    try:
        moment = datetime.fromisoformat(field).astimezone(UTC)
    except (ValueError, OverflowError):  # there is no such day; year 0 or 10000 in UTC
        raise ValueError(allowed) from None
    if moment == _NO_MOMENT:
        raise ValueError(allowed)
    return moment


def _hour(field: str) -> datetime:
    """The hour that begins then, in UTC."""
    moment = _time(field)
    if moment.minute or moment.second:
        raise ValueError("must be the beginning of an hour in UTC, like 2025-09-01T13:00:00Z")
    return moment


@dataclass(frozen=True)
class Column:
    name: str
    parse: Callable[[str], object]  # raises ValueError with what is allowed


@dataclass(frozen=True)
class Kind:
    name: str
    columns: tuple[Column, ...]
    staging: LiteralString
    checks: LiteralString
    upsert: LiteralString

    @property
    def header(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)


ORGANIZATIONS = Kind(
    name="organizations",
    columns=(Column("organization", _label), Column("currency", _currency)),
    staging="CREATE TEMPORARY TABLE incoming (line integer, organization text, currency text) ON COMMIT DROP",
    checks="""
        SELECT line, 'organization' AS column, 'repeats line ' || first AS text
        FROM (SELECT line, min(line) OVER (PARTITION BY organization) AS first FROM incoming) AS seen
        WHERE line > first
        ORDER BY line LIMIT %(most)s
    """,
    upsert="""
        INSERT INTO organizations AS stored (name, currency)
        SELECT organization, currency FROM incoming ORDER BY organization
        ON CONFLICT (name) DO UPDATE SET currency = excluded.currency WHERE stored.currency <> excluded.currency
    """,
)

PROJECTS = Kind(
    name="projects",
    columns=(Column("namespace", _label), Column("organization", _label)),
    staging="CREATE TEMPORARY TABLE incoming (line integer, namespace text, organization text) ON COMMIT DROP",
    checks="""
        SELECT line, 'namespace' AS column, 'repeats line ' || first AS text
        FROM (SELECT line, min(line) OVER (PARTITION BY namespace) AS first FROM incoming) AS seen
        WHERE line > first
        UNION ALL
        SELECT line, 'organization', quote_literal(organization) || ' is not registered: import it first'
        FROM incoming WHERE organization NOT IN (SELECT name FROM organizations)
        ORDER BY line LIMIT %(most)s
    """,
    upsert="""
        INSERT INTO projects AS stored (namespace, organization)
        SELECT namespace, organization FROM incoming ORDER BY namespace
        ON CONFLICT (namespace) DO UPDATE SET organization = excluded.organization
        WHERE stored.organization <> excluded.organization
    """,
)

PRICES = Kind(
    name="prices",
    columns=(
        Column("resource", _resource),
        Column("currency", _currency),
        Column("unit_price", _amount),
        Column("valid_from", _time),
    ),
    staging="""
        CREATE TEMPORARY TABLE incoming (
            line integer, resource resource, currency text, unit_price numeric, valid_from timestamptz
        ) ON COMMIT DROP
    """,
    checks="""
        SELECT line, 'valid_from' AS column, 'repeats line ' || first AS text
        FROM (SELECT line, min(line) OVER (PARTITION BY resource, currency, valid_from) AS first FROM incoming) AS seen
        WHERE line > first
        ORDER BY line LIMIT %(most)s
    """,
    upsert="""
        INSERT INTO prices AS stored (resource, currency, unit_price, valid_from)
        SELECT resource, currency, unit_price, valid_from FROM incoming ORDER BY currency, resource, valid_from
        ON CONFLICT (currency, resource, valid_from) DO UPDATE SET unit_price = excluded.unit_price
        WHERE stored.unit_price <> excluded.unit_price
    """,
)

USAGE = Kind(
    name="usage",
    columns=(
        Column("namespace", _label),
        Column("hour", _hour),
        Column("cpu_core_hours", _amount),
        Column("memory_gib_hours", _amount),
        Column("storage_gib_hours", _amount),
        Column("network_gib", _amount),
        Column("public_ip_hours", _amount),
    ),
    staging="""
        CREATE TEMPORARY TABLE incoming (
            line integer, namespace text, hour timestamptz, cpu_core_hours numeric, memory_gib_hours numeric,
            storage_gib_hours numeric, network_gib numeric, public_ip_hours numeric
        ) ON COMMIT DROP
    """,
    checks="""
        SELECT line, 'hour' AS column, 'repeats line ' || first AS text
        FROM (SELECT line, min(line) OVER (PARTITION BY namespace, hour) AS first FROM incoming) AS seen
        WHERE line > first
        UNION ALL
        SELECT line, 'namespace', quote_literal(namespace) || ' is not registered: import its project first'
        FROM incoming WHERE namespace NOT IN (SELECT p.namespace FROM projects AS p)
        UNION ALL
        SELECT line, 'hour', 'is in the future: an hour may be imported once it has begun'
        FROM incoming WHERE hour > now()
        ORDER BY line LIMIT %(most)s
    """,
    upsert="""
        INSERT INTO usage AS stored (namespace, resource, hour, quantity)
        SELECT i.namespace, measured.resource::resource, i.hour, measured.quantity
        FROM incoming AS i, LATERAL (VALUES
            ('cpu_core_hour', i.cpu_core_hours),
            ('memory_gib_hour', i.memory_gib_hours),
            ('storage_gib_hour', i.storage_gib_hours),
            ('network_gib', i.network_gib),
            ('public_ip_hour', i.public_ip_hours)
        ) AS measured (resource, quantity)
        ORDER BY 1, 2, 3
        ON CONFLICT (namespace, resource, hour) DO UPDATE SET quantity = excluded.quantity
        WHERE stored.quantity <> excluded.quantity
    """,
)

INSTANCES = Kind(
    name="instances",
    columns=(
        Column("namespace", _label),
        Column("running_pods", _count),
        Column("running_vms", _count),
        Column("cpu_cores", _amount),
        Column("memory_gib", _amount),
    ),
    staging="""
        CREATE TEMPORARY TABLE incoming (
            line integer, namespace text, running_pods integer, running_vms integer, cpu_cores numeric,
            memory_gib numeric
        ) ON COMMIT DROP
    """,
    checks="""
        SELECT line, 'namespace' AS column, 'repeats line ' || first AS text
        FROM (SELECT line, min(line) OVER (PARTITION BY namespace) AS first FROM incoming) AS seen
        WHERE line > first
        UNION ALL
        SELECT line, 'namespace', quote_literal(namespace) || ' is not registered: import its project first'
        FROM incoming WHERE namespace NOT IN (SELECT p.namespace FROM projects AS p)
        ORDER BY line LIMIT %(most)s
    """,
    upsert="""
        INSERT INTO instances AS stored (namespace, running_pods, running_vms, cpu_cores, memory_gib)
        SELECT namespace, running_pods, running_vms, cpu_cores, memory_gib FROM incoming ORDER BY namespace
        ON CONFLICT (namespace) DO UPDATE SET
            running_pods = excluded.running_pods, running_vms = excluded.running_vms,
            cpu_cores = excluded.cpu_cores, memory_gib = excluded.memory_gib
        WHERE (stored.running_pods, stored.running_vms, stored.cpu_cores, stored.memory_gib)
            IS DISTINCT FROM (excluded.running_pods, excluded.running_vms, excluded.cpu_cores, excluded.memory_gib)
    """,
)

KINDS = (ORGANIZATIONS, PROJECTS, PRICES, USAGE, INSTANCES)
