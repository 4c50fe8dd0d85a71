"""Creates the files of an image in a folder. The Containerfile copies them, and the tests start them.

    python knative/image/build_rootfs.py packages LOCK ROOT     packages of the lock file: one layer for all functions
    python knative/image/build_rootfs.py code COMPONENT ROOT    one function's folder and common/, or billing-service

ROOT gets `app/`: `packages/` with a bill of materials (`sbom.cdx.json`, CycloneDX 1.5), or our code. All files are
compiled to bytecode. The same inputs give the same bytes, modes and times: files have the time SOURCE_DATE_EPOCH
(default 0), and bytecode is not validated at start and contains its path in the image.
`--stdlib` adds the bytecode of Python's standard library, which the official image does not contain. Without it, the
library would be compiled at every start, because the root file system is read-only.
"""

import argparse
import json
import os
import py_compile
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from email.parser import HeaderParser
from pathlib import Path
from typing import Any, Final

REPOSITORY: Final = Path(__file__).resolve().parents[2]
BILLING_SERVICE: Final = "billing-service"
STDLIB_LEFT_OUT: Final = {"site-packages", "test", "tests", "idlelib", "tkinter", "turtledemo", "lib2to3", "ensurepip"}


class BuildError(Exception):
    """The files of the image cannot be created. The text names what is missing."""


def components() -> list[str]:
    folders = sorted(path.parent.name for path in REPOSITORY.glob("functions/*/main.py"))
    return [*(folder.replace("_", "-") for folder in folders), BILLING_SERVICE]


def copies(component: str) -> Iterator[tuple[Path, Path]]:
    """The files of this repository that are in an image: (file, path under /app)."""
    own = "billing_service" if component == BILLING_SERVICE else f"functions/{component.replace('-', '_')}"
    folders = [own] if component == BILLING_SERVICE else ["common", own]
    for folder in folders:
        for path in sorted((REPOSITORY / folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path, path.relative_to(REPOSITORY)
    if component != BILLING_SERVICE:
        yield REPOSITORY / "knative/image/start.py", Path("start.py")


def install_packages(lock_file: Path, target: Path) -> None:
    """Installs wheels for the running Python, with the hashes of the lock file. Raises BuildError."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
    command += [
        "--no-deps",
        "--only-binary",
        ":all:",
        "--require-hashes",
        "-r",
        str(lock_file),
        "--target",
        str(target),
    ]
    ran = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 - our own command line
    if ran.returncode:
        raise BuildError(f"pip could not install {lock_file.name}:\n{ran.stderr.strip()}")
    shutil.rmtree(target / "bin", ignore_errors=True)  # they contain the builder's path, and are never started
    for path in [*target.rglob("RECORD"), *target.rglob("INSTALLER"), *target.rglob("REQUESTED")]:
        path.unlink()  # pip's records of this installation


def compile_tree(folder: Path, image_path: Path) -> None:
    for source in sorted(folder.rglob("*.py")):
        compile_file(source, image_path / source.relative_to(folder), source.parent)


def compile_file(source: Path, image_source: Path, beside: Path) -> None:
    cache = beside / "__pycache__" / f"{source.stem}.{sys.implementation.cache_tag}.pyc"
    cache.parent.mkdir(parents=True, exist_ok=True)
    try:
        py_compile.compile(
            str(source),
            cfile=str(cache),
            dfile=str(image_source),
            doraise=True,
            invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        )
    except py_compile.PyCompileError:
        if REPOSITORY in source.parents:
            raise  # our files must compile; a package may contain templates that are not Python


def compile_stdlib(root: Path) -> None:
    library = Path(sysconfig.get_path("stdlib"))
    for source in sorted(library.rglob("*.py")):
        inside = source.relative_to(library)
        if not STDLIB_LEFT_OUT & set(inside.parts):
            compile_file(source, source, root / source.parent.relative_to("/"))


def bill_of_materials(lock_file: Path, packages: Path) -> dict[str, Any]:
    """CycloneDX 1.5, without time or serial number, so that two builds are identical."""
    found = []
    for metadata in sorted(packages.glob("*.dist-info/METADATA")):
        fields = HeaderParser().parsestr(metadata.read_text(encoding="utf-8"))
        name, version = re.sub(r"[-_.]+", "-", fields["Name"]).lower(), fields["Version"]
        entry = {"type": "library", "name": name, "version": version, "purl": f"pkg:pypi/{name}@{version}"}
        licence = fields["License-Expression"]
        found.append(entry | ({"licenses": [{"expression": licence}]} if licence else {}))
    about = {"component": {"type": "file", "name": lock_file.name}}
    return {"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "metadata": about, "components": found}


def settle(root: Path) -> None:
    """Sets one mode and one time for every file and folder, so that umask and clock have no effect on the image."""
    epoch = int(os.environ.get("SOURCE_DATE_EPOCH", "0"))
    for path in [root, *root.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
        os.utime(path, (epoch, epoch))


def build_packages(lock_file: Path, root: Path, *, stdlib: bool) -> None:
    packages = root / "app" / "packages"
    install_packages(lock_file, packages)
    compile_tree(packages, Path("/app/packages"))
    if stdlib:
        compile_stdlib(root)
    bill = json.dumps(bill_of_materials(lock_file, packages), indent=1, sort_keys=True)
    (root / "app" / "sbom.cdx.json").write_text(bill + "\n", encoding="utf-8")
    settle(root)


def build_code(component: str, root: Path) -> None:
    if component not in components():
        raise BuildError(f"{component!r} is not a component: choose one of {', '.join(components())}")
    for source, inside in copies(component):
        target = root / "app" / inside
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    compile_tree(root / "app", Path("/app"))
    lock_file = REPOSITORY / "functions" / component.replace("-", "_") / "requirements.lock"
    if lock_file.exists():
        add_packages(lock_file, root, component)
    settle(root)


def add_packages(lock_file: Path, root: Path, component: str) -> None:
    """Packages of one function, beside those of all functions: they are in its own layer."""
    packages = root / "app" / "packages"
    install_packages(lock_file, packages)
    compile_tree(packages, Path("/app/packages"))
    bill = json.dumps(bill_of_materials(lock_file, packages), indent=1, sort_keys=True)
    (root / "app" / f"sbom-{component}.cdx.json").write_text(bill + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description="Lay out the files of an image under a folder")
    parser.add_argument("what", choices=["packages", "code"])
    parser.add_argument("source", help="a lock file, or a component: " + ", ".join(components()))
    parser.add_argument("root", type=Path)
    parser.add_argument("--stdlib", action="store_true", help="add the bytecode of Python's own library")
    options = parser.parse_args()
    if options.root.exists() and any(options.root.iterdir()):
        sys.exit(f"{options.root} is not empty")
    try:
        if options.what == "packages":
            build_packages(Path(options.source), options.root, stdlib=options.stdlib)
        else:
            build_code(options.source, options.root)
    except BuildError as exc:
        sys.exit(str(exc))


if __name__ == "__main__":
    main()
