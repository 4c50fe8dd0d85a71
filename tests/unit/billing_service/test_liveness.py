"""Liveness: of the process alone."""

import time

import httpx2

from billing_service.api import create_app
from billing_service.database import Database
from billing_service.pool import Pool


async def no_connection() -> None:
    raise ConnectionRefusedError


async def test_a_query_that_outlives_its_limit_is_unhealthy() -> None:
    """Only a bug can bring it about; then a restart is what helps."""
    database = Database(Pool(no_connection, 1), timeout_seconds=3)  # type: ignore[arg-type]  # makes no connection
    app = create_app(database, "a-service-token-for-tests")
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://billing") as client:
        assert (await client.get("/api/live")).status_code == 200
        assert (await client.get("/api/health")).status_code == 503
        assert (await client.get("/api/live")).status_code == 200
        database._running[object()] = time.monotonic() - 14  # type: ignore[index]  # what a bug would leave
        response = await client.get("/api/live")
    assert (response.status_code, response.json()["code"]) == (503, "stuck")
