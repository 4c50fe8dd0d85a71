"""Checks the locked packages for known vulnerabilities: `make audit`. Warns if the advisories are unreachable."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
LOCKS: Final = ("requirements.lock", "requirements-service.lock")
NPM_FOLDERS: Final = ("ui", "dev/provider")


def audit_python(lock: str) -> list[str] | None:
    """Findings, or None if the advisories cannot be reached."""
    command = [sys.executable, "-m", "pip_audit", "-r", lock, "--disable-pip", "--require-hashes", "-f", "json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    try:
        dependencies = json.loads(done.stdout)["dependencies"]
    except (json.JSONDecodeError, KeyError):
        return None
    if any("skip_reason" in dependency for dependency in dependencies):
        return None
    return [f"{d['name']} {d['version']}: {v['id']}" for d in dependencies for v in d["vulns"]]


def audit_npm(folder: str) -> list[str] | None:
    """The same for the npm packages that are shipped, or build what is shipped."""
    command = ["npm", "audit", "--omit=dev", "--json"]
    done = subprocess.run(command, cwd=ROOT / folder, capture_output=True, text=True, check=False)
    try:
        found = json.loads(done.stdout)
    except json.JSONDecodeError:
        return None
    if "vulnerabilities" not in found:
        return None
    return [f"{name}: {entry['severity']}" for name, entry in found["vulnerabilities"].items()]


def main() -> int:
    outcomes = {lock: audit_python(lock) for lock in LOCKS} | {folder: audit_npm(folder) for folder in NPM_FOLDERS}
    for what, findings in outcomes.items():
        if findings is None:
            print(f"NOT AUDITED: {what}: the advisories cannot be reached from here")
        else:
            print(f"{what}: {', '.join(findings) or 'nothing known'}")
    return int(any(outcomes.values()))


if __name__ == "__main__":
    sys.exit(main())
