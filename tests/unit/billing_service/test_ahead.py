"""Queries that are sent early."""

import asyncio

import pytest

from billing_service.metering.ahead import Ahead, Query
from billing_service.metering.client import Series
from billing_service.metering.errors import PrometheusUnavailable

ORDER = [(f"q{number}", 0) for number in range(6)]


class Server:
    def __init__(self) -> None:
        self.sent: list[Query] = []
        self.cancelled: list[Query] = []
        self.failing: set[Query] = set()
        self.slow: set[Query] = set()

    async def send(self, query: str, first: int) -> list[Series]:
        self.sent.append((query, first))
        try:
            await asyncio.sleep(60 if (query, first) in self.slow else 0)
        except asyncio.CancelledError:
            self.cancelled.append((query, first))
            raise
        if (query, first) in self.failing:
            raise PrometheusUnavailable("down")
        return [Series({"query": query}, {})]


async def test_two_queries_are_sent_before_they_are_needed() -> None:
    """Each is sent once, and a reply is the one of its query."""
    server = Server()
    async with Ahead.open(server.send, ORDER) as ahead:
        for number, query in enumerate(ORDER):
            [series] = await ahead.reply(query)
            assert series.labels == {"query": query[0]}
            assert server.sent[: number + 3] == ORDER[: number + 3]
    assert server.sent == ORDER


async def test_another_query_is_sent_when_it_is_needed() -> None:
    """And the same query from another moment is another query."""
    server = Server()
    async with Ahead.open(server.send, ORDER) as ahead:
        for query in (("q0", 300), ("unknown", 0)):
            assert len(await ahead.reply(query)) == 1
    assert server.sent == [("q0", 300), ("unknown", 0)]


async def test_an_order_that_is_not_kept_loses_no_query() -> None:
    """A query that was passed over was sent, and its reply is there."""
    server = Server()
    async with Ahead.open(server.send, ORDER) as ahead:
        for query in (ORDER[3], ORDER[0], ORDER[5]):
            [series] = await ahead.reply(query)
            assert series.labels == {"query": query[0]}
    assert sorted(server.sent) == ORDER


async def test_a_failure_ends_the_others() -> None:
    """The error is raised where the reply is needed. What still runs is cancelled, and nothing is left behind."""
    server = Server()
    server.failing, server.slow = {ORDER[1]}, {ORDER[2], ORDER[3]}
    async with Ahead.open(server.send, ORDER) as ahead:
        await ahead.reply(ORDER[0])
        with pytest.raises(PrometheusUnavailable):
            await ahead.reply(ORDER[1])
    assert server.cancelled == [ORDER[2], ORDER[3]]
    assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []


async def test_an_error_of_a_query_that_is_not_needed_is_not_raised() -> None:
    """The hour failed for another reason, which is the one that is shown."""
    server = Server()
    server.failing = {ORDER[1]}
    async with Ahead.open(server.send, ORDER) as ahead:
        await ahead.reply(ORDER[0])
