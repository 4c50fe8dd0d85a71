"""The requests and responses of /channels, and the replies of the billing service."""

from typing import Annotated, Any, Literal, TypeVar

from pydantic import ConfigDict, Field, StringConstraints

from common.access.roles import Organization
from common.billing.resource import Resource
from common.model import BodyModel, Count, Id, Moment, Parameters, PathId, Text, WireModel, whole_number

MOST_CHANNELS = 50
MOST_RECIPIENTS = 10
MOST_DELIVERIES = 1000
MOST_ENTRIES = 1000
EXAMPLE_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - the one of the Standard Webhooks specification

Kind = Literal["webhook", "email", "slack", "teams", "alertmanager"]
Name = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Url = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
Secret = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
WRITE_ONLY: Any = {"writeOnly": True}

# --- requests -----------------------------------------------------------------


class WebhookTarget(BodyModel):
    """Signed as Standard Webhooks: https://www.standardwebhooks.com."""

    kind: Literal["webhook"]
    url: Url = Field(description="https, with a public address")
    secret: Secret | None = Field(
        default=None,
        description="whsec_ and the base64 of 24 to 64 random bytes. Required in a new channel. "
        "Responses do not contain it",
        json_schema_extra=WRITE_ONLY,
    )


class EmailTarget(BodyModel):
    kind: Literal["email"]
    recipients: Annotated[
        list[Annotated[str, StringConstraints(max_length=320)]], Field(min_length=1, max_length=MOST_RECIPIENTS)
    ]


class SlackTarget(BodyModel):
    kind: Literal["slack"]
    url: Url | None = Field(
        default=None,
        description="The incoming webhook. A secret: responses do not contain it. Required in a new channel",
        json_schema_extra=WRITE_ONLY,
    )


class TeamsTarget(BodyModel):
    kind: Literal["teams"]
    url: Url | None = Field(
        default=None,
        description="The incoming webhook. A secret: responses do not contain it. Required in a new channel",
        json_schema_extra=WRITE_ONLY,
    )


class AlertmanagerTarget(BodyModel):
    """Version 2 of the API."""

    kind: Literal["alertmanager"]
    url: Url = Field(description="https, with a public address; before /api/v2/alerts")
    username: Secret | None = None
    password: Secret | None = Field(
        default=None, description="A secret. Responses do not contain it", json_schema_extra=WRITE_ONLY
    )
    bearer_token: Secret | None = Field(
        default=None, description="A secret. Responses do not contain it", json_schema_extra=WRITE_ONLY
    )


class ChannelBody(BodyModel):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "operations",
                    "target": {"kind": "webhook", "url": "https://hooks.example.com/billing", "secret": EXAMPLE_SECRET},
                }
            ]
        }
    )

    name: Name = Field(description="Unique in the organization")
    enabled: bool = Field(default=True, description="A disabled channel gets no notifications")
    target: Annotated[
        WebhookTarget | EmailTarget | SlackTarget | TeamsTarget | AlertmanagerTarget, Field(discriminator="kind")
    ]

    def to_json(self) -> bytes:
        """An absent secret stays absent: the billing service keeps the old one. Null is sent: it removes the secret."""
        return self.model_dump_json(exclude_unset=True).encode()


class ChannelPath(Parameters):
    id: PathId = Field(description="Id of the channel")


class ChannelHistoryParameters(ChannelPath):
    limit: Annotated[int, whole_number(1, MOST_ENTRIES)] = Field(
        default=100, ge=1, le=MOST_ENTRIES, description="The newest entries"
    )

    @property
    def upstream_query(self) -> dict[str, str]:
        return {"id": self.id, "limit": str(self.limit)}


class DeliveryPath(Parameters):
    id: PathId = Field(description="Id of the delivery")


