"""An HTTPRoute has at most 16 rules: more functions get another one."""

import dataclasses
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from dev.declarations import Declared, read_functions
from dev.generate import chart, knative

BASE = knative.BASE


def with_more(number: int) -> list[Declared]:
    """The functions of this repository, and as many new ones, each with a fixed path and a higher port."""
    present = read_functions()
    highest = max(function.app.port for function in present)
    for n in range(number):
        route = f"/api/billing/a{n}"  # sorts before every other one
        endpoint = SimpleNamespace(route=route, capacity=present[0].capacity)
        app: Any = SimpleNamespace(port=highest + 1 + n, endpoints=[endpoint], sockets=[])
        present.append(dataclasses.replace(present[0], name=f"a{n}", folder=f"a{n}", app=app))
    return present


def routes_of(functions: list[Declared]) -> dict[str, Any]:
    """By file name."""
    texts = knative._routes(functions)
    return {name: yaml.safe_load(text) for name, text in texts.items()}


def names(route: Any) -> list[str]:
    return [rule["name"] for rule in route["spec"]["rules"]]


@pytest.mark.parametrize("number", [0, 3, 4, 10, 40])
def test_every_function_has_one_rule_and_no_route_has_too_many(number: int) -> None:
    functions = with_more(number)
    routes = routes_of(functions)
    assert all(len(names(route)) <= 16 for route in routes.values())
    rules = [name for route in routes.values() for name in names(route)]
    assert sorted(rules) == sorted([*(function.name for function in functions), "other"])
    assert names(routes["httproute"])[-1] == "other"
    assert [route["metadata"]["name"] for route in routes.values()] == [
        name.replace("httproute", "billing") for name in routes
    ]


def test_a_new_function_moves_no_rule_to_another_route() -> None:
    """Its path would be 404 between the changes of the two routes."""
    before = routes_of(with_more(0))
    for number in (1, 5, 25):
        after = routes_of(with_more(number))
        assert all(set(names(route)) <= set(names(after[file])) for file, route in before.items())
        before = after


def test_the_kustomization_and_the_chart_have_every_route() -> None:
    manifests = knative.render(with_more(20))
    listed = yaml.safe_load(manifests[BASE / "kustomization.yaml"])["resources"]
    assert {"httproute.yaml", "httproute-2.yaml", "httproute-3.yaml"} <= set(listed)
    templates = chart.render({path: text for path, text in manifests.items() if path.parent == BASE})
    second = templates[Path(chart.TEMPLATES) / "base-httproute-2.yaml"]
    assert 'hostnames: ["{{ .Values.host }}"]' in second
    assert "stage.kube-dc.com" not in second
