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
from billing_service.figures.explain import explain
from billing_service.figures.table import table
from billing_service.importer import Progress, import_file
from billing_service.ledger.accept import NothingToAcceptError, Quarantined, accept
from billing_service.ledger.commands import differences, quarantined
from billing_service.migrate import migrate, shipped
from billing_service.periods.close import close
from billing_service.plans.catalogue import read_catalogue
from billing_service.plans.load import load_catalogue
from billing_service.plans.resources import read_subscriptions
from billing_service.plans.subscribe import subscribe
from billing_service.settings import LedgerSettings


class CommandError(Exception):
    """The command found what it looks for: exit code 1."""


async def run(arguments: argparse.Namespace, settings: LedgerSettings) -> None:
    """Raises BadFileError, CatalogueError, ResourcesError, MigrationError, CommandError, ServiceError, OSError, psycopg.Error."""
    url = settings.database_url.get_secret_value()
    if arguments.command == "explain":
        await _explain(arguments, url)
        return
    async with connect(url) as connection:
        match arguments.command:
            case "migrate":
                applied = await migrate(connection, shipped())
                print(f"migrate: {', '.join(migration.name for migration in applied) or 'nothing to do'}")
            case "import":
                await _import(connection, arguments, settings)
            case "demo":
                with tempfile.TemporaryDirectory() as folder:
                    loaded = await demo.load(connection, Path(folder))
                print("demo: " + ", ".join(f"{imported.lines} lines of {imported.kind}" for imported in loaded))
            case "plans":
                entries = read_catalogue(arguments.file)
                await load_catalogue(connection, entries, arguments.valid_from)
                print(f"plans: {len(entries)} plans and add-ons")
            case "subscriptions":
                subscriptions = read_subscriptions(arguments.file)
                since = await subscribe(connection, subscriptions, arguments.valid_from)
                print(f"subscriptions: {len(subscriptions)} organizations from {since:%Y-%m-%dT%H:%MZ} on")
            case "close":
                number = await close(connection, settings.provisional_days, report=print)
                print(f"close: {number} months closed" if number else "close: nothing to do")
            case "reconcile":
                await _reconcile(connection)
            case "quarantine":
                async for text in quarantined(connection):
                    print(text)
            case "accept":
                await _accept(connection, arguments, settings)


async def _import(connection: Connection, arguments: argparse.Namespace, settings: LedgerSettings) -> None:
    for file in arguments.files:
        with on_terminal(file.name) as progress:
            imported = await import_file(
                connection,
                file,
                allow_truncated=arguments.allow_truncated,
                source=arguments.source,
                quantity_bound=settings.quarantine_above,
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


async def _reconcile(connection: Connection) -> None:
    found = await differences(connection)
    if found:
        raise CommandError("\n".join([*found, f"reconcile: {len(found)} sums differ from their lines"]))
    print("reconcile: every sum agrees with its lines")


async def _explain(arguments: argparse.Namespace, url: str) -> None:
    async with open_database(url, pool_size=1, timeout_seconds=60) as database:
        explained = await explain(
            database, arguments.organization, arguments.namespace, figure=arguments.figure, period=arguments.period
        )
    for line in table(explained):
        print(line)
