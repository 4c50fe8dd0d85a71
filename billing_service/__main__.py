"""The commands of the billing service: `python -m billing_service --help`.

Exit codes: 0 done, 1 the command failed (a bad file, the database), 2 wrong arguments or settings.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import psycopg

from billing_service.commands import CommandError, run
from billing_service.csv_file import BadFileError
from billing_service.database_failure import OUTDATED
from billing_service.distribute import DistributeError
from billing_service.errors import ServiceError
from billing_service.grants import GrantError
from billing_service.import_columns import hour, label, month, sku, text, workload
from billing_service.import_kinds import KINDS
from billing_service.importer import SOURCE
from billing_service.ledger.sources import SourceError
from billing_service.metering.command import closed_hour, meter
from billing_service.metering.errors import MeteringError
from billing_service.metering.settings import MeterSettings
from billing_service.migrate import MigrationError
from billing_service.notifications.settings import ChannelSettings
from billing_service.parameters import FIGURES
from billing_service.plans.catalogue import CatalogueError
from billing_service.plans.command import quota
from billing_service.plans.platform import PlatformError
from billing_service.plans.resources import ResourcesError
from billing_service.plans.settings import PlatformSettings
from billing_service.serve import serve
from billing_service.settings import LedgerSettings, ServiceSettings, SettingsError
from billing_service.worker.run import work
from billing_service.worker.settings import WorkerSettings

Value = TypeVar("Value")

_NAMED = (
    BadFileError,
    CatalogueError,
    CommandError,
    DistributeError,
    GrantError,
    MeteringError,
    MigrationError,
    PlatformError,
    ResourcesError,
    ServiceError,
    SourceError,
)


def main() -> int:
    arguments = _arguments()
    try:
        asyncio.run(_run(arguments))
    except SettingsError as error:
        return _fail(str(error), 2)
    except _NAMED as error:
        return _fail(str(error), 1)
    except OUTDATED:
        return _fail("the database schema is not up to date: run `python -m billing_service migrate` first", 1)
    except (OSError, psycopg.Error, ValueError) as error:
        return _fail(f"{arguments.command}: {_reason(error)}", 1)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m billing_service", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("migrate", help="bring the database schema up to date")
    imports = commands.add_parser(
        "import",
        help="import CSV files; each file is imported completely or not at all",
        description="The header of a file defines its kind: "
        + " | ".join(f"{kind.name}: {kind.described}" for kind in KINDS),
    )
    imports.add_argument("files", nargs="+", type=Path, metavar="FILE")
    imports.add_argument("--allow-truncated", action="store_true", help="accept a file without a final line break")
    imports.add_argument(
        "--source", default=SOURCE, help="name of the meter; another source does not replace its lines"
    )
    commands.add_parser("demo", help="import demo organizations with 90 days of usage, up to the last full hour")
    plans = commands.add_parser("plans", help="import the platform's billing-plans document")
    plans.add_argument("file", type=Path, metavar="FILE")
    plans.add_argument(
        "--valid-from", type=_parsed(hour), metavar="TIME", help="of changed prices; default: the running hour"
    )
    subscriptions = commands.add_parser(
        "subscriptions", help="import the plans that Organization resources have (kubectl get organizations -A -o json)"
    )
    subscriptions.add_argument("file", type=Path, metavar="FILE")
    subscriptions.add_argument(
        "--valid-from", type=_parsed(hour), metavar="TIME", help="since when they have them; default: the running hour"
    )
    quotas = commands.add_parser("quota", help="read the quotas that the platform's resources have")
    quotas.add_argument(
        "file",
        type=Path,
        nargs="?",
        metavar="FILE",
        help="output of `kubectl get organizations,projects -A -o json`; default: the cluster of KUBERNETES_API_URL",
    )
    commands.add_parser("close", help="close the months that are over and take no late lines any more")
    commands.add_parser("reconcile", help="compare every kept sum with its lines; exit code 1 if one differs")
    commands.add_parser("sources", help="list the meters, and from when to when they have hours")
    ended = commands.add_parser("end-source", help="end a meter: from then on, no hour of it is missing")
    ended.add_argument("source", help="METERING_SOURCE of the meter")
    ended.add_argument(
        "--at", type=_parsed(hour), metavar="TIME", help="end of its last hour; default: of its newest hour"
    )
    commands.add_parser("quarantine", help="list usage that cannot be booked")
    accepted = commands.add_parser("accept", help="book a line above QUARANTINE_ABOVE that is in quarantine")
    accepted.add_argument("namespace", type=_parsed(label))
    accepted.add_argument("hour", type=_parsed(hour), help="start of the hour in UTC, like 2026-11-01T00:00Z")
    accepted.add_argument("sku", type=_parsed(sku))
    accepted.add_argument("--workload", type=_parsed(workload), default="-")
    accepted.add_argument("--source", default=SOURCE)
    accepted.add_argument("--by", type=_parsed(text), required=True, help="who accepts it; it is kept")
    accepted.add_argument("--reason", type=_parsed(text), required=True, help="why; it is kept")
    explained = commands.add_parser("explain", help="print the rows that a figure of a project is made of")
    explained.add_argument("organization")
    explained.add_argument("namespace", nargs="?", help="default: the organization, by project")
    explained.add_argument("--figure", choices=FIGURES, default="current_month_total")
    explained.add_argument("--period", type=_parsed(month), metavar="YYYY-MM", help="default: the running month")
    granted = commands.add_parser("grants", help="give an existing role the rights that serve needs, and no others")
    granted.add_argument("--role", required=True, metavar="NAME", help="the user in the DATABASE_URL of serve")
    commands.add_parser("distribute", help="distribute the tables over the nodes of Citus, by organization")
    commands.add_parser("serve", help="serve HTTP requests until SIGTERM")
    commands.add_parser("work", help="run the periodic jobs until SIGTERM")
    reads = commands.add_parser(
        "meter",
        help="read closed hours from Prometheus",
        description="Without arguments: every closed hour that is missing. Hours are in UTC, like 2026-11-01T00:00Z.",
    )
    reads.add_argument(
        "--from", dest="begin", type=closed_hour, metavar="HOUR", help="first hour to read, stored or not"
    )
    reads.add_argument("--to", dest="end", type=closed_hour, metavar="HOUR", help="end of the last hour")
    arguments = parser.parse_args()
    if arguments.command == "meter" and (arguments.begin is None) != (arguments.end is None):
        parser.error("--from and --to are given together")
    if arguments.command == "meter" and arguments.begin and arguments.begin >= arguments.end:
        parser.error("--to must be after --from: it is the end of the last hour")
    return arguments


def _parsed(parse: Callable[[str], Value]) -> Callable[[str], Value]:
    """For argparse: with the rule of `parse` in the message."""

    def parsed(field: str) -> Value:
        try:
            return parse(field)
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"{field!r} {error}") from None

    return parsed


async def _run(arguments: argparse.Namespace) -> None:
    environ = os.environ  # noqa: TID251 - passed to the settings
    match arguments.command:
        case "serve":
            await serve(ServiceSettings.read(environ), ChannelSettings.read(environ))
        case "work":
            metered = MeterSettings.read(environ) if environ.get("PROMETHEUS_URL") else None
            await work(WorkerSettings.read(environ), metered, ChannelSettings.read(environ))
        case "quota":
            quotas = await quota(PlatformSettings.read(environ), arguments.file)
            print(f"quota: {len({(one.organization, one.namespace) for one in quotas})} organizations and projects")
        case "meter":
            async for done in meter(MeterSettings.read(environ), arguments.begin, arguments.end):
                print(done)
        case _:
            await run(arguments, LedgerSettings.read(environ))


def _reason(error: Exception) -> str:
    """A message of PostgreSQL contains names and limits, no passwords. A connection error may have an empty text."""
    if isinstance(error, psycopg.Error) and error.diag.message_primary:
        return f"PostgreSQL: {error.diag.message_primary}"
    return str(error) or type(error).__name__


def _fail(message: str, code: int) -> int:
    print(message, file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
