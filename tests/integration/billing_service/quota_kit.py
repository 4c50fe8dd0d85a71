"""Organization and Project resources as the platform stores them, with the quotas that it measured."""

from typing import Any

UPDATED = "2026-11-20T11:59:30Z"
ORGANIZATION = {
    "cpu": {"used": "12500m", "hard": "16600m"},
    "memory": {"used": "24Gi", "hard": "60Gi"},
    "storage": {"used": "100Gi", "hard": "320Gi"},
    "pods": {"used": "12", "hard": "500"},
    "publicIPv4": {"used": "3", "hard": "3"},
    "objectStorage": {"used": "1500000000", "hard": "500G"},
}


def organization(name: str, uid: str = "u-1", updated: Any = UPDATED, **usage: Any) -> dict[str, Any]:
    return {
        "apiVersion": "kube-dc.com/v1",
        "kind": "Organization",
        "metadata": {"name": name, "namespace": name, "uid": uid},
        "status": {"quotaEnforced": True, "quotaUsage": (usage or ORGANIZATION) | {"lastUpdated": updated}},
    }


def project(owner: str, namespace: str, uid: str = "p-1", **usage: Any) -> dict[str, Any]:
    given = usage or {"cpu": {"used": "2", "hard": "4"}, "memory": {"used": "8Gi"}}
    return {
        "apiVersion": "kube-dc.com/v1",
        "kind": "Project",
        "metadata": {"name": namespace.removeprefix(f"{owner}-"), "namespace": owner, "uid": uid},
        "status": {"ready": True, "namespace": namespace, "quotaUsage": given | {"lastUpdated": UPDATED}},
    }
