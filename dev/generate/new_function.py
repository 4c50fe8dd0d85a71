"""Creates the folder of a new function: `make new-function NAME=unit-costs`."""

import ast
import builtins
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from dev import words
from dev.declaration_checks import PORTS
from dev.declarations import FOLDER, ROOT, DeclarationError, local_ports
from dev.names import folder_of, name_mistake

TEMPLATES: Final = Path(__file__).parent / "templates"
FILES: Final = ("main.py", "models.py")


def main(name: str) -> int:
    try:
        texts = render(name, free_port())
    except DeclarationError as exc:
        print(exc, file=sys.stderr)
        return 1
    folder = FOLDER / folder_of(name)
    folder.mkdir()
    for file, text in texts.items():
        (folder / file).write_text(text)
        print((folder / file).relative_to(ROOT))
    tidy(folder)
    print(f"a POST, PUT or PATCH needs its body in BODIES in tests/functions/{folder.name}/replies.py")
    print("edit these files, then run: make generate")
    return 0


def render(name: str, port: int) -> dict[str, str]:
    """The text of each file. Raises DeclarationError if the name cannot be used."""
    words_of = identifiers(name)
    mistake = name_mistake(name) or _used_in_python(words_of)
    if mistake:
        raise DeclarationError(f"NAME is {name!r}: it {mistake}")
    if (FOLDER / folder_of(name)).exists():
        raise DeclarationError(f"functions/{folder_of(name)} exists already")
    texts = {}
    for file in FILES:
        text = _template(file)
        for word, value in (words_of | {"$NAME": name, "$PORT": str(port)}).items():
            text = text.replace(word, value)
        if words.check(file, text):
            raise DeclarationError(f"NAME is {name!r}: the word list of make lint (dev/words.py) has this word")
        texts[file] = text
    return texts


def free_port() -> int:
    taken = local_ports().values()
    port = next((port for port in PORTS if port not in taken), None)
    if port is None:
        raise DeclarationError(f"every port from {PORTS.start} to {PORTS.stop - 1} is the port of a function")
    return port


def identifiers(name: str) -> dict[str, str]:
    """The Python names of the new code, by their placeholder."""
    target = folder_of(name)
    in_capitals, class_name = target.upper(), name.title().replace("-", "")
    if in_capitals == class_name:  # of one letter
        in_capitals += "_RESOURCE"
    return {"$TARGET": target, "$CLASS": class_name, "$CONSTANT": in_capitals}


def _used_in_python(words_of: dict[str, str]) -> str | None:
    used = {*dir(builtins), *(found for file in FILES for found in _bound(_template(file)))}
    clash = next((value for value in words_of.values() if value in used), None)
    return clash and f"would give the new code a second {clash}, which Python or the template of the code has already"


def _template(file: str) -> str:
    return (TEMPLATES / f"{file}.txt").read_text()


def _bound(template: str) -> Iterator[str]:
    """The names that the template imports, defines or has as arguments."""
    for node in ast.walk(ast.parse(template.replace("$", "_placeholder"))):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from ((alias.asname or alias.name).partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name):
            yield node.id


def tidy(folder: Path) -> None:
    """Sorts the imports and breaks long lines, which depend on the name."""
    for command in (["check", "--quiet", "--no-cache", "--select", "I", "--fix"], ["format", "--quiet", "--no-cache"]):
        subprocess.run([sys.executable, "-m", "ruff", *command, str(folder)], cwd=ROOT, check=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else ""))
