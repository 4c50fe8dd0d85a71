"""The documentation names everything that the code has."""

from datetime import datetime
from pathlib import Path

import pytest

from billing_service.database_failure import REASONS
from billing_service.errors import ServiceError
from billing_service.import_kinds import KINDS, Kind
from billing_service.metering import skus
from billing_service.metering.settings import MeterSettings
from billing_service.notifications.failure import REASONS as FAILURES
from billing_service.notifications.seal import Sealer
from billing_service.notifications.settings import ChannelSettings
from billing_service.settings import ServiceSettings
from billing_service.worker.jobs import jobs
from billing_service.worker.metrics import WorkerMetrics
from billing_service.worker.settings import WorkerSettings

PAGE = (Path(__file__).parents[3] / "docs" / "billing-service.md").read_text(encoding="utf-8")


SETTINGS = (ServiceSettings, WorkerSettings, MeterSettings, ChannelSettings)
FIELDS = {name: field for settings in SETTINGS for name, field in settings.model_fields.items()}


@pytest.mark.parametrize("name", FIELDS)
def test_every_setting_is_documented_with_its_default(name: str) -> None:
    """The table of settings is the settings."""
    field = FIELDS[name]
    default = "required" if field.is_required() else f"`{_text(field.default)}`" if field.default else "none"
    assert f"| `{name.upper()}` | {default}" in PAGE


def _text(default: object) -> object:
    return f"{default:%Y-%m-%dT%H:%M:%SZ}" if isinstance(default, datetime) else default


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


@pytest.mark.parametrize("reason", FAILURES)
def test_every_reason_of_a_failed_delivery_is_documented(reason: str) -> None:
    """A user finds the word of the list in the page."""
    assert f"| `{reason}` | " in PAGE


METER = MeterSettings.read({"DATABASE_URL": "postgresql://db/billing", "PROMETHEUS_URL": "http://prometheus:9090"})
WORKER = WorkerSettings.read(
    {"DATABASE_URL": "postgresql://db/billing", "KUBERNETES_API_URL": "https://kubernetes.default.svc"}
)


def test_every_job_is_documented() -> None:
    """With the two of the queue itself."""
    names = [job.name for job in jobs(WORKER, METER, WorkerMetrics(METER), Sealer())]
    assert names
    assert [name for name in [*names, "rescue", "tidy"] if f"| `{name}` | " not in PAGE] == []


def test_every_metric_of_the_worker_is_documented() -> None:
    """By the name that a scrape gives it."""
    families = [family.name for family in WorkerMetrics(METER).registry.collect()]
    assert "metering_lag_seconds" in families
    assert [name for name in families if f"`{name}" not in PAGE] == []


def test_every_sku_of_the_meter_is_documented() -> None:
    """The table of what is metered is the SKUs."""
    codes = [skus.CPU, skus.MEMORY, skus.STORAGE, skus.NETWORK, skus.PUBLIC_IP, skus.LOAD_BALANCER, skus.GPU]
    assert [code for code in codes if f"`{code}`" not in PAGE] == []
