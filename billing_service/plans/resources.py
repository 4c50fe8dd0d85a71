"""Subscriptions from the annotations of Organization resources (`kubectl get organizations -A -o json`).

What this version does not use is kept with the subscription, and ignored.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import simplejson
import yaml

PREFIX = "billing.kube-dc.com/"
SUSPENDED = "suspendedPlan"  # as in the billing-plans document
_STATES = {
    **dict.fromkeys(("active", "trialing", "canceling", "past_due"), True),
    **dict.fromkeys(("suspended", "canceled"), False),
}


class ResourcesError(Exception):
    """The file is wrong. The text has one line per organization."""


@dataclass(frozen=True)
class Subscription:
    """`plan` None: the organization pays by usage. `document`: the annotations of billing."""

    organization: str
    plan: str | None
    addons: dict[str, int]
    document: dict[str, str]


def read_subscriptions(path: Path) -> list[Subscription]:
    """JSON or YAML: a list of resources, an object with `items`, or one resource. Raises ResourcesError, OSError."""
    found: dict[str, Subscription] = {}
    problems: list[str] = []
    for number, resource in enumerate(read_resources(path), 1):
        name = _name(resource)
        if name is None:
            problems.append(f"{path}: item {number}: must be a resource of the kind Organization, with a name")
            continue
        if name in found:
            problems.append(f"{path}: {name}: is there twice")
        try:
            found[name] = _subscription(name, resource["metadata"].get("annotations") or {})
        except ValueError as error:
            problems.append(f"{path}: {name}: {error}")
    if problems:
        raise ResourcesError("\n".join(problems))
    return list(found.values())


def read_resources(path: Path) -> list[Any]:
    """The resources of a file, not validated. Raises ResourcesError, OSError."""
    text = path.read_text(encoding="utf-8-sig")
    try:
        document = simplejson.loads(text) if text.lstrip()[:1] in {"{", "["} else yaml.safe_load(text)
    except (simplejson.JSONDecodeError, yaml.YAMLError) as error:
        raise ResourcesError(f"{path}: is not JSON or YAML: {error}") from None
    items = document.get("items", [document]) if isinstance(document, dict) else document
    if not isinstance(items, list):
        raise ResourcesError(f"{path}: must be a list of resources, or an object with items")
    return items


def _name(resource: Any) -> str | None:
    """None: it is not an Organization."""
    metadata = (
        resource.get("metadata") if isinstance(resource, dict) and resource.get("kind") == "Organization" else None
    )
    name = metadata.get("name") if isinstance(metadata, dict) else None
    return name if isinstance(name, str) and name else None


def _subscription(name: str, annotations: dict[str, Any]) -> Subscription:
    """Raises ValueError with what is allowed."""
    document = {key: value for key, value in annotations.items() if key.startswith(PREFIX)}
    state = document.get(f"{PREFIX}subscription")
    if not state:
        return Subscription(name, None, {}, document)
    if state not in _STATES:
        raise ValueError(f"{PREFIX}subscription is {state!r}, must be one of {', '.join(_STATES)}")
    if not _STATES[state]:
        return Subscription(name, SUSPENDED, {}, document)
    plan = document.get(f"{PREFIX}plan-id")
    if not isinstance(plan, str) or not plan:
        raise ValueError(f"{PREFIX}plan-id is missing, and the subscription is {state}")
    return Subscription(name, plan, _addons(document.get(f"{PREFIX}addons") or "[]"), document)


def _addons(text: Any) -> dict[str, int]:
    wrong = f'{PREFIX}addons is {text!r}, must be like [{{"addonId":"turbo-x1","quantity":1}}]'
    try:
        entries = simplejson.loads(text)
    except (simplejson.JSONDecodeError, TypeError):
        raise ValueError(wrong) from None
    addons: dict[str, int] = {}
    for entry in entries if isinstance(entries, list) else [None]:
        name = entry.get("addonId") if isinstance(entry, dict) else None
        quantity = entry.get("quantity") if isinstance(entry, dict) else None
        if not isinstance(name, str) or not name or type(quantity) is not int or not 0 <= quantity < 10**6:
            raise ValueError(wrong)
        if quantity:
            addons[name] = addons.get(name, 0) + quantity
    return addons
