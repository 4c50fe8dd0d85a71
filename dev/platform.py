"""The local platform: its parts, their order, and when each part is ready."""

import contextlib
import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

import httpx2
import yaml

from dev import first_requests, functions, ingress, page, postgres, provider, receiver
from dev.lock import take_lock
from dev.provider import answers, sign_in
from dev.settings import PlatformError, Settings, check_ports, kept_secret, used_ports
from dev.supervisor import Part, Supervisor
from dev.watcher import Watcher

ORG_ADMIN, PROJECT_USER = "alice", first_requests.PROJECT_USER


class Platform:
    """`start` returns when every function has responded to a request with a token, through the ingress."""

    def __init__(self, settings: Settings, say: Callable[[str], None] = print) -> None:
        self.settings = settings
        self._say = say
        self._functions = functions.read_functions()
        self._rules = ingress.read_rules()
        self._supervisor: Supervisor | None = None
        self._watcher: Watcher | None = None
        self._lock: TextIO | None = None
        self._stopping = False
        self.database_url = settings.database_url or ""  # set by `start`
        self.serve_database_url = settings.serve_database_url  # of a role that can only read; set by `start`
        self.billing_token: str | None = settings.environment.get("BILLING_API_TOKEN")

    @property
    def supervisor(self) -> Supervisor:
        if self._supervisor is None:
            raise PlatformError("the platform is not started")
        return self._supervisor

    def start(self) -> None:
        """Raises PlatformError. Parts that were started before the error are stopped."""
        self.settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = take_lock(self.settings.data)
        try:
            check_ports(used_ports(self.settings), self.settings.host)
            logs = self.settings.data / "logs"
            logs.mkdir(exist_ok=True)
            self._supervisor = Supervisor(self._parts(), logs, self._say)
            self._supervisor.stopping = self._stopping
            self._watcher = Watcher(self._supervisor, self._empty_folder("requests"), self._say)
            self._supervisor.start()
            self._check_every_function()
            self._remember()
        except BaseException:
            self.stop()
            raise

    def _empty_folder(self, name: str) -> Path:
        folder = self.settings.data / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        return folder

    def watch(self) -> None:
        """Returns after `request_stop`."""
        if self._watcher is not None:
            self._watcher.run()

    def stop(self) -> None:
        (self.settings.data / "platform.json").unlink(missing_ok=True)
        self._watcher = None
        if self._supervisor is not None:
            self._supervisor.stop()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def request_stop(self) -> None:
        """For a signal handler. `start` and `watch` return at their next check."""
        self._stopping = True
        if self._supervisor is not None:
            self._supervisor.stopping = True

    @property
    def is_stopping(self) -> bool:
        return self._stopping

    @property
    def ready_users(self) -> tuple[str, ...]:
        """In mode `claims`, an org-admin without namespaces in the token gets 503, so only the project-user is used."""
        mode = self.settings.environment.get("NAMESPACE_OWNERSHIP")
        return (PROJECT_USER,) if mode == "claims" else (ORG_ADMIN, PROJECT_USER)

    def stop_part(self, name: str) -> None:
        self.supervisor.stop_part(name)

    def start_part(self, name: str) -> None:
        self.supervisor.start_part(name)

    def tokens(self, username: str) -> dict[str, Any]:
        """The response of the token endpoint: access_token, id_token, refresh_token, expires_in."""
        return sign_in(self.settings.provider_url, provider.demo_users()[username])

    def token(self, username: str) -> str:
        return str(self.tokens(username)["access_token"])

    def _parts(self) -> list[Part]:
        settings = self.settings
        parts: list[Part] = []
        if settings.billing_api_url is None:
            parts += self._billing_parts()
        if shutil.which("node") is None:
            raise PlatformError("node was not found: the OpenID provider and the page need Node.js")
        if settings.keycloak_url is None:
            parts.append(provider.part(settings))
        parts += [functions.part(function, settings, self.billing_token) for function in self._functions]
        config = settings.data / "envoy.yaml"
        is_built = page.is_built()
        if is_built:
            parts.append(page.part(settings))
        else:
            self._say(f"page: ui/dist is missing; build it with: {page.BUILD}")
        routes = [*ingress.function_routes(self._rules, self._functions), ingress.page_route(is_built=is_built)]
        config.write_text(yaml.safe_dump(ingress.configuration(routes, self._functions, settings)))
        return [*parts, ingress.part(settings, config)]

    def _billing_parts(self) -> list[Part]:
        settings = self.settings
        parts = [] if settings.database_url else [self._database_part()]
        self.billing_token = self.billing_token or kept_secret(settings.data, "billing-token")
        owner = {"DATABASE_URL": self.database_url}
        reader = {"SERVE_DATABASE_URL": self.serve_database_url} if self.serve_database_url else {}
        environment = {
            "DATABASE_URL": self.serve_database_url or self.database_url,
            "BILLING_API_TOKEN": self.billing_token,
            "HOST": settings.host,
            "PORT": str(settings.ports["BILLING_PORT"]),
            "METRICS_PORT": str(settings.ports["BILLING_METRICS_PORT"]),
            **receiver.channel_settings(settings),
        }

        def command(verb: str) -> list[str]:
            return [sys.executable, "-m", "billing_service", verb]

        return [
            *parts,
            Part("billing-migrate", command("migrate"), owner | reader, needs=("postgres",), once=True),
            Part("billing-demo", command("demo"), owner, needs=("billing-migrate",), once=True),
            Part(
                "billing",
                command("serve"),
                environment,
                needs=("billing-migrate",),
                ready=lambda: answers(f"{settings.billing_url}/api/health"),
            ),
            self._worker_part(command("work")),
            receiver.part(settings),
        ]

    def _worker_part(self, command: list[str]) -> Part:
        """It meters if PROMETHEUS_URL is set."""
        settings = self.settings
        given = {
            name: value for name, value in settings.environment.items() if name.startswith(("PROMETHEUS_", "METERING_"))
        }
        own = {
            "DATABASE_URL": self.database_url,
            "HOST": settings.host,
            "METRICS_PORT": str(settings.ports["WORKER_METRICS_PORT"]),
            **receiver.channel_settings(settings),
        }
        return Part(
            "worker",
            command,
            given | own,
            needs=("billing-demo",),  # it would close the months that the demo data is imported into
            ready=lambda: answers(f"{settings.url('WORKER_METRICS_PORT')}/live"),
        )

    def _database_part(self) -> Part:
        data, port = self.settings.data, self.settings.ports["POSTGRES_PORT"]
        password, reader_password = (
            kept_secret(data, "postgres-password"),
            kept_secret(data, "postgres-reader-password"),
        )
        account = postgres.choose_account(data)
        if account.data.exists():
            postgres.remove_stale_pid(account.data)
            postgres.add_reader(account, reader_password)
        else:
            self._say("postgres: making a new database")
            postgres.initialise(account, password, reader_password)
        self.database_url = postgres.database_url(port, password)
        self.serve_database_url = postgres.database_url(port, reader_password, postgres.READER)
        return postgres.server(account, port)

    def _check_every_function(self) -> None:
        """Raises PlatformError with the path whose status is not as expected."""
        if self.settings.keycloak_url is not None:
            self._say("checked without a token: the users of KEYCLOAK_URL are unknown here")
            first_requests.send(self.settings.api_url, "nobody", {}, (httpx2.codes.UNAUTHORIZED,), self._say)
            return
        # An existing billing service may not have the demo organizations.
        known = self.settings.billing_api_url is None
        allowed = (httpx2.codes.OK,) if known else (httpx2.codes.OK, httpx2.codes.FORBIDDEN)
        for username in self.ready_users:
            if self._stopping:
                return
            bearer = {"Authorization": f"Bearer {self.token(username)}"}
            first_requests.send(self.settings.api_url, username, bearer, allowed, self._say)

    def _remember(self) -> None:
        """Saves what `make token` and `make stop-part` need, so that they find the running platform."""
        with contextlib.suppress(FileNotFoundError):
            (self.settings.data / "platform.json").unlink()
        state = {
            "pid": os.getpid(),
            "provider_url": self.settings.provider_url,
            "parts": [part.name for part in self.supervisor.parts.values() if not part.once],
        }
        (self.settings.data / "platform.json").write_text(json.dumps(state))
