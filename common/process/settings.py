"""Every environment variable of a function: typed, with its default, read once at start.

A wrong or missing variable stops the start with one message that names every mistake and what is allowed.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    create_model,
)

# Knative refuses these container ports or uses them itself (queue-proxy, profiling, metrics).
KNATIVE_RESERVED_PORTS = frozenset({8008, 8012, 8013, 8022, 9090, 9091})


class SettingsError(Exception):
    """The environment is wrong; the text has one line per variable."""


def _url(value: str) -> str:
    """A base URL without path end, query or credentials: paths are appended to it."""
    try:
        parts = urlsplit(value)
        port_ok = parts.port != 0  # reading it raises ValueError where it is no port
    except ValueError:
        parts, port_ok = urlsplit(""), False
    extras = parts.query or parts.fragment or parts.username or parts.password
    if parts.scheme not in {"http", "https"} or not parts.hostname or not port_ok or extras or value != value.strip():
        msg = "must be an http:// or https:// URL without query or credentials, like https://keycloak.example.com"
        raise ValueError(msg)
    return value.rstrip("/")


def _origin(value: str) -> str:
    parts = urlsplit(value)
    if value != f"{parts.scheme}://{parts.netloc}" or parts.scheme not in {"http", "https"} or not parts.netloc:
        msg = f"{value!r} is no origin: write scheme://host[:port], nothing after it, and never *"
        raise ValueError(msg)
    return value


def _header_safe(value: SecretStr) -> SecretStr:
    """A line break at the end of a secret is the usual accident; it would only show as a failing call."""
    text = value.get_secret_value()
    if not text.isascii() or not text.isprintable() or " " in text:
        msg = "must be visible ASCII without spaces or line breaks"
        raise ValueError(msg)
    return value


def _list(value: object) -> object:
    return tuple(filter(None, (item.strip() for item in value.split(",")))) if isinstance(value, str) else value


def _readable(value: Path) -> Path:
    if not value.is_file() or not os.access(value, os.R_OK):
        msg = "must be a file that can be read"
        raise ValueError(msg)
    return value


def _not_reserved(value: int) -> int:
    if value in KNATIVE_RESERVED_PORTS:
        msg = f"is reserved by Knative (reserved: {', '.join(map(str, sorted(KNATIVE_RESERVED_PORTS)))})"
        raise ValueError(msg)
    return value


Url = Annotated[str, AfterValidator(_url)]
Names = Annotated[tuple[str, ...], BeforeValidator(_list)]
Origins = Annotated[tuple[Annotated[str, AfterValidator(_origin)], ...], BeforeValidator(_list)]
Seconds = Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)]
File = Annotated[Path, AfterValidator(_readable)]


class Settings(BaseModel):
    """One frozen value; a field is the environment variable of the same name in capitals."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", validate_default=False, hide_input_in_errors=True, defer_build=True
    )

    # Identity
    keycloak_url: Url = Field(description="Base URL of Keycloak; tokens are issued by {KEYCLOAK_URL}/realms/{realm}")
    oidc_jwks_base_url: Url | None = Field(
        None, description="Where key sets are fetched instead of KEYCLOAK_URL, for example inside the cluster"
    )
    oidc_ca_file: File | None = Field(None, description="PEM file of a private certificate authority of Keycloak")
    oidc_audience: str | None = Field(
        None, min_length=1, description="What `aud` must contain; unset means that the audience is not checked (a WARN)"
    )
    oidc_authorized_parties: Names = Field((), description="Clients that `azp` may name, comma-separated; empty: any")
    oidc_excluded_realms: Names = Field(("master", "sso"), description="Realms that are no organizations")
    org_admin_group: str = Field("org-admin", min_length=1, description="Group of those who see every project")
    token_max_bytes: int = Field(16_384, ge=1_024, le=65_536, description="Longest bearer token")
    token_leeway_seconds: float = Field(30, ge=0, le=300, description="Clock difference allowed in exp, nbf and iat")
    token_cache_seconds: float = Field(
        60, ge=0, le=60, description="How long a verified token is remembered, never beyond its exp; 0: not at all"
    )
    jwks_ttl_seconds: Seconds = Field(300, description="Age at which a realm's key set is fetched anew")
    jwks_stale_seconds: Seconds = Field(3600, description="How long keys are used while Keycloak is down")
    jwks_timeout_seconds: Seconds = Field(2, description="A key-set fetch, whole")
    jwks_max_bytes: int = Field(262_144, ge=1_024, description="Largest key set")
    jwks_unknown_kid_seconds: Seconds = Field(
        10, description="At most one fetch per realm in this time for unknown kids"
    )
    jwks_unknown_realm_seconds: Seconds = Field(60, description="How long an unknown realm is remembered as such")
    jwks_fetches_per_second: float = Field(
        10, gt=0, le=1000, description="Key-set fetches of all unproven realms together"
    )

    # Ownership of namespaces
    namespace_ownership: Literal["registry", "kubernetes", "claims"] = Field(
        "registry",
        description="Who says which organization owns a namespace: the billing service's registry, the platform's "
        "Project resources, or the token itself (only where realms are not in tenants' hands; a WARN)",
    )
    kubernetes_api_url: Url = Field(
        "https://kubernetes.default.svc", description="API server, for NAMESPACE_OWNERSHIP=kubernetes"
    )
    kubernetes_credentials: Path = Field(
        Path("/var/run/secrets/kubernetes.io/serviceaccount"),
        description="Folder with the pod's `token` and `ca.crt`; both are read again as they are renewed",
    )
    kubernetes_timeout_seconds: Seconds = Field(3, description="A listing of an organization's projects, whole")
    ownership_fresh_seconds: Seconds = Field(
        10, description="An organization's projects are listed at most this often, in mode kubernetes"
    )
    ownership_stale_seconds: Seconds = Field(
        300, description="How long they are used while the API server fails; then 503, never an empty list"
    )

    # The billing service
    billing_api_url: Url = Field(
        "http://billing-dashboard-svc.billing.svc.cluster.local:5000", description="Base URL of the billing service"
    )
    billing_api_token: Annotated[SecretStr, AfterValidator(_header_safe)] | None = Field(
        None, description="Bearer token the billing service wants"
    )
    request_timeout_seconds: Seconds = Field(8, description="A request, whole: every attempt shares this deadline")
    billing_pool_timeout_seconds: Seconds = Field(0.25, description="Waiting for a connection of the pool")
    billing_connect_timeout_seconds: Seconds = Field(1, description="Connecting to the billing service")
    billing_first_byte_timeout_seconds: Seconds = Field(2.5, description="First byte of its answer")
    billing_attempt_timeout_seconds: Seconds = Field(3.5, description="One attempt, whole")
    billing_max_body_bytes: int = Field(1_048_576, ge=1_024, description="Largest answer")
    billing_max_in_flight: int = Field(64, ge=1, le=1000, description="Calls under way at once; one more is refused")
    billing_fan_out: int = Field(8, ge=1, le=64, description="Calls at once of one project list without registry")
    billing_max_retries: int = Field(2, ge=0, le=5, description="Further attempts after a failed one")
    billing_backoff_min_seconds: float = Field(0.05, ge=0, le=10, description="Shortest wait before a further attempt")
    billing_backoff_max_seconds: float = Field(0.25, ge=0, le=10, description="Longest wait before a further attempt")
    retry_budget_ratio: float = Field(0.1, ge=0, le=1, description="Retries allowed per request, over 10 s")
    retry_budget_minimum: int = Field(3, ge=0, le=1000, description="Retries allowed in 10 s in any case")
    breaker_minimum_calls: int = Field(20, ge=1, description="Calls in 10 s below which the breaker never opens")
    breaker_failure_ratio: float = Field(0.5, gt=0, le=1, description="Share of failed calls that opens it")
    breaker_open_seconds: Seconds = Field(5, description="How long it stays open, +-20 %, before one probe")
    health_interval_seconds: Seconds = Field(5, description="The billing service's health is asked at most this often")

    # Answers kept
    cache_fresh_seconds: float = Field(
        10, ge=0, le=300, description="An answer is used again for this long; 0 turns cache, coalescing and stale off"
    )
    cache_stale_seconds: float = Field(900, ge=0, le=86_400, description="Oldest answer served while billing is down")
    cache_max_entries: int = Field(1000, ge=1, le=100_000, description="Answers kept")

    # The HTTP face
    cors_allowed_origins: Origins = Field((), description="Origins of the console, exact, comma-separated; never *")

    # What an operator sees
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Least level that is logged")
    log_format: Literal["json", "console"] = Field("json", description="One JSON object a line, or for humans")
    metrics_port: Annotated[int, AfterValidator(_not_reserved)] = Field(
        9464, ge=0, le=65_535, description="Prometheus metrics, on a listener of their own; 0 turns it off"
    )

    otel_exporter_otlp_endpoint: Url | None = Field(
        None, description="Base URL of an OpenTelemetry collector (OTLP/HTTP): metrics and spans are pushed to it"
    )
    otel_metric_export_interval: int = Field(
        15_000, ge=1_000, le=3_600_000, description="Milliseconds between two pushes"
    )

    @property
    def jwks_base_url(self) -> str:
        return self.oidc_jwks_base_url or self.keycloak_url

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Read every variable; an empty one counts as unset. Raises SettingsError that names all mistakes at once."""
        values = {name: text for name in cls.model_fields if (text := environment.get(name.upper(), "")) != ""}
        # Validators of the fields that are set, and of those that must be: of all sixty they cost 5 ms of each start.
        read = {name: (f.annotation, f) for name, f in cls.model_fields.items() if name in values or f.is_required()}
        given = create_model(cls.__name__, __config__=cls.model_config, **read)  # type: ignore[call-overload]
        try:
            settings = cls.model_construct(**dict(given.model_validate(values)))
        except ValidationError as exc:
            lines = [_explain(error["loc"], error["msg"], cls) for error in exc.errors(include_url=False)]
            raise SettingsError("wrong configuration:\n" + "\n".join(lines)) from None  # exc may hold secrets
        problems = settings.contradictions()
        if problems:
            raise SettingsError("wrong configuration:\n" + "\n".join(f"  {line}" for line in problems))
        return settings

    def contradictions(self) -> list[str]:
        """What is right by itself and wrong together."""
        found = []
        if self.billing_backoff_min_seconds > self.billing_backoff_max_seconds:
            found.append("BILLING_BACKOFF_MIN_SECONDS: must not be greater than BILLING_BACKOFF_MAX_SECONDS")
        if self.jwks_stale_seconds < self.jwks_ttl_seconds:
            found.append("JWKS_STALE_SECONDS: must not be less than JWKS_TTL_SECONDS")
        if 0 < self.cache_stale_seconds < self.cache_fresh_seconds:
            found.append("CACHE_STALE_SECONDS: must be 0 or not less than CACHE_FRESH_SECONDS")
        return found + (self._kubernetes_problems() if self.namespace_ownership == "kubernetes" else [])

    def _kubernetes_problems(self) -> list[str]:
        found = []
        if not self.kubernetes_api_url.startswith("https://"):
            found.append("KUBERNETES_API_URL: must be https://, the pod's token is sent there")
        missing = [name for name in ("token", "ca.crt") if not os.access(self.kubernetes_credentials / name, os.R_OK)]
        if missing:
            found.append(
                f"KUBERNETES_CREDENTIALS: {' and '.join(missing)} cannot be read in {self.kubernetes_credentials}; "
                "NAMESPACE_OWNERSHIP=kubernetes needs a pod with automountServiceAccountToken"
            )
        if self.ownership_stale_seconds < self.ownership_fresh_seconds:
            found.append("OWNERSHIP_STALE_SECONDS: must not be less than OWNERSHIP_FRESH_SECONDS")
        return found


def _explain(location: tuple[int | str, ...], message: str, model: type[BaseModel]) -> str:
    field = str(location[0])
    text = message.removeprefix("Value error, ")
    return f"  {field.upper()}: {text} ({model.model_fields[field].description})"
