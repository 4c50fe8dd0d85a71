"""What each command does, besides `serve`. The text on standard output is for people."""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from billing_service import demo
from billing_service.csv_file import located
from billing_service.database import Connection, connect, open_database
from billing_service.distribute import distribute
from billing_service.explanations.asked import Figure
from billing_service.explanations.organization import explain_organization
from billing_service.explanations.project import explain
from billing_service.explanations.table import table
from billing_service.grants import READABLE, UnboundRoleError, grant, provide, readers
from billing_service.importer import Progress, import_file
from billing_service.ledger.accept import NothingToAcceptError, Quarantined, accept
from billing_service.ledger.commands import differences, quarantined
from billing_service.ledger.sources import end_source, sources
from billing_service.migrate import migrate, shipped
from billing_service.parameters import SUMMARY_FIGURES
from billing_service.periods.close import close
from billing_service.plans.catalogue import read_catalogue, read_members
from billing_service.plans.load import load_catalogue, load_members
from billing_service.plans.resources import read_subscriptions
from billing_service.plans.subscribe import subscribe
from billing_service.settings import LedgerSettings
from billing_service.trends.usage import Scope


class CommandError(Exception):
    """The command found what it looks for: exit code 1."""


async def run(arguments: argparse.Namespace, settings: LedgerSettings) -> None:
    """Raises CommandError, ServiceError, OSError, psycopg.Error, and errors of files and schema: BadFileError,
    CatalogueError, DistributeError, GrantError, MigrationError, ResourcesError.
    """
    url = settings.database_url.get_secret_value()
    if arguments.command == "explain":
        await _explain(arguments, url)
        return
    async with connect(url) as connection:
        await _COMMANDS[arguments.command](connection, arguments, settings)


async def _migrate(connection: Connection, _: argparse.Namespace, settings: LedgerSettings) -> None:
    applied = await migrate(connection, shipped())
    for role in await readers(connection):
        await grant(connection, role)
    print(f"migrate: {', '.join(migration.name for migration in applied) or 'nothing to do'}")
    if settings.serve_database_url:
        await _provide(connection, settings.serve_database_url.get_secret_value())


async def _provide(connection: Connection, url: str) -> None:
    try:
        print(f"migrate: {await provide(connection, url)} is the role of serve")
    except UnboundRoleError as error:
        print(f"WARNING {error}", file=sys.stderr)


async def _grants(connection: Connection, arguments: argparse.Namespace, _: LedgerSettings) -> None:
    await grant(connection, arguments.role)
    print(f"grants: {arguments.role} may read {len(READABLE)} tables, and the rows of one organization at a time")


async def _distribute(connection: Connection, _: argparse.Namespace, __: LedgerSettings) -> None:
    async for text in distribute(connection):
        print(text)


async def _demo(connection: Connection, _: argparse.Namespace, __: LedgerSettings) -> None:
    with tempfile.TemporaryDirectory() as folder:
        loaded = await demo.load(connection, Path(folder))
    print("demo: " + ", ".join(f"{imported.lines} lines of {imported.kind}" for imported in loaded))


async def _plans(connection: Connection, arguments: argparse.Namespace, _: LedgerSettings) -> None:
    entries, members = read_catalogue(arguments.file), read_members(arguments.file)
    async with connection.transaction():
        await load_catalogue(connection, entries, arguments.valid_from)
        await load_members(connection, members)
    print(f"plans: {len(entries)} plans and add-ons")


async def _subscriptions(connection: Connection, arguments: argparse.Namespace, settings: LedgerSettings) -> None:
    subscriptions = read_subscriptions(arguments.file)
    since = await subscribe(connection, subscriptions, arguments.valid_from, usage_since=settings.usage_since)
    print(f"subscriptions: {len(subscriptions)} organizations from {since:%Y-%m-%dT%H:%MZ} on")


async def _close(connection: Connection, _: argparse.Namespace, settings: LedgerSettings) -> None:
    number = await close(connection, settings.provisional_days, report=print)
    print(f"close: {number} months closed" if number else "close: nothing to do")


