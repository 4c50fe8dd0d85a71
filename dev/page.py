"""The built page (ui/dist) behind its static server (ui/server/), as in its image (ui/Containerfile)."""

import json

from dev.provider import answers
from dev.settings import ROOT, Settings
from dev.supervisor import Part

DIST = ROOT / "ui" / "dist"
SERVER = ROOT / "ui" / "server" / "server.mjs"
BUILD = "make page"


def is_built() -> bool:
    return (DIST / "index.html").exists()


def part(settings: Settings) -> Part:
    """Writes env.js, which the cluster mounts from the ConfigMap kube-dc-frontend-config."""
    env_file = settings.data / "env.js"
    env_file.write_text(env_script(settings))
    return Part(
        name="page",
        command=["node", str(SERVER)],
        environment={
            "HOST": settings.host,
            "PORT": str(settings.ports["PAGE_PORT"]),
            "PAGE_DIST": str(DIST),
            "PAGE_ENV_FILE": str(env_file),
        },
        ready=lambda: answers(settings.url("PAGE_PORT") + "/healthz"),
    )


def env_script(settings: Settings) -> str:
    """The globals that the console defines for its pages."""
    addresses = {
        "backendURL": settings.api_url,
        "frontendURL": settings.page_origin,
        "keycloakURL": settings.provider_url,
    }
    return "".join(f"window.{name} = {json.dumps(address)};\n" for name, address in addresses.items())
