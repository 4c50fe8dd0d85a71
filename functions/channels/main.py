"""The channels of an organization, where its notifications are sent, and the deliveries to them."""

from typing import Any, Final

import functions_framework.aio
from starlette.requests import Request

from common.endpoint import Access, Call, Endpoint
from common.function import Function
from common.http.response import Result
from functions.channels.models import (
    CHANNEL,
    CHANNELS,
    CREATED,
    DELETED,
    DELIVERIES,
    HISTORY,
    RETRY,
    TEST,
    Channel,
    ChannelBody,
    ChannelHistory,
    ChannelHistoryParameters,
    ChannelList,
    ChannelPath,
    Deleted,
    Delivery,
    DeliveryList,
    DeliveryPath,
    DeliveryQuery,
)

ROUTE: Final = "/api/billing/channels"


async def list_channels(call: Call[Any, None]) -> Result[ChannelList]:
    """The channels of the organization, by name.

    200 data: `channels`. Secrets are never in it: `secret_set` is true if a channel has one.
    """
    return await call.billing.fetch(CHANNELS, call.organization, call.upstream)


async def create_channel(call: Call[Any, ChannelBody]) -> Result[Channel]:
    """Create a channel.

    201 data: the channel with its `id`; `Location` is its path, `ETag` its version. 409: the name is used already, or
    the organization has 50 channels. 422: also for an address that is not public. 501: the installation has no key
    for secrets, or no mail server.
    """
    result = await call.billing.send("POST", CREATED, call.organization, call.upstream, body=call.body.to_json())
    result.headers = {"Location": f"{ROUTE}/{result.value.id}"}
    return result


async def get_channel(call: Call[ChannelPath, None]) -> Result[Channel]:
    """One channel.

    200 data: the channel. `ETag` is its version, for `If-Match` of a change.
    """
    return await call.billing.fetch(CHANNEL, call.organization, call.upstream, {"id": call.parameters.id})


async def change_channel(call: Call[ChannelPath, ChannelBody]) -> Result[Channel]:
    """Replace a channel.

    200 data: the channel with its new version. A secret that is absent is kept if the rest of `target` is the same;
    after a change of the address it has to be sent again. `null` removes an optional secret.
    """
    parameters = {"id": call.parameters.id}
    body = call.body.to_json()
    return await call.billing.send("PUT", CHANNEL, call.organization, call.upstream, body=body, parameters=parameters)


async def delete_channel(call: Call[ChannelPath, None]) -> Result[Deleted]:
    """Delete a channel.

    204. Its notifications that are not delivered yet are dead.
    """
    parameters = {"id": call.parameters.id}
    return await call.billing.send("DELETE", DELETED, call.organization, call.upstream, parameters=parameters)


async def get_channel_history(call: Call[ChannelHistoryParameters, None]) -> Result[ChannelHistory]:
    """Every change of a channel, every test, and every notification to it that was sent again.

    200 data: `entries`, the newest ones first: who did what and when, without secrets. Also of a channel that is
    deleted.
    """
    return await call.billing.fetch(HISTORY, call.organization, call.upstream, call.parameters.upstream_query)


async def test_channel(call: Call[ChannelPath, None]) -> Result[Delivery]:
    """Send a test message to a channel.

    202 data: its delivery, which is pending. The list of deliveries shows its outcome. 409: the channel is disabled.
    """
    parameters = {"id": call.parameters.id}
    return await call.billing.send("POST", TEST, call.organization, call.upstream, parameters=parameters)


async def list_deliveries(call: Call[DeliveryQuery, None]) -> Result[DeliveryList]:
    """The notifications that were sent, are waiting, or could not be delivered within a day.

    200 data: `deliveries`, the newest ones first. `state=dead` lists those that can be sent again. Delivered ones are
    kept for 30 days, dead ones for 90.
    """
    return await call.billing.fetch(DELIVERIES, call.organization, call.upstream, call.parameters.upstream_query)


async def retry_delivery(call: Call[DeliveryPath, None]) -> Result[Delivery]:
    """Send a dead notification again.

    202 data: the delivery, which is pending for another day. The message has the same id. 409: it is not dead, or its
    channel is deleted or disabled.
    """
    parameters = {"id": call.parameters.id}
    return await call.billing.send("POST", RETRY, call.organization, call.upstream, parameters=parameters)


ADMIN: Final[dict[str, Any]] = {"access": Access.ORG_ADMIN}

app = Function(
    "channels",
    port=8100,
    endpoints=[
        Endpoint(method="GET", route=ROUTE, handle=list_channels, data=ChannelList, **ADMIN),
        Endpoint(
            method="POST", route=ROUTE, handle=create_channel, data=Channel, body=ChannelBody, status=201, **ADMIN
        ),
        Endpoint(
            method="GET", route=f"{ROUTE}/{{id}}", handle=get_channel, data=Channel, parameters=ChannelPath, **ADMIN
        ),
        Endpoint(
            method="PUT",
            route=f"{ROUTE}/{{id}}",
            handle=change_channel,
            data=Channel,
            parameters=ChannelPath,
            body=ChannelBody,
            **ADMIN,
        ),
        Endpoint(
            method="DELETE",
            route=f"{ROUTE}/{{id}}",
            handle=delete_channel,
            data=None,
            parameters=ChannelPath,
            status=204,
            **ADMIN,
        ),
        Endpoint(
            method="GET",
            route=f"{ROUTE}/{{id}}/history",
            handle=get_channel_history,
            data=ChannelHistory,
            parameters=ChannelHistoryParameters,
            **ADMIN,
        ),
        Endpoint(
            method="POST",
            route=f"{ROUTE}/{{id}}/test",
            handle=test_channel,
            data=Delivery,
            parameters=ChannelPath,
            status=202,
            **ADMIN,
        ),
        Endpoint(
            method="GET",
            route=f"{ROUTE}/deliveries",
            handle=list_deliveries,
            data=DeliveryList,
            parameters=DeliveryQuery,
            **ADMIN,
        ),
        Endpoint(
            method="POST",
            route=f"{ROUTE}/deliveries/{{id}}/retry",
            handle=retry_delivery,
            data=Delivery,
            parameters=DeliveryPath,
            status=202,
            **ADMIN,
        ),
    ],
)


@functions_framework.aio.http
async def channels(request: Request) -> Any:
    del request
    return app  # Starlette calls the returned ASGI app as the response
