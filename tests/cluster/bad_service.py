"""A billing service that is wrong in one way: `python bad_service.py KIND URL`, in the image of the billing service.

unavailable: every response is 503. foreign: the figures are of another owner. slow: a response takes a second longer.
URL is the real billing service. It needs the standard library only, because its file is mounted alone.
"""

import json
import sys
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SLOW_SECONDS = 1.0


def fetch(url: str, token: str) -> tuple[int, bytes]:
    request = urllib.request.Request(url, headers={"Authorization": token})
    try:
        with urllib.request.urlopen(request, timeout=10) as reply:
            return reply.status, reply.read()
    except urllib.error.HTTPError as exc:
        return exc.code, exc.read()


def reply_of(kind: str, url: str, token: str) -> tuple[int, bytes]:
    if kind == "unavailable":
        return 503, b'{"code": "database_unavailable", "message": "on purpose"}'
    if kind == "slow":
        time.sleep(SLOW_SECONDS)
    status, body = fetch(url, token)
    if kind == "foreign" and status == 200:
        owner = {"namespace": "somebody-else", "organization": "somebody"}
        content = json.loads(body)
        body = json.dumps(content | {name: value for name, value in owner.items() if name in content}).encode()
    return status, body


def main(kind: str, real: str, port: int) -> None:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            status, body = reply_of(kind, real + self.path, self.headers.get("Authorization", ""))
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    ThreadingHTTPServer(("", port), Handler).serve_forever()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 5000)
