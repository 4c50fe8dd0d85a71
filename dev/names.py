"""The names that a function can have: the rules of a folder, and the names that are in use already."""

import keyword
import re
from typing import Final

from dev.settings import PORTS, port_variable

LONGEST: Final = 32
WITH_THE_PREFIX: Final = frozenset({"page", "service"})  # of `billing-` + name: images, the page's Knative Service
FILES: Final = frozenset({"kustomization"})  # in knative/functions/
RULES: Final = frozenset({"other"})  # the HTTPRoute's rule for all other paths
TARGETS: Final = frozenset({"app"})  # each main.py has `app = Function(...)`
VARIABLES: Final = frozenset({"IMAGE_PREFIX"})  # of the cluster test, which has IMAGE_<NAME> too
PARTS: Final = frozenset(re.sub("(_METRICS)?_PORT$", "", variable).lower() for variable in PORTS)
RESERVED: Final = PARTS | WITH_THE_PREFIX | FILES | RULES | TARGETS


def name_of(folder: str) -> str:
    """The function's name has hyphens, its folder is a Python package."""
    return folder.replace("_", "-")


def folder_of(name: str) -> str:
    return name.replace("-", "_")


def name_mistake(name: str) -> str | None:
    """Why no function can have this name."""
    return _shape(name) or _in_use(name)


def _shape(name: str) -> str | None:
    rules = (
        (name, "is empty"),
        ("_" not in name, f"has an underscore: write {name_of(name)!r}; the folder has the underscores"),
        (re.fullmatch(r"[a-z0-9-]*", name), "has a character that is not a lower-case letter, a digit or a hyphen"),
        (name[:1].isalpha(), "must begin with a letter"),
        (not name.endswith("-") and "--" not in name, "must have a letter or a digit after each hyphen"),
        (len(name) <= LONGEST, f"has {len(name)} characters: at most {LONGEST} are allowed"),
    )
    return next((text for holds, text in rules if not holds), None)


def _in_use(name: str) -> str | None:
    if keyword.iskeyword(folder_of(name)):
        return "is a keyword of Python"
    if name.startswith("billing-"):
        return "begins with billing-, which the Knative Service's name does already"
    if name == "metrics" or name.endswith("-metrics"):
        return f"would make {port_variable(name)} the port of two things: the name must not end with metrics"
    if name in RESERVED or f"IMAGE_{folder_of(name).upper()}" in VARIABLES:
        return "is used by another part of the platform"
    return None
