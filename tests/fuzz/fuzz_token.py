"""Fuzz the token path, guided by coverage: `make fuzz` (FUZZ_SECONDS=60).

An input is an Authorization line, or a token's header and payload (parted by NUL) that acme then signs. Whatever it is,
the outcome is a caller of the realm whose key signed it or an ApiError, within 5 s and 1 GiB; everything else stops the
run with the input that did it. The corpus begins with the rows of the token table.
"""

import asyncio
import sys
import tempfile
from pathlib import Path

try:
    import atheris
except ImportError:
    sys.exit(
        "NOT FUZZED: atheris has no wheel for this Python and platform; requirements-fuzz.lock has those there are"
    )

with atheris.instrument_imports(include=["common"]):
    from common.billing.transport import HttpClient, Timeouts
    from common.http.errors import ApiError
    from common.identity.authenticator import Authenticator
    from common.identity.caller import Caller
    from common.identity.key_sets import KeySets
    from common.identity.token import read_credentials

from tests.kit import in_process
from tests.kit.identity import IdentityProvider
from tests.kit.token_table import ROWS
from tests.kit.tokens import AUDIENCE, Signer, claims, ed_key, header, to_bytes, token

LINE, SIGNED = b"L", b"S"
SEEDED = {"acme", "acme-prod", "globex"}  # whose signed tokens the table's rows hold
BOUNDS = ["-timeout=5", "-rss_limit_mb=1024", "-max_len=4096"]


class Target:
    """The steps of a function from an Authorization line to a caller. The keys of acme are available."""

    def __init__(self) -> None:
        s = in_process.settings(oidc_audience=AUDIENCE, log_level="ERROR", token_cache_seconds=0)
        http = HttpClient(
            Timeouts(connect=1, read=1, pool=1, total=1),
            s.jwks_max_bytes,
            transport=in_process.Double(IdentityProvider()),
        )
        self._authenticator = Authenticator(s, KeySets(s, http))
        self._runner = asyncio.Runner()
        self.callers = self.refused = 0

    def __call__(self, data: bytes) -> None:
        line = data[1:] if data[:1] == LINE else b"Bearer " + signed(data[1:])
        try:
            caller = self._runner.run(self._ask(line))
        except ApiError:
            self.refused += 1
        else:
            assert caller.organization in ({"acme"} if data[:1] != LINE else SEEDED), "nobody signed that"
            self.callers += 1

    async def _ask(self, line: bytes) -> Caller:
        unverified_token = read_credentials([line])
        known = self._authenticator.get_caller(unverified_token)
        return known or await self._authenticator.authenticate(unverified_token)


def signed(data: bytes) -> bytes:
    """Header and payload as they are given, and acme's good signature."""
    head, _, payload = data.partition(b"\0")
    return token(head, payload, Signer("EdDSA", ed_key())).encode()


def write_corpus(folder: Path) -> None:
    good = to_bytes(header(alg="EdDSA", kid="ed"))
    seeds = [LINE + line for row in ROWS for line in row.make().lines if len(line) < 4096]
    seeds += [
        SIGNED + good + b"\0" + to_bytes(claims()),
        SIGNED + good + b"\0" + to_bytes(claims(nbf=1.5, aud=AUDIENCE)),
    ]
    for n, seed in enumerate(seeds):
        (folder / f"{n:04}").write_bytes(seed)


def main() -> None:
    target = Target()
    target(SIGNED + to_bytes(header(alg="EdDSA", kid="ed")) + b"\0" + to_bytes(claims()))
    assert target.callers == 1, "a good token is refused: nothing behind the signature would be reached"
    with tempfile.TemporaryDirectory() as folder:
        write_corpus(Path(folder))
        atheris.Setup([sys.argv[0], *BOUNDS, *sys.argv[1:], folder], target)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
