"""What has to be true of the manifests: each property yields a sentence per violation, and nothing when all is well.

Rules of Knative's admission are of Knative Serving 1.23 with its default feature flags.
"""

import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import kubernetes_validate

from billing_service.metering.settings import MeterSettings
from billing_service.worker.settings import WorkerSettings
from common.process.setting_types import KNATIVE_RESERVED_PORTS
from common.process.settings import Settings

Objects = list[dict[str, Any]]
Property = Callable[[Objects], Iterator[str]]

KUBERNETES_VERSION = "1.34"
PART_OF = "kube-dc-billing"
RESERVED_ENVIRONMENT = {"PORT", "K_SERVICE", "K_CONFIGURATION", "K_REVISION"}
FUNCTION_FIELDS = {  # of a revision, without any operator feature flag
    "serviceAccountName",
    "automountServiceAccountToken",
    "enableServiceLinks",
    "containerConcurrency",
    "timeoutSeconds",
    "responseStartTimeoutSeconds",
    "idleTimeoutSeconds",
    "containers",
    "volumes",
}
KNATIVE_ONLY = {"containerConcurrency", "timeoutSeconds", "responseStartTimeoutSeconds", "idleTimeoutSeconds"}
VOLUME_SOURCES = {"name", "emptyDir", "configMap", "secret", "projected"}
PAGE = "billing-page"
MOST_RULES = 16  # of an HTTPRoute, in the schema of the Gateway API
PAGE_SERVER = (Path(__file__).parents[2] / "ui" / "server" / "server.mjs").read_text()
SECRETS = re.compile(r"TOKEN$|PASSWORD|SECRET|DATABASE_URL")


def of(objects: Objects, kind: str, group: str = "") -> Objects:
    return [o for o in objects if o["kind"] == kind and o["apiVersion"].startswith(group)]


def services(objects: Objects) -> Objects:
    """Every Knative Service: the functions and the page."""
    return of(objects, "Service", "serving.knative.dev")


def functions(objects: Objects) -> Objects:
    return [s for s in services(objects) if s["metadata"]["name"] != PAGE]


def pages(objects: Objects) -> Objects:
    """The page's service, where the installation has it."""
    return [s for s in services(objects) if s["metadata"]["name"] == PAGE]


def name(o: dict[str, Any]) -> str:
    return f"{o['kind']}/{o['metadata']['name']}"


def container(function: dict[str, Any]) -> dict[str, Any]:
    return dict(function["spec"]["template"]["spec"]["containers"][0])


def environment(function: dict[str, Any]) -> dict[str, Any]:
    return {e["name"]: e.get("value") for e in container(function).get("env", [])}


def pod_templates(objects: Objects) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Everything that becomes a pod: (its owner, its template)."""
    for o in objects:
        if isinstance(o.get("spec"), dict) and "template" in o["spec"]:
            yield o, o["spec"]["template"]


def selects(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    return bool(selector) and selector.items() <= labels.items()


# Schemas


def _schema(o: dict[str, Any]) -> Iterator[str]:
    try:
        kubernetes_validate.validate(o, KUBERNETES_VERSION, strict=True)
    except kubernetes_validate.ValidationError as exc:
        yield f"{name(o)}: {exc.message} at {'.'.join(map(str, exc.path))}"


def kubernetes_objects_fit_their_schemas(objects: Objects) -> Iterator[str]:
    for o in objects:
        group = o["apiVersion"].partition("/")[0]
        if group in {"v1", "apps", "batch", "networking.k8s.io", "rbac.authorization.k8s.io"}:
            yield from _schema(o)


def revisions_fit_the_schema_of_a_pod(objects: Objects) -> Iterator[str]:
    """A revision's spec is a PodSpec and four fields of Knative's own; a probe's port may be left out."""
    for f in services(objects):
        template = f["spec"]["template"]
        spec = {k: v for k, v in template["spec"].items() if k not in KNATIVE_ONLY}
        spec["containers"] = [{"name": "user-container", **deepcopy(c)} for c in spec["containers"]]
        for probe in (c[p] for c in spec["containers"] for p in ("readinessProbe", "livenessProbe") if p in c):
            probe.get("httpGet", {}).setdefault("port", 8080)
        metadata = template["metadata"] | {"name": f["metadata"]["name"]}
        yield from _schema({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})


# Functions


def services_need_no_feature_flag(objects: Objects) -> Iterator[str]:
    for f in services(objects):
        spec = f["spec"]["template"]["spec"]
        for field in sorted(spec.keys() - FUNCTION_FIELDS):
            yield f"{name(f)}: {field} needs an operator's feature flag or is not in Knative's schema"
        if len(spec["containers"]) != 1:
            yield f"{name(f)}: one container, not {len(spec['containers'])}"
        for volume in spec.get("volumes", []):
            yield from (f"{name(f)}: volume source {s}" for s in volume.keys() - VOLUME_SOURCES)
        for variable in container(f).get("env", []):
            if variable.keys() & {"valueFrom"} and variable["valueFrom"].keys() & {"fieldRef", "resourceFieldRef"}:
                yield f"{name(f)}: {variable['name']} uses fieldRef, which needs a feature flag"
        if "lifecycle" in container(f):
            yield f"{name(f)}: lifecycle is not in Knative's schema"


def _whole(low: int, high: int) -> Callable[[str], bool]:
    return lambda text: text.isdigit() and low <= int(text) <= high


