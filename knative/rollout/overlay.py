"""What the files of knative/ contain: the names that can be rolled out, and the objects that a function needs."""

from pathlib import Path
from typing import Any, Final

KNATIVE: Final = Path(__file__).resolve().parents[1]
PAGE: Final = "page"


def function_names() -> list[str]:
    """The names that can be rolled out: all functions, and the page."""
    names = {path.stem for path in (KNATIVE / "functions").glob("*.yaml")} - {"kustomization"}
    return [*sorted(names), PAGE]


def overlay_names() -> list[str]:
    return sorted(path.name for path in (KNATIVE / "overlays").iterdir() if (path / "functions").is_dir())


def references(manifest: dict[str, Any]) -> list[tuple[str, str]]:
    """The objects that the function needs: its service account, and all required Secrets and ConfigMaps."""
    spec = manifest["spec"]["template"]["spec"]
    found = [("serviceaccount", str(spec["serviceAccountName"]))]
    for variable in spec["containers"][0].get("env", []):
        for field, kind in (("secretKeyRef", "secret"), ("configMapKeyRef", "configmap")):
            reference = variable.get("valueFrom", {}).get(field)
            if reference and not reference.get("optional"):
                found.append((kind, reference["name"]))
    for volume in spec.get("volumes", []):
        if "configMap" in volume and not volume["configMap"].get("optional"):
            found.append(("configmap", volume["configMap"]["name"]))
        if "secret" in volume and not volume["secret"].get("optional"):
            found.append(("secret", volume["secret"]["secretName"]))
    return found
