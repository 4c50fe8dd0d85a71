"""The environment variables of the billing service: typed, with defaults, read once at start.

If a variable is wrong or missing, the service does not start. One message lists every mistake and the allowed values.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Self

import psycopg
from psycopg.conninfo import conninfo_to_dict
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError

from billing_service.import_columns import hour
from billing_service.import_kind import USAGE_SINCE
from billing_service.ledger.ingest import QUANTITY_BOUND

_TOKEN_MIN_LENGTH = 16
MAX_PORT = 65535
_HOST = re.compile(r"[A-Za-z0-9.:%_-]+")


class SettingsError(Exception):
    """Settings are wrong or missing. The text has one line per variable."""


def _postgresql_url(value: SecretStr) -> SecretStr:
    """Accepts every URL that libpq accepts, with several hosts and parameters such as `target_session_attrs`."""
    url = value.get_secret_value()
    try:
        given = conninfo_to_dict(url)
        ports = str(given.get("port", "")).split(",")
        good = url.startswith(("postgresql://", "postgres://")) and all(_is_port(port) for port in ports)
    except psycopg.Error:  # its text contains the URL
        good = False
    if not good:
        raise ValueError(
            "must be a URL like postgresql://user@host:5432/billing, postgresql://user@one,two/billing or "
            "postgresql:///billing?host=/run/dir, with libpq's parameters"
        )
    return value


def _optional_postgresql_url(value: SecretStr | None) -> SecretStr | None:
    return _postgresql_url(value) if value and value.get_secret_value() else None


def _is_port(text: str) -> bool:
    return not text or (text.isascii() and text.isdigit() and 0 < int(text) <= MAX_PORT)


def _service_token(value: SecretStr) -> SecretStr:
    text = value.get_secret_value()
    if len(text) < _TOKEN_MIN_LENGTH or not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError(f"must be at least {_TOKEN_MIN_LENGTH} visible ASCII characters without spaces or line breaks")
    return value


def _optional_service_token(value: SecretStr | None) -> SecretStr | None:
    return _service_token(value) if value and value.get_secret_value() else None


def host_address(value: str) -> str:
    if not _HOST.fullmatch(value):
        raise ValueError("must be an address or a name to listen on, without spaces and port")
    return value


def _hour(value: object) -> object:
    return hour(value) if isinstance(value, str) else value


def _decimal_digits(value: object) -> object:
    """Rejects `1_000`, ` 5 ` and `+5`, which Python would accept as numbers."""
    if isinstance(value, str) and not (value.isascii() and value.isdigit()):
        raise ValueError("must be a whole number in digits")
    return value


Count = Annotated[int, BeforeValidator(_decimal_digits)]


class DatabaseSettings(BaseModel):
    """The settings of every command. A field is the environment variable of the same name in capitals."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    database_url: Annotated[SecretStr, AfterValidator(_postgresql_url)] = Field(
        description="URL of the PostgreSQL database, in libpq's format. It may contain a password and is never printed"
    )

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self:
        """Raises SettingsError."""
        given = {name: environ[name.upper()] for name in cls.model_fields if name.upper() in environ}
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            raise SettingsError("\n".join(_explain(cls, error))) from None  # the original contains the values


class LedgerSettings(DatabaseSettings):
    """The settings of the commands that write."""

    quarantine_above: Decimal = Field(
        QUANTITY_BOUND,
        gt=0,
        lt=10**8,
        allow_inf_nan=False,
        description="A usage line with a larger quantity goes to the quarantine instead of a bill",
    )
    serve_database_url: Annotated[SecretStr | None, AfterValidator(_optional_postgresql_url)] = Field(
        None,
        description="DATABASE_URL of serve. `migrate` gives its role its rights, and creates it if there is none",
    )
    usage_since: Annotated[datetime, BeforeValidator(_hour)] = Field(
        USAGE_SINCE,
        description="First hour that usage and subscriptions in a file can have, like 2026-01-01T00:00:00Z",
    )
    provisional_days: Count = Field(
        3, ge=0, le=28, description="Days after its end in which a month still takes late lines; then `close` closes it"
    )


class ServiceSettings(DatabaseSettings):
    """The settings of `serve`."""

    billing_api_token: Annotated[SecretStr, AfterValidator(_service_token)] = Field(
        description="Token that callers send as `Authorization: Bearer`. The service does not run without it"
    )
    billing_api_token_previous: Annotated[SecretStr | None, AfterValidator(_optional_service_token)] = Field(
        None,
        description="Second token that is accepted during a rotation, the one before BILLING_API_TOKEN. Empty: none",
    )
    host: Annotated[str, AfterValidator(host_address)] = Field(
        "127.0.0.1", description="Address to listen on; :: is all addresses, IPv6 and IPv4 if the machine has both"
    )
    port: Count = Field(5000, ge=1, le=MAX_PORT, description="Port to listen on")
    metrics_port: Count = Field(9464, ge=0, le=MAX_PORT, description="Port of the Prometheus metrics; 0 turns it off")
    database_pool_size: Count = Field(8, ge=1, le=100, description="Maximum number of connections to PostgreSQL")
    database_timeout_seconds: float = Field(
        3,
        gt=0,
        le=60,
        allow_inf_nan=False,
        description="Time limit for one database query, including the wait for a connection; then 503",
    )

    @property
    def tokens(self) -> list[str]:
        """Each of them gives access."""
        both = (self.billing_api_token, self.billing_api_token_previous)
        return [token.get_secret_value() for token in both if token]


def _explain(settings: type[BaseModel], error: ValidationError) -> list[str]:
    lines = []
    for problem in error.errors(include_url=False, include_context=False, include_input=False):
        name = str(problem["loc"][0])
        what = "is missing" if problem["type"] == "missing" else problem["msg"].removeprefix("Value error, ")
        lines.append(f"{name.upper()}: {what} ({settings.model_fields[name].description})")
    return lines
