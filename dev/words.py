"""The word list of `make lint`: phrases that are hard to read in a second language, each with its replacement.

It reads Markdown and YAML, the docstrings, comments and strings of Python, the comments, strings and page texts of
TypeScript, and the comments of the Makefiles. Code, paths, links and `quoted code` are not read. A line that has to
quote a phrase carries the marker `words: quoted`.

codespell, proselint and vale were examined first. codespell replaces single words, proselint has a fixed list, and
vale is a program that its package downloads.
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
    r"answer(s|ed|ing)?": "response, respond, return, or the status",
    r"asks|asked|asking": "request, fetch, call",
    r"says|said|saying|tells?|told": "contains, names, states, defines, shows",
    r"knows|believes?|believed": "has, trusts, accepts, contains",
    r"(?:is|are|was|were|has|have) (?:no|none)\b(?! longer)": "is not a, does not have, without",
    r"of (?:its|their|our|his|your) own": "own, separate, dedicated",
    r"to be had": "available",
    r"at hand": "available, installed",
    r"anew": "again",
    r"for ever": "without end",
    r"whole(?! number)": "complete, entire, total",
    r"the former|the latter|that which": "the name of the thing",
    r"somebody|nobody|everybody|anybody": "the client, the caller, an operator, no one",
    r"it is that|what is meant": "a direct statement",
    r"the house": "this project",
    r"withal|thereof|whereof|therein|hitherto|meanwhile|lest|nigh": "a plain word",
}
PATTERN: Final = re.compile(
    "|".join(rf"(?P<p{number}>\b(?:{phrase})\b)" for number, phrase in enumerate(PHRASES)), re.IGNORECASE
)
