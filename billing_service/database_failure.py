"""The reason why a query failed, in one word for the log. It contains no names, values or passwords."""

import re

import psycopg
from psycopg import errors

from billing_service.connection import SettingsNotKept
from billing_service.errors import DatabaseUnavailable

OUTDATED = (errors.UndefinedTable, errors.UndefinedColumn, errors.UndefinedObject, errors.UndefinedFunction)

AWAY = (
    OSError,
    TimeoutError,
    psycopg.OperationalError,  # connecting, connection lost, shutting down, cancelled, out of connections
    psycopg.InterfaceError,
    errors.InsufficientPrivilege,
)

# The keys are the first characters of the SQLSTATE.
_BY_SQLSTATE = {
    "08": "connection_lost",
    "28": "authentication",
    "3D": "no_such_database",
    "42501": "permission",
    "53300": "too_many_connections",
    "53": "out_of_resources",
    "57014": "timeout",
    "57P03": "starting_up",
    "57": "shutting_down",
}

# libpq has no SQLSTATE for a failed connection attempt; these match parts of the texts of libpq and the server.
_BY_TEXT = [
    (r"read-only|hot standby", "no_suitable_server"),
    (r"refused|No such file", "refused"),
    (r"resolve|translate host name|Name or service|Temporary failure in name", "name_not_resolved"),
    (r"too many|connection slots|no more connections", "too_many_connections"),
    (r"database .* does not exist|no such database", "no_such_database"),
    (r"authentication|password|pg_hba|role .* does not exist|no such user", "authentication"),
    (r"starting up|recovery", "starting_up"),
    (r"shutting down", "shutting_down"),
    (r"SSL|certificate", "tls"),
    (r"unreachable|No route", "unreachable"),
    (r"time", "timeout"),
    (r"closed|reset|lost|terminat|EOF|server login", "connection_lost"),
]

REASONS = {"timeout", "settings_not_kept", "database_error", "connection_failed", *_BY_SQLSTATE.values()} | {
    name for _, name in _BY_TEXT
}


def unavailable(error: BaseException) -> DatabaseUnavailable:
    found = DatabaseUnavailable("The database is not available")
    sqlstate = error.sqlstate if isinstance(error, psycopg.Error) else None
    found.log = {"reason": reason(error), "sqlstate": sqlstate, "failure": type(error).__name__}
    return found


def reason(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "timeout"
    if isinstance(error, SettingsNotKept):
        return "settings_not_kept"
    if isinstance(error, psycopg.Error) and error.sqlstate:
        known = [name for start, name in _BY_SQLSTATE.items() if error.sqlstate.startswith(start)]
        return known[0] if known else "database_error"
    text = str(error)
    return next((name for pattern, name in _BY_TEXT if re.search(pattern, text, re.IGNORECASE)), "connection_failed")
