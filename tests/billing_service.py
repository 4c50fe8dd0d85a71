"""A small billing service for tests: the internal contract's overviews, and on demand its project list."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Fault = Callable[[str], tuple[int, object] | None]


def overview(organization: str | None, namespace: str, total: int) -> dict[str, Any]:
    return {
        "namespace": namespace,
        "organization": organization,
        "as_of": "2026-01-15T12:00:00Z",
        "billing_summary": {
            "current_month_total": total,
            "last_day_spend": 1.5,
            "billing_period": "2026-01",
            "total_cost_per_hour": 0.0625,
            "currency": "EUR",
        },
        "compute_instances": {
            "running_pods": 2,
            "running_vms": 0,
            "cpu_cores": 0.5,
            "memory_gib": 1,
            "cost_per_hour": 0.05,
        },
        "cost_breakdown": {
            "cpu_cost": total,
            "memory_cost": 0,
            "storage_cost": 0,
            "network_cost": 0,
            "public_ip_cost": 0,
        },
    }


class BillingService:
    """`owners` by namespace; without `registry` it has no project list and does not say whose numbers it sends."""

    def __init__(self, owners: dict[str, str], *, registry: bool) -> None:
        self.owners = owners
        self.registry = registry
        self.fail: Fault = lambda _: None
        self.requests: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, target: str) -> tuple[int, object]:
        self.requests.append(target)
        failed = self.fail(target)
        if failed is not None:
            return failed
        url = urlsplit(target)
        organization = parse_qs(url.query).get("organization", [""])[0]
        match url.path.strip("/").split("/"):
            case ["api", "health"]:
                return 200, {"status": "ok"}
            case ["api", "project", namespace, "overview"]:
                return self._overview(organization, namespace)
            case ["api", "organization", name, "projects"] if self.registry:
                return 200, {"organization": name, "projects": [self._entry(n) for n in self._namespaces_of(name)]}
        return 404, {"error": {"code": "not_found"}}

    def _overview(self, organization: str, namespace: str) -> tuple[int, object]:
        owner = self.owners.get(namespace)
        if owner is None or (self.registry and owner != organization):
            return 404, {"error": {"code": "project_not_found"}}
        return 200, overview(owner if self.registry else None, namespace, len(namespace))

    def _namespaces_of(self, organization: str) -> list[str]:
        return sorted(namespace for namespace, owner in self.owners.items() if owner == organization)

    def _entry(self, namespace: str) -> dict[str, Any]:
        whole = overview(None, namespace, len(namespace))
        return {"namespace": namespace, "billing_summary": whole["billing_summary"]}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 10
            disable_nagle_algorithm = True  # head and body are two writes

            def do_GET(self) -> None:
                status, body = service.answer(self.path)
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
                pass

        return Handler
