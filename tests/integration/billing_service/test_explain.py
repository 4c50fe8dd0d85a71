"""What a figure is made of, the statement, the tags of responses, and the commands that check the ledger."""

from datetime import UTC, datetime
from decimal import Decimal, localcontext
from itertools import count
from typing import LiteralString

import pytest
import simplejson
from psycopg.rows import DictRow

from billing_service.database import connect, open_database
from billing_service.errors import DataChanging
from billing_service.explanations.asked import Figure
from billing_service.explanations.organization import explain_organization
from billing_service.explanations.project import explain
from billing_service.explanations.project_range import explain_range
from billing_service.figures.overview import overview
from billing_service.figures.projects import project_list
from billing_service.periods.close import close
from billing_service.statements.statement import statement
from billing_service.trends.asked import asked
from billing_service.trends.trend import trend
from billing_service.trends.usage import Scope

from .conftest import USAGE_HEADER, Api, Load
from .process import run
from .requests import OVERVIEW, PROJECTS, assert_error

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
LINES = "namespace,hour,sku,workload,quantity\n"
PRICES = (
    "resource,currency,unit_price,valid_from\n"
    "cpu_core_hour,EUR,0.0325,2025-01-01T00:00:00Z\ncpu_core_hour,EUR,0.0298,2026-11-10T00:00:00Z\n"
    "memory_gib_hour,EUR,0.0046,2025-01-01T00:00:00Z\n"
)
FIGURES = ("current_month_total", "last_day_spend", "total_cost_per_hour", "cpu", "memory", "gpu")


def usage(*workloads: str) -> str:
    return LINES + "".join(
        f"acme-web,2026-11-{day:02}T{hour:02}:00:00Z,{sku},{workload},{day}.{hour}\n"
        for day in (9, 10)
        for hour in range(24)
        for sku in ("cpu_core_hour", "memory_gib_hour")
        for workload in workloads
    )


async def explained(api: Api, figure: str) -> dict[str, Decimal]:
    response = await api.get(f"/api/project/acme-web/explain?organization=acme&figure={figure}")
    assert response.status_code == 200, response.text
    return dict(simplejson.loads(response.text, use_decimal=True))


@pytest.fixture
async def metered(api: Api, load: Load) -> Api:
    await load(PRICES)
    await load(usage("Deployment/api", "VirtualMachine/db-0"))
    api.now = NOW
    return api


@pytest.mark.parametrize("figure", FIGURES)
async def test_the_rows_add_up_to_the_figure_to_the_last_digit(metered: Api, figure: str) -> None:
    """Quantity times unit price is the amount of each row; the amounts and the rounding are what the overview shows."""
    found = await explained(metered, figure)
    for row in found["rows"]:
        assert row["quantity"] * row["price"]["unit_price"] == row["amount"]
    overview = simplejson.loads((await metered.get(OVERVIEW)).text, use_decimal=True)
    shown = {
        **overview["billing_summary"],
        **{k.removesuffix("_cost"): v for k, v in overview["cost_breakdown"].items()},
    }
    total = sum(row["amount"] for row in found["rows"])
    assert total == found["exact"]
    if figure == "gpu":
        assert (found["rows"], found["value"]) == ([], None)
    else:
        assert total + found["rounding"] == found["value"] == shown[figure]
        assert abs(found["rounding"]) < Decimal("0.01")
    if figure == "cpu":
        prices = {(row["workload"], row["price"]["unit_price"], row["hours"]) for row in found["rows"]}
        assert len(prices) == 4
        assert ("Deployment/api", Decimal("0.0298"), 24) in prices


async def test_amounts_of_33_digits_add_up(api: Api, load: Load) -> None:
    """Python's own sum of decimals rounds to 28 digits."""
    price, quantity = Decimal("999999.123456789012"), Decimal("999999.123456789")
    await load(f"resource,currency,unit_price,valid_from\ncpu_core_hour,EUR,{price},2025-01-01T00:00:00Z\n")
    hours = "".join(f"acme-web,2026-11-09T{hour:02}:00:00Z,cpu_core_hour,-,{quantity}\n" for hour in range(3))
    await load(LINES + hours)
    api.now = NOW
    found = await explained(api, "current_month_total")
    with localcontext(prec=60):
        assert found["exact"] == 3 * price * quantity
        assert found["exact"] + found["rounding"] == found["value"]
    statement = (await api.get("/api/organization/acme/statement?period=2026-11")).text
    assert simplejson.loads(statement, use_decimal=True)["usage_total"] == found["value"]


