from pathlib import Path

from dev.cli import welcome
from dev.settings import ROOT, read_settings


def test_the_printed_curl_works_as_it_stands() -> None:
    """`make token` finds the platform by DATA_DIR, so the printed line contains DATA_DIR if it is not the default."""
    assert '"Authorization: Bearer $(make -s token USER=bob)" http://127.0.0.1:8080/' in welcome(read_settings({}, {}))
    moved = welcome(read_settings({}, {"DATA_DIR": "/srv/second one"}))
    assert "$(make -s token USER=bob DATA_DIR='/srv/second one')" in moved
    assert "HOST=0.0.0.0" in welcome(read_settings({}, {"HOST": "0.0.0.0"}))
    assert "HOST" not in moved
    assert "DATA_DIR" not in welcome(read_settings({}, {"DATA_DIR": str(Path(ROOT, ".data"))}))
