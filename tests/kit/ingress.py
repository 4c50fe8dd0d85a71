"""The local platform's ingress (Envoy), in front of the functions that a test starts."""

import json
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dev import ingress
from dev.declarations import local_ports
from dev.functions import read_functions
from dev.settings import Settings, free_ports, port_variable
from tests.kit.process import ORIGIN, FunctionProcess, wait_until


class Ingress:
    """Envoy before `processes`; the routes of the other functions lead to closed ports."""

    def __init__(
        self, processes: Sequence[FunctionProcess], folder: Path, more_rules: Sequence[dict[str, Any]] = ()
    ) -> None:
        functions = read_functions()
        ports = free_ports(local_ports()) | {port_variable(process.name): process.port for process in processes}
        config = folder / "envoy.json"
        routes = ingress.function_routes([*more_rules, *ingress.read_rules()], functions)
        routes.append(ingress.page_route(is_built=True))
        settings = Settings(data=folder, ports=ports, environment={"CORS_ALLOWED_ORIGINS": ORIGIN})
        config.write_text(json.dumps(ingress.configuration(routes, functions, settings)))
        self.port = ports["INGRESS_PORT"]
        part = ingress.part(settings, config)
        self.process = subprocess.Popen(part.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_until(part.ready, 10)
        except BaseException:
            self.close()
            raise

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), 20)

    def rss_bytes(self) -> int:
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * 4096

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(10)
