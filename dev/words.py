"""The word list of `make lint`: phrases that are hard to read in a second language, each with a replacement.

Read are Markdown and YAML, the docstrings, comments and strings of Python, the comments, strings and page texts of
TypeScript, the English texts of the page (i18n/en/*.json), and the comments of Makefiles, SQL, TOML and shell. Not read
are code, `quoted code`, links and paths. A line that must quote a phrase has the marker `words: quoted`.

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
LEFT_OUT: Final = (
    "dev/words.py",
    "billing_service/migrations/",  # an applied migration is never edited
    "ui/src/app/ManageOrganization/Billing/api/schema.ts",  # generated from docs/openapi.yaml, which is read
)
MARKER: Final = "words: quoted"
PHRASES: Final = {  # a regular expression, and what to write instead
    r"answer(s|ed|ing)?": "respond, response, return, or the status",
    r"asks|asked|asking": "send a request, fetch, call, require",
    r"says|said|saying|tells|told": "contain, name, define, show, print",
    r"knows|believes?|believed": "have, accept, trust, contain",
    r"do(?:es)? not know": "does not support, have or contain",
    r"from ever on": "without a start date",
    r"(?<!there\s)(?:is|are|was|were|be) (?:no|(?-i:none))(?! longer)": "is not, does not, is not a",
    r"of (?:its|their|our|his|your) own": "separate, dedicated, or its own ...",
    r"to be had": "available",
    r"at hand": "available",
    r"anew": "again",
    r"for ever": "without end",
    r"whole(?! number)": "complete, total",
    r"the former|the latter|that which": "the name of the thing",
    r"somebody|everybody|anybody": "a client, a caller, an operator",
    r"of the house|the house(?:'s|s)?": "of this repository",
}
PATTERN: Final = re.compile(
    "|".join(rf"(?P<p{n}>\b(?:{phrase})\b)".replace(" ", r"\s+") for n, phrase in enumerate(PHRASES)), re.IGNORECASE
)
NOT_READ: Final = re.compile(
    r"(?<=['\"])[\w-]+(?=['\"])"  # a string of one word is a value, not a text
    r"|`[^`\n]+`|\{[^{}\n]*\}"  # code, and expressions in a string
    r"|\]\([^)\n]*\)|https?://\S+|[\w.{}-]*/[\w./{}<>*-]+|\b[\w-]+\.(?:md|py|yaml|ts)\b"  # links and paths
)
TYPESCRIPT: Final = re.compile(
    r"""//[^\n]*|/\*.*?\*/|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`|>[^<>{}();=]+<""", re.DOTALL
)
COMMENT: Final = re.compile(r"(?:^|\s)(?:#|--)\s.*|## .*", re.MULTILINE)


def check(path: str, text: str) -> list[str]:
    """One entry per phrase found: file:line, the phrase, the suggestion."""
    lines = text.splitlines()
    found = []
    for start, part in _parts(Path(path), text):
        readable = NOT_READ.sub(lambda match: re.sub(r"[^\n]", "_", match[0]), part)
        for match in PATTERN.finditer(readable):
            line = start + readable.count("\n", 0, match.start())
            if MARKER not in lines[line - 1]:
                suggestion = list(PHRASES.values())[int((match.lastgroup or "p0")[1:])]
                found.append(f'{path}:{line}: "{" ".join(match[0].split())}": use {suggestion}')
    return found


def _parts(path: Path, text: str) -> Iterator[tuple[int, str]]:
    """The texts of a file, each with the number of its first line."""
    if path.suffix == ".py" or path.name.endswith(".py.txt"):
        yield from _python(text)
    elif path.suffix in {".md", ".yaml"} or (path.suffix == ".json" and path.parent.name == "en"):
        yield 1, text
    elif path.suffix in {".ts", ".tsx", ".mjs"}:
        for line, part in _matches(TYPESCRIPT, text):
            yield line, part.removeprefix("`").removesuffix("`")
    elif path.suffix in {".mk", ".sql", ".toml", ".sh"} or path.name in {"Makefile", "Containerfile", "run"}:
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
    paths = [ROOT / path for path in listed.stdout.splitlines() if not path.startswith(LEFT_OUT)]
    found = [
        hit
        for path in paths
        if path.is_file()
        for hit in check(str(path.relative_to(ROOT)), path.read_text(errors="replace"))
    ]
    for hit in found:
        print(hit)
    if found:
        print(f"{len(found)} phrases to replace (dev/words.py has the list)")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