AUTOSCALING: dict[str, Callable[[str], bool]] = {
    "min-scale": _whole(0, 1000),
    "max-scale": _whole(0, 1000),
    "initial-scale": _whole(1, 1000),
    "activation-scale": _whole(2, 1000),
    "target": lambda text: float(text) >= 0.01,
    "target-utilization-percentage": _whole(1, 100),
    "target-burst-capacity": lambda text: float(text) == -1 or float(text) >= 0,
    "metric": lambda text: text in {"concurrency", "rps"},
    "window": lambda text: re.fullmatch(r"\d+s", text) is not None and 6 <= int(text[:-1]) <= 3600,
    "scale-down-delay": lambda text: re.fullmatch(r"\d+s", text) is not None and int(text[:-1]) <= 3600,
}


def autoscaling_is_spelled_and_bounded(objects: Objects) -> Iterator[str]:
    for f in services(objects):
        if any(key.startswith("autoscaling.") for key in f["metadata"].get("annotations", {})):
            yield f"{name(f)}: autoscaling annotations belong to spec.template.metadata"
        found = f["spec"]["template"]["metadata"].get("annotations", {})
        for key, value in found.items():
            group, _, short = key.partition("/")
            if group != "autoscaling.knative.dev" or short not in AUTOSCALING:
                yield f"{name(f)}: unknown annotation {key}"
            elif not isinstance(value, str) or not AUTOSCALING[short](value):
                yield f"{name(f)}: {key}: {value!r} is out of bounds"
        low, high = (found.get(f"autoscaling.knative.dev/{k}-scale", "") for k in ("min", "max"))
        if low != "0":
            yield f"{name(f)}: min-scale must be 0 unless an installation changes it"
        if not high or int(high) < 1:
            yield f"{name(f)}: max-scale is missing or unlimited"


def functions_are_named_by_their_folder(objects: Objects) -> Iterator[str]:
    for f in functions(objects):
        folder = f["metadata"]["name"].removeprefix("billing-").replace("-", "_")
        expected = {"FUNCTION_TARGET": folder, "FUNCTION_SOURCE": f"functions/{folder}/main.py"}
        if not expected.items() <= environment(f).items():
            yield f"{name(f)}: its environment does not start functions/{folder}"
        named = f["metadata"]["name"]
        if (
            not named.startswith("billing-")
            or container(f)["image"].split("@")[0].split("/")[-1].split(":")[0] != named
        ):
            yield f"{name(f)}: service and image are both named billing-<function>"


def services_are_cluster_local(objects: Objects) -> Iterator[str]:
    for f in services(objects):
        if f["metadata"]["labels"].get("networking.knative.dev/visibility") != "cluster-local":
            yield f"{name(f)}: can be reached around the route"


def ports_are_free(objects: Objects) -> Iterator[str]:
    for f in services(objects):
        ports = container(f).get("ports", [])
        if len(ports) != 1 or ports[0].get("name", "") not in {"", "http1", "h2c"}:
            yield f"{name(f)}: exactly one port, without a name"
        metrics = int(environment(f).get("METRICS_PORT") or Settings.model_fields["metrics_port"].default)
        used = [port["containerPort"] for port in ports] + [metrics]
        if len(set(used)) != len(used) or set(used) & KNATIVE_RESERVED_PORTS:
            yield f"{name(f)}: ports {used} collide with each other or with Knative's own"


def environment_is_known_to_settings(objects: Objects) -> Iterator[str]:
    known = {field.upper() for field in Settings.model_fields} | {"FUNCTION_TARGET", "FUNCTION_SOURCE", "HOST"}
    for f in functions(objects):
        names = [e["name"] for e in container(f).get("env", [])]
        for variable in names:
            if variable in RESERVED_ENVIRONMENT:
                yield f"{name(f)}: {variable} is set by Knative"
            elif variable not in known:
                yield f"{name(f)}: {variable} is not a setting"
        if len(set(names)) != len(names):
            yield f"{name(f)}: a variable is set twice: {names}"
        if any("envFrom" in c for c in f["spec"]["template"]["spec"]["containers"]):
            yield f"{name(f)}: settings are inline, a ConfigMap makes no revision"


def probes_are_local(objects: Objects) -> Iterator[str]:
    for f in services(objects):
        for probe in ("readinessProbe", "livenessProbe"):
            if container(f).get(probe, {}).get("httpGet", {}).get("path") != "/healthz":
                yield f"{name(f)}: {probe} must use /healthz"


def requests_end_before_pods_do(objects: Objects) -> Iterator[str]:
    for f in services(objects):
        seconds = f["spec"]["template"]["spec"].get("timeoutSeconds", 300)
        if not 30 <= seconds <= 600:
            yield f"{name(f)}: timeoutSeconds {seconds}: under 30 kills pods in mid-drain, over 600 is refused"
        keeps_connections = "responseStartTimeoutSeconds" in f["spec"]["template"]["spec"]
        lowest = 0 if keeps_connections else 1  # a function with WebSockets has a separate limit
        if not lowest <= f["spec"]["template"]["spec"].get("containerConcurrency", -1) <= 1000:
            yield f"{name(f)}: containerConcurrency is {lowest} to 1000"


def resources_are_requested(objects: Objects) -> Iterator[str]:
    for owner, template in pod_templates(objects):
        for c in template["spec"]["containers"]:
            resources = c.get("resources", {})
            if not {"cpu", "memory"} <= resources.get("requests", {}).keys() or "memory" not in resources.get(
                "limits", {}
            ):
                yield f"{name(owner)}: requests cpu and memory, limits memory"
            if "cpu" in resources.get("limits", {}):
                yield f"{name(owner)}: no CPU limit, the start is CPU-bound"


