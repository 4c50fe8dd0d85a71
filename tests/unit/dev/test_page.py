from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from dev.page import create_app

ENVIRONMENT = {
    "BACKEND_URL": "http://127.0.0.1:8080",
    "FRONTEND_URL": "http://localhost:8080",
    "KEYCLOAK_URL": "http://127.0.0.1:8081",
}


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><title>Billing</title>")
    (tmp_path / "assets" / "index-abc.js").write_text("export {};")
    return tmp_path


@pytest.fixture
async def page(dist: Path) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(create_app(dist, ENVIRONMENT))
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost:8080") as client:
        yield client


@pytest.mark.parametrize("path", ["/billing/", "/billing/project/acme-web", "/billing/callback"])
async def test_a_path_of_the_page_is_index_html(page: httpx2.AsyncClient, path: str) -> None:
    """The page routes itself, so a reload anywhere finds it; index.html is asked for anew each time."""
    answer = await page.get(path)
    assert answer.status_code == 200
    assert answer.text.startswith("<!doctype html>")
    assert answer.headers["cache-control"] == "no-cache"


async def test_a_missing_file_is_404(page: httpx2.AsyncClient) -> None:
    """A script that is not there is not answered with HTML."""
    assert (await page.get("/billing/assets/index-old.js")).status_code == 404


async def test_a_built_file_has_its_type_and_is_kept(page: httpx2.AsyncClient) -> None:
    """Its name says its content, so it never changes."""
    answer = await page.get("/billing/assets/index-abc.js")
    assert answer.headers["content-type"].startswith("text/javascript")
    assert "immutable" in answer.headers["cache-control"]


async def test_the_page_is_told_its_addresses(page: httpx2.AsyncClient) -> None:
    """env.js sets the globals that the console gives its pages."""
    answer = await page.get("/billing/env.js")
    assert answer.text.splitlines() == [
        'window.backendURL = "http://127.0.0.1:8080";',
        'window.frontendURL = "http://localhost:8080";',
        'window.keycloakURL = "http://127.0.0.1:8081";',
    ]
    assert answer.headers["content-type"].startswith("text/javascript")


async def test_the_page_may_talk_to_the_api_and_the_provider_only(page: httpx2.AsyncClient) -> None:
    """The content security policy stands on every answer."""
    for path in ("/billing/", "/billing/env.js", "/billing/assets/none.js"):
        policy = (await page.get(path)).headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert "connect-src 'self' http://127.0.0.1:8080 http://127.0.0.1:8081;" in policy


async def test_a_page_that_is_not_built_says_how_to_build_it(page: httpx2.AsyncClient, dist: Path) -> None:
    """And needs no restart once it is built."""
    text = (dist / "index.html").read_text()
    (dist / "index.html").unlink()
    answer = await page.get("/billing/")
    assert answer.status_code == 503
    assert "make page" in answer.text
    (dist / "index.html").write_text(text)
    assert (await page.get("/billing/")).status_code == 200


@pytest.mark.parametrize("path", ["/billing/../pyproject.toml", "/billing/%2e%2e/secret", "/billing/..%2fsecret.txt"])
async def test_nothing_outside_the_built_page_is_served(page: httpx2.AsyncClient, dist: Path, path: str) -> None:
    """A path that climbs finds no file beside ui/dist."""
    (dist.parent / "secret.txt").write_text("hunter2")
    assert "hunter2" not in (await page.get(path)).text
