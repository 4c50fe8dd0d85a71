"""What every change through the API has: a version to change, an idempotency key, and a row in the trail of changes.

All of it is written in the transaction of the change (Database.change).
"""

import hashlib
import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, LiteralString, TypeVar
from urllib.parse import unquote

from fastapi import Request, Response
from psycopg.types.json import Jsonb
from pydantic import BaseModel, ValidationError

from billing_service.database import Connection, Database
from billing_service.errors import BadRequest, BodyTooLarge, IdempotencyKeyReused, InvalidBody, PreconditionFailed
from billing_service.member_errors import code_of
from billing_service.render import render, text
from billing_service.strict_json import loads

B = TypeVar("B", bound=BaseModel)

MAX_BODY_BYTES = 65_536
KEY_HOURS = 24  # a key is forgotten after it (worker/jobs.py)
_LONGEST_KEY = 255
_LONGEST_ACTOR = 255
_VERSION = re.compile(r'"([0-9]+)(?:-[0-9a-f]+)?"')

_TAKE: LiteralString = """
    INSERT INTO idempotency_keys (organization, key, fingerprint)
    VALUES (%(organization)s, %(key)s, %(fingerprint)s) ON CONFLICT DO NOTHING RETURNING key
"""
_TAKEN: LiteralString = """
    SELECT fingerprint, status, tag, reply FROM idempotency_keys WHERE organization = %(organization)s AND key = %(key)s
"""
_KEEP: LiteralString = """
    UPDATE idempotency_keys SET status = %(status)s, tag = %(tag)s, reply = %(reply)s
    WHERE organization = %(organization)s AND key = %(key)s
"""
# The time of the row and not of its transaction, which may have waited for another change of the same row.
_AUDIT: LiteralString = """
    INSERT INTO audit (organization, domain, id, action, actor, at, before, after)
    VALUES (%(organization)s, %(domain)s, %(id)s, %(action)s, %(actor)s, clock_timestamp(), %(before)s, %(after)s)
"""


@dataclass(frozen=True)
class Reply:
    """`tag` is the version of what the body describes. What else the body depends on can follow it after a hyphen."""

    status: int
    body: dict[str, Any]
    tag: int | str | None = None

    def render(self, **more: Any) -> Response:
        """`more`: members that depend on the caller."""
        return render(self.status, self.body | more, {} if self.tag is None else tag_header(self.tag))


@dataclass(frozen=True)
class Change:
    """A request that changes something of an organization. `actor`: the subject of the caller's token."""

    organization: str
    actor: str
    key: str | None
    version: str | None  # If-Match
    content: bytes  # what must be the same if the key is: method, path, If-Match and body

    @property
    def own_key(self) -> str:
        """A key belongs to its user: the same key of another one is another key."""
        return f"{self.actor}\n{self.key}"

    @cached_property
    def fingerprint(self) -> bytes:
        """Slow, so that a password in a body cannot be guessed from it."""
        salt = f"{self.organization}/{self.own_key}".encode()
        return hashlib.scrypt(self.content, salt=salt, n=2**13, r=8, p=1)

    def check_version(self, current: int) -> None:
        """Only the version of the tag counts. Raises PreconditionFailed, BadRequest."""
        if self.version is None:
            raise BadRequest("the header If-Match is required")
        match = _VERSION.fullmatch(self.version)
        if match is None or match[1] != str(current):
            raise PreconditionFailed("the current version is another one: read it again")

    async def audit(
        self,
        connection: Connection,
        subject: tuple[str, str],
        action: str,
        *,
        before: dict[str, Any] | None,
        after: dict[str, Any] | None,
    ) -> None:
        """`subject`: domain and id. `before` and `after` without secrets."""
        given: dict[str, Any] = {"organization": self.organization, "domain": subject[0], "id": subject[1]}
        given |= {"action": action, "actor": self.actor, "before": _json(before), "after": _json(after)}
        await connection.execute(_AUDIT, given, prepare=False)

    async def earlier(self, database: Database) -> Reply | None:
        """The reply of the first time with this key. Raises IdempotencyKeyReused."""
        if self.key is None:
            return None
        return self._same(await database.fetch(_TAKEN, organization=self.organization, key=self.own_key))

    async def once(self, connection: Connection, make: Callable[[], Awaitable[Reply]]) -> Reply:
        """Makes the change, or sends the reply of the first time with this key. Raises IdempotencyKeyReused.

        Of two requests at the same time, the second waits for the end of the first one's transaction.
        """
        if self.key is None:
            return await make()
        given = {"organization": self.organization, "key": self.own_key, "fingerprint": self.fingerprint}
        taken = await (await connection.execute(_TAKE, given, prepare=False)).fetchall()
        if not taken:
            first = self._same(await (await connection.execute(_TAKEN, given, prepare=False)).fetchall())
            if first is not None:
                return first
        reply = await make()
        kept = {"status": int(reply.status), "tag": None if reply.tag is None else _tag(reply.tag)}
        await connection.execute(_KEEP, given | kept | {"reply": text(reply.body)}, prepare=False)
        return reply

    def _same(self, rows: list[dict[str, Any]]) -> Reply | None:
        if not rows:
            return None
        first = rows[0]
        if first["fingerprint"] != self.fingerprint:
            raise IdempotencyKeyReused("the Idempotency-Key was used for another request")
        return Reply(first["status"], loads(first["reply"]), first["tag"] and first["tag"].strip('"'))