# Pods


def pods_fit_pod_security_restricted(objects: Objects) -> Iterator[str]:
    for owner, template in pod_templates(objects):
        for c in template["spec"]["containers"]:
            effective = template["spec"].get("securityContext", {}) | c.get("securityContext", {})
            wanted = {
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"]},
                "readOnlyRootFilesystem": True,
                "runAsNonRoot": True,
                "seccompProfile": {"type": "RuntimeDefault"},
            }
            if not wanted.items() <= effective.items() or effective.get("runAsUser", 0) == 0:
                yield f"{name(owner)}: security context is not restricted: {effective}"


def labels_and_selectors_match(objects: Objects) -> Iterator[str]:
    pods = [t["metadata"].get("labels", {}) for _, t in pod_templates(objects)]
    for f in services(objects):
        own = {k: v for k, v in f["metadata"]["labels"].items() if k.startswith("app.kubernetes.io/")}
        if own != f["spec"]["template"]["metadata"].get("labels") or own.get("app.kubernetes.io/part-of") != PART_OF:
            yield f"{name(f)}: the labels of service and pods differ"
        if own.get("app.kubernetes.io/name") != f["metadata"]["name"]:
            yield f"{name(f)}: app.kubernetes.io/name is not its name"
    for o in objects:
        if o["metadata"].get("labels", {}).get("app.kubernetes.io/part-of") != PART_OF:
            yield f"{name(o)}: app.kubernetes.io/part-of is not {PART_OF}"
    for o, selector in _selectors(objects):
        if not any(selects(selector, labels) for labels in pods):
            yield f"{name(o)}: selects no pod of ours: {selector}"
    for o in [*of(objects, "NetworkPolicy"), *of(objects, "PodMonitor")]:
        selector = (o["spec"].get("podSelector") or o["spec"].get("selector") or {}).get("matchLabels", {})
        matched = {f["metadata"]["name"] for f in functions(objects) if selects(selector, _pod_labels(f))}
        if o["metadata"]["name"].startswith(PART_OF) and len(matched) != len(functions(objects)):
            yield f"{name(o)}: selects {sorted(matched)}, not every function"


def _pod_labels(function: dict[str, Any]) -> dict[str, str]:
    return dict(function["spec"]["template"]["metadata"].get("labels", {}))


def _selectors(objects: Objects) -> Iterator[tuple[dict[str, Any], dict[str, str]]]:
    for o in objects:
        spec = o.get("spec", {})
        if o["kind"] in {"Deployment", "StatefulSet", "PodMonitor"}:
            yield o, spec["selector"].get("matchLabels", {})
        elif o["kind"] == "Service" and o["apiVersion"] == "v1":
            yield o, spec.get("selector", {})
        elif o["kind"] == "NetworkPolicy":
            yield o, spec["podSelector"].get("matchLabels", {})


# Network


def services_are_reached_as_knative_does(objects: Objects) -> Iterator[str]:
    wanted = {
        ("knative-serving", "activator", 8012),
        ("knative-serving", "activator", 8112),
        ("kourier-system", "3scale-kourier-gateway", 8012),
        ("kourier-system", "3scale-kourier-gateway", 8112),
        ("knative-serving", "autoscaler", 9090),
    }
    for policy in [*_access_policies(objects), *_page_policies(objects)]:
        found = {
            (_namespace(peer), peer.get("podSelector", {}).get("matchLabels", {}).get("app"), port["port"])
            for rule in policy["spec"].get("ingress", [])
            for peer in rule.get("from", [{}])
            for port in rule.get("ports", [{"port": None}])
        }
        if found != wanted:
            yield f"{name(policy)}: ingress differs: {sorted(map(str, found ^ wanted))}"


def functions_reach_what_they_need(objects: Objects) -> Iterator[str]:
    for policy in _access_policies(objects):
        if set(policy["spec"]["policyTypes"]) != {"Ingress", "Egress"}:
            yield f"{name(policy)}: denies by default in both directions"
        found = {
            (_namespace(peer) or peer.get("ipBlock", {}).get("cidr"), port.get("protocol", "TCP"), port["port"])
            for rule in policy["spec"].get("egress", [])
            for peer in rule.get("to", [{}])
            for port in rule.get("ports", [{"port": None}])
        }
        wanted = {("kube-system", "UDP", 53), ("kube-system", "TCP", 53), ("0.0.0.0/0", "TCP", 443)}
        yield from (f"{name(policy)}: egress {flow} is missing" for flow in sorted(wanted - found))
        if not any(port == 5000 for _, _, port in found):
            yield f"{name(policy)}: egress to the billing service is missing"
        if any(port is None or where is None for where, _, port in found):
            yield f"{name(policy)}: egress is open: {found}"


def _access_policies(objects: Objects) -> Objects:
    found = [p for p in of(objects, "NetworkPolicy") if p["metadata"]["name"] == "kube-dc-billing-access"]
    return found or [{"kind": "NetworkPolicy", "metadata": {"name": "missing"}, "spec": {"policyTypes": []}}]


