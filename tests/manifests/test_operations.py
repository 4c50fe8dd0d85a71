"""Commands of docs/operations.md that need no cluster."""

import re
import subprocess
from pathlib import Path

PAGE = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()


def test_digests_are_listed_one_per_line(tmp_path: Path) -> None:
    """podman and skopeo write a digest without a line break at its end."""
    [command] = re.findall(r"^for file in \*\.digest.*$", PAGE, re.MULTILINE)
    wanted = {name: f"sha256:{letter * 64}" for name, letter in (("billing-health", "a"), ("billing-page", "b"))}
    for name, digest in wanted.items():
        (tmp_path / f"{name}.digest").write_text(digest)
    ran = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert ran.stdout == "".join(f"{name} {digest}\n" for name, digest in wanted.items())