class DeliveryQuery(Parameters):
    state: Literal["pending", "delivered", "dead"] | None = Field(
        default=None, description="dead: not delivered within a day"
    )
    channel: PathId | None = Field(default=None, description="Only deliveries to this channel")
    limit: Annotated[int, whole_number(1, MOST_DELIVERIES)] = Field(
        default=100, ge=1, le=MOST_DELIVERIES, description="The newest ones"
    )

    @property
    def upstream_query(self) -> dict[str, str]:
        given = {"state": self.state, "channel": self.channel, "limit": str(self.limit)}
        return {name: value for name, value in given.items() if value is not None}


# --- responses ----------------------------------------------------------------


class ChannelTarget(WireModel):
    """What may be read again. A secret is not in it, and the URL of slack and teams is one."""

    kind: Kind
    url: Url | None = None
    recipients: list[Text] | None = None
    username: Text | None = None


class Channel(WireModel):
    id: Id
    name: Name
    enabled: bool
    target: ChannelTarget
    secret_set: bool = Field(description="The channel has a secret. Responses do not contain it")
    created_at: Moment
    updated_at: Moment


class ChannelList(WireModel):
    channels: Annotated[list[Channel], Field(max_length=MOST_CHANNELS)]


class Deleted(WireModel):
    id: Id


class ChannelEntry(WireModel):
    at: Moment
    action: Literal["create", "change", "delete", "test", "retry"] = Field(
        description="retry: a dead notification was sent again"
    )
    actor: Text = Field(description="Subject of the token")
    before: Channel | None = Field(description="Null if it was created, and of test and retry")
    after: Channel | None = Field(description="Null if it was deleted, and of test and retry")
    secret_changed: bool | None = Field(
        description="Of a change: the secret is another one. Null: of other actions, or not known"
    )
    delivery: Id | None = Field(description="Of test and retry")


class ChannelHistory(WireModel):
    id: Id
    entries: Annotated[list[ChannelEntry], Field(max_length=MOST_ENTRIES)] = Field(description="The newest ones first")
    more: bool = Field(description="There are older ones")


class Delivery(WireModel):
    """One message to one channel. A digest has several events."""

    id: Id
    message_id: Text = Field(description="What the receiver gets, for example as webhook-id. The same in every attempt")
    channel: Id
    channel_name: Name
    kind: Kind
    state: Literal["pending", "delivered", "dead"]
    title: Text = Field(description="Of the first event")
    events: Count
    attempts: Count = Field(description="Since it was created, or sent again")
    created_at: Moment
    next_attempt_at: Moment | None = Field(description="Null if it is not pending")
    settled_at: Moment | None = Field(description="When it was delivered or dead. Null if it is pending")
    reason: Text | None = Field(description="Why the last attempt failed, for programs")
    explanation: Text | None = Field(description="The same, for people")
    status: Count | None = Field(description="Status of the last response, or code of the mail server")


class DeliveryList(WireModel):
    deliveries: Annotated[list[Delivery], Field(max_length=MOST_DELIVERIES)]


M = TypeVar("M", bound=WireModel)
_PATH = "/api/organization/{organization}"


def _same(reply: M, _: Organization) -> M:
    return reply


CHANNELS = Resource("channels", f"{_PATH}/channels", ChannelList, _same, cached=False)
CREATED = Resource("channels", f"{_PATH}/channels", Channel, _same, cached=False)
CHANNEL = Resource("channels", f"{_PATH}/channels/{{id}}", Channel, _same, cached=False)
DELETED = Resource("channels", f"{_PATH}/channels/{{id}}", Deleted, _same, cached=False)
HISTORY = Resource("channels", f"{_PATH}/channels/{{id}}/history", ChannelHistory, _same, cached=False)
TEST = Resource("channels", f"{_PATH}/channels/{{id}}/test", Delivery, _same, cached=False)
DELIVERIES = Resource("deliveries", f"{_PATH}/deliveries", DeliveryList, _same, cached=False)
RETRY = Resource("deliveries", f"{_PATH}/deliveries/{{id}}/retry", Delivery, _same, cached=False)
