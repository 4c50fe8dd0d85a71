"""deploy, canary, promote, rollback and status against a working fake of the cluster."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from dev.declarations import function_names
from tests.integration.rollout.conftest import NAMESPACE, Installation, image, route

V1, V2, V3 = image("v1"), image("v2"), image("v3")


def revisions(installation: Installation) -> dict[str, Any]:
    return dict(installation.state["objects"].get(f"revisions.serving.knative.dev/{NAMESPACE}", {}))


def test_the_first_deployment_serves(installation: Installation) -> None:
    """The first revision of a function has all traffic. The command prints this before and after."""
    said = installation.done("deploy", "--image", V1)
    assert installation.traffic() == {"stable": 100}
    assert "will deploy billing-overview-" in said
    assert "ready" in said


def test_a_deployment_gets_no_traffic(trying: Installation) -> None:
    """The next revision is the candidate at 0 %, the serving one keeps everything."""
    assert trying.traffic() == {"stable": 100, "candidate": 0}


def test_a_deployment_may_be_repeated(trying: Installation) -> None:
    """The same image and settings are the same revision: nothing changes."""
    before = trying.traffic(), revisions(trying).keys()
    trying.done("deploy", "--image", V2)
    trying.done("deploy", "--image", V2)
    assert (trying.traffic(), revisions(trying).keys()) == before


def test_what_serves_already_is_not_deployed_again(serving: Installation) -> None:
    """Deploying the serving revision writes nothing."""
    writes = len(serving.state["writes"])
    assert "nothing to do" in serving.done("deploy", "--image", V1)
    assert len(serving.state["writes"]) == writes


def test_a_changed_setting_is_a_new_revision(serving: Installation) -> None:
    """The same image in an overlay with other settings becomes a candidate."""
    ran = serving.run("deploy", "--image", V1, overlay="kube-dc")
    assert ran.returncode == 0, ran.stderr
    assert serving.traffic() == {"stable": 100, "candidate": 0}


def test_a_canary_splits_the_traffic(trying: Installation) -> None:
    """PERCENT goes to the candidate, the rest stays; again is nothing new."""
    trying.done("canary", "--percent", "10")
    assert trying.traffic() == {"stable": 90, "candidate": 10}
    assert "nothing to do" in trying.done("canary", "--percent", "10")
    trying.done("canary", "--percent", "50")
    assert trying.traffic() == {"stable": 50, "candidate": 50}


def test_promotion_keeps_the_way_back(trying: Installation) -> None:
    """The candidate is stable then, and what served is `previous`."""
    trying.done("canary", "--percent", "100")
    trying.done("promote")
    assert trying.traffic() == {"stable": 100, "previous": 0}


def test_rollback_drops_the_candidate(trying: Installation) -> None:
    """A rollback removes all traffic from the candidate. A second rollback changes nothing."""
    trying.done("canary", "--percent", "25")
    trying.done("rollback")
    assert trying.traffic() == {"stable": 100}
    assert "nothing to roll back" in trying.done("rollback")
    assert trying.traffic() == {"stable": 100}


def test_rollback_after_promotion_returns_to_what_served(trying: Installation) -> None:
    """`previous` serves again; repeated, it does not swing back."""
    first = next(r for r, found in revisions(trying).items() if "/v1/" in json.dumps(found))
    trying.done("promote")
    trying.done("rollback")
    trying.done("rollback")
    service = trying.state["objects"][f"services.serving.knative.dev/{NAMESPACE}"]["billing-overview"]
    assert [(t["revisionName"], t["percent"]) for t in service["status"]["traffic"]] == [(first, 100)]


@pytest.mark.slow_fault
def test_three_releases_in_a_row(trying: Installation) -> None:
    """Tags move from release to release, and each has one of them only."""
    trying.done("promote")
    trying.done("deploy", "--image", V3)
    assert trying.traffic() == {"stable": 100, "previous": 0, "candidate": 0}
    trying.done("canary", "--percent", "5")
    trying.done("promote")
    assert trying.traffic() == {"stable": 100, "previous": 0}


def test_a_broken_candidate_never_gets_traffic(serving: Installation) -> None:
    """deploy fails with Knative's reason, canary and promote refuse, rollback cleans up, the next one works."""
    said = serving.refused("deploy", "--image", image("broken"))
    assert "Unable to fetch image" in said
    assert "make rollback FUNCTION=overview" in said
    assert "is not ready" in serving.refused("canary", "--percent", "5")
    assert "is not ready" in serving.refused("promote")
    assert serving.traffic() == {"stable": 100}
    serving.done("rollback")
    serving.done("deploy", "--image", V2)
    serving.done("promote")
    assert serving.traffic() == {"stable": 100, "previous": 0}


