"""The environment variables about channels, of `serve` and of `work`. Both need the same values."""

import re
import ssl
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr, ValidationInfo

from billing_service.notifications.addresses import Guard, Network
from billing_service.notifications.connect import Sender
from billing_service.notifications.mail import MailServer
from billing_service.notifications.seal import Sealer
from billing_service.settings import MAX_PORT, Count, DatabaseSettings

_SENDER = re.compile(r"(?:[^<>\"\r\n@]+ <)?[^\s<>@\"]+@[A-Za-z0-9.-]+>?")


def _parts(value: str) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()]


def _keys(value: SecretStr) -> SecretStr:
    try:
        Sealer(_parts(value.get_secret_value()))
    except ValueError:
        raise ValueError("must be keys of 32 bytes in URL-safe base64, separated by commas") from None
    return value


def _networks(value: str) -> str:
    try:
        _read_networks(value)
    except ValueError:
        raise ValueError("must be networks like 10.96.0.0/12, separated by commas") from None
    return value


def _read_networks(value: str) -> tuple[Network, ...]:
    return tuple(ip_network(part) for part in _parts(value))


def _ports(value: str) -> str:
    parts = _parts(value)
    if not parts or not all(part.isascii() and part.isdigit() and 0 < int(part) <= MAX_PORT for part in parts):
        raise ValueError("must be port numbers, separated by commas")
    return value


def _sender(value: str | None, info: ValidationInfo) -> str | None:
    if not value and info.data.get("smtp_host"):
        raise ValueError("is required if SMTP_HOST is set")
    if value and not _SENDER.fullmatch(value):
        raise ValueError("must be an address like billing@example.com, or like Billing <billing@example.com>")
    return value or None


def _file(value: Path | None) -> Path | None:
    if value is not None and not value.is_file():
        raise ValueError("must be the path of a file")
    return value


class ChannelSettings(DatabaseSettings):
    """Without any of them, e-mail and secrets cannot be used, and everything else works."""

    notifications_keys: Annotated[SecretStr, AfterValidator(_keys)] = Field(
        SecretStr(""), description="Keys that encrypt the secrets of channels; the first one encrypts, all decrypt"
    )
    notifications_schemes: Literal["https", "https,http"] = Field(
        "https", description="Schemes of the URLs of channels: https, or https,http"
    )
    notifications_ports: Annotated[str, AfterValidator(_ports)] = Field(
        "443", description="Ports of the URLs of channels, separated by commas"
    )
    notifications_allowed_networks: Annotated[str, AfterValidator(_networks)] = Field(
        "", description="Networks that channels may reach although they are not public, separated by commas"
    )
    notifications_refused_networks: Annotated[str, AfterValidator(_networks)] = Field(
        "", description="Public networks that channels may not reach, such as the cluster's, separated by commas"
    )
    notifications_ca_file: Annotated[Path | None, AfterValidator(_file)] = Field(
        None, description="PEM file of more certificate authorities, for channels and for the mail server"
    )
    notifications_timeout_seconds: float = Field(
        10, gt=0, le=30, allow_inf_nan=False, description="Time limit for one attempt, from resolving to the status"
    )
    smtp_host: str | None = Field(None, description="Name of the mail server. Without it, e-mail is not offered")
    smtp_port: Count = Field(587, ge=1, le=MAX_PORT, description="Port of the mail server")
    smtp_security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="starttls (required), tls (from the first byte), or none (only in a trusted network)"
    )
    smtp_username: str | None = Field(None, description="Name for the mail server, if it requires one")
    smtp_password: SecretStr | None = Field(None, description="Password for the mail server")
    smtp_from: Annotated[str | None, AfterValidator(_sender)] = Field(
        None, validate_default=True, description="Address that the e-mails are from. Required if SMTP_HOST is set"
    )

    def sealer(self) -> Sealer:
        return Sealer(_parts(self.notifications_keys.get_secret_value()))

    def guard(self) -> Guard:
        return Guard(
            frozenset(_parts(self.notifications_schemes)),
            frozenset(map(int, _parts(self.notifications_ports))),
            _read_networks(self.notifications_allowed_networks),
            _read_networks(self.notifications_refused_networks),
        )

    def sender(self) -> Sender:
        return Sender(self.guard(), self._tls(), self.notifications_timeout_seconds)

    def mail_server(self) -> MailServer | None:
        if not self.smtp_host or not self.smtp_from:
            return None
        password = self.smtp_password.get_secret_value() if self.smtp_password else None
        return MailServer(
            self.smtp_host,
            self.smtp_port,
            self.smtp_security,
            self.smtp_from,
            self._tls(),
            self.smtp_username,
            password,
            self.notifications_timeout_seconds,
        )

    def _tls(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        if self.notifications_ca_file is not None:
            context.load_verify_locations(self.notifications_ca_file)
        return context
