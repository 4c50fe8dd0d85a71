"""The manifests as objects: as they stand in the files, and as kustomize builds each overlay."""

import shutil
import subprocess
from collections.abc import Callable, Sequence
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
def build_with(
    tmp_path_factory: pytest.TempPathFactory, built: dict[str, Objects]
) -> Callable[[Sequence[str], dict[str, str]], Objects]:
    """Builds the overlay `local` with more components, and with other values, in a copy."""
    del built  # skips without kubectl

    def build_it(components: Sequence[str], values: dict[str, str]) -> Objects:
        copy = tmp_path_factory.mktemp("overlay") / "knative"
        shutil.copytree(KNATIVE, copy)
        overlay = copy / "overlays" / "local"
        shared = overlay / "kustomization.yaml"
        added = ", ".join(f"../../components/{component}" for component in (*components, "install"))
        shared.write_text(shared.read_text().replace("../../components/install", added))
        file = overlay / "install" / "values.yaml"
        content = yaml.safe_load(file.read_text())
        file.write_text(yaml.safe_dump({**content, "data": content["data"] | values}))
        return build(overlay) + build(overlay / "functions")

    return build_it


@pytest.fixture(scope="session")
def plain() -> Objects:
    """The files without kustomize, needing no tool: what stands in no other file's place."""
    components = (
        "billing-service",
        "postgresql",
        "monitoring",
        "monitoring-billing-service",
        "monitoring-billing-worker",
        "page",
        "page-service",
    )
    kinds = ("base", "functions", *(f"components/{component}" for component in components))
    paths = [path for kind in kinds for path in (KNATIVE / kind).glob("*.yaml") if path.name != "kustomization.yaml"]
    return [yaml.safe_load(path.read_text()) for path in sorted(paths)]


@pytest.fixture
def manifests(plain: Objects) -> Objects:
    """A copy that a test may break."""
    return deepcopy(plain)