@pytest.mark.parametrize("before", ["FROM usage_lines", "FROM adjustments", "current_period("])
async def test_an_import_between_the_queries_does_not_tear_the_explanation(
    metered: Api, load: Load, database_url: str, monkeypatch: pytest.MonkeyPatch, before: str
) -> None:
    """Rows and figure are of the same version. Otherwise the difference would be shown as rounding."""
    del metered
    async with open_database(database_url) as database:
        fetch = database.fetch
        late = iter([LINES + "acme-web,2026-11-09T00:00:00Z,cpu_core_hour,late,1000\n"])

        async def interrupted(query: LiteralString, **arguments: object) -> list[DictRow]:
            if before in query and seen and (text := next(late, None)):
                await load(text)
            seen.append(query)
            return await fetch(query, **arguments)

        seen: list[str] = []
        monkeypatch.setattr(database, "fetch", interrupted)
        found = await explain(database, "acme", "acme-web", figure="cpu", now=NOW)
    assert next(late, None) is None
    assert any(row["workload"] == "late" for row in found["rows"])
    assert abs(found["rounding"]) < Decimal("0.01")


@pytest.mark.parametrize("figure", ["explain", "organization", "overview", "projects", "range", "statement", "trend"])
async def test_a_response_is_read_a_limited_number_of_times(
    metered: Api, database_url: str, monkeypatch: pytest.MonkeyPatch, figure: str
) -> None:
    """Data that change during each reading are 503 with data_changing, and not a loop without an end."""
    del metered
    async with connect(database_url) as owner:  # lines without a price that no line has: as if it came in between
        await owner.execute(
            "UPDATE rollup_monthly SET unrated = 1" if figure in {"overview", "projects"} else "SELECT 1"
        )
    async with open_database(database_url) as database:
        fetch, versions = database.fetch, count(1000)

        async def changing(query: LiteralString, **arguments: object) -> list[DictRow]:
            queries.append(query)
            found = await fetch(query, **arguments)
            return [{**row, "number": next(versions)} for row in found] if "AS number" in query else found

        queries: list[str] = []
        monkeypatch.setattr(database, "fetch", changing)
        reads = {
            "explain": lambda: explain(database, "acme", "acme-web", figure="cpu", now=NOW),
            "organization": lambda: explain_organization(database, Scope("acme"), Figure("current_month_total"), NOW),
            "overview": lambda: overview(database, "acme", "acme-web", NOW),
            "projects": lambda: project_list(database, "acme", NOW),
            "range": lambda: explain_range(database, "acme", "acme-web", asked({}, of_organization=False), NOW),
            "statement": lambda: statement(database.fetch, "acme", NOW),
            "trend": lambda: trend(database, Scope("acme", "acme-web"), asked({}, of_organization=False), NOW),
        }
        with pytest.raises(DataChanging, match="during each of 5 readings"):
            await reads[figure]()
        assert len(queries) <= 5 * (20 if figure in {"organization", "range", "trend"} else 5)


async def test_adjustments_of_an_earlier_life_are_not_shown(api: Api, load: Load) -> None:
    """A namespace that was created again shares nothing with the project before it."""
    await load(PRICES)
    lives = (
        "2026-11-01T00:00:00Z,0e0e0e0e-0000-4000-8000-000000000001",
        "2026-11-19T00:00:00Z,0e0e0e0e-0000-4000-8000-000000000002",
    )
    for life in lives:
        await load(f"namespace,organization,valid_from,uid\nacme-web,acme,{life}\n", now=NOW)
        if life == lives[0]:
            await load("id,organization,amount,currency,reason,namespace\nc-1,acme,-3,EUR,credit,acme-web\n", now=NOW)
    await load("namespace,hour,sku,workload,quantity\nacme-web,2026-11-20T01:00:00Z,cpu_core_hour,-,1\n")
    api.now = NOW
    assert (await explained(api, "current_month_total"))["adjustments"] == []


