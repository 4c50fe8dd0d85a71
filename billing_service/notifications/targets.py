"""The body of a channel, by kind: which of its members are secret, and what a change of it keeps.

A secret that is absent is kept, if the rest of the target is the same: whoever changes the address must have the
secret, so that it cannot be sent elsewhere. Null removes it, where it is optional.
"""

import re
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from billing_service.notifications.webhook import key_of

MOST_RECIPIENTS = 10
# Without ! and %, which make some mail servers forward, and without a host's address in the place of a domain.
_ADDRESS = re.compile(
    r"[A-Za-z0-9.#$&'*+/=?^_`{|}~-]{1,64}@(?=.{1,253}\Z)(?:[A-Za-z0-9-]+\.)+[A-Za-z](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
)
_VISIBLE = re.compile(r"[\x21-\x7e]{1,1000}")


def _mail_address(value: str) -> str:
    if not _ADDRESS.fullmatch(value):
        raise PydanticCustomError("format", "must be an e-mail address like ops@example.com")
    return value


def _signing_secret(value: str) -> str:
    try:
        key_of(value)
    except ValueError as error:
        raise PydanticCustomError("format", str(error)) from None
    return value


def _visible(value: str) -> str:
    if not _VISIBLE.fullmatch(value):
        raise PydanticCustomError("format", "must be 1 to 1000 visible ASCII characters")
    return value


def _name(value: str) -> str:
    if not value.isprintable() or value != value.strip():
        raise PydanticCustomError("format", "must be printable, without a space at the beginning or the end")
    return value


Name = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_name)]
Url = Annotated[str, Field(min_length=1, max_length=2000)]
MailAddress = Annotated[str, AfterValidator(_mail_address)]


class Target(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", hide_input_in_errors=True)

    SECRET: ClassVar[frozenset[str]] = frozenset()
    REQUIRED: ClassVar[frozenset[str]] = frozenset()  # of the secret ones
    kind: str

    @property
    def shown(self) -> dict[str, Any]:
        members = self.model_dump(exclude_none=True)
        return {name: value for name, value in members.items() if name not in self.SECRET}

    @property
    def secrets(self) -> dict[str, Any]:
        return {name: value for name, value in self.model_dump(exclude_none=True).items() if name in self.SECRET}

    @property
    def missing(self) -> frozenset[str]:
        return self.REQUIRED - self.secrets.keys()

    def keeping(self, shown: dict[str, Any], secrets: dict[str, Any]) -> Self:
        """With the secrets that are kept of an earlier version."""
        if self.shown != shown or self.model_fields_set & self.SECRET:
            return self
        return self.model_copy(update=secrets)


class WebhookTarget(Target):
    SECRET = REQUIRED = frozenset({"secret"})
    kind: Literal["webhook"]
    url: Url
    secret: Annotated[str, AfterValidator(_signing_secret)] | None = None


class EmailTarget(Target):
    kind: Literal["email"]
    recipients: list[MailAddress] = Field(min_length=1, max_length=MOST_RECIPIENTS)


class SlackTarget(Target):
    """The URL is the secret."""

    SECRET = REQUIRED = frozenset({"url"})
    kind: Literal["slack"]
    url: Url | None = None


class TeamsTarget(SlackTarget):
    kind: Literal["teams"]  # type: ignore[assignment] # the members are the same


class AlertmanagerTarget(Target):
    SECRET = frozenset({"password", "bearer_token"})
    kind: Literal["alertmanager"]
    url: Url
    username: Annotated[str, AfterValidator(_visible)] | None = None
    password: Annotated[str, AfterValidator(_visible)] | None = None
    bearer_token: Annotated[str, AfterValidator(_visible)] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.password is not None and self.username is None:
            raise PydanticCustomError("conflict", "a password needs a username")
        if self.username is not None and self.bearer_token is not None:
            raise PydanticCustomError("conflict", "send a username and a password, or a bearer_token")
        return self


AnyTarget = WebhookTarget | EmailTarget | SlackTarget | TeamsTarget | AlertmanagerTarget
KINDS = ("webhook", "email", "slack", "teams", "alertmanager")


class ChannelBody(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", hide_input_in_errors=True)

    name: Name
    enabled: bool = True
    target: Annotated[AnyTarget, Field(discriminator="kind")]
