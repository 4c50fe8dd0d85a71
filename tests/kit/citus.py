"""`make test-distributed` runs this first: DATABASE_URL must be a server with Citus, where databases may be created."""

import os
import sys

import psycopg


def main() -> int:
    url = os.environ.get("DATABASE_URL", "")
    if not url:
        return _fail(
            "set DATABASE_URL to a PostgreSQL server with Citus: make test-distributed DATABASE_URL=postgresql://..."
        )
    try:
        with psycopg.connect(url, connect_timeout=10) as connection:
            found = connection.execute(
                "SELECT default_version FROM pg_available_extensions WHERE name = 'citus'"
            ).fetchone()
    except psycopg.Error as error:
        return _fail(f"the server of DATABASE_URL cannot be reached: {type(error).__name__}")
    if not found:
        return _fail("the server of DATABASE_URL does not have the extension citus")
    print(f"test-distributed: Citus {found[0]}")
    return 0


def _fail(text: str) -> int:
    print(f"NOT TESTED WITH CITUS: {text}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