async def _quarantine(connection: Connection, _: argparse.Namespace, __: LedgerSettings) -> None:
    lines = [text async for text in quarantined(connection)]
    print("\n".join(lines) or "quarantine: empty")


async def _import(connection: Connection, arguments: argparse.Namespace, settings: LedgerSettings) -> None:
    for file in arguments.files:
        with on_terminal(file.name) as progress:
            imported = await import_file(
                connection,
                file,
                allow_truncated=arguments.allow_truncated,
                source=arguments.source,
                quantity_bound=settings.quarantine_above,
                usage_since=settings.usage_since,
                progress=progress,
            )
        for warning in imported.warnings:
            print(f"WARNING {located(warning, file)}", file=sys.stderr)
        note = f" ({imported.note})" if imported.note else ""
        print(f"{file}: {imported.lines} lines of {imported.kind}{note}")


@contextmanager
def on_terminal(name: str) -> Iterator[Progress]:
    """Writes how many lines of a long file were read over the same line of a terminal, and clears it at the end."""
    shown = False

    def progress(lines: int) -> None:
        nonlocal shown
        if sys.stderr.isatty():
            shown = True
            print(f"\r{name}: {lines:,} lines read", end="", file=sys.stderr, flush=True)

    try:
        yield progress
    finally:
        if shown:
            print("\r\033[K", end="", file=sys.stderr, flush=True)


async def _accept(connection: Connection, arguments: argparse.Namespace, settings: LedgerSettings) -> None:
    line = Quarantined(arguments.namespace, arguments.hour, arguments.sku, arguments.workload, arguments.source)
    try:
        done = await accept(connection, line, arguments.by, arguments.reason, quantity_bound=settings.quarantine_above)
    except NothingToAcceptError as error:
        raise CommandError(str(error)) from None
    if done.quarantined:
        raise CommandError(f"{arguments.namespace}: the line was accepted, and still cannot be booked: see quarantine")
    print(f"accept: {done.written + done.changed} lines booked, {done.adjusted} adjustments of closed months")


async def _sources(connection: Connection, _: argparse.Namespace, __: LedgerSettings) -> None:
    lines = [text async for text in sources(connection)]
    print("\n".join(lines) or "sources: no meter has stored an hour")


async def _end_source(connection: Connection, arguments: argparse.Namespace, _: LedgerSettings) -> None:
    ended = await end_source(connection, arguments.source, arguments.at)
    print(f"end-source: {arguments.source} ended at {ended:%Y-%m-%dT%H:%MZ}: no hour from then on is missing")


async def _reconcile(connection: Connection, _: argparse.Namespace, __: LedgerSettings) -> None:
    found = await differences(connection)
    if found:
        raise CommandError("\n".join([*found, f"reconcile: {len(found)} sums differ from their lines"]))
    print("reconcile: every sum agrees with its lines")


async def _explain(arguments: argparse.Namespace, url: str) -> None:
    organization, namespace = arguments.organization, arguments.namespace
    figure, period = arguments.figure, arguments.period
    if namespace is None and figure not in SUMMARY_FIGURES:
        raise CommandError(f"--figure of an organization must be one of {', '.join(SUMMARY_FIGURES)}")
    async with open_database(url, pool_size=1, timeout_seconds=60) as database:
        if namespace is None:
            explained = await explain_organization(database, Scope(organization), Figure(figure, period))
        else:
            explained = await explain(database, organization, namespace, figure=figure, period=period)
    for line in table(explained):
        print(line)


_COMMANDS = {
    "accept": _accept,
    "close": _close,
    "demo": _demo,
    "distribute": _distribute,
    "end-source": _end_source,
    "grants": _grants,
    "import": _import,
    "migrate": _migrate,
    "plans": _plans,
    "quarantine": _quarantine,
    "reconcile": _reconcile,
    "sources": _sources,
    "subscriptions": _subscriptions,
}
