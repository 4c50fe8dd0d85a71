"""The sender of a request, from a verified token. Only authenticator.py creates a Caller."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    ORG_ADMIN = "org-admin"
    PROJECT_USER = "project-user"
    GUEST = "guest"


@dataclass(frozen=True, slots=True)
class Caller:
    """`namespaces` are the namespaces in the token. This does not prove that they belong to the organization."""

    organization: str
    subject: str | None
    role: Role
    namespaces: frozenset[str]
