"""Creates the folder of a new function: `make new-function NAME=trend`."""

import sys
from pathlib import Path
from typing import Final

from dev.declarations import FOLDER, FOLDER_NAME, PORTS, ROOT, local_ports, name_of

TEMPLATES: Final = Path(__file__).parent / "templates"


def main(name: str) -> int:
    target = name.replace("-", "_")
    folder = FOLDER / target
    if not FOLDER_NAME.fullmatch(target):
        print(f"NAME is {name!r}: it must be 1 to 32 lower-case letters, digits and hyphens", file=sys.stderr)
        return 2
    if folder.exists():
        print(f"functions/{target} exists already", file=sys.stderr)
        return 2
    name = name_of(target)
    taken = local_ports().values()
    port = next(port for port in PORTS if port not in taken)
    words = {"$NAME": name, "$TARGET": target, "$CLASS": name.title().replace("-", ""), "$PORT": str(port)}
    words["$CONSTANT"] = target.upper()
    folder.mkdir()
    for template in ("main.py", "models.py"):
        text = (TEMPLATES / f"{template}.txt").read_text()
        for word, value in words.items():
            text = text.replace(word, value)
        path = folder / template
        path.write_text(text)
        print(path.relative_to(ROOT))
    print("edit these files, then run: make generate")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else ""))
