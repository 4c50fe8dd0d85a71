"""The paths of the two resources, and the check of an error response."""

import httpx2

OVERVIEW = "/api/project/acme-web/overview?organization=acme"
PROJECTS = "/api/organization/acme/projects"


def assert_error(response: httpx2.Response, status: int, code: str) -> dict[str, str]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "no-store"
    body: dict[str, str] = response.json()
    assert body["code"] == code
    assert body["message"]
    return body