def test_an_image_that_cannot_be_pulled_is_said_at_once(serving: Installation) -> None:
    """The pod's own reason is shown, long before Knative gives the revision up."""
    said = serving.refused("deploy", "--image", image("stuck"), "--wait-seconds", "60")
    assert "ImagePullBackOff: manifest unknown" in said
    assert serving.traffic() == {"stable": 100}


@pytest.mark.slow_fault
def test_a_broken_first_deployment_can_be_replaced(installation: Installation) -> None:
    """Where nothing ever served, the next deployment is the first."""
    installation.refused("deploy", "--image", image("broken"))
    installation.done("deploy", "--image", V1)
    assert installation.traffic() == {"stable": 100}


@pytest.mark.slow_fault
def test_other_functions_are_never_touched(trying: Installation) -> None:
    """Every write names the one function."""
    trying.done("deploy", "--image", image("v1", "health"), function="health")
    before = trying.traffic("health")
    trying.done("canary", "--percent", "10")
    trying.done("promote")
    trying.done("rollback")
    assert trying.traffic("health") == before
    names = {write[2] for write in trying.state["writes"]}
    assert names == {"billing-overview", "billing-health"}


def test_a_running_canary_is_not_replaced(trying: Installation) -> None:
    """Another image during a canary is refused, with the ways out."""
    trying.done("canary", "--percent", "10")
    said = trying.refused("deploy", "--image", V3)
    assert "a canary is under way" in said
    assert "make promote FUNCTION=overview" in said
    assert trying.traffic() == {"stable": 90, "candidate": 10}


@pytest.mark.slow_fault
def test_a_service_applied_by_hand_is_taken_over(serving: Installation) -> None:
    """`latestRevision: true` is pinned to what serves now, so that the candidate gets nothing."""
    services = f"services.serving.knative.dev/{NAMESPACE}"

    def by_hand(state: dict[str, Any]) -> None:
        state["objects"][services]["billing-overview"]["spec"]["traffic"] = [{"latestRevision": True, "percent": 100}]

    serving.change(by_hand)
    serving.done("deploy", "--image", V2)
    assert serving.traffic() == {"stable": 100, "candidate": 0}


def test_traffic_split_by_hand_is_refused(trying: Installation) -> None:
    """A split that the tags do not explain is left alone, with the command that ends it."""
    services = f"services.serving.knative.dev/{NAMESPACE}"

    def split(state: dict[str, Any]) -> None:
        names = list(state["objects"][f"revisions.serving.knative.dev/{NAMESPACE}"])
        targets = [{"revisionName": name, "percent": 50} for name in names]
        state["objects"][services]["billing-overview"]["spec"]["traffic"] = targets

    trying.change(split)
    assert "split by hand" in trying.refused("canary", "--percent", "10")


def test_status_shows_revisions_traffic_readiness_and_pods(trying: Installation) -> None:
    """One line a revision: tag, name, share, pods, ready."""
    candidate = next(r for r, found in revisions(trying).items() if "/v2/" in json.dumps(found))
    pod = {"metadata": {"labels": {"serving.knative.dev/revision": candidate}}}
    trying.change(lambda state: state["pods"].append(pod))
    said = trying.done("status")
    assert "billing-overview: ready True" in said
    assert f"candidate {candidate}    0 %  pods 1  ready" in said
    assert "100 %  pods 0  ready" in said


def test_status_of_what_is_not_deployed(installation: Installation) -> None:
    """The status of a function that is not deployed is not an error."""
    assert "billing-overview: not deployed" in installation.done("status")


@pytest.mark.parametrize("percent", ["0", "101", "-1", "5.5", "ten", ""])
def test_a_wrong_percentage_is_refused(percent: str, trying: Installation) -> None:
    """If PERCENT is not from 1 to 100, the message has the allowed range."""
    assert "must be a whole number from 1 to 100" in trying.refused("canary", f"--percent={percent}")
    assert trying.traffic() == {"stable": 100, "candidate": 0}


