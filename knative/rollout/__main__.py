"""Rolls out one function: deploy, canary, promote, rollback, status, rollout.

    python -m knative.rollout COMMAND --function overview ...     (`make` targets: knative/rollout.mk)

Each command prints its plan and its result, can be repeated, and changes one Knative Service. The token for the
rollout's probe comes from the environment (TOKEN), never from the command line.
"""

import argparse
import os
import re
import sys
import time
from typing import Final

from dev.declarations import DeclarationError
from knative.rollout.arguments import make_parser
from knative.rollout.cluster import REVISION_LABEL, Cluster
from knative.rollout.gate import Outcome, Prometheus, judge
from knative.rollout.overlay import PAGE
from knative.rollout.probe import Caller, probe
from knative.rollout.traffic import ALL, RolloutError, Traffic

IMAGE: Final = re.compile(r"[a-z0-9][A-Za-z0-9./:_-]*@sha256:[0-9a-f]{64}")
STEPS: Final = (5, 25, 50, 100)


def deploy(cluster: Cluster, image: str) -> None:
    """Creates a candidate without traffic. The first revision of a function gets all traffic."""
    if not IMAGE.fullmatch(image):
        raise RolloutError(
            f"IMAGE is {image!r}: it must name a digest, like registry.example.com/billing-overview@sha256:..."
        )
    namespace = cluster.check_prerequisites()
    manifest = cluster.rendered(image)
    revision = str(manifest["spec"]["template"]["metadata"]["name"])
    service = cluster.service(namespace)
    never_served = service is None or not service.get("status", {}).get("latestReadyRevisionName")
    traffic = Traffic(stable=revision) if never_served else _next(Traffic.of(service or {}), revision, cluster)
    if traffic is None:
        cluster.say(f"{revision} serves already: nothing to do")
        return
    cluster.say(f"will deploy {revision} of {image}; traffic then: {traffic}")
    manifest["spec"]["traffic"] = traffic.targets()
    cluster.apply(manifest)
    try:
        cluster.wait_ready(revision, namespace)
    except RolloutError as exc:
        served = "nothing serves yet" if never_served else "it serves nothing"
        raise RolloutError(f"{exc}; {served}: make rollback FUNCTION={cluster.function}, or deploy another") from exc
    cluster.say(f"deployed {revision}: ready")


def _next(now: Traffic, revision: str, cluster: Cluster) -> Traffic | None:
    if now.stable == revision:
        return None
    if now.candidate == revision:
        return now
    if now.percent:
        raise RolloutError(
            f"a canary is under way, {now.candidate} has {now.percent} %: "
            f"make promote FUNCTION={cluster.function}, or make rollback FUNCTION={cluster.function} first"
        )
    return now.with_candidate(revision)


def canary(cluster: Cluster, percent: int) -> None:
    if not 1 <= percent <= ALL:
        raise RolloutError(f"PERCENT is {percent}: it must be from 1 to {ALL}")
    namespace, now = _with_ready_candidate(cluster)
    _move(cluster, namespace, now, now.with_percent(percent))


def promote(cluster: Cluster) -> None:
    namespace, now = _with_ready_candidate(cluster)
    _move(cluster, namespace, now, now.promoted())


def rollback(cluster: Cluster) -> None:
    namespace = _namespace(cluster)
    now = Traffic.of(cluster.existing(namespace))
    if now.candidate is None and now.previous is None:
        cluster.say(f"nothing to roll back: {now}; no candidate, and no earlier revision is kept")
        return
    _move(cluster, namespace, now, now.rolled_back())


def status(cluster: Cluster) -> None:
    namespace = _namespace(cluster)
    service = cluster.service(namespace)
    if service is None:
        cluster.say(f"{cluster.name}: not deployed")
        return
    conditions = {c["type"]: c for c in service.get("status", {}).get("conditions", [])}
    ready = conditions.get("Ready", {"status": "Unknown"})
    cluster.say(f"{cluster.name}: ready {ready['status']} {ready.get('message', '')}".rstrip())
    traffic = Traffic.of(service)
    pods = [pod["metadata"]["labels"].get(REVISION_LABEL) for pod in cluster.pods(namespace)]
    for tag, revision in traffic.tags().items():
        problem = cluster.problem_of(revision, namespace) or "ready"
        share = traffic.shares().get(revision, 0)
        cluster.say(f"  {tag:<10}{revision}  {share:>3} %  pods {pods.count(revision)}  {problem}")


