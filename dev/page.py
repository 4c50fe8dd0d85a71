"""Serves the built page (ui/dist) under /billing/, as Envoy serves no files: uvicorn --factory dev.page:app."""

import json
import os
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dev.settings import ROOT

DIST = ROOT / "ui" / "dist"
BUILD = "make page"
NOT_FOUND = 404


class Page(StaticFiles):
    """The page finds its own way: any path that names no file is index.html's."""

    def __init__(self, dist: Path) -> None:
        super().__init__(directory=dist, html=True, check_dir=False)
        self._index = dist / "index.html"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._index.exists():
            await super().__call__(scope, receive, send)
        else:
            text = f"The page is not built. Build it with:\n\n  {BUILD}\n\nand reload; nothing has to be restarted.\n"
            await PlainTextResponse(text, status_code=503)(scope, receive, send)

    async def get_response(self, path: str, scope: Scope) -> Response:
        try:
            response = await super().get_response(path, scope)
        except HTTPException as exc:
            if exc.status_code != NOT_FOUND or PurePosixPath(path).suffix:
                raise
            response = await super().get_response("index.html", scope)
        # Only what Vite named by its content may be kept without asking.
        kept = path.startswith("assets/")
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if kept else "no-cache"
        return response


class SecurityHeaders:
    def __init__(self, app: ASGIApp, connect: list[str]) -> None:
        self._app = app
        policy = {
            "default-src": "'none'",
            "script-src": "'self'",
            "style-src": "'self' 'unsafe-inline'",  # PatternFly's charts and popovers set style attributes
            "img-src": "'self' data:",
            "font-src": "'self' data:",
            "connect-src": " ".join(["'self'", *connect]),
            "base-uri": "'none'",
            "form-action": "'none'",
            "frame-ancestors": "'none'",
        }
        self._headers = {
            "Content-Security-Policy": "; ".join(f"{name} {sources}" for name, sources in policy.items()),
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self._headers)
            await send(message)

        await self._app(scope, receive, send_with_headers)


def create_app(dist: Path, environment: Mapping[str, str]) -> Starlette:
    """`environment` has what the console gives its pages as globals: BACKEND_URL, FRONTEND_URL, KEYCLOAK_URL."""
    names = {"backendURL": "BACKEND_URL", "frontendURL": "FRONTEND_URL", "keycloakURL": "KEYCLOAK_URL"}
    script = "".join(f"window.{name} = {json.dumps(environment[key])};\n" for name, key in names.items())

    def environment_script(_: Request) -> Response:
        return Response(script, media_type="text/javascript", headers={"Cache-Control": "no-cache"})

    connect = [environment["BACKEND_URL"], environment["KEYCLOAK_URL"]]
    return Starlette(
        routes=[Route("/billing/env.js", environment_script), Mount("/billing", Page(dist))],
        middleware=[Middleware(SecurityHeaders, connect=connect)],
    )


def app() -> Starlette:
    return create_app(DIST, os.environ)