def test_an_unknown_function_is_refused(installation: Installation) -> None:
    """The refusal lists the functions."""
    said = installation.refused("deploy", "--image", V1, function="overveiw")
    assert f"choose one of {', '.join(function_names())}, page" in said


@pytest.mark.parametrize("wrong", ["billing-overview", "r.example.com/billing-overview:v2", V1[:-1], f"{V1} x", ""])
def test_an_image_without_digest_is_refused(wrong: str, installation: Installation) -> None:
    """A tag can move under a revision: only a digest is taken."""
    assert "must name a digest" in installation.refused("deploy", f"--image={wrong}")
    assert installation.state["writes"] == []


@pytest.mark.parametrize("command", [("canary", "--percent", "10"), ("promote",)])
def test_no_candidate_is_said(command: tuple[str, ...], serving: Installation) -> None:
    """Without a candidate, no traffic changes, and the message has the command that creates one."""
    said = serving.refused(*command)
    assert "has no candidate" in said
    assert "make deploy FUNCTION=overview" in said


@pytest.mark.parametrize("command", [("canary", "--percent", "10"), ("promote",), ("rollback",)])
def test_a_function_that_is_not_deployed_is_said(command: tuple[str, ...], installation: Installation) -> None:
    """The refusal names the command that deploys."""
    assert "is not deployed: make deploy" in installation.refused(*command)


MISSING: dict[str, tuple[str, str]] = {
    "crd/services.serving.knative.dev": ("has no Knative Serving", "CONTEXT="),
    "crd/httproutes.gateway.networking.k8s.io": ("no Gateway API", "install a controller"),
    f"namespace/{NAMESPACE}": (f"namespace {NAMESPACE} is missing", "kubectl apply -k knative/overlays/local"),
    f"serviceaccount/{NAMESPACE}/kube-dc-billing": ("serviceaccount kube-dc-billing is missing", "kubectl apply -k"),
    f"secret/{NAMESPACE}/billing-api": ("secret billing-api is missing", "kubectl create secret"),
    f"httproute/{NAMESPACE}/billing": ("HTTPRoute billing) is missing", "kubectl apply -k"),
}


@pytest.mark.parametrize("missing", MISSING)
def test_a_missing_prerequisite_is_named(missing: str, installation: Installation) -> None:
    """Each one ends the command with what is missing and what to do, and nothing is written."""
    kind, _, name = missing.rpartition("/")
    installation.change(lambda state: state["objects"][kind].pop(name))
    said = installation.refused("deploy", "--image", V1)
    for part in MISSING[missing]:
        assert part in said
    assert installation.state["writes"] == []


def test_a_missing_configmap_is_named(installation: Installation, tmp_path: Any) -> None:
    """A function whose overlay mounts a ConfigMap that is not there is refused before it is applied."""
    overlay = tmp_path / "overlay" / "functions"
    overlay.mkdir(parents=True)
    volume = {
        "op": "add",
        "path": "/spec/template/spec/volumes",
        "value": [{"name": "ca", "configMap": {"name": "oidc-ca"}}],
    }
    target = {"group": "serving.knative.dev", "kind": "Service"}
    for file in ("kustomization", *function_names()):
        shutil.copy(f"knative/functions/{file}.yaml", overlay)
    text = (overlay / "kustomization.yaml").read_text()
    text += f"patches:\n  - target: {json.dumps(target)}\n    patch: '{json.dumps([volume])}'\n"
    (overlay / "kustomization.yaml").write_text(text)
    ran = installation.run("deploy", "--image", V1, overlay=str(overlay.parent))
    assert ran.returncode != 0
    assert "configmap oidc-ca is missing in namespace kube-dc-billing" in ran.stderr


def test_a_host_without_route_is_said(installation: Installation) -> None:
    """A function that no rule of the route leads to is not deployed into the dark."""
    without = route([name for name in function_names() if name != "overview"])
    installation.change(lambda s: s["objects"][f"httproute/{NAMESPACE}"].update(billing=without))
    assert "no rule for billing-overview" in installation.refused("deploy", "--image", V1)


