"""Documents do not point at what is gone."""

import re
from pathlib import Path

import pytest

from common.http.errors import ApiError
from dev.generate.schemas import error_classes
from dev.settings import ROOT

DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "dev/README.md", ROOT / "ui/README.md"]
LINK = re.compile(r"\]\((?!https?:)([^)#\s]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_relative_link_leads_to_a_file(document: Path) -> None:
    """Links to other sites are not followed."""
    links = LINK.findall(document.read_text())
    assert [link for link in links if not (document.parent / link).exists()] == []


def test_the_root_has_the_documents_that_readers_look_for() -> None:
    """And the README leads to them."""
    readme = (ROOT / "README.md").read_text()
    for name in ("LICENSE", "CONTRIBUTING.md", "SECURITY.md", "docs/functions-framework.md"):
        assert (ROOT / name).is_file()
        assert f"({name})" in readme


@pytest.mark.parametrize("error", error_classes(), ids=lambda error: error.code)
def test_the_readme_lists_every_error_with_its_status(error: type[ApiError]) -> None:
    """A new error class needs a row in Troubleshooting."""
    rows = [line.split(" | ") for line in (ROOT / "README.md").read_text().splitlines() if line.startswith("| ")]
    assert any(str(int(error.status)) in row[0] and f"`{error.code}`" in row[1] for row in rows if len(row) > 1)