def the_page_asks_nobody(objects: Objects) -> Iterator[str]:
    for page in pages(objects):
        if not _page_policies(objects):
            yield f"{name(page)}: no separate NetworkPolicy selects it"
    for policy in _page_policies(objects):
        if set(policy["spec"]["policyTypes"]) != {"Ingress", "Egress"} or policy["spec"].get("egress"):
            yield f"{name(policy)}: egress is not denied"


def _page_policies(objects: Objects) -> Objects:
    labels = [_pod_labels(page) for page in pages(objects)]
    policies = of(objects, "NetworkPolicy")
    return [p for p in policies if any(selects(p["spec"]["podSelector"].get("matchLabels", {}), own) for own in labels)]


def _namespace(peer: dict[str, Any]) -> str | None:
    found: str | None = peer.get("namespaceSelector", {}).get("matchLabels", {}).get("kubernetes.io/metadata.name")
    return found


def metrics_are_scraped_where_they_are(objects: Objects) -> Iterator[str]:
    """A function's pod declares its own port only: the address is moved. Another pod declares the port `metrics`."""
    metrics = Settings.model_fields["metrics_port"].default
    for monitor in of(objects, "PodMonitor"):
        wanted = monitor["spec"]["selector"]["matchLabels"]
        selected = [t["spec"]["containers"][0] for _, t in pod_templates(objects) if selects(wanted, _labels(t))]
        declared = {p.get("name", p["containerPort"]): p["containerPort"] for c in selected for p in c["ports"]}
        for endpoint in monitor["spec"]["podMetricsEndpoints"]:
            port = declared.get(endpoint.get("port", endpoint.get("portNumber")))
            if port is None:
                yield f"{name(monitor)}: Prometheus finds declared ports only, {declared}"
            moved = [r.get("replacement") for r in endpoint["relabelings"] if r.get("targetLabel") == "__address__"]
            if port != metrics and moved != [f"$1:{metrics}"]:
                yield f"{name(monitor)}: the address is not moved to the metrics port {metrics}"
    for policy in of(objects, "NetworkPolicy"):
        ports = {p["port"] for rule in policy["spec"].get("ingress", []) for p in rule.get("ports", [])}
        if policy["metadata"]["name"].endswith("-metrics") and ports != {metrics}:
            yield f"{name(policy)}: opens {ports}, not {metrics}"


def _labels(template: dict[str, Any]) -> dict[str, str]:
    return dict(template["metadata"].get("labels", {}))


def unselected(expression: str, selections: set[str]) -> list[str]:
    """The metrics of a PromQL expression whose selector does not begin with one of the selections."""
    bare = re.sub(r"\bby \([^)]*\)|'[^']*'|\b(histogram_quantile|label_values)\(", "", expression)
    found = re.findall(r"\b([a-z]+[_:][a-z0-9_:]+)\b(\{[^}]*\})?", bare)
    return [metric for metric, selector in found if not any(selector.startswith(start) for start in selections)]


def rules_count_our_own_pods_only(objects: Objects) -> Iterator[str]:
    """By namespace and job: other applications in the same Prometheus have metrics with the same names."""
    monitors = [(m["metadata"]["namespace"], m["metadata"]["name"], m) for m in of(objects, "PodMonitor")]
    for namespace, called, monitor in monitors:
        for endpoint in monitor["spec"]["podMetricsEndpoints"]:
            jobs = [r.get("replacement") for r in endpoint["relabelings"] if r.get("targetLabel") == "job"]
            if jobs != [f"{namespace}/{called}"]:
                yield f"{name(monitor)}: job is {jobs}, not {namespace}/{called}"
    for found in of(objects, "PrometheusRule"):
        own = [(namespace, called) for namespace, called, _ in monitors if called == found["metadata"]["name"]]
        selections = {f'{{namespace="{namespace}",job="{namespace}/{called}"' for namespace, called in own}
        for rule in (rule for group in found["spec"]["groups"] for rule in group["rules"]):
            for metric in unselected(rule["expr"], selections):
                yield f"{name(found)}: {rule.get('alert', rule.get('record'))} counts {metric} of all applications"


def alerts_link_to_their_page(objects: Objects) -> Iterator[str]:
    for found in of(objects, "PrometheusRule"):
        for rule in (rule for group in found["spec"]["groups"] for rule in group["rules"] if "alert" in rule):
            link = urlsplit(rule.get("annotations", {}).get("runbook_url", ""))
            if link.scheme not in {"http", "https"} or not link.hostname or link.fragment != rule["alert"].lower():
                yield f"{name(found)}: the link of {rule['alert']} is not an absolute address with its heading"


def the_billing_service_admits_functions_only(objects: Objects) -> Iterator[str]:
    if not (deployments := [d for d in of(objects, "Deployment") if d["metadata"]["name"] == "billing-dashboard"]):
        return
    labels = deployments[0]["spec"]["template"]["metadata"]["labels"]
    policies = [
        p for p in of(objects, "NetworkPolicy") if selects(p["spec"]["podSelector"].get("matchLabels", {}), labels)
    ]
    rules = [rule for p in policies for rule in p["spec"].get("ingress", [])]
    metrics = [{"protocol": "TCP", "port": Settings.model_fields["metrics_port"].default}]
    peers = [peer for rule in rules if rule.get("ports") != metrics for peer in rule.get("from", [{}])]
    if any("from" not in rule for rule in rules):
        yield f"{name(deployments[0])}: metrics are open to all"
    where = {f["metadata"]["namespace"] for f in functions(objects)}
    if len(peers) != 1 or {_namespace(peers[0])} != where:
        yield f"{name(deployments[0])}: can receive requests from {peers}"
    elif not all(
        selects(peers[0].get("podSelector", {}).get("matchLabels", {}), _pod_labels(f)) for f in functions(objects)
    ):
        yield f"{name(deployments[0])}: does not admit every function"
    services = [s for s in of(objects, "Service", "v1") if s["metadata"]["name"] == "billing-dashboard-svc"]
    if [p["port"] for s in services for p in s["spec"]["ports"]] != [5000]:
        yield "Service/billing-dashboard-svc: is missing or not on 5000"