async def read_change(request: Request, organization: str) -> tuple[Change, bytes]:
    """And its body. Raises BadRequest, BodyTooLarge."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MAX_BODY_BYTES:
            raise BodyTooLarge(f"at most {MAX_BODY_BYTES} bytes are allowed")
    key, version = request.headers.get("idempotency-key"), request.headers.get("if-match")
    if key is not None and not 0 < len(key) <= _LONGEST_KEY:
        raise BadRequest(f"the header Idempotency-Key must have 1 to {_LONGEST_KEY} characters")
    actor = unquote(request.headers.get("x-actor", ""))[:_LONGEST_ACTOR].replace("\0", "")
    content = "\n".join((request.method, request.url.path, version or "", "")).encode() + body
    return Change(organization, actor or "unknown", key, version, content), body


def read_body(model: type[B], body: bytes) -> B:
    """Raises InvalidBody, which names the first mistake. It contains no value, because a value may be a secret."""
    try:
        content = loads(body)
    except ValueError:
        raise invalid("format", "must be JSON, with no member twice and no NaN") from None
    try:
        return model.model_validate(content)
    except ValidationError as error:
        mistake = error.errors(include_url=False, include_input=False, include_context=False)[0]
        message = mistake["msg"].removeprefix("Value error, ")
        location = _in_body(mistake["loc"], content, missing=mistake["type"] == "missing")
        raise invalid(code_of(mistake["type"]), message, *location) from None


def invalid(code: str, message: str, *location: str | int) -> InvalidBody:
    """`code`: of member_errors.py."""
    pointer = "".join(f"/{part}" for part in location)
    return InvalidBody(f"{pointer or 'body'}: {message}", [{"pointer": pointer, "message": message, "code": code}])


def _in_body(location: tuple[str | int, ...], content: Any, *, missing: bool) -> Iterator[str | int]:
    """Without the parts that pydantic adds for the members of a union. The last part of a missing member is kept."""
    for number, part in enumerate(location, start=1):
        if isinstance(content, dict | list) and part in (content if isinstance(content, dict) else range(len(content))):
            content = content[part]  # type: ignore[index] # a list has numbers in its range only
            yield part
        elif missing and number == len(location):
            yield part


def tag_header(version: int | str) -> dict[str, str]:
    return {"ETag": _tag(version)}


def _tag(version: int | str) -> str:
    return f'"{version}"'


def _json(value: dict[str, Any] | None) -> Jsonb | None:
    return None if value is None else Jsonb(value, dumps=text)
