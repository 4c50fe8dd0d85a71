"""An HTTP server that replies as a test wants: what a real Prometheus does rarely."""

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

Reply = tuple[int, bytes]
EMPTY: dict[str, Any] = {"status": "success", "data": {"resultType": "matrix", "result": []}}


def reply(body: Any = EMPTY, status: int = 200) -> Reply:
    return status, json.dumps(body).encode()


@dataclass
class Fake:
    url: str
    reply: Callable[[str, dict[str, str]], Reply]  # the last part of the path, and the form
    headers: list[dict[str, str]] = field(default_factory=list)


@contextmanager
def serving(answer: Callable[[str, dict[str, str]], Reply], certificate: Path | None = None) -> Iterator[Fake]:
    """With a certificate file (key and certificate), over TLS."""
    fake = Fake("", answer)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            fake.headers.append({name.lower(): value for name, value in self.headers.items()})
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            status, content = fake.reply(self.path.rpartition("/")[2], form)
            self.send_response(status)
            if status in {301, 302, 307, 308}:
                self.send_header("Location", content.decode())
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    fake.url = f"{'https' if certificate else 'http'}://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