async def test_more_than_a_thousand_rows_are_summed(api: Api, load: Load) -> None:
    """The rest is one line with its number of rows."""
    await load(PRICES)
    lines = "".join(f"acme-web,2026-11-09T00:00:00Z,cpu_core_hour,Pod/{number},1\n" for number in range(1003))
    await load(LINES + lines)
    api.now = NOW
    found = await explained(api, "current_month_total")
    assert (len(found["rows"]), found["rest"]) == (1000, {"rows": 3, "amount": Decimal("0.0975")})
    assert found["exact"] == Decimal("32.5975")


async def test_a_foreign_project_is_not_explained(metered: Api) -> None:
    """404 as for the overview; a wrong figure is 400 with those that there are."""
    path = "/api/project/acme-web/explain?organization=globex&figure=cpu"
    assert_error(await metered.get(path), 404, "project_not_found")
    wrong = assert_error(
        await metered.get("/api/project/acme-web/explain?organization=acme&figure=x"), 400, "bad_request"
    )
    assert "must be one of current_month_total" in wrong["message"]


async def test_the_explanation_on_a_terminal(metered: Api, database_url: str) -> None:
    """The same rows as text."""
    done = run(database_url, "explain", "acme", "acme-web", "--period", "2026-11")
    assert done.returncode == 0, done.stderr
    assert "cpu_core_hour" in done.stdout
    total = (await metered.get(OVERVIEW + "&period=2026-11")).json()["billing_summary"]["current_month_total"]
    assert f"shown {total:.2f}\n" in done.stdout
    organization = run(database_url, "explain", "acme", "--period", "2026-11")
    assert organization.stdout.startswith("acme current_month_total 2026-11, EUR\n"), organization.stderr
    assert f"shown {total:.2f}\n" in organization.stdout
    missing = run(database_url, "explain", "globex", "acme-web")
    assert (missing.returncode, "has no project" in missing.stderr) == (1, True)


async def test_the_statement_adds_up(metered: Api, load: Load) -> None:
    """SKUs to projects, projects and rounding to the usage, usage and adjustments to the total."""
    await load(f"{USAGE_HEADER}acme-data,2026-11-09T00:00:00Z,0.123,0.456,0,0,0\n")
    text = (await metered.get("/api/organization/acme/statement?period=2026-11")).text
    found = simplejson.loads(text, use_decimal=True)
    for project in found["projects"]:
        assert sum(line["amount"] for line in project["lines"]) == project["total"]
    assert sum(p["total"] for p in found["projects"]) + found["rounding"] == found["usage_total"]
    assert found["usage_total"] + found["invoiced"]["adjustments"] == found["invoiced"]["total"]
    assert [p["namespace"] for p in found["projects"]] == ["acme-data", "acme-web"]
    own = (await metered.get("/api/organization/acme/statement?period=2026-11&namespaces=acme-data")).json()
    assert [p["namespace"] for p in own["projects"]] == ["acme-data"]
    assert "invoiced" not in own
    assert own.keys().isdisjoint({"fees", "invoiced"})


async def test_a_closed_statement_is_always_the_same_bytes(metered: Api, load: Load, database_url: str) -> None:
    """Late lines and credits change the open month only."""
    async with connect(database_url) as connection:
        assert await close(connection, 3, datetime(2026, 12, 4, tzinfo=UTC)) == 1
    path = "/api/organization/acme/statement?period=2026-11"
    before = (await metered.get(path)).content
    metered.now = datetime(2026, 12, 10, tzinfo=UTC)
    await load(f"{USAGE_HEADER}acme-data,2026-11-19T00:00:00Z,3,0,0,0,0\n", now=metered.now)
    assert (await metered.get(path)).content == before
    december = (await metered.get("/api/organization/acme/statement")).json()
    assert (december["invoiced"]["adjustments"], december["adjustments"][0]["reason"]) == (0.09, "late line")