def the_worker_is_beside_the_billing_service(objects: Objects) -> Iterator[str]:
    """With the same image, and the migration's database. Nothing sends requests to it; only Prometheus can reach it."""
    deployments = {d["metadata"]["name"]: d for d in of(objects, "Deployment")}
    if "billing-dashboard" not in deployments:
        return
    if (worker := deployments.get("billing-worker")) is None:
        yield "Deployment/billing-worker: is missing"
        return
    for same in ("image", "securityContext"):
        if container(worker)[same] != container(deployments["billing-dashboard"])[same]:
            yield f"{name(worker)}: its {same} is not the billing service's"
    if container(worker)["args"] != ["work"] or any(
        _secrets(job, "DATABASE_URL") != _secrets(worker, "DATABASE_URL") for job in of(objects, "Job")
    ):
        yield f"{name(worker)}: does not work on the billing service's database"
    known = {field.upper() for field in (*WorkerSettings.model_fields, *MeterSettings.model_fields)}
    yield from (f"{name(worker)}: {variable} is not a setting" for variable in environment(worker).keys() - known)
    labels = worker["spec"]["template"]["metadata"]["labels"]
    if any(selects(s["spec"]["selector"], labels) for s in of(objects, "Service", "v1")):
        yield f"{name(worker)}: a Service sends requests to it"
    admitted = [
        (_namespace(peer), port["port"])
        for policy in of(objects, "NetworkPolicy")
        if selects(policy["spec"]["podSelector"].get("matchLabels", {}), labels)
        for rule in policy["spec"]["ingress"]
        for peer in rule.get("from", [{}])
        for port in rule.get("ports", [{"port": None}])
    ]
    if admitted != [(_monitoring(objects), 9464)]:
        yield f"{name(worker)}: can receive requests from {admitted}"


def _monitoring(objects: Objects) -> str | None:
    """The namespace of Prometheus: the one that is admitted to the metrics of the functions."""
    for policy in of(objects, "NetworkPolicy"):
        if policy["metadata"]["name"] == "kube-dc-billing-metrics":
            return _namespace(policy["spec"]["ingress"][0]["from"][0])
    return "monitoring"


