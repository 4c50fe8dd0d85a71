"""The environment variables of `meter`, and of `work` where it meters."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import httpx2 as httpx
from pydantic import AfterValidator, Field

from billing_service.metering.client import Address, Prometheus
from billing_service.metering.meter import Meter, Store
from billing_service.metering.queries import WINDOW_SECONDS, Jobs, Queries
from billing_service.metering.reading import Scope
from billing_service.settings import Count, LedgerSettings

_LABEL_VALUE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_LABEL_NAME = re.compile(r"(?:[a-z0-9][-.a-z0-9]{0,252}/)?[A-Za-z0-9](?:[-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?")
_METRIC = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_RESOURCE_LENGTH = 54  # with gpu_hour. before it, it is the code of a SKU


def _url(value: str) -> str:
    try:
        parsed = httpx.URL(value)
    except (httpx.InvalidURL, ValueError):
        parsed = httpx.URL("")
    if parsed.scheme not in {"http", "https"} or not parsed.host or parsed.query or parsed.userinfo:
        raise ValueError("must be a URL like https://mimir.monitoring/prometheus, without a password and a query")
    return value.rstrip("/")


def _file(value: Path) -> Path:
    if not value.is_file():
        raise ValueError("must be the path of a file")
    return value


def _slot(value: int) -> int:
    if WINDOW_SECONDS % value:
        raise ValueError(f"must divide {WINDOW_SECONDS}: 15, 30 or 60, for example")
    return value


def _source(value: str) -> str:
    if not _LABEL_VALUE.fullmatch(value):
        raise ValueError("must be a name of at most 63 letters, digits, dots, hyphens and underscores")
    return value


def _job(value: str) -> str:
    try:
        re.compile(value)
    except re.error:
        raise ValueError("must be a regular expression") from None
    return value


def _resources(value: str) -> str:
    if any(not _LABEL_NAME.fullmatch(name) or len(name) > _RESOURCE_LENGTH for name in _names(value)):
        raise ValueError("must be names of extended resources like nvidia.com/gpu")
    return value


def _metrics(value: str) -> str:
    if not all(_METRIC.fullmatch(name) for name in _names(value)):
        raise ValueError("must be names of metrics like kube_dc_eip_info")
    return value


def _labels(value: str) -> str:
    names = _names(value)
    if not all(_LABEL_NAME.fullmatch(name) for name in names):
        raise ValueError("must be names of Kubernetes labels like team or app.kubernetes.io/part-of")
    if len({_label(name) for name in names}) < len(names):
        raise ValueError("has two labels that kube-state-metrics writes alike")
    return value


def _sanitized(name: str) -> str:
    """As kube-state-metrics writes the name of a resource."""
    return re.sub(r"[^a-zA-Z0-9_]", "_", name)


def _label(name: str) -> str:
    """As kube-state-metrics writes the name of a label: costCenter is label_cost_center."""
    return "label_" + re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", _sanitized(name)).lower()


def _hour(value: str) -> str:
    if value and start_of(value) is None:
        raise ValueError("must be an hour in UTC like 2026-11-01T00:00Z")
    return value


def start_of(text: str) -> datetime | None:
    """The hour that begins at this moment, or None."""
    for pattern in ("%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%MZ"):
        try:
            moment = datetime.strptime(text, pattern).replace(tzinfo=UTC)
        except ValueError:
            continue
        return moment if moment.minute == moment.second == 0 else None
    return None


class MeterSettings(LedgerSettings):
    """The settings of `meter`."""

    prometheus_url: Annotated[str, AfterValidator(_url)] = Field(
        description="Base URL of the Prometheus-compatible server, before /api/v1"
    )
    prometheus_token_file: Annotated[Path, AfterValidator(_file)] | None = Field(
        None, description="File with the bearer token. It is read before each request"
    )
    prometheus_ca_file: Annotated[Path, AfterValidator(_file)] | None = Field(
        None, description="PEM file of the server's certificate authority, if it is private"
    )
    prometheus_tenant: str | None = Field(
        None, min_length=1, max_length=150, description="Value of the header X-Scope-OrgID, for Mimir"
    )
    prometheus_timeout_seconds: float = Field(
        60, gt=0, le=600, allow_inf_nan=False, description="Time limit for one query"
    )
    prometheus_max_reply_mib: Count = Field(256, ge=1, le=4096, description="Maximum size of one reply")
    metering_source: Annotated[str, AfterValidator(_source)] = Field(
        "prometheus", description="Name of the cluster in the ledger. Each cluster must have its own"
    )
    metering_delay_seconds: Count = Field(
        900, ge=60, le=86_400, description="Time from the end of an hour until it is read"
    )
    metering_scrape_seconds: Annotated[Count, AfterValidator(_slot)] = Field(
        30, ge=5, le=60, description="Scrape interval of the exporters. It must divide 300"
    )
    metering_start: Annotated[str, AfterValidator(_hour)] = Field(
        "", description="First hour to read, like 2026-11-01T00:00Z. Empty: the newest closed hour at the first run"
    )
    metering_state_job: Annotated[str, AfterValidator(_job)] = Field(
        "kube-state-metrics", min_length=1, description="Label `job` of kube-state-metrics, a regular expression"
    )
    metering_cadvisor_job: Annotated[str, AfterValidator(_job)] = Field(
        "kubelet", min_length=1, description="Label `job` of cAdvisor, a regular expression"
    )
    metering_kubevirt_job: Annotated[str, AfterValidator(_job)] = Field(
        "kubevirt-prometheus-metrics",
        description="Label `job` of KubeVirt, a regular expression. Empty: the cluster has no KubeVirt",
    )
    metering_storage_classes: str = Field(
        "", description="Storage classes with a separate SKU (storage_gib_hour.CLASS), comma-separated"
    )
    metering_gpu_resources: Annotated[str, AfterValidator(_resources)] = Field(
        "nvidia.com/gpu,amd.com/gpu",
        description="Extended resources of pods that are GPUs or shares of them, comma-separated. The first two are "
        "gpu_hour, others have a separate SKU (gpu_hour.nvidia_com_gpumem)",
    )
    metering_address_metrics: Annotated[str, AfterValidator(_metrics)] = Field(
        "kube_dc_eip_info,kube_dc_fip_info",
        description="Metrics of kube-state-metrics with a label `ip` for each address of a custom resource",
    )
    metering_labels: Annotated[str, AfterValidator(_labels)] = Field(
        "", description="Labels of pods, claims and Services that usage keeps, comma-separated. None: no labels"
    )
    metering_excluded_namespaces: str = Field(
        "kube-system,kube-public,kube-node-lease", description="Namespaces that are not metered, comma-separated"
    )

    @property
    def _address(self) -> Address:
        return Address(
            url=self.prometheus_url,
            token_file=self.prometheus_token_file,
            ca_file=self.prometheus_ca_file,
            tenant=self.prometheus_tenant,
            timeout_seconds=self.prometheus_timeout_seconds,
            max_bytes=self.prometheus_max_reply_mib * 1024 * 1024,
        )

    @property
    def first_hour(self) -> datetime | None:
        return start_of(self.metering_start)

    @asynccontextmanager
    async def meter(self, store: Store) -> AsyncIterator[Meter]:
        """Raises OSError if a file cannot be read."""
        jobs = Jobs(self.metering_state_job, self.metering_cadvisor_job, self.metering_kubevirt_job or "none")
        scope = Scope(
            source=self.metering_source,
            slot_seconds=self.metering_scrape_seconds,
            has_machines=bool(self.metering_kubevirt_job),
            excluded=_names(self.metering_excluded_namespaces),
            storage_classes=_names(self.metering_storage_classes),
            gpu_resources=frozenset(map(_sanitized, _names(self.metering_gpu_resources))),
            address_metrics=_names(self.metering_address_metrics),
            labels={_label(name): name for name in sorted(_names(self.metering_labels))},
        )
        queries = Queries(jobs, self.metering_scrape_seconds)
        async with Prometheus.open(self._address) as prometheus:
            yield Meter(prometheus, queries, scope, store, timedelta(seconds=self.metering_delay_seconds))


def _names(text: str) -> frozenset[str]:
    return frozenset(name.strip() for name in text.split(",") if name.strip())
