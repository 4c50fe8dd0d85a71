"""Figures of a finance department that must come out right, each from file to response."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from billing_service.csv_file import BadFileError
from billing_service.database import connect
from billing_service.periods.close import close

from .conftest import USAGE_HEADER, Api, Load

LINES = "namespace,hour,sku,workload,quantity\n"
CPU = "resource,currency,unit_price,valid_from\ncpu_core_hour,EUR,0.05,2025-01-01T00:00:00Z\n"
NOVEMBER = datetime(2026, 11, 20, 12, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}:00Z")


def usage(first: str, hours: int, quantity: str, namespace: str = "acme-web", without: range = range(0)) -> str:
    start = at(first)
    return LINES + "".join(
        f"{namespace},{start + timedelta(hours=hour):%Y-%m-%dT%H:%M:%SZ},cpu_core_hour,-,{quantity}\n"
        for hour in range(hours)
        if hour not in without
    )


async def closed(url: str, now: datetime) -> int:
    async with connect(url) as connection:
        return await close(connection, 3, now)


async def summary(api: Api, organization: str, namespace: str, period: str = "") -> dict[str, Any]:
    path = f"/api/project/{namespace}/overview?organization={organization}"
    response = await api.get(path + (f"&period={period}" if period else ""))
    assert response.status_code == 200, response.text
    return dict(response.json()["billing_summary"]) | {"whole": response.json()}


async def test_a_complete_month_can_be_read_at_any_later_time(api: Api, load: Load) -> None:
    """August of one core is 744 h at 0.05: 37.20, in September and in November."""
    await load(CPU)
    await load(usage("08-01T00:00", 744, "1"))
    for moment in (at("09-01T00:30"), NOVEMBER):
        api.now = moment
        assert (await summary(api, "acme", "acme-web", "2026-08"))["current_month_total"] == 37.2
    assert (await summary(api, "acme", "acme-web"))["current_month_total"] == 0
    response = await api.get("/api/project/acme-web/overview?organization=acme&period=2026-12")
    assert (response.status_code, response.json()["code"]) == (404, "period_not_found")


async def test_many_small_projects_have_an_exact_total_and_a_rounding(api: Api, load: Load) -> None:
    """500 projects of 0.004 EUR: 2.00 with a rounding of 2.00. Each project is almost nothing, and not nothing."""
    await load(CPU)
    names = [f"small-{number:03}" for number in range(500)]
    await load("organization,currency\nsmall,EUR\n")
    await load("namespace,organization\n" + "".join(f"{name},small\n" for name in names))
    await load(LINES + "".join(f"{name},2026-11-01T00:00:00Z,cpu_core_hour,-,0.08\n" for name in names))
    api.now = NOVEMBER
    body = (await api.get("/api/organization/small/projects")).json()
    assert (body["total"]["current_month_total"], body["total"]["rounding"]) == (2.0, 2.0)
    shown = {
        (p["billing_summary"]["current_month_total"], p["billing_summary"]["almost_nothing"]) for p in body["projects"]
    }
    assert shown == {(0.0, True)}
    page = (await api.get("/api/organization/small/projects?limit=10")).json()
    assert page["total"] == body["total"]


async def test_five_small_parts_add_up_to_the_rounded_total(api: Api, load: Load) -> None:
    """Five parts of 0.0044 are 0.022: month and last day are 0.02, and the parts are 0.02 too."""
    prices = "".join(
        f"{sku},EUR,0.0044,2025-01-01T00:00:00Z\n"
        for sku in ("cpu_core_hour", "memory_gib_hour", "storage_gib_hour", "network_gib", "public_ip_hour")
    )
    await load("resource,currency,unit_price,valid_from\n" + prices)
    await load(f"{USAGE_HEADER}acme-web,2026-11-10T09:00:00Z,1,1,1,1,1\n")
    api.now = NOVEMBER
    found = await summary(api, "acme", "acme-web")
    assert (found["current_month_total"], found["last_day_spend"]) == (0.02, 0.02)
    parts = found["whole"]["cost_breakdown"]
    assert sorted(parts.values()) == [0, 0, 0, 0.01, 0.01]


async def test_a_closed_month_stays_and_the_open_month_has_the_adjustment(
    api: Api, load: Load, database_url: str
) -> None:
    """August again with three times the quantity: August is 37.20, an adjustment of 74.40 counts in November."""
    await load(CPU)
    await load(usage("08-01T00:00", 744, "1"), now=at("09-01T01:00"))
    assert await closed(database_url, at("09-03T23:00")) == 0
    assert await closed(database_url, at("09-04T00:00")) == 1
    assert await closed(database_url, at("09-04T00:00")) == 0
    api.now = NOVEMBER
    path = "/api/organization/acme/statement?period=2026-08"
    before = await api.get(path)
    for _ in range(2):
        await load(usage("08-01T00:00", 744, "3"), now=NOVEMBER)
        august = await summary(api, "acme", "acme-web", "2026-08")
        assert (august["current_month_total"], august["whole"]["period_state"]) == (37.2, "closed")
        november = (await summary(api, "acme", "acme-web"))["whole"]
        assert (november["adjustments"], november["billing_summary"]["current_month_total"]) == (74.4, 0)
    assert (await api.get(path)).content == before.content
    statement = (await api.get("/api/organization/acme/statement")).json()
    assert (statement["usage_total"], statement["invoiced"]["adjustments"], statement["invoiced"]["total"]) == (
        0,
        74.4,
        74.4,
    )
    assert len(statement["adjustments"]) == 744
    assert statement["adjustments"][0]["refers_to"] == {
        "period": "2026-08",
        "hour": "2026-08-01T00:00:00.000Z",
        "workload": "-",
    }


async def test_a_price_in_the_past_is_refused_where_it_was_used(api: Api, load: Load) -> None:
    """Neither a new price inside a month that is over nor another number for the old price changes what was rated."""
    await load(CPU)
    await load(usage("08-01T00:00", 744, "1"))
    for line in ("0.10,2026-08-10T00:00:00Z", "0.50,2025-01-01T00:00:00Z"):
        with pytest.raises(BadFileError, match=r"hours of 2026-08 in acme were rated with another price"):
            await load(f"resource,currency,unit_price,valid_from\ncpu_core_hour,EUR,{line}\n", now=NOVEMBER)
    api.now = NOVEMBER
    assert (await summary(api, "acme", "acme-web", "2026-08"))["current_month_total"] == 37.2


async def test_a_price_can_be_corrected_in_the_open_month(api: Api, load: Load) -> None:
    """The lines of the running month are rated again. The month before keeps the old price."""
    await load(CPU)
    await load(usage("10-31T00:00", 48, "1"))
    new = "resource,currency,unit_price,valid_from\ncpu_core_hour,EUR,0.10,2026-11-01T00:00:00Z\n"
    await load(new, now=NOVEMBER)
    await load(new, now=NOVEMBER)
    api.now = NOVEMBER
    assert (await summary(api, "acme", "acme-web"))["current_month_total"] == 2.4
    assert (await summary(api, "acme", "acme-web", "2026-10"))["current_month_total"] == 1.2


async def test_usage_is_rated_when_its_price_is_added(api: Api, load: Load, database_url: str) -> None:
    """Until then it is `price_missing` with SKU and month, never 0, and its month does not close."""
    await load(usage("08-01T00:00", 744, "1"), now=at("09-01T01:00"))
    api.now = NOVEMBER
    path = "/api/project/acme-web/overview?organization=acme&period=2026-08"
    missing = (await api.get(path)).json()
    assert (missing["code"], missing["sku"], missing["month"]) == ("price_missing", "cpu_core_hour", "2026-08")
    assert await closed(database_url, NOVEMBER) == 2  # September and October, which are empty
    await load(CPU)
    assert (await api.get(path)).json()["billing_summary"]["current_month_total"] == 37.2
    assert await closed(database_url, NOVEMBER) == 1


async def test_a_moved_project_leaves_its_past_with_the_old_owner(api: Api, load: Load) -> None:
    """A project that moved on the 11th: 12.00 stays, and the new owner begins at 0."""
    await load(CPU)
    await load(usage("11-01T00:00", 240, "1"))
    await load("namespace,organization,valid_from\nacme-web,acme-prod,2026-11-11T00:00:00Z\n", now=NOVEMBER)
    api.now = NOVEMBER
    assert (await summary(api, "acme-prod", "acme-web"))["current_month_total"] == 0
    assert (await summary(api, "acme", "acme-web", "2026-11"))["current_month_total"] == 12.0
    listed = (await api.get("/api/organization/acme/projects")).json()
    shown = sum(p["billing_summary"]["current_month_total"] for p in listed["projects"] if p["billing_summary"])
    assert (listed["total"]["current_month_total"], shown, listed["total"]["former_projects"]) == (12.0, 0, 12.0)
    of_month = (await api.get("/api/organization/acme/projects?period=2026-11")).json()
    assert of_month["total"]["former_projects"] == 0  # it is in this list
    assert (await api.get("/api/project/acme-web/overview?organization=acme")).status_code == 404
    assert (await api.get("/api/project/acme-web/overview?organization=globex&period=2026-11")).status_code == 404


async def test_a_move_that_is_imported_late_moves_the_hours_since(api: Api, load: Load) -> None:
    """Hours from the move on, booked to the old owner meanwhile, are booked again to the new one."""
    await load(CPU)
    await load(usage("11-01T00:00", 300, "1"))
    await load("namespace,organization,valid_from\nacme-web,acme-prod,2026-11-11T00:00:00Z\n", now=NOVEMBER)
    api.now = NOVEMBER
    assert (await summary(api, "acme", "acme-web", "2026-11"))["current_month_total"] == 12.0
    assert (await summary(api, "acme-prod", "acme-web"))["current_month_total"] == 3.0


async def test_a_project_that_was_created_again_shares_nothing_with_the_one_before(api: Api, load: Load) -> None:
    """Another uid of the same owner begins at 0."""
    await load(CPU)
    await load("namespace,organization,uid\nacme-web,acme,one\n")
    await load(usage("11-01T00:00", 240, "1"))
    await load("namespace,organization,uid,valid_from\nacme-web,acme,two,2026-11-11T00:00:00Z\n", now=NOVEMBER)
    await load(usage("11-11T00:00", 10, "1"))
    api.now = NOVEMBER
    assert (await summary(api, "acme", "acme-web"))["current_month_total"] == 0.5
    statement = (await api.get("/api/organization/acme/statement")).json()
    assert [(p["uid"], p["total"]) for p in statement["projects"]] == [("one", 12.0), ("two", 0.5)]


async def test_a_project_that_was_created_again_does_not_show_what_ran_before(api: Api, load: Load) -> None:
    """What runs is not known until it is measured in the new life."""
    counts = "namespace,running_pods,running_vms,cpu_cores,memory_gib\nacme-web,{},1,2.4,8.8\n"
    await load("namespace,organization,uid\nacme-web,acme,one\n")
    await load(CPU)
    await load(usage("11-01T00:00", 10, "1"))
    await load(counts.format(10), now=at("11-10T00:00"))
    await load("namespace,organization,uid,valid_from\nacme-web,acme,two,2026-11-11T00:00:00Z\n", now=NOVEMBER)
    api.now = NOVEMBER
    shown = (await summary(api, "acme", "acme-web"))["whole"]["compute_instances"]
    assert (shown["running_pods"], shown["measured_at"]) == (0, None)
    await load(counts.format(3), now=NOVEMBER)
    shown = (await summary(api, "acme", "acme-web"))["whole"]["compute_instances"]
    assert (shown["running_pods"], shown["measured_at"]) == (3, "2026-11-20T12:00:00.000Z")


async def test_a_new_currency_leaves_the_past_in_the_old_one(api: Api, load: Load) -> None:
    """12.00 EUR stay 12.00 EUR, and do not become 1200 JPY."""
    await load(CPU)
    await load("resource,currency,unit_price,valid_from\ncpu_core_hour,JPY,5,2025-01-01T00:00:00Z\n")
    await load(usage("10-01T00:00", 240, "1"))
    await load("organization,currency\nacme,JPY\n", now=NOVEMBER)
    await load(usage("11-20T12:00", 2, "1"), now=NOVEMBER + timedelta(days=1))
    api.now = NOVEMBER + timedelta(days=1)
    past = await summary(api, "acme", "acme-web", "2026-10")
    assert (past["current_month_total"], past["currency"]) == (12.0, "EUR")
    now = await summary(api, "acme", "acme-web")
    assert (now["current_month_total"], now["currency"]) == (10, "JPY")
    await load("id,organization,amount,currency,reason,namespace\nc-1,acme,-3.50,EUR,credit,acme-web\n", now=api.now)
    response = await api.get("/api/organization/acme/statement")
    statement = response.json()
    [old] = statement["other_currencies"]
    assert (old["currency"], old["usage_total"], old["adjustments_total"]) == ("EUR", 0, -3.5)
    assert (statement["currency"], statement["invoiced"]["adjustments"]) == ("JPY", 0)


async def test_the_first_hours_of_september_in_berlin_belong_to_september(api: Api, load: Load) -> None:
    """201 core hours at 22:00 and 23:00 UTC on 31 August."""
    await load(CPU)
    await load("organization,currency,time_zone\nacme,EUR,Europe/Berlin\n")
    await load(usage("08-31T22:00", 2, "100.5"), now=at("09-01T05:00"))
    api.now = at("09-01T05:00")
    found = await summary(api, "acme", "acme-web")
    assert (found["billing_period"], found["current_month_total"]) == ("2026-09", 10.05)
    assert found["whole"]["time_zone"] == "Europe/Berlin"
    assert (await summary(api, "acme", "acme-web", "2026-08"))["current_month_total"] == 0


@pytest.mark.parametrize(
    ("zone", "reason"),
    [
        ("Asia/Kolkata", "metered in hours of UTC"),
        ("Australia/Lord_Howe", "metered in hours of UTC"),
        ("Europe/Atlantis", "is not a time zone"),
        ("europe/berlin", "its name is Europe/Berlin"),
        ("posix/Europe/Berlin", "is not a time zone"),
        ("UTC+3", "must be an IANA time zone"),
    ],
)
async def test_a_time_zone_without_whole_hours_is_refused(load: Load, registry: None, zone: str, reason: str) -> None:  # noqa: ARG001
    """The message has the reason."""
    with pytest.raises(BadFileError, match=reason):
        await load(f"organization,currency,time_zone\nacme,EUR,{zone}\n")


async def test_missing_hours_are_counted(api: Api, load: Load) -> None:
    """48 of 240 hours missing: the amount of 192, and the response has the number and until when it is complete."""
    await load(CPU)
    await load(usage("11-01T00:00", 240, "1", without=range(100, 148)))
    api.now = NOVEMBER
    found = await summary(api, "acme", "acme-web")
    assert found["current_month_total"] == 9.6
    facts = found["whole"]
    assert (facts["incomplete_hours"], facts["complete_through"]) == (48, "2026-11-05T04:00:00.000Z")
    assert facts["as_of"] == "2026-11-11T00:00:00.000Z"
    page = (await api.get("/api/organization/acme/projects?limit=1")).json()
    assert (page["incomplete_hours"], page["complete_through"]) == (48, "2026-11-05T04:00:00.000Z")


async def test_a_stopped_meter_is_visible(api: Api, load: Load) -> None:
    """Ten hours later `complete_through` and `as_of` are still its last hour."""
    await load(CPU)
    await load(usage("11-20T00:00", 2, "1"))
    api.now = NOVEMBER
    facts = (await summary(api, "acme", "acme-web"))["whole"]
    assert (facts["as_of"], facts["complete_through"]) == ("2026-11-20T02:00:00.000Z",) * 2


async def test_never_metered_is_null_and_measured_zero_is_zero(api: Api, load: Load) -> None:
    """Also of an organization that has no usage at all."""
    await load(CPU)
    await load(usage("11-20T00:00", 2, "0"))
    api.now = NOVEMBER
    measured = await summary(api, "acme", "acme-web")
    assert (measured["current_month_total"], measured["last_day_spend"]) == (0, 0)
    assert measured["whole"]["complete_through"] == "2026-11-20T02:00:00.000Z"
    for organization, namespace in (("acme", "acme-data"), ("globex", "globex-shop")):
        never = await summary(api, organization, namespace)
        assert (never["current_month_total"], never["last_day_spend"], never["total_cost_per_hour"]) == (None,) * 3
        assert (never["whole"]["as_of"], never["whole"]["complete_through"]) == (None, None)


async def test_the_list_has_no_figure_for_a_project_that_was_never_metered(api: Api, load: Load) -> None:
    """As the overview: null with the reason, and not 0. A measured 0 is 0."""
    await load(CPU)
    await load(usage("11-20T00:00", 2, "0"))
    api.now = NOVEMBER
    for organization, figures in (("acme", {"acme-web": 0.0, "acme-data": None}), ("globex", {"globex-shop": None})):
        listed = (await api.get(f"/api/organization/{organization}/projects")).json()["projects"]
        shown = {p["namespace"]: p["billing_summary"] and p["billing_summary"]["current_month_total"] for p in listed}
        assert shown == figures
        codes = {p["namespace"]: p["error"] and p["error"]["code"] for p in listed}
        assert codes == {name: "not_metered" if figure is None else None for name, figure in figures.items()}


async def test_a_project_that_was_created_again_in_the_month_is_a_part_of_the_total(api: Api, load: Load) -> None:
    """The figures in the list, former_projects and rounding are the total, with and without `period`."""
    await load(CPU)
    lives = [f"0e0e0e0e-0000-4000-8000-00000000000{n}" for n in (1, 2)]
    for day, uid in zip(("01", "11"), lives, strict=True):
        life = f"acme-web,acme,2026-11-{day}T00:00:00Z,{uid}\n"
        await load("namespace,organization,valid_from,uid\n" + life, now=NOVEMBER)
    await load(usage("11-01T00:00", 300, "1"))
    api.now = NOVEMBER
    for query in ("", "?period=2026-11"):
        listed = (await api.get(f"/api/organization/acme/projects{query}")).json()
        shown = sum(p["billing_summary"]["current_month_total"] for p in listed["projects"] if p["billing_summary"])
        total = listed["total"]
        assert total["current_month_total"] == 15.0
        assert (shown, total["former_projects"], total["rounding"]) == (3.0, 12.0, 0)


async def test_a_project_that_was_metered_once_is_not_unknown_later(api: Api, load: Load) -> None:
    """It cost something in August, and nothing in November."""
    await load(CPU)
    await load(usage("08-01T00:00", 2, "1"))
    api.now = NOVEMBER
    assert (await summary(api, "acme", "acme-web"))["current_month_total"] == 0


async def test_the_running_hour_is_refused(load: Load, registry: None) -> None:  # noqa: ARG001
    """It could still grow."""
    with pytest.raises(BadFileError, match="has not ended"):
        await load(usage("11-20T11:00", 1, "1"), now=at("11-20T11:59"))


async def test_an_absurd_quantity_is_quarantined(api: Api, load: Load) -> None:
    """99 999 999 core hours in one hour are not on any bill until an operator has looked."""
    await load(CPU)
    await load(usage("11-20T00:00", 2, "1"))
    await load(usage("11-20T02:00", 1, "99999999"))
    api.now = NOVEMBER
    assert (await summary(api, "acme", "acme-web"))["current_month_total"] == 0.1


async def test_a_credit_is_a_signed_adjustment(api: Api, load: Load) -> None:
    """It is shown apart, lowers the statement, and cannot be added twice or changed."""
    await load(CPU)
    await load(usage("11-01T00:00", 240, "1"))
    header = "id,organization,amount,currency,reason,namespace\n"
    credit = f"{header}c-1,acme,-5.00,EUR,goodwill,acme-web\n"
    for _ in range(2):
        await load(credit, now=NOVEMBER)
    with pytest.raises(BadFileError, match="already there with another content"):
        await load(credit.replace("-5.00", "-6.00"), now=NOVEMBER)
    api.now = NOVEMBER
    whole = (await summary(api, "acme", "acme-web"))["whole"]
    assert (whole["billing_summary"]["current_month_total"], whole["adjustments"]) == (12.0, -5.0)
    statement = (await api.get("/api/organization/acme/statement")).json()
    assert (statement["usage_total"], statement["invoiced"]["adjustments"], statement["invoiced"]["total"]) == (
        12.0,
        -5.0,
        7.0,
    )


async def test_a_project_ends(api: Api, load: Load) -> None:
    """Its month stays askable, it is not in the list any more, and later usage goes to the quarantine."""
    await load(CPU)
    await load(usage("11-01T00:00", 240, "1"))
    await load("namespace,organization,valid_until\nacme-web,acme,2026-11-06T00:00:00Z\n", now=NOVEMBER)
    api.now = NOVEMBER
    assert (await api.get("/api/project/acme-web/overview?organization=acme")).status_code == 404
    assert (await summary(api, "acme", "acme-web", "2026-11"))["current_month_total"] == 6.0
    names = [p["namespace"] for p in (await api.get("/api/organization/acme/projects")).json()["projects"]]
    assert names == ["acme-data"]
    assert (await api.get("/api/organization/acme/projects?period=2026-11")).json()["projects"][1]["error"] is None


async def test_quarantined_usage_is_rated_once_the_owner_is_there(api: Api, load: Load, database_url: str) -> None:
    """One good line and one of an unknown namespace: the good one is booked, the other one later."""
    await load(CPU)
    await load(LINES + "".join(f"{name},2026-11-01T00:00:00Z,cpu_core_hour,-,2\n" for name in ("acme-web", "late")))
    await load("namespace,organization\nlate,acme\n")
    api.now = NOVEMBER
    assert (await summary(api, "acme", "late"))["current_month_total"] == 0.1
    async with connect(database_url) as connection:
        assert await (await connection.execute("SELECT FROM quarantine")).fetchall() == []


async def test_another_component_is_in_the_breakdown_only_where_it_was_used(api: Api, load: Load) -> None:
    """A SKU of the component gpu, with a price of twelve decimals."""
    await load("sku,component,unit,basis\ngpu_share_hour,gpu,share hour,provisioned\n")
    await load("resource,currency,unit_price,valid_from\ngpu_share_hour,EUR,0.000000000021,2025-01-01T00:00:00Z\n")
    await load(f"{LINES}acme-web,2026-11-01T00:00:00Z,gpu_share_hour,Deployment/ml,1000\n")
    api.now = NOVEMBER
    assert (await summary(api, "acme", "acme-web"))["whole"]["cost_breakdown"]["gpu_cost"] == 0
    assert (await summary(api, "acme", "acme-web"))["almost_nothing"]
    assert "gpu_cost" not in (await summary(api, "acme", "acme-data"))["whole"]["cost_breakdown"]


async def test_the_price_of_an_organization_comes_before_the_general_one(api: Api, load: Load) -> None:
    """From its date on, for this organization alone."""
    await load(CPU)
    await load(
        "resource,currency,unit_price,valid_from,organization\ncpu_core_hour,EUR,0.01,2026-11-02T00:00:00Z,acme\n"
    )
    await load(usage("11-01T00:00", 48, "1"))
    await load(usage("11-01T00:00", 48, "1", namespace="acme-prod-web"))
    api.now = NOVEMBER
    assert (await summary(api, "acme", "acme-web"))["current_month_total"] == 1.44
    assert (await summary(api, "acme-prod", "acme-prod-web"))["current_month_total"] == 2.4
