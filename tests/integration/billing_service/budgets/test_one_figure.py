"""What a budget has spent is the figure that overview, list, trend and statement show for the same scope and period."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
import simplejson

from billing_service.database import connect
from tests.integration.billing_service.budgets.kit import World, actual
from tests.integration.billing_service.conftest import Api, Load
from tests.integration.billing_service.trends.world import World as Usage
from tests.kit.slow import first_quick

BERLIN = "organization,currency,time_zone\nacme,EUR,Europe/Berlin\n"
FIRST, UNTIL = datetime(2026, 7, 25, tzinfo=UTC), datetime(2026, 9, 14, 9, tzinfo=UTC)
TEAMS = ("web", "data", "")


async def get(api: Api, path: str) -> Any:
    response = await api.get(path)
    assert response.status_code == 200, response.text
    return simplejson.loads(response.text, use_decimal=True)


def _group(body: Any, name: str) -> Decimal:
    return next((group["amount"] for group in body["groups"] if group["name"] == name), Decimal(0))


@pytest.mark.parametrize("seed", first_quick([1, 2, 3]))
async def test_one_figure_everywhere(api: Api, database_url: str, load: Load, seed: int) -> None:
    """Random lines of two projects with labels, prices with six digits, an organization in Berlin: to the cent."""
    usage = Usage.of(seed, FIRST, UNTIL)
    await load(BERLIN)
    await load(usage.prices())
    await load(usage.usage())
    api.now = UNTIL
    async with connect(database_url) as connection:
        world = World(connection, load, now=UNTIL)
        for kind, query in (("month", "from=2026-09-01&to=2026-10-01"), ("quarter", "from=2026-07-01&to=2026-10-01")):
            await _compare(api, world, kind, query)
        listed = await get(api, "/api/organization/acme/projects")
        statement = await get(api, "/api/organization/acme/statement")
        overview = await api.overview("acme", "acme-web")
        whole = await world.standing(await world.budget(actual(80)))
        project = await world.standing(await world.budget(actual(80), namespace="acme-web"))
    assert whole.spent == listed["total"]["current_month_total"] == statement["usage_total"]
    assert project.spent == Decimal(str(overview["billing_summary"]["current_month_total"]))
    [of_project] = [one for one in statement["projects"] if one["namespace"] == "acme-web"]
    assert project.spent == of_project["total"]


async def _compare(api: Api, world: World, kind: str, query: str) -> None:
    for namespace in ("", "acme-web", "acme-data"):
        path = f"/api/project/{namespace}/trend?organization=acme&" if namespace else "/api/organization/acme/trend?"
        trend = await get(api, f"{path}granularity=month&group_by=label:team&{query}")
        standing = await world.standing(await world.budget(actual(80), namespace=namespace, period=kind))
        assert standing.spent == trend["total"] > 0
        for team in TEAMS:
            label = {"label_key": "team", "label_value": team}
            budget = await world.budget(actual(80), namespace=namespace, period=kind, **label)
            assert (await world.standing(budget)).spent == _group(trend, team)
