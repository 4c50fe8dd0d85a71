"""Demo usage: the same numbers for the same hour, with a rhythm, whoever writes them and when."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from billing_service.demo import PROJECT_OWNERS, instances_row, usage_row
from billing_service.import_kinds import INSTANCES, USAGE

WEDNESDAY = datetime(2025, 9, 10, tzinfo=UTC)


def cores(hour: datetime) -> Decimal:
    return Decimal(str(usage_row("acme-web", hour)[2]))


def test_usage_is_a_function_of_seed_namespace_and_hour() -> None:
    """Equal arguments give equal lines; each argument matters."""
    row = usage_row("acme-web", WEDNESDAY, seed=7)
    assert row == usage_row("acme-web", WEDNESDAY, seed=7)
    others = [
        usage_row("acme-web", WEDNESDAY, seed=8),
        usage_row("acme-data", WEDNESDAY, seed=7),
        usage_row("acme-web", WEDNESDAY + timedelta(hours=1), seed=7),
    ]
    assert all(other[2:] != row[2:] for other in others)


def test_usage_is_pinned() -> None:
    """A change of the function would rewrite history in every demo database that is only extended."""
    assert usage_row("acme-web", WEDNESDAY)[2:] == ("0.4708", "5.70620", "84", "0.37664", "2")


def test_days_are_busier_than_nights_and_weekends() -> None:
    """The page has a rhythm to show."""
    assert cores(WEDNESDAY + timedelta(hours=13)) > 2 * cores(WEDNESDAY)
    assert cores(WEDNESDAY + timedelta(hours=13)) > Decimal("1.4") * cores(WEDNESDAY + timedelta(days=3, hours=13))


@pytest.mark.parametrize("namespace", PROJECT_OWNERS)
def test_every_line_passes_the_import(namespace: str) -> None:
    """What the demo writes is what the import allows, a year from now too."""
    for hour in (WEDNESDAY, WEDNESDAY + timedelta(days=365, hours=13)):
        for kind, row in ((USAGE, usage_row(namespace, hour)), (INSTANCES, instances_row(namespace, hour))):
            for column, value in zip(kind.columns, row, strict=True):
                column.parse(str(value))
