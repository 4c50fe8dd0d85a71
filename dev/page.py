"""Serves the built page (ui/dist) under /billing/: Envoy serves no files. Run by uvicorn as `dev.page:app`."""

import json
import os
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

DIST = Path(os.environ.get("PAGE_DIST", ROOT / "ui" / "dist"))
BUILD = "cd ui && npm ci && npm run build"
NOT_FOUND = 404


class Page(StaticFiles):
    """The page finds its own way: any path that names no file is index.html's."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        if not (DIST / "index.html").exists():
            return PlainTextResponse(f"The page is not built. Build it with:\n\n  {BUILD}\n", status_code=503)
        try:
            response = await super().get_response(path, scope)
        except HTTPException as exc:
            if exc.status_code != NOT_FOUND or PurePosixPath(path).suffix:
                raise
            response = await super().get_response("index.html", scope)
        # Only what Vite named by its content may be kept without asking.
        kept = path.startswith("assets/") and response.status_code != NOT_FOUND
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if kept else "no-cache"
        return response


def environment_script(_: Request) -> Response:
    """What the console gives its pages, as globals of `window`."""
    names = {"backendURL": "BACKEND_URL", "frontendURL": "FRONTEND_URL", "keycloakURL": "KEYCLOAK_URL"}
    lines = [f"window.{name} = {json.dumps(os.environ[variable])};" for name, variable in names.items()]
    return Response("\n".join(lines) + "\n", media_type="text/javascript", headers={"Cache-Control": "no-cache"})


class SecurityHeaders:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        connect = f"'self' {os.environ['BACKEND_URL']} {os.environ['KEYCLOAK_URL']}"
        policy = {
            "default-src": "'none'",
            "script-src": "'self'",
            "style-src": "'self' 'unsafe-inline'",  # PatternFly's charts and popovers set style attributes
            "img-src": "'self' data:",
            "font-src": "'self' data:",
            "connect-src": connect,
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


app = Starlette(
    routes=[
        Route("/billing/env.js", environment_script),
        Mount("/billing", Page(directory=DIST, html=True, check_dir=False)),
    ],
    middleware=[Middleware(SecurityHeaders)],
)
