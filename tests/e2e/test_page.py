"""The page in a real Chromium against the complete platform, which is started here. ui/tests/e2e/ has the tests.

It runs in a separate session (make test-e2e), because one test needs a project that was never requested.
"""

import os
import re
import signal
import subprocess
import sys

import pytest

from dev import budgets, page
from dev.platform import ORG_ADMIN, Platform
from dev.settings import ROOT

UI = ROOT / "ui"
WITHIN_SECONDS = 600.0


def run_playwright(environment: dict[str, str]) -> tuple[int, str]:
    """Exit code and output. Every process of it is gone afterwards, the browsers too."""
    process = subprocess.Popen(
        ["npm", "run", "--silent", "e2e"],
        cwd=UI,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        process_group=0,
    )
    try:
        said, _ = process.communicate(timeout=WITHIN_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        said, _ = process.communicate()
        pytest.fail(f"not done within {WITHIN_SECONDS:g} s:\n{said}")
    return process.returncode, said


@pytest.mark.e2e
def test_people_use_the_page(platform: Platform) -> None:
    """Each section, refusals, sessions and an outage, as each demo user meets them; none is skipped."""
    assert page.is_built(), f"the page is not built: {page.BUILD}"
    assert (UI / "node_modules").is_dir(), "the page's packages are not installed: make install"
    budgets.provide(platform.settings, platform.token(ORG_ADMIN))
    billing = platform.supervisor.pid("billing")
    try:
        code, said = run_playwright(
            {
                "BASE_URL": platform.settings.page_origin,
                "API_URL": platform.settings.api_url,
                "BILLING_PID": str(billing),
                "NO_COLOR": "1",
            }
        )
    finally:
        os.kill(billing, signal.SIGCONT)  # an outage that was cut off
    assert code == 0, said
    sys.stdout.write(said)
    assert re.search(r"^ +\d+ passed", said, re.MULTILINE), said
    assert "skipped" not in said, said
