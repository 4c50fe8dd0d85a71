"""The word list of dev/words.py finds its phrases in texts, and only there."""

import pytest

from dev.words import LEFT_OUT, MARKER, check

TEXTS = [
    ("a.md", "The token is valid.\nThe service answers in time.\n", 'a.md:2: "answers"'),  # words: quoted
    ("a.md", "It has a listener of its\nown.\n", 'a.md:1: "of its own"'),  # words: quoted
    ("a.yaml", "key: 1\n# the whole file\n", 'a.yaml:2: "whole"'),  # words: quoted
    ("a.py", '"""One line.\n\nNot a thing that was asked.\n"""\n', 'a.py:3: "asked"'),  # words: quoted
    ("a.py", "x = 1  # this is no number\n", 'a.py:1: "is no"'),  # words: quoted
    ("a.py", 'x = f"{asked} was started anew"\n', 'a.py:1: "anew"'),  # words: quoted
    ("a.ts", "const a = 1;\n/** Says it. */\n", 'a.ts:2: "Says"'),  # words: quoted
    ("a.ts", "const a = `${answer} is at hand`;\n", 'a.ts:1: "at hand"'),  # words: quoted
    ("a.tsx", "return <p>Nothing to be had</p>;\n", 'a.tsx:1: "to be had"'),  # words: quoted
    ("i18n/en/a.json", '{\n  "title": "Somebody changed it"\n}\n', 'i18n/en/a.json:2: "Somebody"'),  # words: quoted
    ("a.md", "The page does not know the unit.\n", 'a.md:1: "does not know"'),  # words: quoted
    ("a.md", "A price holds from ever on.\n", 'a.md:1: "from ever on"'),  # words: quoted
    ("Makefile", "run: ## start the whole platform\n", 'Makefile:1: "whole"'),  # words: quoted
]
HARMLESS = [
    ("a.md", "There is no such path. It is no longer used. A whole number.\n"),
    (
        "a.md",
        "`answer` in [a link](docs/what-an-answer-is.md), https://example.com/asked and docs/whole.md\n",
    ),  # words: quoted
    ("a.md", f"Programs do not answer. <!-- {MARKER} -->\n"),  # words: quoted
    ("a.py", "answer = asked['answer']\nassert answer is None\n"),  # words: quoted
    ("a.ts", "const answer = { kind: 'asked', whole: saidBefore };\n"),  # words: quoted
    ("a.json", '{"answer": "asked anew"}\n'),
    ("i18n/en/a.json", '{"answer": "In {{answer}} days"}\n'),  # words: quoted
    ("i18n/de/a.json", '{"title": "it says anew"}\n'),  # words: quoted
]


@pytest.mark.parametrize(("path", "text", "expected"), TEXTS, ids=lambda value: value[:20])
def test_a_phrase_in_a_text_is_found(path: str, text: str, expected: str) -> None:
    """With its line, and with a suggestion."""
    [hit] = check(path, text)
    assert hit.startswith(f"{expected}: use ")


@pytest.mark.parametrize(("path", "text"), HARMLESS, ids=lambda value: value[:20])
def test_code_links_and_marked_quotations_are_not_read(path: str, text: str) -> None:
    """Names in code are not texts."""
    assert check(path, text) == []


def test_only_known_files_are_left_out() -> None:
    """All other files are checked, in new folders too."""
    assert set(LEFT_OUT) == {
        "dev/words.py",
        "billing_service/migrations/",
        "ui/src/app/ManageOrganization/Billing/api/schema.ts",
    }
