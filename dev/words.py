"""The word list of `make lint`: phrases that are hard to read in a second language, each with a replacement.

Read are Markdown and YAML, the docstrings, comments and strings of Python, the comments, strings and page texts of
TypeScript, and the comments of Makefiles and SQL. Not read are code, `quoted code`, links and paths. A line that must
quote a phrase has the marker `words: quoted`.

codespell, proselint and vale were examined first. codespell replaces single words, proselint has a fixed list, and the
package of vale downloads a program.
"""

import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
MARKER: Final = "words: quoted"
PHRASES: Final = {  # a regular expression, and what to write instead
    r"answer(s|ed|ing)?": "response, respond, return; or the status",
    r"asks|asked|asking|asker": "request, fetch, call, require",
    r"says|said|saying|tells|told": "contains, names, defines, shows, prints",
    r"knows|believes?|believed": "has, accepts, trusts, contains",
    r"(?<!there )(?:is|are|was|were|be) (?:no|(?-i:none))(?! longer)": "is not a, does not",
    r"of (?:its|their|our|his|your) own": "separate, dedicated, or its own ...",
    r"to be had": "available",
    r"at hand": "available",
    r"anew": "again",
    r"for ever": "without end",
    r"whole(?! number)": "complete, total",
    r"the former|the latter|that which": "name the thing",
    r"somebody|everybody|anybody": "a client, a caller, an operator",
    r"of the house|the house(?:'s|s)?": "of this repository, our",
}
PENDING: Final = ("billing_service/", "tests/")  # not rewritten yet; remove an entry when its texts are done
PATTERN: Final = re.compile(
    "|".join(rf"(?P<p{number}>\b(?:{phrase})\b)" for number, phrase in enumerate(PHRASES)), re.IGNORECASE
)
NOT_READ: Final = re.compile(
    r"`[^`\n]+`|\]\([^)\n]*\)|https?://\S+|[\w.{}-]*/[\w./{}<>*-]+|\b[\w-]+\.(?:md|py|yaml|ts)\b"
)
TYPESCRIPT: Final = re.compile(
    r"""//[^\n]*|/\*.*?\*/|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`|>[^<>{};=]+<""", re.DOTALL
)
COMMENT: Final = re.compile(r"(?:^|\s)(?:#|--)\s.*|## .*", re.MULTILINE)
GENERATED: Final = ("ui/src/app/ManageOrganization/Billing/api/schema.ts",)  # from docs/openapi.yaml, which is read


def check(path: str, text: str) -> list[str]:
    """`file:line: phrase: suggestion`, one entry per phrase found."""
    lines = text.splitlines()
    found = []
    for start, part in _parts(path, text):
        readable = NOT_READ.sub(lambda match: re.sub(r"[^\n]", "_", match[0]), part)
        for match in PATTERN.finditer(readable):
            line = start + readable.count("\n", 0, match.start())
            if MARKER not in lines[line - 1]:
                suggestion = list(PHRASES.values())[int((match.lastgroup or "p0")[1:])]
                found.append(f'{path}:{line}: "{" ".join(match[0].split())}": write {suggestion}')
    return found


def _parts(path: str, text: str) -> Iterator[tuple[int, str]]:
    """The texts of a file, each with the number of its first line."""
    suffix = Path(path).suffix
    if suffix in {".py", ".txt"}:
        yield from _python(text)
    elif suffix in {".md", ".yaml"}:
        yield 1, text
    elif suffix in {".ts", ".tsx", ".mjs"}:
        yield from _matches(TYPESCRIPT, text)
    elif suffix in {".mk", ".sql", ".toml"} or Path(path).name in {"Makefile", "Containerfile"}:
        yield from _matches(COMMENT, text)


def _python(text: str) -> Iterator[tuple[int, str]]:
    kinds = {tokenize.COMMENT, tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)}
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in kinds:
            yield token.start[0], token.string


def _matches(pattern: re.Pattern[str], text: str) -> Iterator[tuple[int, str]]:
    for match in pattern.finditer(text):
        yield 1 + text.count("\n", 0, match.start()), match[0]


def main() -> int:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S607
    paths = [path for path in listed.stdout.splitlines() if not path.startswith((*PENDING, *GENERATED))]
    found = [hit for path in paths if (ROOT / path).is_file() for hit in check_file(path)]
    for hit in found:
        print(hit)
    print(f"words: {len(found)} to replace; not checked yet: {', '.join(PENDING)}" if found or PENDING else "words: ok")
    return 1 if found else 0


def check_file(path: str) -> list[str]:
    return [] if path == "dev/words.py" else check(path, (ROOT / path).read_text(errors="replace"))


if __name__ == "__main__":
    sys.exit(main())
