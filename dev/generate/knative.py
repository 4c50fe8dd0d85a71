"""The generated manifests: Knative Services, routes, canaries, and the kustomizations that list them.

They are checked in, because people read them. All other manifests are written by hand.
"""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from dev.declarations import ROOT, Declared

FUNCTIONS: Final = ROOT / "knative" / "functions"
BASE: Final = ROOT / "knative" / "base"
MOST_RULES: Final = 16  # of an HTTPRoute, in the schema of the Gateway API
FLAGGER: Final = ROOT / "knative" / "components" / "flagger"
SHORT: Final = (
    "timeoutSeconds: 60 # also the termination grace period: a function needs up to 20 s to finish its requests"
)
LONG: Final = """\
timeoutSeconds: 600 # Knative's maximum. A connection ends before it: SOCKET_SECONDS
      responseStartTimeoutSeconds: 60
      idleTimeoutSeconds: 60 # four heartbeats"""
TEMPLATES: Final = Path(__file__).parent / "templates"


def render(functions: Sequence[Declared]) -> dict[Path, str]:
    """Every generated manifest by its path."""
    service, canary = _template("service.yaml"), _template("canary.yaml")
    found = {FUNCTIONS / f"{function.name}.yaml": _fill(service, function) for function in functions}
    found |= {FLAGGER / f"canary-{function.name}.yaml": _fill(canary, function) for function in functions}
    found[FUNCTIONS / "kustomization.yaml"] = _list("functions-kustomization.yaml", (f.name for f in functions))
    found[FLAGGER / "kustomization.yaml"] = _list(
        "flagger-kustomization.yaml", [*(f"canary-{f.name}" for f in functions), "metrictemplate"]
    )
    routes = _routes(functions)
    found |= {BASE / f"{name}.yaml": text for name, text in routes.items()}
    found[BASE / "kustomization.yaml"] = _list("base-kustomization.yaml", routes)
    return found


def surplus(functions: Sequence[Declared]) -> list[Path]:
    """Manifests of functions that no longer exist."""
    wanted = render(functions)
    present = [*FUNCTIONS.glob("*.yaml"), *FLAGGER.glob("canary-*.yaml"), *BASE.glob("httproute*.yaml")]
    return [path for path in present if path not in wanted]


def _template(name: str) -> str:
    return (TEMPLATES / name).read_text()


def _fill(template: str, function: Declared) -> str:
    capacity = function.capacity
    values = {
        "NAME": function.name,
        "FOLDER": function.folder,
        "ABOUT": f"{function.about[0].lower()}{function.about[1:]}",
        "CONCURRENT": str(capacity.target),
        "LIMIT": str(capacity.limit),
        "WHY": capacity.why,
        "TIMEOUTS": LONG if function.app.sockets else SHORT,
    }
    return re.sub(r"\$([A-Z]+)", lambda match: values[match[1]], template)


def _list(template: str, names: Iterable[str]) -> str:
    return _template(template) + "".join(f"  - {name}.yaml\n" for name in names)


def _routes(functions: Sequence[Declared]) -> dict[str, str]:
    """The first HTTPRoute also has the rule for other paths. A newer function, with a higher port, moves no rule to
    another HTTPRoute: its path would be 404 between the changes of the two."""
    by_age = sorted(functions, key=lambda function: function.app.port)
    first, more = by_age[: MOST_RULES - 1], by_age[MOST_RULES - 1 :]
    head, other = _template("httproute.yaml").split("RULES\n")
    found = {"httproute": head + _rules(first) + other}
    for number, start in enumerate(range(0, len(more), MOST_RULES), start=2):
        named = head.replace("name: billing\n", f"name: billing-{number}\n")
        found[f"httproute-{number}"] = named + _rules(more[start : start + MOST_RULES])
    return found


def _rules(functions: Sequence[Declared]) -> str:
    return "".join(_rule(function) for function in _by_precedence(functions))


def _by_precedence(functions: Sequence[Declared]) -> list[Declared]:
    """Fixed paths before patterns, the order in which a gateway matches them."""
    return sorted(functions, key=lambda function: ("{" in "".join(function.routes), function.name))


def _rule(function: Declared) -> str:
    matches = "".join(f"        - path: {_path(route)}\n" for route in function.routes)
    return _fill(_template("rule.yaml"), function).replace("MATCHES\n", matches)


def _path(route: str) -> str:
    if "{" not in route:
        return f"{{type: Exact, value: {route}}}"
    pattern = re.sub(r"{\w+}", "[^/]+", route)
    return f'{{type: RegularExpression, value: "{pattern}"}}'
