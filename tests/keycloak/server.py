"""A real Keycloak for tests: found, started with an in-memory database on a free port, administered, stopped."""

import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any, Self

import httpx2

from dev.settings import ROOT
from dev.supervisor import die_with_parent
from tests.kit.process import free_port

REALMS = ROOT / "dev" / "keycloak" / "realms"
UNPACKED = ROOT / ".build" / "keycloak"
POM = Path(__file__).parent / "pom.xml"
START_SECONDS = 240
OLDEST_JAVA = 17


class NotHere(Exception):
    """Keycloak cannot run on this machine. The text names what is missing."""


def find_keycloak() -> Path:
    """KEYCLOAK_HOME, else the newest Keycloak 26, fetched by Maven once. Raises NotHere."""
    if java_version() < OLDEST_JAVA:
        raise NotHere(f"no Java {OLDEST_JAVA} or newer (the command `java`)")
    if home := os.environ.get("KEYCLOAK_HOME"):
        if not (Path(home) / "bin" / "kc.sh").is_file():
            raise AssertionError(f"KEYCLOAK_HOME={home} holds no bin/kc.sh")
        return Path(home)
    if not any(UNPACKED.glob("keycloak-26.*/bin/kc.sh")):
        fetch_keycloak()
    return max(UNPACKED.glob("keycloak-26.*"), key=lambda path: [int(n) for n in path.name[9:].split(".")])


def java_version() -> int:
    if not shutil.which("java"):
        return 0
    told = subprocess.run(["java", "-XshowSettings:properties", "-version"], capture_output=True, text=True, check=True)
    [line] = [line for line in told.stderr.splitlines() if "java.specification.version" in line]
    return int(line.partition("=")[2].strip().removeprefix("1."))


def fetch_keycloak() -> None:
    if not shutil.which("mvn"):
        raise NotHere("no Maven (the command `mvn`), and KEYCLOAK_HOME is not set")
    command = ["mvn", "-B", "-q", "-f", str(POM), "dependency:unpack-dependencies", f"-DoutputDirectory={UNPACKED}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotHere(f"Maven could not fetch Keycloak:\n{done.stdout}{done.stderr}")


class Keycloak:
    """`with Keycloak(home, folder) as keycloak`; realms are those of dev/keycloak/realms."""

    def __init__(self, home: Path, folder: Path) -> None:
        self._home = home
        self.version = (home / "version.txt").read_text().splitlines()[0]
        self.log = folder / "keycloak.log"
        self.url = f"http://127.0.0.1:{free_port()}"
        self._password = secrets.token_urlsafe(24)
        self._client = httpx2.Client(base_url=self.url, timeout=30, trust_env=False)
        self._admin_until = 0.0

    def __enter__(self) -> Self:
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("KC_")},
            "KC_BOOTSTRAP_ADMIN_USERNAME": "admin",
            "KC_BOOTSTRAP_ADMIN_PASSWORD": self._password,
            "JAVA_OPTS_KC_HEAP": "-Xms128m -Xmx512m",
        }
        port = self.url.rpartition(":")[2]
        options = ["--db=dev-mem", "--http-host=127.0.0.1", f"--http-port={port}", f"--hostname={self.url}"]
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                ["bash", str(self._home / "bin" / "kc.sh"), "start-dev", *options],
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,  # kc.sh and its Java are stopped together
                preexec_fn=lambda: die_with_parent(signal.SIGTERM),  # noqa: PLW1509 - kc.sh hands it on to its Java
            )
        try:
            self._wait()
            for file in sorted(REALMS.glob("*.json")):
                self.import_realm(json.loads(file.read_text()))
        except BaseException:
            self.__exit__()
            raise
        return self

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                if self._client.get("/realms/master").is_success:
                    return
            except httpx2.TransportError:
                time.sleep(0.5)
        raise AssertionError(f"Keycloak did not start:\n{self.log.read_text()[-4000:]}")

    def __exit__(self, *_: object) -> None:
        self._client.close()
        for sign in (signal.SIGTERM, signal.SIGKILL):
            if self._process.poll() is None:
                os.killpg(self._process.pid, sign)
                with contextlib.suppress(subprocess.TimeoutExpired):  # then it is killed
                    self._process.wait(timeout=30)

    # --- the Admin API --------------------------------------------------------

    def admin(self, method: str, path: str, body: Any = None, token: str | None = None) -> httpx2.Response:
        """`path` below /admin/realms; as the bootstrap administrator unless another's token is given."""
        bearer = token or self._admin_token()
        return self._client.request(
            method, f"/admin/realms{path}", json=body, headers={"Authorization": f"Bearer {bearer}"}
        )

    def change(self, method: str, path: str, body: Any = None, token: str | None = None) -> httpx2.Response:
        """As `admin`, and it has to succeed."""
        answer = self.admin(method, path, body, token)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer

    def import_realm(self, realm: dict[str, Any]) -> None:
        self.change("POST", "", realm)

    def get_token(self, realm: str, username: str, password: str, client: str = "admin-cli") -> str:
        """By the password grant, which only the built-in client admin-cli has: for administration alone."""
        form = {"grant_type": "password", "client_id": client, "username": username, "password": password}
        answer = self._client.post(f"/realms/{realm}/protocol/openid-connect/token", data=form)
        assert answer.is_success, answer.text
        token: str = answer.json()["access_token"]
        return token

    def _admin_token(self) -> str:
        if time.monotonic() > self._admin_until:  # it lives for a minute
            self._bearer = self.get_token("master", "admin", self._password)
            self._admin_until = time.monotonic() + 40
        return self._bearer

    def realm_id(self, realm: str) -> str:
        found: str = self.change("GET", f"/{realm}").json()["id"]
        return found

    def user_id(self, realm: str, username: str) -> str:
        [user] = self.change("GET", f"/{realm}/users?exact=true&username={username}").json()
        found: str = user["id"]
        return found

    def group_id(self, realm: str, name: str) -> str:
        [group] = self.change("GET", f"/{realm}/groups?exact=true&search={name}").json()
        found: str = group["id"]
        return found

    def console(self, realm: str) -> dict[str, Any]:
        """The console's client with its mappers."""
        [client] = self.change("GET", f"/{realm}/clients?clientId=kube-dc-console").json()
        found: dict[str, Any] = client
        return found

    # --- what a user's browser does -------------------------------------------

    def refresh(self, realm: str, refresh_token: str) -> httpx2.Response:
        return self._token_request(realm, "token", {"grant_type": "refresh_token", "refresh_token": refresh_token})

    def log_out(self, realm: str, refresh_token: str) -> None:
        answer = self._token_request(realm, "logout", {"refresh_token": refresh_token})
        assert answer.is_success, answer.text

    def _token_request(self, realm: str, endpoint: str, form: dict[str, str]) -> httpx2.Response:
        path = f"/realms/{realm}/protocol/openid-connect/{endpoint}"
        return self._client.post(path, data={"client_id": "kube-dc-console", **form})
