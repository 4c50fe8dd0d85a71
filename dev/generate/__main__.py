"""Writes all files that are generated from the endpoint declarations: `make generate`.

With --check it writes nothing. It lists the files that would change, and the exit code is then 1.
"""

import sys

from dev.declarations import ROOT, DeclarationError, read_functions
from dev.generate import chart, currencies, knative, openapi, readme


def main() -> int:
    try:
        functions = read_functions()
        documents = {openapi.DOCUMENT: openapi.render(functions), readme.DOCUMENT: readme.render(functions)}
    except DeclarationError as exc:
        print(exc, file=sys.stderr)
        return 1
    manifests = knative.render(functions)
    templates = chart.render(manifests)
    wanted = {**currencies.render(), **manifests, **templates, **documents}
    surplus = [*knative.surplus(functions), *chart.surplus(templates)]
    changed = [path for path, text in wanted.items() if not path.exists() or path.read_text() != text]
    for path in [*changed, *surplus]:
        print(path.relative_to(ROOT))
    if "--check" in sys.argv[1:]:
        return 1 if changed or surplus else 0
    for path in changed:
        path.write_text(wanted[path])
    for path in surplus:
        path.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
