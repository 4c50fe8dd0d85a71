"""The environment of the meter: every mistake is named, and no value is printed."""

from datetime import UTC, datetime

import pytest

from billing_service.metering.settings import MeterSettings
from billing_service.settings import SettingsError

GOOD = {"DATABASE_URL": "postgresql://billing:hidden@db/billing", "PROMETHEUS_URL": "https://mimir/prometheus/"}


def test_the_defaults_need_only_the_database_and_the_server() -> None:
    """Two variables have no default. A slash at the end of the address is left out."""
    settings = MeterSettings.read(GOOD)
    assert (settings.prometheus_url, settings.metering_delay_seconds) == ("https://mimir/prometheus", 900)
    assert settings.first_hour is None


@pytest.mark.parametrize("text", ["2026-11-01T00:00Z", "2026-11-01T00:00:00Z"])
def test_the_first_hour_is_in_utc(text: str) -> None:
    """With or without seconds."""
    assert MeterSettings.read(GOOD | {"METERING_START": text}).first_hour == datetime(2026, 11, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PROMETHEUS_URL", ""),
        ("PROMETHEUS_URL", "prometheus:9090"),
        ("PROMETHEUS_URL", "ftp://prometheus"),
        ("PROMETHEUS_URL", "http://user:hidden@prometheus"),
        ("PROMETHEUS_URL", "http://prometheus/?a=b"),
        ("PROMETHEUS_TOKEN_FILE", "/no/such/hidden"),
        ("PROMETHEUS_CA_FILE", "/"),
        ("PROMETHEUS_TENANT", ""),
        ("PROMETHEUS_TIMEOUT_SECONDS", "nan"),
        ("PROMETHEUS_TIMEOUT_SECONDS", "0"),
        ("PROMETHEUS_MAX_REPLY_MIB", "0"),
        ("METERING_SOURCE", ""),
        ("METERING_SOURCE", "a cluster"),
        ("METERING_DELAY_SECONDS", "59"),
        ("METERING_DELAY_SECONDS", "15m"),
        ("METERING_SCRAPE_SECONDS", "45"),
        ("METERING_SCRAPE_SECONDS", "0"),
        ("METERING_SCRAPE_SECONDS", "75"),
        ("METERING_START", "2026-11-01"),
        ("METERING_START", "2026-11-01T00:30Z"),
        ("METERING_START", "2026-11-01T00:00+01:00"),
        ("METERING_STATE_JOB", ""),
        ("METERING_CADVISOR_JOB", "(hidden"),
        ("METERING_GPU_RESOURCES", "nvidia com/gpu"),
        ("METERING_GPU_RESOURCES", f"nvidia.com/{'x' * 60}"),
        ("METERING_ADDRESS_METRICS", "kube-dc-eip"),
        ("METERING_LABELS", "team="),
        ("METERING_LABELS", "cost-center,costCenter"),
    ],
)
def test_a_wrong_variable_is_named_without_its_value(name: str, value: str) -> None:
    """One line, beginning with the variable."""
    with pytest.raises(SettingsError) as refused:
        MeterSettings.read(GOOD | {name: value})
    lines = str(refused.value).splitlines()
    assert [line.partition(":")[0] for line in lines] == [name]
    assert "hidden" not in str(refused.value)