def the_worker_reaches_what_it_needs(objects: Objects) -> Iterator[str]:
    """Prometheus, DNS, database and mail; channels only at public addresses, and nothing at the metadata service."""
    for policy in of(objects, "NetworkPolicy"):
        if policy["metadata"]["name"] != "billing-worker-access":
            continue
        if set(policy["spec"]["policyTypes"]) != {"Ingress", "Egress"}:
            yield f"{name(policy)}: denies by default in both directions"
        found = [
            (_namespace(peer) or peer.get("ipBlock", {}).get("cidr"), port["port"], peer.get("ipBlock", {}))
            for rule in policy["spec"].get("egress", [])
            for peer in rule.get("to", [{}])
            for port in rule.get("ports", [{"port": None}])
        ]
        wanted = [
            (_monitoring(objects), None),
            ("kube-system", 53),
            *(("0.0.0.0/0", port) for port in (443, 5432, 25, 465, 587)),
        ]
        flows = {(where, port) for where, port, _ in found}
        yield from (f"{name(policy)}: egress {flow} is missing" for flow in wanted if flow not in flows)
        for where, port, block in found:
            refused = set(block.get("except", []))
            private = {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8"}
            needed = {"169.254.0.0/16"} | (private if port == 443 else set())
            if where is None or (where == "0.0.0.0/0" and not needed <= refused) or (where == "::/0" and not refused):
                yield f"{name(policy)}: egress to {where} on {port} is open"


def serve_has_a_role_of_its_own(objects: Objects) -> Iterator[str]:
    """The pods that serve requests do not get the owner's database address. The migration makes their role."""
    for served in of(objects, "Deployment"):
        if served["metadata"]["name"] != "billing-dashboard":
            continue
        secrets = _secrets(served, "DATABASE_URL")
        for job in of(objects, "Job"):
            if _secrets(job, "DATABASE_URL") & secrets:
                yield f"{name(served)}: has the database address of the owner"
            if _secrets(job, "SERVE_DATABASE_URL") != secrets:
                yield f"{name(job)}: gives rights to another role"


def _secrets(workload: dict[str, Any], variable: str) -> set[str]:
    return {e["valueFrom"]["secretKeyRef"]["name"] for e in container(workload)["env"] if e["name"] == variable}


def the_database_admits_what_uses_it(objects: Objects) -> Iterator[str]:
    users = [
        t["metadata"]["labels"]
        for _, t in pod_templates(objects)
        if "DATABASE_URL" in {e["name"] for c in t["spec"]["containers"] for e in c.get("env", [])}
    ]
    for policy in of(objects, "NetworkPolicy"):
        if policy["metadata"]["name"] == "postgresql-access":
            peers = [peer["podSelector"]["matchLabels"] for rule in policy["spec"]["ingress"] for peer in rule["from"]]
            if any(not any(selects(peer, user) for peer in peers) for user in users) or len(peers) != len(users):
                yield f"{name(policy)}: admits {peers}"


# Routes


def every_function_has_its_route(objects: Objects) -> Iterator[str]:
    wanted = sorted(
        f"{f['metadata']['name']}.{f['metadata']['namespace']}.svc.cluster.local" for f in functions(objects)
    )
    routes = [route for route in of(objects, "HTTPRoute") if route["metadata"]["name"] != PAGE]
    if not routes:
        yield "the functions have no HTTPRoute"
        return
    *rules, other = routes[0]["spec"]["rules"]
    rules += [rule for route in routes[1:] for rule in route["spec"]["rules"]]
    rewritten = [_filter(rule, "URLRewrite", "urlRewrite").get("hostname") for rule in rules]
    if sorted(map(str, rewritten)) != wanted:
        yield f"{name(routes[0])}: rewrites to {rewritten}, the functions are {wanted}"
    for rule in rules:
        yield from _exact_path(name(routes[0]), rule)
    if [match["path"] for match in other["matches"]] != [{"type": "PathPrefix", "value": "/api/billing"}]:
        yield f"{name(routes[0])}: the last rule must take every other path below /api/billing"
    if _filter(other, "URLRewrite", "urlRewrite").get("hostname") not in wanted:
        yield f"{name(routes[0])}: the last rule must go to a function, whose 404 is the envelope"
    for route in routes:
        if len(route["spec"]["rules"]) > MOST_RULES:
            yield f"{name(route)}: has more than {MOST_RULES} rules, and the API server refuses it"
        for rule in route["spec"]["rules"]:
            yield from _rule(name(route), rule, route["spec"]["hostnames"])


def the_page_has_its_prefix_of_the_console_s_host(objects: Objects) -> Iterator[str]:
    """Just what server.mjs serves, on another host than the API's; the rest of it is the console's."""
    routes = [route for route in of(objects, "HTTPRoute") if route["metadata"]["name"] == PAGE]
    if pages(objects) and len(routes) != 1:
        yield f"{len(routes)} HTTPRoutes are named {PAGE}, not one"
    [base] = re.findall(r"^const BASE = '(.+)';$", PAGE_SERVER, re.MULTILINE)
    for route in routes:
        wanted = [f"{p['metadata']['name']}.{p['metadata']['namespace']}.svc.cluster.local" for p in pages(objects)]
        rules, hosts = route["spec"]["rules"], route["spec"]["hostnames"]
        if [_filter(rule, "URLRewrite", "urlRewrite").get("hostname") for rule in rules] != wanted:
            yield f"{name(route)}: has not one rule, to {wanted}"
        if [m["path"] for rule in rules for m in rule["matches"]] != [{"type": "PathPrefix", "value": base}]:
            yield f"{name(route)}: routes another prefix than {base}"
        if len(hosts) != 1 or set(hosts) & _api_hosts(objects):
            yield f"{name(route)}: {hosts} is not the console's one host"
        for rule in rules:
            yield from _rule(name(route), rule, hosts)


def _api_hosts(objects: Objects) -> set[str]:
    routes = [route for route in of(objects, "HTTPRoute") if route["metadata"]["name"] != PAGE]
    return {host for route in routes for host in route["spec"]["hostnames"]}


def _exact_path(route: str, rule: dict[str, Any]) -> Iterator[str]:
    paths = [match["path"] for match in rule["matches"]]
    if any(p["type"] == "PathPrefix" or not p["value"].startswith("/api/billing/") or "(" in p["value"] for p in paths):
        yield f"{route}: {paths} is not one exact path below /api/billing/"


def _rule(route: str, rule: dict[str, Any], hostnames: list[str]) -> Iterator[str]:
    headers = _filter(rule, "RequestHeaderModifier", "requestHeaderModifier").get("set", [])
    if [(h["name"], h["value"]) for h in headers] != [("K-Original-Host", hostnames[0])]:
        yield f"{route}: K-Original-Host must be overwritten with {hostnames[0]}: else a client's value is trusted"
    kourier = {"group": "", "kind": "Service", "name": "kourier-internal", "namespace": "kourier-system", "port": 80}
    if rule["backendRefs"] != [kourier | {"weight": 1}]:
        yield f"{route}: sends to {rule['backendRefs']}, not to Kourier's internal gateway with all defaults"
    if "retry" in rule:
        yield f"{route}: retries belong to one layer, the functions' billing client"
    timeout = re.fullmatch(r"(\d+)s", rule.get("timeouts", {}).get("request", ""))
    if not timeout or not 30 <= int(timeout[1]) <= 60:
        yield f"{route}: the request timeout is 30 to 60 s: cold start and request budget fit in, the pod outlives it"


def _filter(rule: dict[str, Any], kind: str, field: str) -> dict[str, Any]:
    return next((f[field] for f in rule.get("filters", []) if f["type"] == kind), {})


def lists_have_what_the_server_fills_in(objects: Objects) -> Iterator[str]:
    """A default inside a list is a permanent difference in Argo CD. test_server_defaults.py reads the real schemas."""
    for route in of(objects, "HTTPRoute"):
        for parent in route["spec"]["parentRefs"]:
            if (parent.get("group"), parent.get("kind")) != ("gateway.networking.k8s.io", "Gateway"):
                yield f"{name(route)}: group and kind of {parent['name']} are not written out"
        for match in (match for rule in route["spec"]["rules"] for match in rule["matches"]):
            if match.get("path", {}).keys() != {"type", "value"}:
                yield f"{name(route)}: type and value of a path are not written out"
    for monitor in of(objects, "PodMonitor"):
        relabelings = [r for endpoint in monitor["spec"]["podMetricsEndpoints"] for r in endpoint["relabelings"]]
        if any("action" not in relabeling for relabeling in relabelings):
            yield f"{name(monitor)}: the action of a relabeling is not written out"


def the_grant_lets_the_route_through(objects: Objects) -> Iterator[str]:
    for route in of(objects, "HTTPRoute"):
        origin = {
            "group": "gateway.networking.k8s.io",
            "kind": "HTTPRoute",
            "namespace": route["metadata"]["namespace"],
        }
        target = {"group": "", "kind": "Service", "name": "kourier-internal"}
        grants = [g for g in of(objects, "ReferenceGrant") if g["metadata"]["namespace"] == "kourier-system"]
        if not any(origin in g["spec"]["from"] and target in g["spec"]["to"] for g in grants):
            yield f"{name(route)}: no ReferenceGrant in kourier-system: every response would be 500"


# The page


def the_page_is_given_env_js(objects: Objects) -> Iterator[str]:
    """Where server.mjs reads it, from a ConfigMap that is there; nothing else is mounted or set."""
    [path] = re.findall(r"PAGE_ENV_FILE \?\? '(.+?)'", PAGE_SERVER)
    for page in pages(objects):
        spec = page["spec"]["template"]["spec"]
        mounts = {mount["name"]: mount for mount in container(page).get("volumeMounts", [])}
        found = {
            (volume.get("configMap", {}).get("name"), f"{mounts[volume['name']]['mountPath']}/{item['path']}")
            for volume in spec.get("volumes", [])
            for item in volume.get("configMap", {}).get("items", [])
            if volume["name"] in mounts and mounts[volume["name"]].get("readOnly")
        }
        if found != {("kube-dc-frontend-config", path)} or len(mounts) != 1 or container(page).get("env"):
            yield f"{name(page)}: mounts {found}, not env.js of kube-dc-frontend-config alone, read-only, as {path}"
        maps = [m for m in of(objects, "ConfigMap", "v1") if m["metadata"]["name"] == "kube-dc-frontend-config"]
        if [m["metadata"].get("namespace") for m in maps if "env.js" in m["data"]] != [page["metadata"]["namespace"]]:
            yield f"{name(page)}: kube-dc-frontend-config with env.js is not in its namespace"


def the_page_s_addresses_are_the_routed_ones(objects: Objects) -> Iterator[str]:
    """What env.js names is what the content security policy allows: the API, Keycloak, and the page's own origin."""
    [names] = re.findall(r"^const SETTINGS = \[(.+)\];$", PAGE_SERVER, re.MULTILINE)
    hosts = {h for r in of(objects, "HTTPRoute") if r["metadata"]["name"] == PAGE for h in r["spec"]["hostnames"]}
    for config in (m for m in of(objects, "ConfigMap", "v1") if "env.js" in m["data"]):
        set_here = dict(re.findall(r'^window\.(\w+) = "(https?://[^"/]+)";$', config["data"]["env.js"], re.MULTILINE))
        if sorted(set_here) != sorted(re.findall(r"\w+", names)):
            yield f"{name(config)}: env.js sets {sorted(set_here)} to an origin, server.mjs needs {names}"
            continue
        if {urlsplit(set_here["backendURL"]).hostname} != _api_hosts(objects):
            yield f"{name(config)}: backendURL is not the host of the functions' route"
        if {urlsplit(set_here["frontendURL"]).hostname} != hosts:
            yield f"{name(config)}: frontendURL is not the host of the page's route"
        for f in functions(objects):
            own = environment(f)
            if own.get("KEYCLOAK_URL", set_here["keycloakURL"]) != set_here["keycloakURL"]:
                yield f"{name(config)}: keycloakURL is not the KEYCLOAK_URL of {name(f)}"
            if set_here["frontendURL"] not in own.get("CORS_ALLOWED_ORIGINS", set_here["frontendURL"]).split(","):
                yield f"{name(config)}: {name(f)} does not admit the page's origin"


# Namespaces, rights, secrets


def objects_live_where_they_should(objects: Objects) -> Iterator[str]:
    own = {o["metadata"]["name"] for o in of(objects, "Namespace")}
    allowed = own | {"kourier-system"} | ({"envoy-gateway-system"} if of(objects, "Gateway") else set())
    for o in objects:
        where = o["metadata"].get("namespace")
        if where is not None and where not in allowed:
            yield f"{name(o)}: in {where}, ours are {sorted(allowed)}"
        if where == "kourier-system" and o["kind"] != "ReferenceGrant":
            yield f"{name(o)}: nothing but the grant is ours in kourier-system"
    for namespace in of(objects, "Namespace"):
        if namespace["metadata"]["labels"].get("pod-security.kubernetes.io/enforce") != "restricted":
            yield f"{name(namespace)}: Pod Security is not restricted"
        if namespace["metadata"]["name"] == "kube-dc":
            yield "Namespace/kube-dc is the platform's"


RIGHTS = {  # by the last word of the role's name
    "projects": [
        (["kube-dc.com"], ["projects"], ["list"]),
        (["kube-dc.com"], ["organizations"], ["get"]),
    ],
    "quota": [(["kube-dc.com"], ["organizations", "projects"], ["list"])],
}


def services_have_an_identity_without_rights(objects: Objects) -> Iterator[str]:
    accounts = {(a["metadata"]["namespace"], a["metadata"]["name"]): a for a in of(objects, "ServiceAccount")}
    for f in services(objects):
        spec = f["spec"]["template"]["spec"]
        account = accounts.get((f["metadata"]["namespace"], str(spec.get("serviceAccountName"))))
        by_kubernetes = environment(f).get("NAMESPACE_OWNERSHIP") == "kubernetes"
        if account is None:
            yield f"{name(f)}: its service account is not among the manifests"
        elif by_kubernetes != (account.get("automountServiceAccountToken") is True):
            yield f"{name(f)}: a token is mounted exactly when ownership comes from Kubernetes"
        if spec.get("automountServiceAccountToken") is not (None if by_kubernetes else False):
            yield f"{name(f)}: automountServiceAccountToken is false, or left out where the token is needed"
    for role in [*of(objects, "ClusterRole"), *of(objects, "Role")]:
        granted = [(rule["apiGroups"], rule["resources"], rule["verbs"]) for rule in role["rules"]]
        if granted != RIGHTS.get(role["metadata"]["name"].rpartition("-")[2]):
            yield f"{name(role)}: grants more than to list projects.kube-dc.com and get organizations.kube-dc.com"
    for binding in of(objects, "ClusterRoleBinding"):
        if any((s["namespace"], s["name"]) not in accounts for s in binding["subjects"]):
            yield f"{name(binding)}: binds an account that is not ours"


def secrets_are_referred_to(objects: Objects) -> Iterator[str]:
    yield from (f"{name(o)}: a secret's value is not for Git" for o in of(objects, "Secret"))
    for owner, template in pod_templates(objects):
        for c in template["spec"]["containers"]:
            for variable in c.get("env", []):
                if SECRETS.search(variable["name"]) and "secretKeyRef" not in variable.get("valueFrom", {}):
                    yield f"{name(owner)}: {variable['name']} is written out"


def servers_outlive_their_endpoints(objects: Objects) -> Iterator[str]:
    """The pod of a Service serves 5 s longer than it is an endpoint, and has time left to finish its requests."""
    for o in of(objects, "Deployment"):
        spec, labels = o["spec"]["template"]["spec"], o["spec"]["template"]["metadata"]["labels"]
        if not any(selects(s["spec"]["selector"], labels) for s in of(objects, "Service", "v1")):
            continue
        for c in spec["containers"]:
            seconds = c.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
            if not 5 <= seconds <= spec.get("terminationGracePeriodSeconds", 30) - 20:
                yield f"{name(o)}: {c['name']} sleeps {seconds} s before SIGTERM"


def jobs_are_replaced_by_gitops_tools(objects: Objects) -> Iterator[str]:
    """A Job cannot be changed. Annotations make Argo CD and Flux delete it first."""
    for job in of(objects, "Job"):
        found = job["metadata"].get("annotations", {})
        wanted = {
            "argocd.argoproj.io/hook": "Sync",
            "argocd.argoproj.io/hook-delete-policy": "BeforeHookCreation",
            "kustomize.toolkit.fluxcd.io/force": "enabled",
        }
        if not wanted.items() <= found.items():
            yield f"{name(job)}: annotations {found} do not replace it"


def images_are_not_tagged_latest(objects: Objects) -> Iterator[str]:
    for owner, template in pod_templates(objects):
        for c in template["spec"]["containers"]:
            if c["image"].endswith(":latest"):
                yield f"{name(owner)}: {c['image']}"


def objects_are_written_once(objects: Objects) -> Iterator[str]:
    keys = sorted(
        (o["apiVersion"], o["kind"], o["metadata"].get("namespace", ""), o["metadata"]["name"]) for o in objects
    )
    yield from (f"twice: {a}" for a, b in pairwise(keys) if a == b)


PROPERTIES: tuple[Property, ...] = (
    kubernetes_objects_fit_their_schemas,
    revisions_fit_the_schema_of_a_pod,
    services_need_no_feature_flag,
    autoscaling_is_spelled_and_bounded,
    functions_are_named_by_their_folder,
    services_are_cluster_local,
    ports_are_free,
    environment_is_known_to_settings,
    probes_are_local,
    requests_end_before_pods_do,
    resources_are_requested,
    pods_fit_pod_security_restricted,
    labels_and_selectors_match,
    services_are_reached_as_knative_does,
    functions_reach_what_they_need,
    metrics_are_scraped_where_they_are,
    rules_count_our_own_pods_only,
    alerts_link_to_their_page,
    the_billing_service_admits_functions_only,
    the_worker_is_beside_the_billing_service,
    the_worker_reaches_what_it_needs,
    serve_has_a_role_of_its_own,
    the_database_admits_what_uses_it,
    every_function_has_its_route,
    the_page_has_its_prefix_of_the_console_s_host,
    lists_have_what_the_server_fills_in,
    the_grant_lets_the_route_through,
    the_page_asks_nobody,
    the_page_is_given_env_js,
    the_page_s_addresses_are_the_routed_ones,
    objects_live_where_they_should,
    services_have_an_identity_without_rights,
    secrets_are_referred_to,
    servers_outlive_their_endpoints,
    jobs_are_replaced_by_gitops_tools,
    images_are_not_tagged_latest,
    objects_are_written_once,
)
