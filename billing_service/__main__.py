"""The commands of the billing service: `python -m billing_service --help`.

Exit codes: 0 done, 1 the command failed (a bad file, the database), 2 wrong arguments or settings.
"""

import argparse
import asyncio
import os
import sys
import tempfile
from pathlib import Path

import psycopg

from billing_service import demo
from billing_service.csv_file import BadFileError, located
from billing_service.database import connect
from billing_service.database_failure import OUTDATED
from billing_service.import_kinds import KINDS
from billing_service.importer import SOURCE, import_file
from billing_service.migrate import MigrationError, migrate, shipped
from billing_service.serve import serve
from billing_service.settings import LedgerSettings, ServiceSettings, SettingsError


def main() -> int:
    arguments = _arguments()
    try:
        asyncio.run(_run(arguments))
    except SettingsError as error:
        return _fail(str(error), 2)
    except (BadFileError, MigrationError) as error:
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
    commands.add_parser("serve", help="serve HTTP requests until SIGTERM")
    return parser.parse_args()


async def _run(arguments: argparse.Namespace) -> None:
    if arguments.command == "serve":
        await serve(ServiceSettings.read(os.environ))  # noqa: TID251 - passed to settings.py
        return
    settings = LedgerSettings.read(os.environ)  # noqa: TID251 - passed to settings.py
    async with connect(settings.database_url.get_secret_value()) as connection:
        match arguments.command:
            case "migrate":
                applied = await migrate(connection, shipped())
                print(f"migrate: {', '.join(migration.name for migration in applied) or 'nothing to do'}")
            case "import":
                for file in arguments.files:
                    imported = await import_file(
                        connection,
                        file,
                        allow_truncated=arguments.allow_truncated,
                        source=arguments.source,
                        quantity_bound=settings.quarantine_above,
                    )
                    for warning in imported.warnings:
                        print(f"WARNING {located(warning, file)}", file=sys.stderr)
                    print(f"{file}: {imported.lines} lines of {imported.kind}")
            case "demo":
                with tempfile.TemporaryDirectory() as folder:
                    loaded = await demo.load(connection, Path(folder))
                print("demo: " + ", ".join(f"{imported.lines} lines of {imported.kind}" for imported in loaded))


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
