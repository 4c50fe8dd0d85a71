"""The documentation names everything that the code has."""

from pathlib import Path

import pytest

from billing_service.database_failure import REASONS
from billing_service.errors import ServiceError
from billing_service.import_kinds import KINDS, Kind
from billing_service.settings import LedgerSettings, ServiceSettings

PAGE = (Path(__file__).parents[3] / "docs" / "billing-service.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", {**ServiceSettings.model_fields, **LedgerSettings.model_fields})
def test_every_setting_is_documented_with_its_default(name: str) -> None:
    """The table of settings is the settings."""
    field = {**ServiceSettings.model_fields, **LedgerSettings.model_fields}[name]
    default = "required" if field.is_required() else f"`{field.default}`"
    assert f"| `{name.upper()}` | {default}" in PAGE


@pytest.mark.parametrize("error", ServiceError.__subclasses__())
def test_every_error_is_documented_with_its_status(error: type[ServiceError]) -> None:
    """The table of errors is the errors."""
    assert f"| {error.status} | `{error.code}` |" in PAGE


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_csv_example_passes_the_import(kind: Kind) -> None:
    """Each kind of file has an example, and its line is a good one."""
    header, example = PAGE.partition(f"```csv\n{','.join(kind.header)}\n")[1:]
    assert header, f"no example of {kind.name}"
    fields = example.splitlines()[0].split(",")
    for column, field in zip(kind.columns, fields, strict=True):
        column.parse(field)


@pytest.mark.parametrize("reason", sorted(REASONS))
def test_every_reason_of_a_database_failure_is_documented(reason: str) -> None:
    """An operator finds the word of the log line in the page."""
    assert f"`{reason}`" in PAGE
