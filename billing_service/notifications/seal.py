"""Secrets of channels, encrypted with the keys of the installation: Fernet of the library cryptography.

The first key encrypts, all of them decrypt: a new key is put before the old one. What is encrypted names its channel,
so that the secret of one channel is of no use in the row of another.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class NoKeyError(Exception):
    """The installation has no key."""


class UnreadableError(Exception):
    """No key of the installation decrypts it, or it is the secret of another channel."""


@dataclass(frozen=True)
class Sealer:
    """`keys`: each 32 bytes in URL-safe base64. Raises ValueError for another form. Nothing here is ever logged."""

    keys: Sequence[str] = ()

    def __post_init__(self) -> None:
        for key in self.keys:
            Fernet(key)

    def seal(self, organization: str, channel: str, secrets: dict[str, Any]) -> bytes:
        """Raises NoKeyError."""
        content = {"organization": organization, "channel": channel, "secrets": secrets}
        return self._fernet().encrypt(json.dumps(content).encode())

    def open(self, organization: str, channel: str, sealed: bytes) -> dict[str, Any]:
        """Raises NoKeyError, UnreadableError."""
        fernet = self._fernet()
        try:
            content = json.loads(fernet.decrypt(sealed))
        except InvalidToken as error:
            raise UnreadableError from error
        if (content["organization"], content["channel"]) != (organization, channel):
            raise UnreadableError
        return dict(content["secrets"])

    def renew(self, sealed: bytes) -> bytes | None:
        """Encrypted with the first key; None if it is already. Raises NoKeyError, UnreadableError."""
        fernet = self._fernet()
        try:
            Fernet(self.keys[0]).decrypt(sealed)
        except InvalidToken:
            try:
                return fernet.rotate(sealed)
            except InvalidToken as error:
                raise UnreadableError from error
        return None

    def _fernet(self) -> MultiFernet:
        if not self.keys:
            raise NoKeyError
        return MultiFernet([Fernet(key) for key in self.keys])