def rollout(cluster: Cluster, image: str, caller: Caller, prometheus: Prometheus, pace: "Pace") -> None:
    """Runs all steps, with a gate at each step. The first bad figure removes the candidate's traffic."""
    prometheus.check()
    deploy(cluster, image)
    namespace = _namespace(cluster)
    now = Traffic.of(cluster.existing(namespace))
    if now.candidate is None:
        return
    try:
        probe(cluster, namespace, caller)
        for percent in [step for step in STEPS if step >= now.percent]:
            canary(cluster, percent)
            _gate(cluster, now, namespace, prometheus, pace)
    except _WorseError as exc:
        rollback(cluster)
        raise RolloutError(f"rolled back: {exc}") from exc
    except _HeldError:
        raise
    except RolloutError as exc:
        rollback(cluster)
        raise RolloutError(f"rolled back: {exc}") from exc
    promote(cluster)


class _WorseError(RolloutError):
    """A figure of the candidate is worse."""


class _HeldError(RolloutError):
    """There were too few requests for a decision. The traffic stays unchanged."""


class Pace:
    """Duration of a step in seconds: at least `observe`, at most `hold` while there are too few requests."""

    def __init__(self, observe: float, hold: float, interval: float = 15) -> None:
        self.observe, self.hold, self.interval = observe, hold, interval


def _gate(cluster: Cluster, now: Traffic, namespace: str, prometheus: Prometheus, pace: Pace) -> None:
    began = time.monotonic()
    while True:
        elapsed = time.monotonic() - began
        seconds = max(60, int(elapsed))
        candidate = prometheus.figures(str(now.candidate), namespace, seconds)
        stable = prometheus.figures(now.stable, namespace, seconds)
        verdict = judge(candidate, stable)
        if verdict.outcome is Outcome.FAIL:
            raise _WorseError(f"{verdict.reason} (candidate: {candidate}; stable: {stable})")
        if verdict.outcome is Outcome.PASS and elapsed >= pace.observe:
            cluster.say(f"gate passed: candidate {candidate}; stable {stable}")
            return
        if elapsed > pace.hold:
            raise _HeldError(
                f"held after {elapsed:.0f} s: {verdict.reason}; the traffic stays, run it again or roll back"
            )
        time.sleep(pace.interval)


def _namespace(cluster: Cluster) -> str:
    return str(cluster.manifest()["metadata"]["namespace"])


def _with_ready_candidate(cluster: Cluster) -> tuple[str, Traffic]:
    namespace = _namespace(cluster)
    now = Traffic.of(cluster.existing(namespace))
    if now.candidate is None:
        raise RolloutError(
            f"{cluster.name} has no candidate ({now}): make deploy FUNCTION={cluster.function} IMAGE=..."
        )
    problem = cluster.problem_of(now.candidate, namespace)
    if problem is not None:
        raise RolloutError(f"the candidate {now.candidate} is not ready: {problem}")
    return namespace, now


def _move(cluster: Cluster, namespace: str, now: Traffic, wanted: Traffic) -> None:
    if now == wanted:
        cluster.say(f"nothing to do: {now}")
        return
    cluster.say(f"will change {cluster.name} from {now} to {wanted}")
    cluster.move(wanted, namespace)
    cluster.say(f"done: {wanted}")


def _run(options: argparse.Namespace) -> None:
    def say(text: str) -> None:
        print(text, flush=True)

    cluster = Cluster(options.function, options.overlay, options.context or None, options.wait_seconds, say)
    simple = {"promote": promote, "rollback": rollback, "status": status}
    if options.command == "deploy":
        deploy(cluster, options.image)
    elif options.command == "canary":
        canary(cluster, options.percent)
    elif options.command == "rollout":
        if options.function == PAGE:
            raise RolloutError("the page has no figures to judge: make deploy, canary, promote FUNCTION=page")
        token = os.environ.get("TOKEN", "")
        if not token:
            raise RolloutError("TOKEN is not set: the probe needs a real access token in the environment")
        caller = Caller(token, options.namespace, options.foreign_namespace)
        pace = Pace(options.observe_seconds, options.hold_seconds, options.interval_seconds)
        with Prometheus(options.prom_url) as prometheus:
            rollout(cluster, options.image, caller, prometheus, pace)
    else:
        simple[options.command](cluster)


def main() -> None:
    options = make_parser().parse_args()
    try:
        _run(options)
    except (DeclarationError, RolloutError) as exc:
        sys.exit(f"error: {exc}")


if __name__ == "__main__":
    main()
