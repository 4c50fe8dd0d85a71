"""Alerts and dashboard: they fire when they should, name metrics that exist, and each alert has its page."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import yaml
from prometheus_client import Counter, Gauge, Histogram, Metric

import billing_service.metrics
from billing_service.metering.settings import MeterSettings
from billing_service.worker.metrics import WorkerMetrics
from common.process import metrics
from tests.manifests.conftest import KNATIVE
from tests.manifests.properties import unselected

HERE = Path(__file__).parent
OPERATIONS = (KNATIVE.parent / "docs/operations.md").read_text()
PLAYED = {  # the tests of promtool -> the rules that they play
    "alerts.yaml": "monitoring",
    "alerts_billing_service.yaml": "monitoring-billing-service",
    "alerts_billing_worker.yaml": "monitoring-billing-worker",
}
RULES = {
    file: yaml.safe_load((KNATIVE / "components" / component / "prometheusrule.yaml").read_text())["spec"]
    for file, component in PLAYED.items()
}
EVERY = [(file, rule) for file, rules in RULES.items() for group in rules["groups"] for rule in group["rules"]]
ALERTS = [(file, rule) for file, rule in EVERY if "alert" in rule]
DASHBOARD: dict[str, Any] = json.loads((KNATIVE / "components/monitoring/dashboard.json").read_text())


def exposed() -> set[str]:
    """The names that a scrape of a function, of the billing service and of the worker gives."""
    ends = {Histogram: ("_bucket", "_count", "_sum"), Counter: ("_total",), Gauge: ("",)}
    found = [metric for metric in vars(metrics).values() if type(metric) in ends]
    names = {family.name + end for metric in found for family in metric.describe() for end in ends[type(metric)]}
    by_type = {"histogram": ends[Histogram], "counter": ends[Counter], "gauge": ends[Gauge]}
    others = [*of_the_billing_service(), *of_the_worker()]
    return names | {family.name + end for family in others for end in by_type[family.type]}


def of_the_billing_service() -> list[Metric]:
    pool = SimpleNamespace(in_use=0, idle=0, opening=0, size=8, waiting=0)
    service = billing_service.metrics.Metrics(cast("billing_service.metrics.Pool", pool))
    service.newest_usage = 0.0
    return list(service.registry.collect())


def of_the_worker() -> list[Metric]:
    meter = MeterSettings.read({"DATABASE_URL": "postgresql:///x", "PROMETHEUS_URL": "http://prometheus"})
    return list(WorkerMetrics(meter).registry.collect())


def asked(expression: str) -> set[str]:
    """The metrics that a PromQL expression names; recorded ones hold a colon."""
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]|by \([^)]*\)|\"[^\"]*\"", "", expression)
    words = set(re.findall(r"[a-z_:][a-z0-9_:]*", bare))
    return {word for word in words if "_" in word or ":" in word} - {"histogram_quantile", "label_replace"}


@pytest.mark.parametrize("file", PLAYED)
def test_alerts_fire_when_they_should_and_only_then(file: str, tmp_path: Path) -> None:
    """promtool plays series through the rules."""
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed (Debian: prometheus): the alerts are not played through")
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump(RULES[file]))
    shutil.copy(HERE / file, tmp_path / file)
    command = [promtool, "test", "rules", file]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize(("file", "rule"), ALERTS, ids=str)
def test_every_alert_is_played_through(file: str, rule: dict[str, Any]) -> None:
    """Each alert fires in a test, and another application's series neither raise it nor hide it."""
    played = yaml.safe_load((HERE / file).read_text())["tests"]
    fires = {
        (one["name"].startswith("another application in the same Prometheus"), bool(test["exp_alerts"]))
        for one in played
        for test in one["alert_rule_test"]
        if test["alertname"] == rule["alert"]
    }
    assert {(False, True), (True, False), (True, True)} <= fires


@pytest.mark.parametrize(("file", "rule"), EVERY, ids=str)
def test_a_rule_names_metrics_that_exist(file: str, rule: dict[str, Any]) -> None:
    """A renamed metric would silence its alert without a word."""
    recorded = {found["record"] for group in RULES[file]["groups"] for found in group["rules"] if "record" in found}
    assert asked(rule["expr"])
    assert asked(rule["expr"]) <= exposed() | recorded


@pytest.mark.parametrize("rule", [rule for _, rule in ALERTS], ids=lambda rule: rule["alert"])
def test_an_alert_has_its_page(rule: dict[str, Any]) -> None:
    """What it means, what to look at, what to do, under the alert's name. properties.py checks the link to it."""
    name = rule["alert"]
    page = OPERATIONS.partition(f"\n### {name}\n")[2].partition("\n### ")[0]
    assert all(word in page for word in ("**Means.**", "**Look.**", "**Do.**")), f"{name} has no page"


def test_the_dashboard_shows_metrics_that_exist() -> None:
    """Every panel has a title and existing metrics. The dashboard keeps its address when it is imported again."""
    assert DASHBOARD["uid"] == "kube-dc-billing"
    for panel in DASHBOARD["panels"]:
        assert panel["title"]
        for target in panel["targets"]:
            assert asked(target["expr"]) <= exposed(), panel["title"]


def test_the_dashboard_counts_the_chosen_installation_only() -> None:
    """Every query, also that of a variable, selects by namespace and job."""
    chosen = {
        '{namespace="$namespace",job="$namespace/kube-dc-billing"',
        '{namespace="$billing_namespace",job="$billing_namespace/billing-dashboard"',
        '{job=~".+/kube-dc-billing"',
        '{job=~".+/billing-dashboard"',
    }
    queries = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
    queries += [v["query"] for v in DASHBOARD["templating"]["list"] if v["type"] == "query"]
    assert [query for query in queries if unselected(query, chosen)] == []
    variables = {v["name"]: v["query"] for v in DASHBOARD["templating"]["list"]}
    assert {q for q in queries if "{job=~" in q} == {variables["namespace"], variables["billing_namespace"]}


def test_flagger_counts_its_canary_only() -> None:
    """Its query selects by namespace and job. Flagger fills in the namespace."""
    template = yaml.safe_load((KNATIVE / "components/flagger/metrictemplate.yaml").read_text())
    query = re.sub(r"\{\{ (\w+\.)?(\w+) \}\}", r"$\2", template["spec"]["query"])
    assert unselected(query, {'{namespace="$namespace", job="$namespace/kube-dc-billing"'}) == []
