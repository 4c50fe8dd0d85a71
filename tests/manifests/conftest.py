"""The manifests as objects: as they stand in the files, and as kustomize builds each overlay."""

import shutil
import subprocess
from copy import deepcopy
from pathlib import Path

import pytest
import yaml

from tests.manifests.properties import Objects

KNATIVE = Path(__file__).parents[2] / "knative"
OVERLAYS = ("kube-dc", "local")


def files() -> list[Path]:
    """Every file with one object of this repository, without kustomizations, patches and values."""
    found = [*KNATIVE.glob("base/*.yaml"), *KNATIVE.glob("functions/*.yaml"), *KNATIVE.glob("components/*/*.yaml")]
    found += KNATIVE.glob("overlays/*/*.yaml")
    return sorted(path for path in found if path.name != "kustomization.yaml")


def build(folder: Path) -> Objects:
    """What `kubectl kustomize` makes of a folder."""
    command = ["kubectl", "kustomize", str(folder)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr
    return list(yaml.safe_load_all(ran.stdout))


@pytest.fixture(scope="session")
def built() -> dict[str, Objects]:
    """Both sides of each overlay: what is shared, and the functions."""
    if not shutil.which("kubectl"):
        pytest.skip("kubectl is not installed: the overlays are not built (https://kubernetes.io/docs/tasks/tools/)")
    folders = {overlay: KNATIVE / "overlays" / overlay for overlay in OVERLAYS}
    return {name: build(folder) + build(folder / "functions") for name, folder in folders.items()}


@pytest.fixture(scope="session")
def plain() -> Objects:
    """The files without kustomize, needing no tool: what stands in no other file's place."""
    components = ("billing-service", "postgresql", "monitoring", "page", "page-service")
    kinds = ("base", "functions", *(f"components/{component}" for component in components))
    paths = [path for kind in kinds for path in (KNATIVE / kind).glob("*.yaml") if path.name != "kustomization.yaml"]
    return [yaml.safe_load(path.read_text()) for path in sorted(paths)]


@pytest.fixture
def manifests(plain: Objects) -> Objects:
    """A copy that a test may break."""
    return deepcopy(plain)
