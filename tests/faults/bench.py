"""One function, the billing service behind it, and a caller: what most rows of the matrix need."""

from dataclasses import dataclass

from tests.kit.billing import good
from tests.kit.process import Asked, FunctionProcess, assert_answered, assert_unreachable
from tests.kit.server import Server


@dataclass(frozen=True, repr=False)
class Bench:
    """`namespace` is the test's own, so that nothing is cached under it; `token` is an org-admin's of acme."""

    function: FunctionProcess
    upstream: Server
    namespace: str
    token: str

    def ask(self) -> Asked:
        return self.function.ask(self.namespace, self.token)

    def assert_failure(self, *, reason: str, attempts: int, level: str = "ERROR", seconds: float = 8.0) -> Asked:
        """A 503 with its log line and its metric, after so many attempts and within so many seconds."""
        function = self.function
        failures = function.metric("upstream_failures_total", reason=reason)
        answered = function.metric("http_requests_total", function="overview", status="503")
        asked = self.ask()
        assert_unreachable(asked)
        assert asked.seconds <= seconds
        line = function.line_of(asked)
        assert (line["level"], line["reason"], line["status"]) == (level, reason, 503)
        assert (line["namespace"], line["organization"]) == (self.namespace, "acme")
        assert function.metric("upstream_failures_total", reason=reason) - failures == attempts
        assert function.metric("http_requests_total", function="overview", status="503") - answered == 1
        if self.upstream.counts.connections:
            assert self.upstream.counts.requests == attempts
        return asked

    def assert_recovered(self) -> None:
        """The fault has no lasting effect: the next response is correct."""
        self.upstream.behaviour = good
        data = assert_answered(self.function.ask(f"{self.namespace}-b", self.token))
        assert data["billing_summary"]["current_month_total"] == 1672.31