def test_a_missing_grant_is_said(installation: Installation) -> None:
    """The gateway's own word for it is translated: the ReferenceGrant is missing."""
    refused = route()
    refused["status"]["parents"][0]["conditions"][0] |= {"status": "False", "reason": "RefNotPermitted"}
    installation.change(lambda s: s["objects"][f"httproute/{NAMESPACE}"].update(billing=refused))
    said = installation.refused("deploy", "--image", V1)
    assert "the ReferenceGrant in kourier-system is missing" in said
    assert "kubectl apply -k knative/overlays/local" in said


PAGE = image("v1", "page")


@pytest.fixture
def with_page(installation: Installation) -> Installation:
    """What `kubectl apply -k` of an overlay with the page brings."""

    def add(state: dict[str, Any]) -> None:
        objects = state["objects"]
        objects[f"serviceaccount/{NAMESPACE}"]["billing-page"] = {}
        objects[f"configmap/{NAMESPACE}"] = {"kube-dc-frontend-config": {}}
        objects[f"httproute/{NAMESPACE}"]["billing-page"] = route(("page",))

    installation.change(add)
    return installation


@pytest.mark.slow_fault
def test_the_page_is_rolled_out_like_a_function(with_page: Installation) -> None:
    """Deployed, tried with a share, promoted: by the same commands."""
    with_page.done("deploy", "--image", PAGE, function="page")
    with_page.done("deploy", "--image", image("v2", "page"), function="page")
    with_page.done("canary", "--percent", "10", function="page")
    assert with_page.traffic("page") == {"stable": 90, "candidate": 10}
    with_page.done("promote", function="page")
    assert with_page.traffic("page")["stable"] == 100


@pytest.mark.parametrize(
    ("kind", "name", "said"),
    [
        ("configmap", "kube-dc-frontend-config", "configmap kube-dc-frontend-config is missing"),
        ("serviceaccount", "billing-page", "serviceaccount billing-page is missing"),
        ("httproute", "billing-page", "HTTPRoute billing-page) is missing"),
    ],
)
def test_what_the_page_needs_is_named(kind: str, name: str, said: str, with_page: Installation) -> None:
    """Its own env.js, identity and route, not the functions'."""
    with_page.change(lambda state: state["objects"][f"{kind}/{NAMESPACE}"].pop(name))
    assert said in with_page.refused("deploy", "--image", PAGE, function="page")
    assert with_page.state["writes"] == []


def test_the_page_has_no_gate(with_page: Installation) -> None:
    """The page has no metrics for a gate, because it serves files. The message has the commands to use instead."""
    caller = ("--namespace", "acme-web", "--foreign-namespace", "globex-shop", "--prom-url", "http://127.0.0.1:9")
    said = with_page.refused("rollout", "--image", PAGE, *caller, function="page")
    assert "make deploy, canary, promote FUNCTION=page" in said


def test_a_cluster_out_of_reach_is_said(installation: Installation, tmp_path: Path) -> None:
    """Once, without kubectl's repetitions, and with what to do."""
    away = tmp_path / "away"
    away.mkdir()
    noise = 'E1122 16:56:14.429706 1150 memcache.go:265] "Unhandled Error"'
    last = "The connection to the server localhost:8080 was refused - did you specify the right host or port?"
    kubectl = away / "kubectl"
    kubectl.write_text(f"#!/bin/sh\nprintf '%s\\n' '{noise}' '{noise}' '{last}' >&2\nexit 1\n")
    kubectl.chmod(0o755)
    installation.environment["PATH"] = f"{away}:{installation.environment['PATH']}"
    said = installation.refused("status")
    assert last in said
    assert "memcache" not in said
    assert "set CONTEXT=" in said


@pytest.mark.parametrize("tool", ["kn", "kubectl"])
def test_a_missing_tool_is_named(tool: str, installation: Installation) -> None:
    """Without the tool there is one line: which, and where it comes from."""
    (installation.folder / "bin" / tool).unlink()
    installation.environment["PATH"] = str(installation.folder / "bin") + ":/nowhere"
    said = installation.refused("deploy", "--image", V1)
    assert f"{tool} was not found on PATH: install" in said


def test_an_unknown_overlay_is_refused(installation: Installation) -> None:
    """The refusal lists the overlays."""
    ran = installation.run("status", overlay="production")
    assert ran.returncode == 2
    assert "choose one of kube-dc, local" in ran.stderr
