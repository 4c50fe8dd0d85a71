"""A small API server for tests: TLS with a private CA, the paths of projects.kube-dc.com, pages, Status objects."""

import json
import ssl
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

API = "/apis/kube-dc.com/v1/namespaces"
OF_ALL = {f"/apis/kube-dc.com/v1/{plural}": plural for plural in ("organizations", "projects")}


def make_ca(name: str) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    usage = x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        crl_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    builder = _certificate(subject, subject, key.public_key()).add_extension(usage, critical=True)
    return key, builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True).sign(
        key, hashes.SHA256()
    )


def make_server_files(folder: Path, ca: tuple[ec.EllipticCurvePrivateKey, x509.Certificate]) -> tuple[Path, Path]:
    """Certificate and key for 127.0.0.1 and kubernetes.example."""
    ca_key, ca_certificate = ca
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kubernetes")])
    names = x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1")), x509.DNSName("kubernetes.example")])
    issuer_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key())
    builder = _certificate(subject, ca_certificate.subject, key.public_key()).add_extension(names, critical=False)
    certificate = builder.add_extension(issuer_key, critical=False).sign(ca_key, hashes.SHA256())
    certificate_file, key_file = folder / "server.crt", folder / "server.key"
    certificate_file.write_bytes(pem(certificate))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate_file, key_file


def pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _certificate(
    subject: x509.Name, issuer: x509.Name, public_key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def project(organization: str, name: str, namespace: str | None) -> dict[str, Any]:
    """As the API server shows it; `namespace` None: the controller has not made one yet."""
    return {
        "apiVersion": "kube-dc.com/v1",
        "kind": "Project",
        "metadata": {"name": name, "namespace": organization, "uid": f"{organization}/{name}"},
        "spec": {"cidrBlock": "10.0.0.0/24", "egressNetworkType": "cloud"},
        **({"status": {"ready": True, "namespace": namespace}} if namespace is not None else {}),
    }


def status_object(code: int, reason: str) -> dict[str, Any]:
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": "secret-upstream-text",
        "reason": reason,
        "code": code,
    }


Answer = tuple[int, object]
Fault = Callable[[str], Answer | None]


class ApiServer:
    """`projects` by organization. If `fail` is set, it returns the response instead: (status, body), bytes or JSON."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ca = make_ca("cluster")
        self.tokens = {"token-1"}
        self.projects: dict[str, list[dict[str, Any]]] = {}
        self.organizations: list[dict[str, Any]] = []  # only in the list of the cluster
        self.fail: Fault = lambda _: None
        self.content_type = "application/json"
        self.delay_seconds = 0.0
        self.requests: list[str] = []
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(*make_server_files(folder, self.ca))
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._server.socket = self._tls.wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )
        self.url = f"https://127.0.0.1:{self._server.server_address[1]}"
        self.credentials = folder / "credentials"
        self.credentials.mkdir()
        (self.credentials / "ca.crt").write_bytes(pem(self.ca[1]))
        self.write_token("token-1")
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def write_token(self, token: str) -> None:
        (self.credentials / "token").write_text(token + "\n")

    def renew_certificates(self, ca: tuple[ec.EllipticCurvePrivateKey, x509.Certificate]) -> None:
        """New handshakes use a certificate of another CA; the pod's file stays as it is."""
        self._tls.load_cert_chain(*make_server_files(self.folder, ca))

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, target: str, authorization: str | None) -> Answer:
        self.requests.append(target)
        if self.delay_seconds:
            time.sleep(self.delay_seconds)
        if (authorization or "").removeprefix("Bearer ") not in self.tokens:
            return 401, status_object(401, "Unauthorized")
        return self.fail(target) or self._find(target)

    def _find(self, target: str) -> Answer:
        parts = urlsplit(target)
        if parts.path in OF_ALL:
            return self._list_all(OF_ALL[parts.path], parse_qs(parts.query))
        organization, kind, *name = parts.path.removeprefix(API + "/").split("/")
        if not parts.path.startswith(API + "/") or kind not in {"projects", "organizations"}:
            return 404, status_object(404, "NotFound")
        if kind == "organizations":
            return self._organization(organization, name)
        items, more = _page(self.projects.get(organization, []), parse_qs(parts.query))
        return 200, project_list(items, more)

    def _list_all(self, plural: str, query: dict[str, list[str]]) -> Answer:
        """The items of a list of the API server have no kind."""
        projects = [one for items in self.projects.values() for one in items]
        items, more = _page(self.organizations if plural == "organizations" else projects, query)
        bare = [{name: value for name, value in item.items() if name not in {"apiVersion", "kind"}} for item in items]
        return 200, project_list(bare, more) | {"kind": f"{plural[:-1].title()}List"}

    def _organization(self, organization: str, name: list[str]) -> Answer:
        if name != [organization] or organization not in self.projects:
            return 404, status_object(404, "NotFound")
        metadata = {"name": organization, "namespace": organization}
        return 200, {"apiVersion": "kube-dc.com/v1", "kind": "Organization", "metadata": metadata}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 10
            disable_nagle_algorithm = True  # head and body are two writes

            def do_GET(self) -> None:
                status, body = api.answer(self.path, self.headers.get("authorization"))
                data = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", api.content_type)
                self.send_header("Content-Length", str(len(data)))
                if status in {301, 302, 307, 308}:
                    self.send_header("Location", api.url + "/elsewhere")
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
                pass

            def handle(self) -> None:
                try:
                    super().handle()
                except (ssl.SSLError, ConnectionError):
                    self.close_connection = True  # a client that does not trust us goes away

        return Handler


def _page(items: list[dict[str, Any]], query: dict[str, list[str]]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    limit, start = int(query["limit"][0]), int(query.get("continue", ["0"])[0].removeprefix("after/") or 0)
    following = start + limit
    return items[start:following], {"continue": f"after/{following}"} if following < len(items) else {}


def project_list(items: list[dict[str, Any]], metadata: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "apiVersion": "kube-dc.com/v1",
        "kind": "ProjectList",
        "metadata": {"resourceVersion": "7", **(metadata or {})},
        "items": items,
    }
