"""Planned resources: `{"kind": "VirtualMachine", "cpu": "4", "memory": "8Gi", "count": 3}`, or a manifest."""

from decimal import Decimal

from billing_service.quotes.body import At, WrongMember
from billing_service.quotes.manifests import MOST, read_manifest
from billing_service.quotes.needs import LONGEST_MONTH_HOURS, MONTH_HOURS, Needs, Volume
from billing_service.quotes.pods import BYTES, CORES

MOST_RESOURCES = 100
_SHOWN_MISTAKES = 5
_RUNNING = ("VirtualMachine", "Deployment", "StatefulSet", "Pod")
_VOLUMES = ("PersistentVolumeClaim", "Volume")
_MEMBERS = {
    **dict.fromkeys(_RUNNING, ("cpu", "memory", "storage", "public_ips", "egress")),
    **dict.fromkeys(_VOLUMES, ("storage",)),
    "LoadBalancer": ("public_ips", "egress"),
    "PublicIP": ("public_ips",),
}
_ALWAYS = ("kind", "name", "hours_per_month", "count")
_ADDRESSES = {"LoadBalancer": 1, "PublicIP": 1}  # as the meter counts: a load balancer has an address


def read_resources(body: At) -> tuple[list[Needs], list[WrongMember]]:
    """The resources, or up to five mistakes."""
    try:
        body.only("resources")
        entries = list(body["resources"].items())
        if not 1 <= len(entries) <= MOST_RESOURCES:
            raise body["resources"].wrong("length", f"must be an array of 1 to {MOST_RESOURCES} resources")
    except WrongMember as mistake:
        return [], [mistake]
    found: list[Needs] = []
    mistakes: list[WrongMember] = []
    for entry in entries:
        try:
            found.append(_read(entry))
        except WrongMember as mistake:
            mistakes.append(mistake)
    return found, mistakes[:_SHOWN_MISTAKES]


def _read(entry: At) -> Needs:
    if "apiVersion" in entry:
        return read_manifest(entry)
    kind = entry["kind"].text()
    if kind not in _MEMBERS:
        raise entry["kind"].wrong("choice", f"must be one of {', '.join(_MEMBERS)}, or a manifest with apiVersion")
    entry.only(*_ALWAYS, *_MEMBERS[kind])
    running = kind in _RUNNING
    addresses = entry["public_ips"].whole(1 if kind == "PublicIP" else 0, MOST, _ADDRESSES.get(kind, 0))
    return Needs(
        kind=kind,
        name=entry["name"].text() if "name" in entry else None,
        number=entry["count"].whole(1, MOST, 1),
        hours=entry["hours_per_month"].whole(1, LONGEST_MONTH_HOURS, MONTH_HOURS),
        cpu=entry["cpu"].amount(CORES, positive=True) if running else Decimal(0),
        memory=entry["memory"].amount(BYTES, positive=True) if running else Decimal(0),
        volumes=_volumes(entry["storage"], required=kind in _VOLUMES),
        pods=1 if running else 0,
        addresses=addresses,
        balancers=1 if kind == "LoadBalancer" else 0,
        egress=entry["egress"].amount(BYTES) if "egress" in entry else Decimal(0),
    )


def _volumes(storage: At, *, required: bool) -> tuple[Volume, ...]:
    """One volume as an object, or several as an array."""
    if storage.value is None and not required:
        return ()
    places = list(storage.items()) if isinstance(storage.value, list) else [storage]
    return tuple(_volume(place) for place in places)


def _volume(place: At) -> Volume:
    place.only("class", "size")
    return Volume(place["class"].text() if "class" in place else "", place["size"].amount(BYTES, positive=True))
