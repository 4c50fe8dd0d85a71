"""Decides whether a candidate gets more traffic: compares its figures in Prometheus with the stable revision's."""

import math
from dataclasses import dataclass
from enum import Enum
from typing import Final, Self

import httpx2

from knative.rollout.traffic import RolloutError

MIN_REQUESTS: Final = 50  # fewer are not enough to measure 1 % of errors
ERROR_RATIO_ABOVE_STABLE: Final = 0.01
UNAUTHORIZED_RATIO_ABOVE_STABLE: Final = 0.05
P95_TIMES_STABLE: Final = 1.5
P95_SECONDS_ABOVE_STABLE: Final = 0.25  # a small absolute increase is allowed for a fast function
P95_SECONDS_ALONE: Final = 2.5  # used if the stable revision has too few requests
QUERY_SECONDS: Final = 10
MONITOR: Final = "kube-dc-billing"  # the PodMonitor. Its metrics have job="<namespace>/<PodMonitor>"


@dataclass(frozen=True)
class Figures:
    """Figures of one revision in one time window. `p95` in seconds, NaN without requests."""

    requests: float
    errors: float
    unauthorized: float
    denied: float
    schema_failures: float
    p95: float

    def ratio(self, count: float) -> float:
        return count / self.requests if self.requests else 0.0

    def __str__(self) -> str:
        return (
            f"{self.requests:.0f} requests, {self.ratio(self.errors):.2%} errors, "
            f"{self.ratio(self.unauthorized):.2%} 401, {self.ratio(self.denied):.2%} 403, "
            f"{self.schema_failures:.0f} schema failures, p95 {self.p95:.3f} s"
        )


class Outcome(Enum):
    PASS = "pass"  # noqa: S105 - not a password
    HOLD = "hold"
    FAIL = "fail"


@dataclass(frozen=True)
class Verdict:
    outcome: Outcome
    reason: str


def judge(candidate: Figures, stable: Figures) -> Verdict:
    """FAIL if one figure is worse, HOLD while there are too few requests, otherwise PASS."""
    if candidate.requests < MIN_REQUESTS:
        return Verdict(Outcome.HOLD, f"{candidate.requests:.0f} requests, {MIN_REQUESTS} are needed")
    compared = stable.requests >= MIN_REQUESTS
    base = stable if compared else Figures(0, 0, 0, 0, 0, math.nan)
    problems = [
        _worse("errors", candidate.ratio(candidate.errors), base.ratio(base.errors), ERROR_RATIO_ABOVE_STABLE),
        _worse(
            "401",
            candidate.ratio(candidate.unauthorized),
            base.ratio(base.unauthorized),
            UNAUTHORIZED_RATIO_ABOVE_STABLE,
        )
        if compared
        else None,  # the normal share of expired tokens is measured on the stable revision only
        _worse("schema failures", candidate.ratio(candidate.schema_failures), base.ratio(base.schema_failures), 0.001),
        _slower(candidate.p95, base.p95 if compared else None),
    ]
    found = [problem for problem in problems if problem is not None]
    if found:
        return Verdict(Outcome.FAIL, "; ".join(found))
    if math.isnan(candidate.p95):
        return Verdict(Outcome.HOLD, "no duration was measured")
    return Verdict(Outcome.PASS, "no figure is worse")


def _worse(what: str, candidate: float, stable: float, allowed: float) -> str | None:
    if candidate <= stable + allowed:
        return None
    return f"{what}: {candidate:.2%} against {stable:.2%} of the stable revision, {allowed:.2%} more is allowed"


def _slower(candidate: float, stable: float | None) -> str | None:
    if stable is None or math.isnan(stable):
        limit = P95_SECONDS_ALONE
    else:
        limit = max(stable * P95_TIMES_STABLE, stable + P95_SECONDS_ABOVE_STABLE)
    return f"p95: {candidate:.3f} s, {limit:.3f} s is allowed" if candidate > limit else None


class Prometheus:
    """Reads figures per revision. Raises RolloutError if it is unreachable or its response is invalid."""

    def __init__(self, url: str, transport: httpx2.BaseTransport | None = None) -> None:
        self._url = url.rstrip("/")
        self._client = httpx2.Client(timeout=QUERY_SECONDS, transport=transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def figures(self, revision: str, namespace: str, seconds: int) -> Figures:
        chosen = f'namespace="{namespace}",job="{namespace}/{MONITOR}",revision="{revision}"'
        window = f"[{seconds}s]"

        def count(metric: str, more: str = "") -> float:
            return self._number(f"sum(increase({metric}{{{chosen}{more}}}{window}))", empty=0.0)

        buckets = f"sum by (le) (rate(http_request_duration_seconds_bucket{{{chosen}}}{window}))"
        return Figures(
            requests=count("http_requests_total"),
            errors=count("http_requests_total", ',status=~"5.."'),
            unauthorized=count("http_requests_total", ',status="401"'),
            denied=count("http_requests_total", ',status="403"'),
            schema_failures=count("upstream_failures_total", ',reason="schema"'),
            p95=self._number(f"histogram_quantile(0.95, {buckets})", empty=math.nan),
        )

    def check(self) -> None:
        self._number("vector(1)", empty=0.0)

    def _number(self, query: str, *, empty: float) -> float:
        try:
            answer = self._client.get(f"{self._url}/api/v1/query", params={"query": query})
            answer.raise_for_status()
            result = answer.json()["data"]["result"]
            return float(result[0]["value"][1]) if result else empty
        except httpx2.HTTPError as exc:
            raise RolloutError(f"Prometheus at PROM_URL could not be reached: {type(exc).__name__}: {exc}") from exc
        except (ValueError, LookupError, TypeError) as exc:
            raise RolloutError("PROM_URL is not a Prometheus server: its response has no data.result") from exc
