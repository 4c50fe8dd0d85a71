"""The receiver of the local platform: it keeps what channels with its URL are sent, and `make notifications` prints it.

The URL of a channel is http://127.0.0.1:8083/ (RECEIVER_PORT). Everything is 200.
"""

import json
import sys
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from dev.provider import answers
from dev.settings import LOOPBACK, Settings, kept_secret
from dev.supervisor import Part

MOST_BYTES = 1_048_576
SHOWN = ("webhook-id", "webhook-timestamp", "webhook-signature")


class Handler(BaseHTTPRequestHandler):
    file: Path

    def do_GET(self) -> None:
        """For the platform's check."""
        self._respond()

    def do_POST(self) -> None:
        size = min(int(self.headers.get("content-length", 0)), MOST_BYTES)
        text = self.rfile.read(size).decode(errors="replace")
        headers = {name: self.headers[name] for name in SHOWN if name in self.headers}
        received = {"at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", "path": self.path, **headers, "body": text}
        with self.file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(received) + "\n")
        self._respond()

    def _respond(self) -> None:
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """`make notifications` is the log."""


def part(settings: Settings) -> Part:
    port = settings.ports["RECEIVER_PORT"]
    command = [sys.executable, "-m", "dev.receiver", str(port), str(settings.data / "notifications.jsonl")]
    return Part("receiver", command, {}, ready=lambda: answers(f"http://{LOOPBACK}:{port}/"))


def channel_settings(settings: Settings) -> dict[str, str]:
    """Channels may reach the receiver, without TLS. Variables of the environment replace these settings."""
    prefixes = ("NOTIFICATIONS_", "SMTP_")
    given = {name: value for name, value in settings.environment.items() if name.startswith(prefixes)}
    own = {
        "NOTIFICATIONS_KEYS": f"{kept_secret(settings.data, 'notifications-key')}=",
        "NOTIFICATIONS_SCHEMES": "https,http",
        "NOTIFICATIONS_PORTS": f"443,{settings.ports['RECEIVER_PORT']}",
        "NOTIFICATIONS_ALLOWED_NETWORKS": "127.0.0.0/8",
    }
    return own | given


def show(file: Path) -> None:
    """Prints what was received, the oldest first."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    for line in lines:
        received = json.loads(line)
        print(f"{received.pop('at')} {received.pop('path')}")
        body = received.pop("body")
        for name, value in received.items():
            print(f"  {name}: {value}")
        print(f"  {body}")
    print(f"{len(lines)} notifications were received")


def main(port: int, file: Path) -> None:
    Handler.file = file
    ThreadingHTTPServer((LOOPBACK, port), Handler).serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
