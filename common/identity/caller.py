"""The sender of a request, from a verified token. Only authenticator.py creates a Caller."""

import time
from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    ORG_ADMIN = "org-admin"
    PROJECT_USER = "project-user"
    GUEST = "guest"


@dataclass(frozen=True, slots=True)
class Caller:
    """`namespaces` are the namespaces in the token. This does not prove that they belong to the organization.

    `expires`: `exp` of the token, Unix time.
    """

    organization: str
    subject: str | None
    role: Role
    namespaces: frozenset[str]
    expires: float = 0.0

    @property
    def is_valid(self) -> bool:
        return time.time() < self.expires
