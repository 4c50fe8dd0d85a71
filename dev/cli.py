"""`python -m dev run`, and the commands for a running platform."""

import ipaddress
import json
import shlex
import signal
import sys
import time
from types import FrameType

from dev import budgets, provider, receiver
from dev.declarations import DeclarationError, local_ports
from dev.first_requests import DEMO_NAMESPACE
from dev.platform import ORG_ADMIN, Platform
from dev.settings import ROOT, PlatformError, Settings, read_settings
from dev.watcher import START, STOP

USAGE = "usage: python -m dev run | token USER | notifications | stop-part PART | start-part PART"
USAGE_ERROR = 2
REQUEST_SECONDS = 30.0
EXPOSED = "HOST={host}: other machines may reach this platform, and the passwords above are public\n\n"


def main(arguments: list[str]) -> int:  # noqa: PLR0911 - one per command
    try:
        match arguments:
            case ["run"]:
                return run(read())
            case ["token", username]:
                return token(username)
            case ["token"]:
                return complain(f"usage: make token USER=name, where name is one of:\n{known_users()}")
            case ["notifications"]:
                receiver.show(read().data / "notifications.jsonl")
                return 0
            case ["stop-part" | "start-part" as command, name]:
                return request(STOP if command == "stop-part" else START, name)
            case _:
                return complain(USAGE)
    except (DeclarationError, PlatformError) as exc:
        print(exc, file=sys.stderr)
        return 1


def read() -> Settings:
    return read_settings(local_ports())


def complain(text: str) -> int:
    print(text, file=sys.stderr)
    return USAGE_ERROR


def known_users() -> str:
    return "\n".join(f"  {user.username:<6} {user.about}" for user in provider.demo_users().values())


def run(settings: Settings) -> int:
    started = time.monotonic()
    platform = Platform(settings, say)

    def stop(number: int, _: FrameType | None) -> None:
        if not platform.is_stopping:
            say(f"{signal.Signals(number).name}: stopping")
        platform.request_stop()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    platform.start()
    try:
        if not platform.is_stopping:
            provide_budgets(platform)
            say(f"ready in {time.monotonic() - started:.1f} s\n\n{welcome(settings)}")
            platform.watch()
    finally:
        platform.stop()
    say("stopped")
    return 0


def provide_budgets(platform: Platform) -> None:
    """Not with a billing service or users that are not of this platform. Raises PlatformError."""
    settings = platform.settings
    if settings.billing_api_url is None and ORG_ADMIN in platform.ready_users and settings.keycloak_url is None:
        for name in budgets.provide(settings, platform.token(ORG_ADMIN)):
            say(f"budget: {name}")


def is_loopback(host: str) -> bool:
    return ipaddress.ip_address(host).is_loopback


def say(line: str) -> None:
    print(line, flush=True)


def welcome(settings: Settings) -> str:
    here = settings.keycloak_url is None
    realms = "{acme,acme-prod,globex}" if here else "{organization}"
    users = f"users (the password is the name):\n{known_users()}\n\n" if here else ""
    folder = "" if settings.data == ROOT / ".data" else f" DATA_DIR={shlex.quote(str(settings.data))}"
    bearer = f"$(make -s token USER=bob{folder})" if here else "$TOKEN"
    exposed = "" if is_loopback(settings.host) else EXPOSED.format(host=settings.host)
    return f"""\
page      {settings.page_origin}/billing/
API       {settings.api_url}/api/billing/
issuers   {settings.provider_url}/realms/{realms}
billing   {settings.billing_url}
logs      {settings.data / "logs"}

{users}{exposed}\
  curl -H "Authorization: Bearer {bearer}" {settings.api_url}/api/billing/project/{DEMO_NAMESPACE}/overview

Ctrl-C stops everything.
"""


def token(username: str) -> int:
    users = provider.demo_users()
    if username not in users:
        return complain(f"no user {username!r}; there are:\n{known_users()}")
    settings = read()
    if settings.keycloak_url is not None:
        raise PlatformError(
            f"the demo users are not in {settings.keycloak_url}: sign in to the page and copy the access token, "
            f"or request a token from its token endpoint with your client"
        )
    state = settings.data / "platform.json"
    url = json.loads(state.read_text())["provider_url"] if state.exists() else settings.provider_url
    print(provider.sign_in(url, users[username])["access_token"])
    return 0


def request(verb: str, name: str) -> int:
    """Returns when the running platform has stopped or started the part."""
    settings = read()
    state = settings.data / "platform.json"
    if not state.exists():
        raise PlatformError(f"no platform runs in {settings.data}: start it with make run")
    parts = json.loads(state.read_text())["parts"]
    if name not in parts:
        return complain(f"no part {name!r}; there are: {', '.join(parts)}")
    file = settings.data / "requests" / f"{verb}-{name}"
    file.touch()
    deadline = time.monotonic() + REQUEST_SECONDS
    while file.exists():
        if time.monotonic() > deadline:
            file.unlink(missing_ok=True)
            raise PlatformError(f"{name}: no {verb} within {REQUEST_SECONDS:g} s; see {settings.data / 'logs'}")
        time.sleep(0.05)
    return 0
