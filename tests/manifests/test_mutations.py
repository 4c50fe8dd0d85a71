"""Each property notices the mistake it is there for: one seeded mistake a row, and the property that must report it."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.manifests import properties
from tests.manifests.properties import Objects, Property, name

OVERVIEW = "Service/billing-overview"
REVISION = "spec/template/spec"
CONTAINER = f"{REVISION}/containers/0"
ANNOTATIONS = "spec/template/metadata/annotations"
LABELS = "spec/template/metadata/labels"
ACCESS = "NetworkPolicy/kube-dc-billing-access"
ROUTE = "HTTPRoute/billing"
PAGE = "Service/billing-page"
PAGE_ROUTE = "HTTPRoute/billing-page"
PAGE_ACCESS = "NetworkPolicy/billing-page-access"
RULES = "PrometheusRule/kube-dc-billing"
OURS = 'namespace="kube-dc-billing",job="kube-dc-billing/kube-dc-billing"'
FRONTEND = "ConfigMap/kube-dc-frontend-config"
ENV_JS = """window.backendURL = "https://backend.stage.kube-dc.com";
window.frontendURL = "https://console.stage.kube-dc.com";
window.keycloakURL = "https://login.stage.kube-dc.com";
"""


def _parent(objects: Objects, key: str, path: str) -> tuple[Any, Any]:
    """The place a path ends in; its last step is the key, with ~1 for a slash as in RFC 6901."""
    steps: list[Any] = [int(s) if s.lstrip("-").isdigit() else s.replace("~1", "/") for s in path.split("/")]
    node: Any = next(o for o in objects if name(o) == key)
    for step in steps[:-1]:
        node = node[step]
    return node, steps[-1]


def put(key: str, path: str, value: Any) -> Callable[[Objects], None]:
    def mutate(objects: Objects) -> None:
        node, last = _parent(objects, key, path)
        if last == "-":
            node.append(value)
        else:
            node[last] = value

    return mutate


def drop(key: str, path: str) -> Callable[[Objects], None]:
    def mutate(objects: Objects) -> None:
        node, last = _parent(objects, key, path)
        del node[last]

    return mutate


def remove(key: str) -> Callable[[Objects], None]:
    return lambda objects: objects.remove(next(o for o in objects if name(o) == key))


MISTAKES: dict[str, tuple[Callable[[Objects], None], Property]] = {
    "unknown field in a policy": (
        put(ACCESS, "spec/ingres", []),
        properties.kubernetes_objects_fit_their_schemas,
    ),
    "misspelt field of a container": (
        put(OVERVIEW, f"{CONTAINER}/imagePullPolice", "Always"),
        properties.revisions_fit_the_schema_of_a_pod,
    ),
    "node selector": (
        put(OVERVIEW, f"{REVISION}/nodeSelector", {"disk": "fast"}),
        properties.services_need_no_feature_flag,
    ),
    "environment from the pod's fields": (
        put(
            OVERVIEW,
            f"{CONTAINER}/env/-",
            {"name": "LOG_LEVEL", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        ),
        properties.services_need_no_feature_flag,
    ),
    "misspelt annotation": (
        put(OVERVIEW, f"{ANNOTATIONS}/autoscaling.knative.dev~1maxscale", "5"),
        properties.autoscaling_is_spelled_and_bounded,
    ),
    "annotation without quotes": (
        put(OVERVIEW, f"{ANNOTATIONS}/autoscaling.knative.dev~1target", 40),
        properties.autoscaling_is_spelled_and_bounded,
    ),
    "autoscaling on the service": (
        put(OVERVIEW, "metadata/annotations", {"autoscaling.knative.dev/window": "6s"}),
        properties.autoscaling_is_spelled_and_bounded,
    ),
    "window out of bounds": (
        put(OVERVIEW, f"{ANNOTATIONS}/autoscaling.knative.dev~1window", "5s"),
        properties.autoscaling_is_spelled_and_bounded,
    ),
    "never scaled to zero": (
        put(OVERVIEW, f"{ANNOTATIONS}/autoscaling.knative.dev~1min-scale", "1"),
        properties.autoscaling_is_spelled_and_bounded,
    ),
    "unlimited scale": (
        put(OVERVIEW, f"{ANNOTATIONS}/autoscaling.knative.dev~1max-scale", "0"),
        properties.autoscaling_is_spelled_and_bounded,
    ),
    "another function's source": (
        put(OVERVIEW, f"{CONTAINER}/env/1/value", "functions/health/main.py"),
        properties.functions_are_named_by_their_folder,
    ),
    "reachable around the route": (
        drop(OVERVIEW, "metadata/labels/networking.knative.dev~1visibility"),
        properties.services_are_cluster_local,
    ),
    "named port": (put(OVERVIEW, f"{CONTAINER}/ports/0/name", "http"), properties.ports_are_free),
    "queue-proxy's port": (put(OVERVIEW, f"{CONTAINER}/ports/0/containerPort", 8012), properties.ports_are_free),
    "metrics on a reserved port": (
        put(OVERVIEW, f"{CONTAINER}/env/-", {"name": "METRICS_PORT", "value": "9090"}),
        properties.ports_are_free,
    ),
    "misspelt setting": (
        put(OVERVIEW, f"{CONTAINER}/env/-", {"name": "KEYCLOAK_URI", "value": "https://k.example.org"}),
        properties.environment_is_known_to_settings,
    ),
    "reserved variable": (
        put(OVERVIEW, f"{CONTAINER}/env/-", {"name": "PORT", "value": "8080"}),
        properties.environment_is_known_to_settings,
    ),
    "settings from a ConfigMap": (
        put(OVERVIEW, f"{CONTAINER}/envFrom", [{"configMapRef": {"name": "settings"}}]),
        properties.environment_is_known_to_settings,
    ),
    "readiness that calls upstream": (
        put(OVERVIEW, f"{CONTAINER}/readinessProbe/httpGet/path", "/api/billing/health"),
        properties.probes_are_local,
    ),
    "killed in mid-drain": (
        put(OVERVIEW, f"{REVISION}/timeoutSeconds", 10),
        properties.requests_end_before_pods_do,
    ),
    "CPU limit": (
        put(OVERVIEW, f"{CONTAINER}/resources/limits/cpu", "100m"),
        properties.resources_are_requested,
    ),
    "writable root": (
        put(OVERVIEW, f"{CONTAINER}/securityContext/readOnlyRootFilesystem", False),
        properties.pods_fit_pod_security_restricted,
    ),
    "root user": (
        put("Deployment/billing-dashboard", f"{REVISION}/securityContext/runAsUser", 0),
        properties.pods_fit_pod_security_restricted,
    ),
    "pods without the component's label": (
        drop(OVERVIEW, f"{LABELS}/app.kubernetes.io~1component"),
        properties.labels_and_selectors_match,
    ),
    "policy that selects nothing": (
        put(ACCESS, "spec/podSelector/matchLabels/app.kubernetes.io~1component", "functions"),
        properties.labels_and_selectors_match,
    ),
    "service that selects nothing": (
        put("Service/billing-dashboard-svc", "spec/selector", {"app": "billing"}),
        properties.labels_and_selectors_match,
    ),
    "the function's own port opened": (
        put(ACCESS, "spec/ingress/0/ports/-", {"protocol": "TCP", "port": 8080}),
        properties.services_are_reached_as_knative_does,
    ),
    "autoscaler shut out": (drop(ACCESS, "spec/ingress/1"), properties.services_are_reached_as_knative_does),
    "DNS by UDP alone": (drop(ACCESS, "spec/egress/0/ports/1"), properties.functions_reach_what_they_need),
    "egress open to all": (put(ACCESS, "spec/egress/-", {}), properties.functions_reach_what_they_need),
    "egress not denied": (put(ACCESS, "spec/policyTypes", ["Ingress"]), properties.functions_reach_what_they_need),
    "metrics port that no container declares": (
        put("PodMonitor/kube-dc-billing", "spec/podMetricsEndpoints/0/portNumber", 9464),
        properties.metrics_are_scraped_where_they_are,
    ),
    "monitor of a port without metrics": (
        put("PodMonitor/billing-dashboard", "spec/podMetricsEndpoints/0/port", "http"),
        properties.metrics_are_scraped_where_they_are,
    ),
    "metrics of the billing service from every namespace": (
        drop("NetworkPolicy/billing-dashboard-metrics", "spec/ingress/0/from"),
        properties.the_billing_service_admits_functions_only,
    ),
    "rule of the billing service that counts the functions": (
        put("PrometheusRule/billing-dashboard", "spec/groups/1/rules/0/expr", f"billing_service:errors{{{OURS}}} > 1"),
        properties.rules_count_our_own_pods_only,
    ),
    "monitor with another job": (
        drop("PodMonitor/kube-dc-billing", "spec/podMetricsEndpoints/0/relabelings/3"),
        properties.rules_count_our_own_pods_only,
    ),
    "rule that counts every namespace": (
        put(RULES, "spec/groups/1/rules/0/expr", 'max(jwks_age_seconds{job="kube-dc-billing/kube-dc-billing"}) > 900'),
        properties.rules_count_our_own_pods_only,
    ),
    "rule with one selector too few": (
        put(RULES, "spec/groups/1/rules/0/expr", f"max(jwks_age_seconds{{{OURS}}}) > max(jwks_age_seconds)"),
        properties.rules_count_our_own_pods_only,
    ),
    "relative link of an alert": (
        put(RULES, "spec/groups/1/rules/0/annotations/runbook_url", "docs/operations.md#billingkeysetold"),
        properties.alerts_link_to_their_page,
    ),
    "link of an alert to another page": (
        put(RULES, "spec/groups/1/rules/0/annotations/runbook_url", "https://git.example.com/operations.md"),
        properties.alerts_link_to_their_page,
    ),
    "billing service open to a namespace": (
        drop("NetworkPolicy/billing-dashboard-access", "spec/ingress/0/from/0/podSelector"),
        properties.the_billing_service_admits_functions_only,
    ),
    "no worker": (remove("Deployment/billing-worker"), properties.the_worker_is_beside_the_billing_service),
    "worker on another database": (
        put("Deployment/billing-worker", f"{CONTAINER}/env/2/valueFrom/secretKeyRef/name", "postgresql"),
        properties.the_worker_is_beside_the_billing_service,
    ),
    "serve as the owner of the tables": (
        put("Deployment/billing-dashboard", f"{CONTAINER}/env/3/valueFrom/secretKeyRef/name", "billing-service"),
        properties.serve_has_a_role_of_its_own,
    ),
    "migration of another role": (
        put("Job/billing-migration", f"{CONTAINER}/env/1/valueFrom/secretKeyRef/name", "another"),
        properties.serve_has_a_role_of_its_own,
    ),
    "worker with a setting that it does not have": (
        put("Deployment/billing-worker", f"{CONTAINER}/env/-", {"name": "PROMETHEUS_ADDRESS", "value": "http://p"}),
        properties.the_worker_is_beside_the_billing_service,
    ),
    "worker open to every namespace": (
        drop("NetworkPolicy/billing-worker-access", "spec/ingress/0/from"),
        properties.the_worker_is_beside_the_billing_service,
    ),
    "worker with a way to everything": (
        put("NetworkPolicy/billing-worker-access", "spec/policyTypes", ["Ingress"]),
        properties.the_worker_reaches_what_it_needs,
    ),
    "worker with a way to private addresses": (
        drop("NetworkPolicy/billing-worker-access", "spec/egress/3/to/0/ipBlock/except/0"),
        properties.the_worker_reaches_what_it_needs,
    ),
    "worker without a mail server": (
        drop("NetworkPolicy/billing-worker-access", "spec/egress/2/ports/3"),
        properties.the_worker_reaches_what_it_needs,
    ),
    "worker that is an endpoint": (
        put("Service/billing-dashboard-svc", "spec/selector", {"app.kubernetes.io/name": "billing-worker"}),
        properties.the_worker_is_beside_the_billing_service,
    ),
    "worker that cannot reach the database": (
        drop("NetworkPolicy/postgresql-access", "spec/ingress/0/from/1"),
        properties.the_database_admits_what_uses_it,
    ),
    "route to another namespace's function": (
        put(
            ROUTE,
            "spec/rules/0/filters/0/urlRewrite/hostname",
            "billing-health.kube-dc.svc.cluster.local",
        ),
        properties.every_function_has_its_route,
    ),
    "trusted host header": (drop(ROUTE, "spec/rules/1/filters/1"), properties.every_function_has_its_route),
    "function's Service as backend": (
        put(ROUTE, "spec/rules/0/backendRefs/0/name", "billing-health"),
        properties.every_function_has_its_route,
    ),
    "backend without its weight": (
        drop(ROUTE, "spec/rules/0/backendRefs/0/weight"),
        properties.every_function_has_its_route,
    ),
    "page's backend without its group": (
        drop(PAGE_ROUTE, "spec/rules/0/backendRefs/0/group"),
        properties.the_page_has_its_prefix_of_the_console_s_host,
    ),
    "gateway without its kind": (
        drop(ROUTE, "spec/parentRefs/0/kind"),
        properties.lists_have_what_the_server_fills_in,
    ),
    "relabeling without its action": (
        drop("PodMonitor/kube-dc-billing", "spec/podMetricsEndpoints/0/relabelings/0/action"),
        properties.lists_have_what_the_server_fills_in,
    ),
    "prefix instead of path": (
        put(ROUTE, "spec/rules/0/matches/0/path/type", "PathPrefix"),
        properties.every_function_has_its_route,
    ),
    "unknown paths are left to the gateway": (
        put(ROUTE, "spec/rules/-1/matches/0/path/value", "/api/billing/other"),
        properties.every_function_has_its_route,
    ),
    "gateway cuts the cold start off": (
        put(ROUTE, "spec/rules/0/timeouts/request", "10s"),
        properties.every_function_has_its_route,
    ),
    "function without route": (drop(ROUTE, "spec/rules/2"), properties.every_function_has_its_route),
    "grant missing": (remove("ReferenceGrant/kube-dc-billing"), properties.the_grant_lets_the_route_through),
    "grant for another namespace": (
        put("ReferenceGrant/kube-dc-billing", "spec/from/0/namespace", "kube-dc"),
        properties.the_grant_lets_the_route_through,
    ),
    "object in the platform's namespace": (
        put(ACCESS, "metadata/namespace", "kube-dc"),
        properties.objects_live_where_they_should,
    ),
    "namespace without Pod Security": (
        drop("Namespace/kube-dc-billing", "metadata/labels/pod-security.kubernetes.io~1enforce"),
        properties.objects_live_where_they_should,
    ),
    "service account that is not there": (
        put(OVERVIEW, f"{REVISION}/serviceAccountName", "default"),
        properties.services_have_an_identity_without_rights,
    ),
    "token mounted without need": (
        drop(OVERVIEW, f"{REVISION}/automountServiceAccountToken"),
        properties.services_have_an_identity_without_rights,
    ),
    "secret written out": (
        put(OVERVIEW, f"{CONTAINER}/env/-", {"name": "BILLING_API_TOKEN", "value": "hunter2"}),
        properties.secrets_are_referred_to,
    ),
    "server that closes its port at once": (
        drop("Deployment/billing-dashboard", f"{CONTAINER}/lifecycle"),
        properties.servers_outlive_their_endpoints,
    ),
    "sleep that eats the drain": (
        put("Deployment/billing-dashboard", f"{CONTAINER}/lifecycle/preStop/sleep/seconds", 30),
        properties.servers_outlive_their_endpoints,
    ),
    "job that Argo CD tries to change": (
        drop("Job/billing-migration", "metadata/annotations"),
        properties.jobs_are_replaced_by_gitops_tools,
    ),
    "image by a moving tag": (
        put("Deployment/billing-dashboard", f"{CONTAINER}/image", "billing-service:latest"),
        properties.images_are_not_tagged_latest,
    ),
    "page that cannot read its env.js": (
        put(PAGE, f"{CONTAINER}/volumeMounts/0/mountPath", "/etc/frontend"),
        properties.the_page_is_given_env_js,
    ),
    "page's env.js under another key": (
        put(PAGE, f"{REVISION}/volumes/0/configMap/items/0", {"key": "env.js", "path": "config.js"}),
        properties.the_page_is_given_env_js,
    ),
    "page's ConfigMap writable": (
        drop(PAGE, f"{CONTAINER}/volumeMounts/0/readOnly"),
        properties.the_page_is_given_env_js,
    ),
    "page's ConfigMap in the console's namespace": (
        put(FRONTEND, "metadata/namespace", "kube-dc"),
        properties.the_page_is_given_env_js,
    ),
    "page's ConfigMap missing": (remove(FRONTEND), properties.the_page_is_given_env_js),
    "page without the address of Keycloak": (
        put(FRONTEND, "data/env.js", ENV_JS.replace("keycloakURL", "keycloackURL")),
        properties.the_page_s_addresses_are_the_routed_ones,
    ),
    "policy of an address without scheme": (
        put(FRONTEND, "data/env.js", ENV_JS.replace("https://login", "login")),
        properties.the_page_s_addresses_are_the_routed_ones,
    ),
    "page sent to an API that is not routed": (
        put(FRONTEND, "data/env.js", ENV_JS.replace("backend.stage", "backend.prod")),
        properties.the_page_s_addresses_are_the_routed_ones,
    ),
    "page with the origin of another host": (
        put(FRONTEND, "data/env.js", ENV_JS.replace("console.stage", "console.prod")),
        properties.the_page_s_addresses_are_the_routed_ones,
    ),
    "page's origin not admitted by the API": (
        put(OVERVIEW, f"{CONTAINER}/env/-", {"name": "CORS_ALLOWED_ORIGINS", "value": "https://kube-dc.com"}),
        properties.the_page_s_addresses_are_the_routed_ones,
    ),
    "page sent to another Keycloak": (
        put(OVERVIEW, f"{CONTAINER}/env/-", {"name": "KEYCLOAK_URL", "value": "https://login.kube-dc.com"}),
        properties.the_page_s_addresses_are_the_routed_ones,
    ),
    "page on all paths of the console's host": (
        put(PAGE_ROUTE, "spec/rules/0/matches/0/path/value", "/"),
        properties.the_page_has_its_prefix_of_the_console_s_host,
    ),
    "page's path exactly matched": (
        put(PAGE_ROUTE, "spec/rules/0/matches/0/path/type", "Exact"),
        properties.the_page_has_its_prefix_of_the_console_s_host,
    ),
    "page on the API's host": (
        put(PAGE_ROUTE, "spec/hostnames/0", "backend.stage.kube-dc.com"),
        properties.the_page_has_its_prefix_of_the_console_s_host,
    ),
    "page's route to a function": (
        put(
            PAGE_ROUTE, "spec/rules/0/filters/0/urlRewrite/hostname", "billing-health.kube-dc-billing.svc.cluster.local"
        ),
        properties.the_page_has_its_prefix_of_the_console_s_host,
    ),
    "page without route": (remove(PAGE_ROUTE), properties.the_page_has_its_prefix_of_the_console_s_host),
    "page trusts a host header": (
        drop(PAGE_ROUTE, "spec/rules/0/filters/1"),
        properties.the_page_has_its_prefix_of_the_console_s_host,
    ),
    "page without a policy": (remove(PAGE_ACCESS), properties.the_page_asks_nobody),
    "page's egress not denied": (
        put(PAGE_ACCESS, "spec/policyTypes", ["Ingress"]),
        properties.the_page_asks_nobody,
    ),
    "page's own port opened": (
        put(PAGE_ACCESS, "spec/ingress/0/ports/-", {"protocol": "TCP", "port": 8080}),
        properties.services_are_reached_as_knative_does,
    ),
    "page reachable around the route": (
        drop(PAGE, "metadata/labels/networking.knative.dev~1visibility"),
        properties.services_are_cluster_local,
    ),
    "page with the functions' rights": (
        drop(PAGE, f"{REVISION}/automountServiceAccountToken"),
        properties.services_have_an_identity_without_rights,
    ),
    "page as root": (
        put(PAGE, f"{CONTAINER}/securityContext/runAsUser", 0),
        properties.pods_fit_pod_security_restricted,
    ),
    "page without a probe": (drop(PAGE, f"{CONTAINER}/livenessProbe"), properties.probes_are_local),
    "the same object twice": (
        lambda objects: objects.append(objects[0]),
        properties.objects_are_written_once,
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_seeded_mistake_is_found(mistake: str, manifests: Objects) -> None:
    """The property is silent before the mistake and speaks after it."""
    mutate, finds = MISTAKES[mistake]
    assert list(finds(manifests)) == []
    mutate(manifests)
    assert list(finds(manifests)) != []


def test_every_property_has_a_mistake() -> None:
    """No property stands that nothing was shown to violate."""
    assert {finds for _, finds in MISTAKES.values()} == set(properties.PROPERTIES)