async def test_some_projects_of_a_closed_month_are_always_the_same_bytes(
    metered: Api, load: Load, database_url: str
) -> None:
    """Two currencies, credits, and what comes later: a late line, a unit, a uid. The figures are those of before."""
    await load(PRICES.replace("EUR", "USD"))
    await load("organization,currency,valid_from\nacme,USD,2026-11-10T00:00:00Z\n")
    await load(f"{USAGE_HEADER}acme-data,2026-11-09T00:00:00Z,0.123,0.456,0,0,0\n")
    await load(
        "id,organization,amount,currency,reason,namespace\n"
        "c-1,acme,-3.5,USD,credit,acme-web\nc-2,acme,-2,EUR,credit,acme-web\nc-3,acme,-5,USD,credit,\n",
        now=NOW,
    )
    paths = [f"/api/organization/acme/statement?period=2026-11{names}" for names in ("", "&namespaces=acme-web")]
    [_, opened] = [simplejson.loads((await metered.get(path)).text, use_decimal=True) for path in paths]
    async with connect(database_url) as connection:
        assert await close(connection, 3, datetime(2026, 12, 4, tzinfo=UTC)) == 1
    metered.now = datetime(2026, 12, 10, tzinfo=UTC)
    before = [(await metered.get(path)).content for path in paths]
    found = simplejson.loads(before[1], use_decimal=True)
    assert found == opened | {"period_state": "closed", "data_version": found["data_version"]}
    assert [section["currency"] for section in found["other_currencies"]] == ["EUR"]
    assert (found["adjustments_total"], simplejson.loads(before[0])["adjustments_total"]) == (Decimal("-3.50"), -8.5)
    await load(f"{USAGE_HEADER}acme-web,2026-11-19T00:00:00Z,3,0,0,0,0\n", now=metered.now)
    await load("sku,component,unit,basis\ncpu_core_hour,cpu,hour of a core,use\n")
    await load("namespace,organization,uid\nacme-web,acme,u-1\n")
    assert [(await metered.get(path)).content for path in paths] == before


@pytest.mark.parametrize("path", [OVERVIEW, PROJECTS, "/api/organization/acme/statement"])
async def test_an_unchanged_response_is_304(metered: Api, load: Load, path: str) -> None:
    """The tag changes with the data, the month and the path. Without the token it is 401 as ever."""
    first = await metered.get(path)
    tag = first.headers["etag"]
    again = await metered.get(path, **{"If-None-Match": f'"other", W/{tag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert (await metered.client.get(path, headers={"If-None-Match": tag})).status_code == 401
    await load(f"{USAGE_HEADER}acme-data,2026-11-19T00:00:00Z,3,0,0,0,0\n")
    changed = await metered.get(path, **{"If-None-Match": tag})
    assert (changed.status_code, changed.headers["etag"] != tag) == (200, True)
    metered.now = datetime(2026, 12, 1, tzinfo=UTC)
    assert (await metered.get(path, **{"If-None-Match": changed.headers["etag"]})).status_code == 200


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("statement?", "namespace,organization,uid\nacme-web,acme,u-1\n"),
        ("trend?group_by=project", "namespace,organization,uid\nacme-web,acme,u-1\n"),
        ("statement?", "sku,component,unit,basis\ncpu_core_hour,cpu,hour of a core,use\n"),
    ],
)
async def test_a_description_that_changes_changes_the_tag(metered: Api, load: Load, path: str, text: str) -> None:
    """A uid that becomes known, and a unit: no line is booked again. The same file again changes nothing."""
    await load("sku,component,unit,basis\ncpu_core_hour,cpu,core hour,larger of request and use\n")
    seen = []
    for _ in range(3):
        seen.append(await metered.get(f"/api/organization/acme/{path}"))
        await load(text)
    [before, after, again] = [(response.status_code, response.headers["etag"]) for response in seen]
    assert seen[0].json() | {"data_version": 0} != seen[1].json() | {"data_version": 0}
    assert before != after == again


async def test_a_tag_gives_no_access(metered: Api) -> None:
    """A foreign project is 404, whatever the client has."""
    response = await metered.get("/api/project/acme-web/overview?organization=globex", **{"If-None-Match": "*"})
    assert_error(response, 404, "project_not_found")


async def test_reconcile_finds_a_sum_that_differs(metered: Api, database_url: str) -> None:
    """The command compares every sum with its lines, and names the one that is wrong."""
    assert (await metered.get(OVERVIEW)).status_code == 200
    done = run(database_url, "reconcile")
    assert (done.returncode, done.stdout) == (0, "reconcile: every sum agrees with its lines\n"), done.stderr
    async with connect(database_url) as connection:
        await connection.execute("UPDATE rollup_daily SET amount = amount + 0.01 WHERE day = '2026-11-09' AND sku = 2")
        await connection.execute("UPDATE project_state SET last_day = 0")
    done = run(database_url, "reconcile")
    assert done.returncode == 1
    assert "rollup_daily acme acme-web 2026-11-09 memory_gib_hour: " in done.stderr
    assert "project_state acme acme-web" in done.stderr
    assert "reconcile: 2 sums differ" in done.stderr


