"""Who sends a request, as a verified token says. Only authenticator.py creates a Caller."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    ORG_ADMIN = "org-admin"
    PROJECT_USER = "project-user"
    GUEST = "guest"


@dataclass(frozen=True, slots=True)
class Caller:
    """`namespaces` are those that the token names; the token is no proof that they belong to the organization."""

    organization: str
    subject: str | None
    role: Role
    namespaces: frozenset[str]
