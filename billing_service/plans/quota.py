"""What the platform measures of an organization's pool: `status.quotaUsage` of Organization and Project resources.

A quantity that is malformed is named in the log, and is not known: it is never 0. Members that this version does not
use are ignored.
"""

import logging
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from billing_service.plans.dimensions import DIMENSIONS, GPU
from billing_service.plans.quantities import quantity

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_PROFILE = re.compile(r"[A-Za-z0-9]([-_./A-Za-z0-9]{0,61}[A-Za-z0-9])?")

_logger = logging.getLogger("billing_service")


@dataclass(frozen=True)
class Quota:
    """One dimension of an organization (`namespace` is empty) or of a project. Cores, bytes or a count.

    None: not stated, or not a quantity.
    """

    organization: str
    namespace: str
    dimension: str
    uid: str
    used: Decimal | None
    hard: Decimal | None
    last_updated: datetime | None


def read_quotas(resources: Iterable[dict[str, Any]]) -> list[Quota]:
    """Of two resources for one namespace, the one that was updated last counts."""
    found: dict[tuple[str, str], list[Quota]] = {}
    for resource in resources:
        quotas = _quotas(resource)
        if quotas:
            key = (quotas[0].organization, quotas[0].namespace)
            if key not in found or _updated(found[key]) <= _updated(quotas):
                found[key] = quotas
    return [quota for quotas in found.values() for quota in quotas]


def _updated(quotas: list[Quota]) -> datetime:
    return quotas[0].last_updated or datetime.min.replace(tzinfo=UTC)


def _quotas(resource: dict[str, Any]) -> list[Quota]:
    """Empty: it is not such a resource, it has no namespace yet, or the platform has not measured it yet."""
    status = _object(resource.get("status"))
    usage = _object(status.get("quotaUsage"))
    owner = _owner(resource, status)
    if owner is None or not usage:
        return []
    organization, namespace, uid = owner
    where = namespace or organization
    updated = _moment(usage.get("lastUpdated"), where)
    return [
        Quota(
            *(organization, namespace, name, uid),
            used=_amount(stated, "used", name, where),
            hard=_amount(stated, "hard", name, where),
            last_updated=updated,
        )
        for name, stated in _stated(usage, where)
    ]


def _owner(resource: dict[str, Any], status: dict[str, Any]) -> tuple[str, str, str] | None:
    """Organization, namespace and uid. An Organization counts only in the namespace of the same name."""
    metadata = _object(resource.get("metadata"))
    name, organization, uid = (metadata.get(member) for member in ("name", "namespace", "uid"))
    kind = resource.get("kind")
    namespace = "" if kind == "Organization" else status.get("namespace")
    labels = [organization, namespace or organization]
    if kind not in {"Organization", "Project"} or (kind == "Organization" and name != organization):
        return None
    if (kind == "Project" and not namespace) or not all(isinstance(x, str) and _LABEL.fullmatch(x) for x in labels):
        return None
    return str(organization), str(namespace), uid if isinstance(uid, str) else ""


def _stated(usage: dict[str, Any], where: str) -> Iterator[tuple[str, Any]]:
    for name, dimension in DIMENSIONS.items():
        if dimension.status in usage:
            yield name, usage[dimension.status]
    for profile, stated in _object(usage.get("accelerators")).items():
        if _PROFILE.fullmatch(profile):
            yield f"{GPU}{profile}", stated
        else:
            _refused(where, "accelerators", profile, "is not the name of a profile")


def _amount(stated: Any, member: str, name: str, where: str) -> Decimal | None:
    if not isinstance(stated, dict):
        _refused(where, name, stated, "must be an object with used and hard")
        return None
    if stated.get(member) is None:
        return None
    try:
        return quantity(stated[member])
    except ValueError as error:
        _refused(where, f"{name}.{member}", stated[member], str(error))
        return None


def _moment(text: Any, where: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text) if text is not None else None
        if found is not None and found.tzinfo is None:
            raise ValueError("it has no offset")  # noqa: TRY301 - as a malformed one
    except (ValueError, TypeError):
        _refused(where, "lastUpdated", text, "must be a time of RFC 3339")
        return None
    return found


def _refused(where: str, member: str, value: Any, reason: str) -> None:
    fields = {"resource": where, "member": member, "value": repr(value)[:60], "reason": reason}
    _logger.warning("the quota of a resource is not known", extra={"fields": fields})


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
