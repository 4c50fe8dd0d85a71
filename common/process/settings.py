"""Every environment variable of a function: type, default and description. They are read once at start.

A wrong or missing variable stops the start. The message names every mistake and the allowed values.
"""

import os
from pathlib import Path
from typing import Literal

from pydantic import Field

from common.process.setting_reader import EnvironmentSettings
from common.process.setting_types import File, Folder, Names, Origins, Port, Seconds, Secret, Text, Url


class Settings(EnvironmentSettings):
    """The settings of every function."""

    # Identity
    keycloak_url: Url = Field(
        description="Base URL of Keycloak. The issuer of a token is {KEYCLOAK_URL}/realms/{realm}"
    )
    oidc_jwks_base_url: Url | None = Field(
        None, description="Base URL for key sets, if it is not KEYCLOAK_URL. Example: an address inside the cluster"
    )
    oidc_ca_file: File | None = Field(
        None, description="PEM file of the certificate authority of Keycloak, if it is private"
    )
    oidc_audience: Text | None = Field(
        None,
        min_length=1,
        description="Value that `aud` must contain. If unset, `aud` is not checked, and a warning is logged at start",
    )
    oidc_authorized_parties: Names = Field(
        (), description="Client ids allowed in `azp`, comma-separated. Empty allows every client"
    )
    oidc_excluded_realms: Names = Field(
        ("master", "sso"), description="Realms that are not organizations. Their tokens are rejected"
    )
    org_admin_group: Text = Field(
        "org-admin", min_length=1, description="Group whose members can read all projects of their organization"
    )
    token_max_bytes: int = Field(16_384, ge=1_024, le=65_536, description="Maximum size of a bearer token, in bytes")
    token_leeway_seconds: float = Field(
        30, ge=0, le=300, description="Allowed clock difference when `exp`, `nbf` and `iat` are checked"
    )
    token_cache_seconds: float = Field(
        60,
        ge=0,
        le=60,
        description="How long a verified token is cached, at most until its `exp`. 0 turns this cache off",
    )
    jwks_ttl_seconds: Seconds = Field(300, description="Maximum age of a cached key set before it is fetched again")
    jwks_stale_seconds: Seconds = Field(3600, description="How long cached keys are used while Keycloak is unreachable")
    jwks_timeout_seconds: Seconds = Field(2, description="Total time limit for one key-set fetch")
    jwks_max_bytes: int = Field(262_144, ge=1_024, description="Maximum size of a key set, in bytes")
    jwks_unknown_kid_seconds: Seconds = Field(
        10, description="Minimum time between two fetches of one realm's key set because of unknown `kid` values"
    )
    jwks_unknown_realm_seconds: Seconds = Field(60, description="How long it is cached that a realm is unknown")
    jwks_fetches_per_second: float = Field(
        10,
        gt=0,
        le=1000,
        description="Maximum rate of key-set fetches for all realms without a verified token, together",
    )

    # Ownership of namespaces
    namespace_ownership: Literal["registry", "kubernetes", "claims"] = Field(
        "registry",
        description="Source of namespace ownership. `registry`: the billing service. `kubernetes`: the platform's "
        "Project resources. `claims`: the token (only if tenants do not administer their realms; logs a warning)",
    )
    kubernetes_api_url: Url = Field(
        "https://kubernetes.default.svc",
        description="URL of the Kubernetes API server. Used if NAMESPACE_OWNERSHIP=kubernetes",
    )
    kubernetes_credentials: Folder = Field(
        Path("/var/run/secrets/kubernetes.io/serviceaccount"),
        description="Folder with the pod's `token` and `ca.crt`. Both files are read again when they change",
    )
    kubernetes_timeout_seconds: Seconds = Field(
        3, description="Total time limit for listing the projects of one organization"
    )
    ownership_fresh_seconds: Seconds = Field(
        10,
        description="How long the list of an organization's projects is fresh. Used if NAMESPACE_OWNERSHIP=kubernetes",
    )
    ownership_stale_seconds: Seconds = Field(
        300,
        description="How long an old list is used while the API server fails. After that, the response is 503",
    )

    # The billing service
    billing_api_url: Url = Field(
        "http://billing-dashboard-svc.billing.svc.cluster.local:5000", description="Base URL of the billing service"
    )
    billing_api_token: Secret | None = Field(None, description="Bearer token for the billing service")
    request_timeout_seconds: Seconds = Field(8, description="Total time limit for one request, including retries")
    billing_pool_timeout_seconds: Seconds = Field(0.25, description="Time limit to get a connection from the pool")
    billing_connect_timeout_seconds: Seconds = Field(1, description="Time limit to connect to the billing service")
    billing_first_byte_timeout_seconds: Seconds = Field(
        2.5, description="Time limit until the first byte of the response"
    )
    billing_attempt_timeout_seconds: Seconds = Field(3.5, description="Total time limit for one attempt")
    billing_max_body_bytes: int = Field(
        1_048_576, ge=1_024, description="Maximum size of a response of the billing service, in bytes"
    )
    billing_max_in_flight: int = Field(
        64,
        ge=1,
        le=1000,
        description="Maximum number of concurrent calls to the billing service. More calls are rejected",
    )
    billing_fan_out: int = Field(
        8,
        ge=1,
        le=64,
        description="Maximum number of concurrent calls for one project list, if the list comes from single overviews",
    )
    billing_max_retries: int = Field(2, ge=0, le=5, description="Maximum number of retries of one call")
    billing_backoff_min_seconds: float = Field(0.05, ge=0, le=10, description="Minimum wait before a retry")
    billing_backoff_max_seconds: float = Field(0.25, ge=0, le=10, description="Maximum wait before a retry")
    retry_budget_ratio: float = Field(0.1, ge=0, le=1, description="Allowed retries per request, measured over 10 s")
    retry_budget_minimum: int = Field(3, ge=0, le=1000, description="Number of retries that are always allowed in 10 s")
    breaker_minimum_calls: int = Field(
        20, ge=1, description="Minimum number of calls in 10 s before the circuit breaker can open"
    )
    breaker_failure_ratio: float = Field(
        0.5, gt=0, le=1, description="Share of failed calls at which the circuit breaker opens"
    )
    breaker_open_seconds: Seconds = Field(
        5, description="How long the circuit breaker stays open, +-20 %, before one probe call"
    )
    health_interval_seconds: Seconds = Field(
        5, description="Minimum time between two health checks of the billing service"
    )

    # Cached responses
    cache_fresh_seconds: float = Field(
        10,
        ge=0,
        le=300,
        description="How long a cached response is fresh. 0 turns off the cache, shared calls and stale responses",
    )
    cache_stale_seconds: float = Field(
        900,
        ge=0,
        le=86_400,
        description="Maximum age of a cached response that is served while the billing service fails",
    )
    cache_retry_seconds: float = Field(
        5,
        ge=0,
        le=60,
        description="How long after a failure of the billing service its cached responses are served without a call. "
        "0: each request calls it",
    )
    cache_max_entries: int = Field(1000, ge=1, le=100_000, description="Maximum number of cached responses")

    # WebSockets
    socket_seconds: float = Field(
        540,
        gt=0,
        le=590,
        description="Maximum duration of a WebSocket connection, less than `timeoutSeconds` of the Knative Service",
    )
    socket_check_seconds: float = Field(
        20, gt=0, le=30, description="How often token and access of an open WebSocket connection are checked again"
    )
    socket_max_connections: int = Field(
        2500, ge=1, le=100_000, description="Maximum number of WebSocket connections of one pod. More get 503"
    )

    # HTTP
    cors_allowed_origins: Origins = Field(
        (), description="Exact origins of the console, comma-separated. `*` is not allowed"
    )

    # Logs, metrics and traces
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Minimum level that is logged")
    log_format: Literal["json", "console"] = Field(
        "json", description="`json`: one JSON object per line. `console`: text for people"
    )
    metrics_port: Port = Field(
        9464, ge=0, le=65_535, description="Port of the Prometheus metrics. 0 turns the metrics listener off"
    )

    otel_exporter_otlp_endpoint: Url | None = Field(
        None, description="Base URL of an OpenTelemetry collector (OTLP/HTTP) that receives metrics and spans"
    )
    otel_metric_export_interval: int = Field(
        15_000, ge=1_000, le=3_600_000, description="Time between two metric exports, in milliseconds"
    )

    @property
    def jwks_base_url(self) -> str:
        return self.oidc_jwks_base_url or self.keycloak_url

    def contradictions(self) -> list[str]:
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
            found.append("KUBERNETES_API_URL: must be https://, because the pod's token is sent to it")
        missing = [name for name in ("token", "ca.crt") if not os.access(self.kubernetes_credentials / name, os.R_OK)]
        if missing:
            found.append(
                f"KUBERNETES_CREDENTIALS: {' and '.join(missing)} cannot be read in {self.kubernetes_credentials}; "
                "NAMESPACE_OWNERSHIP=kubernetes needs a pod with automountServiceAccountToken"
            )
        if self.ownership_stale_seconds < self.ownership_fresh_seconds:
            found.append("OWNERSHIP_STALE_SECONDS: must not be less than OWNERSHIP_FRESH_SECONDS")
        return found
