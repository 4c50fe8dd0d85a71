"""The filters of a trend: every sum of the lines that fit, and no other line."""

import random
from collections.abc import Callable
from urllib.parse import quote

import pytest

from tests.integration.billing_service.conftest import Api, Load

from .kit import ORGANIZATION, PROJECT, ZONE, at, trend
from .test_trend import GROUPS, RANGES, build, check
from .world import SKUS, Line, World

Fits = Callable[[Line], bool]


def nothing(line: Line) -> bool:
    del line
    return False


def component(line: Line) -> str:
    return SKUS[line.sku][0]


FILTERS: list[tuple[str, str, Fits]] = [
    ("component:cpu,component:memory", "", lambda line: component(line) in {"cpu", "memory"}),
    ("", "component:storage", lambda line: component(line) != "storage"),
    ("sku:network_gib,component:cpu", "", nothing),
    ("component:cpu", "sku:cpu_core_hour", nothing),
    ("component:cpu,sku:cpu_core_hour", "", lambda line: component(line) == "cpu"),
    ("project:acme-data", "", lambda line: line.namespace == "acme-data"),
    ("", "project:acme-data,component:cpu", lambda line: line.namespace == "acme-web" and component(line) != "cpu"),
    ("workload:Deployment/api", "", lambda line: line.workload == "Deployment/api"),
    ("workload:acme-web/Pod/job", "", lambda line: (line.namespace, line.workload) == ("acme-web", "Pod/job")),
    ("", "workload:acme-web/Pod/job", lambda line: (line.namespace, line.workload) != ("acme-web", "Pod/job")),
    ("label:team=web", "", lambda line: line.team == "web"),
    ("label:team=", "", lambda line: line.team == ""),
    ("label:team", "", lambda line: line.team is None),
    ("label:team=web,label:team", "", lambda line: line.team in {"web", None}),
    ("label:team=web,label:env=prod", "component:cpu", lambda line: line.team == "web" and component(line) != "cpu"),
    ("", "label:team=web,label:team", lambda line: line.team not in {"web", None}),
    ("", "label:env=prod", lambda line: line.team is None),
    ("component:nothing", "", nothing),
    ("project:globex-shop", "", nothing),
]


async def test_every_sum_is_of_the_lines_that_fit(api: Api, load: Load) -> None:
    """All granularities, groups and scopes, against the same lines filtered by Python."""
    world = World.of(5, at("2026-10-16"), at("2026-11-05T09:00"))
    await build(api, load, world, "2026-11-05T10:00")
    for include, exclude, fits in FILTERS:
        fitting = World([line for line in world.lines if fits(line)])
        dice = random.Random(f"{include} {exclude}")
        filters = "".join(
            f"&{name}={quote(text)}" for name, text in (("include", include), ("exclude", exclude)) if text
        )
        for granularity, since, until in dice.sample(RANGES, 2):
            group_by, limit = dice.choice(GROUPS), dice.choice([1, 2, 10])
            query = f"&granularity={granularity}&from={since}&to={until}&group_by={group_by}&limit={limit}{filters}"
            if group_by != "project" and "project" not in filters:
                check(await trend(api, PROJECT + query), fitting, {"acme-web"}, group_by)
            own = await trend(api, f"{ORGANIZATION}namespaces=acme-data,acme-nothing{query}")
            check(own, fitting, {"acme-data"}, group_by)
            found = await trend(api, ORGANIZATION + query[1:])
            check(found, fitting, {"acme-web", "acme-data"}, group_by)
            assert (",".join(found["include"]), ",".join(found["exclude"])) == (include, exclude)


async def test_a_comparison_is_filtered_too(api: Api, load: Load) -> None:
    """Both ranges have only the usage that fits, and its difference is theirs."""
    world = World.of(6, at("2026-10-16"), at("2026-11-05T09:00"))
    await build(api, load, world, "2026-11-05T10:00")
    query = "&from=2026-10-26&to=2026-10-31&compare=previous&include=component:cpu,label:team=web"
    found = await trend(api, PROJECT + query)
    before = await trend(api, PROJECT + "&from=2026-10-21&to=2026-10-26&include=component:cpu,label:team=web")
    assert found["compare"]["total"] == before["total"]
    assert found["compare"]["difference"] == found["total"] - before["total"]
    assert [group["name"] for group in found["compare"]["groups"]] == ["cpu"]


async def test_the_project_of_another_organization_is_as_one_that_does_not_exist(api: Api, load: Load) -> None:
    """A filter by its name shows nothing of its usage."""
    await load("resource,currency,unit_price,valid_from\ncpu_core_hour,EUR,1,2020-01-01T00:00:00Z\n")
    await load(ZONE)
    await load("namespace,hour,sku,workload,quantity\nglobex-shop,2026-10-05T01:00:00Z,cpu_core_hour,-,7\n")
    query = "from=2026-10-01&to=2026-11-01&group_by=project&include="
    foreign = await trend(api, f"{ORGANIZATION}{query}project:globex-shop")
    unknown = await trend(api, f"{ORGANIZATION}{query}project:nowhere")
    assert foreign | {"include": []} == unknown | {"include": []}
    assert not foreign["groups"]


@pytest.mark.parametrize(
    ("query", "rule"),
    [
        ("include=", "must be terms with commas"),
        ("include=cpu", "must be terms with commas"),
        ("include=component:", "must be terms with commas"),
        ("exclude=component:cpu,", "must be terms with commas"),
        ("exclude=team:a", "must be terms with commas"),
        ("include=component:a%20b", "must be terms with commas"),
        ("include=label:-team=a", "must have a Kubernetes label key"),
        ("include=" + ",".join(f"sku:s{number}" for number in range(51)), "at most 50 terms"),
        ("include=project:acme-web", "must be terms with commas"),
    ],
)
async def test_a_wrong_filter_is_named(api: Api, query: str, rule: str) -> None:
    """400, with the parameter and what is allowed. A project has no filter by project."""
    response = await api.get(f"{PROJECT}&{query}")
    assert response.status_code == 400
    assert f"query parameter '{query.partition('=')[0]}'" in response.text
    assert rule in response.text