async def test_reconcile_compares_the_statements_of_closed_months(metered: Api, load: Load, database_url: str) -> None:
    """What was invoiced is the sum of the lines. A statement that is not is named."""
    assert (await metered.get(OVERVIEW)).status_code == 200
    await load(f"{LINES}acme-data,2026-01-01T00:00:00Z,cpu_core_hour,-,2.5\n")
    assert "acme 2026-01: closed\n" in run(database_url, "close").stdout
    assert run(database_url, "reconcile").returncode == 0
    async with connect(database_url) as connection:
        wrong = '{"currency": "EUR", "usage_total": 0.01}'
        await connection.execute("INSERT INTO periods VALUES ('acme', '2025-12-01', now(), %s)", [wrong])
    done = run(database_url, "reconcile")
    assert "statement acme 2025-12-01: lines: 0, kept: 0.01\n" in done.stderr
    assert "reconcile: 1 sums differ" in done.stderr


async def test_the_quarantine_is_listed(load: Load, database_url: str, registry: None) -> None:  # noqa: ARG001
    """Name, SKU, source, reason, number of lines, hours, quantity."""
    await load(f"{LINES}late,2026-11-01T00:00:00Z,cpu_core_hour,-,2.5\n")
    done = run(database_url, "quarantine")
    assert done.stdout == (
        "late cpu_core_hour csv: unknown_namespace, 1 lines, 2026-11-01T00:00Z to 2026-11-01T00:00Z, quantity 2.5\n"
    )


async def test_close_is_a_command(metered: Api, load: Load, database_url: str) -> None:
    """It prints what it closed, and the second time that there is nothing to do."""
    assert (await metered.get(OVERVIEW)).status_code == 200
    await load(f"{LINES}acme-data,2026-01-01T00:00:00Z,cpu_core_hour,-,2.5\n")
    first = run(database_url, "close")
    assert "acme 2026-01: closed\n" in first.stdout, first.stderr
    assert run(database_url, "close").stdout == "close: nothing to do\n"


async def test_a_statement_of_some_projects_has_no_line_of_the_organization(metered: Api, load: Load) -> None:
    """It repeats the namespaces, and has their adjustments only."""
    credits_ = "c-1,acme,-3,EUR,credit,acme-web\nc-2,acme,-5,EUR,credit,acme-data\nc-3,acme,-7,EUR,credit,\n"
    await load("id,organization,amount,currency,reason,namespace\n" + credits_, now=NOW)
    path = "/api/organization/acme/statement?period=2026-11&namespaces=acme-web,globex-shop"
    found = (await metered.get(path)).json()
    assert found["namespaces"] == ["acme-web", "globex-shop"]
    assert [project["namespace"] for project in found["projects"]] == ["acme-web"]
    assert [adjustment["id"] for adjustment in found["adjustments"]] == ["c-1"]
    assert found.keys().isdisjoint({"fees", "invoiced"})


@pytest.mark.parametrize("whose", ["", "acme"])
async def test_an_announced_price_changes_the_tag_of_an_explanation(api: Api, load: Load, whose: str) -> None:
    """It shows until when a price is valid. The same price again changes nothing."""
    api.now = datetime(2026, 11, 20, 12, tzinfo=UTC)
    header = "resource,currency,unit_price,valid_from,organization\n"
    await load(f"{header}cpu_core_hour,EUR,0.05,2025-01-01T00:00:00Z,{whose}\n")
    await load("namespace,hour,sku,workload,quantity\nacme-web,2026-11-10T00:00:00Z,cpu_core_hour,-,1\n", now=api.now)
    path = "/api/project/acme-web/explain?organization=acme&figure=cpu"
    before = await api.get(path)
    for status in (200, 304):
        await load(f"{header}cpu_core_hour,EUR,0.06,2026-12-01T00:00:00Z,{whose}\n", now=api.now)
        after = await api.get(path, **{"If-None-Match": before.headers["etag"]})
        assert after.status_code == status
        before = after
    assert (await api.get(path)).json()["rows"][0]["price"]["valid_until"] == "2026-12-01T00:00:00.000Z"
