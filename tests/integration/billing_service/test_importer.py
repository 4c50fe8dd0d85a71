"""The import: a complete file or nothing, no change by a second import, and the list of invalid lines."""

# ruff: noqa: ASYNC240 - small files of a test, nothing else waits for the loop

import asyncio
from pathlib import Path

import pytest

from billing_service.csv_file import BadFileError
from billing_service.database import connect
from billing_service.importer import import_file

from .conftest import USAGE_HEADER, Load

GOOD = "acme-web,2025-09-10T09:00:00Z,1,2,3,4,5\n"

pytestmark = pytest.mark.usefixtures("registry")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "usage.csv"


async def rows(url: str) -> list[tuple[object, ...]]:
    async with connect(url) as connection:
        query = "SELECT namespace, hour, sku, quantity FROM usage_lines ORDER BY 1, 2, 3"
        found = await connection.execute(query)
        return [tuple(row.values()) async for row in found]


async def problems(url: str, path: Path, content: str | bytes) -> list[tuple[int, str]]:
    """The lines and columns that the import refuses."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    async with connect(url) as connection:
        with pytest.raises(BadFileError) as refused:
            await import_file(connection, path)
    assert str(refused.value).endswith("this file was not imported")
    return [(problem.line, problem.column) for problem in refused.value.problems]


async def test_the_same_file_again_changes_nothing(database_url: str, load: Load) -> None:
    """An import can be repeated. No row is written again (xmin is unchanged)."""
    query = "SELECT xmin, namespace, sku, hour, quantity FROM usage_lines ORDER BY 2, 3, 4"
    async with connect(database_url) as connection:
        await load(USAGE_HEADER + GOOD)
        before = await (await connection.execute(query)).fetchall()
        await load(USAGE_HEADER + GOOD)
        assert await (await connection.execute(query)).fetchall() == before
    assert len(before) == 5


async def test_a_later_file_corrects_an_earlier_one(database_url: str, load: Load) -> None:
    """The last import of an hour is used, also if its quantity is 0."""
    await load(USAGE_HEADER + GOOD)
    await load(f"{USAGE_HEADER}acme-web,2025-09-10T09:00:00Z,0,2,3,4,5\n")
    stored = await rows(database_url)
    assert [row[3] for row in stored] == [0, 2, 3, 4, 5]


async def test_a_file_with_one_bad_line_loads_nothing(database_url: str, path: Path) -> None:
    """The good lines before and after the bad one are not loaded either."""
    many = "".join(f"acme-web,2025-09-{day:02}T09:00:00Z,1,1,1,1,1\n" for day in range(1, 29))
    text = f"{USAGE_HEADER}{many}acme-web,yesterday,1,1,1,1,1\nacme-data,2025-09-01T00:00:00Z,1,1,1,1,1\n"
    assert await problems(database_url, path, text) == [(30, "hour")]
    assert await rows(database_url) == []


@pytest.mark.parametrize(
    "dialect",
    [
        USAGE_HEADER + GOOD,
        "\ufeff" + USAGE_HEADER + GOOD,
        (USAGE_HEADER + GOOD).replace("\n", "\r\n"),
        USAGE_HEADER + '"acme-web","2025-09-10T09:00:00Z","1","2",3,4,5\n',
        f"{USAGE_HEADER}\n{GOOD}\n",
        USAGE_HEADER + GOOD.replace("T09:00:00Z", "T11:00:00+02:00"),
        USAGE_HEADER + GOOD.replace("T09:00:00Z", "T14:30+05:30"),
        USAGE_HEADER + "acme-web,2025-09-10T09:00Z,1.000000000,00000000002,3.0,4,5\n",
        USAGE_HEADER + GOOD.replace("T09:00:00Z", "T09:00:00.000Z"),
        USAGE_HEADER + GOOD.replace("T09:00:00Z", "t11:00:00.000000000000+02:00"),
        USAGE_HEADER + GOOD.replace("T09:00:00Z", "T09:00:00z"),
    ],
    ids=[
        "plain",
        "bom",
        "crlf",
        "quoted",
        "empty lines",
        "offset",
        "half-hour offset",
        "zeros",
        "fraction",
        "long fraction",
        "lower case",
    ],
)
async def test_the_usual_dialects_mean_the_same(database_url: str, load: Load, path: Path, dialect: str) -> None:
    """A byte order mark, CRLF, quotes, empty lines and offsets are read as what they mean."""
    await load(USAGE_HEADER + GOOD)
    expected = await rows(database_url)
    async with connect(database_url) as connection:
        await connection.execute("TRUNCATE usage_lines")
        path.write_bytes(dialect.encode())
        assert (await import_file(connection, path)).lines == 1
    assert await rows(database_url) == expected


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ("acme_web,2025-09-10T09:00:00Z,1,1,1,1,1", "namespace"),
        (" acme-web,2025-09-10T09:00:00Z,1,1,1,1,1", "namespace"),
        (",2025-09-10T09:00:00Z,1,1,1,1,1", "namespace"),
        ('"acme-web\n",2025-09-10T09:00:00Z,1,1,1,1,1', "namespace"),
        ("acme-web,2025-09-10T09:00:00,1,1,1,1,1", "hour"),
        ("acme-web,2025-09-10 09:00:00Z,1,1,1,1,1", "hour"),
        ("acme-web,2025-09-10T09:30:00Z,1,1,1,1,1", "hour"),
        ("acme-web,2025-09-10T09:00:00.001Z,1,1,1,1,1", "hour"),
        ("acme-web,2025-09-10T09:00:00.0000001Z,1,1,1,1,1", "hour"),
        ("acme-web,2025-09-10T09:00:00.Z,1,1,1,1,1", "hour"),
        ("acme-web,2025-09-10T09:00:00.000,1,1,1,1,1", "hour"),
        ("acme-web,2025-09-10T09:00:60Z,1,1,1,1,1", "hour"),
        ("acme-web,2025-09-10T09:00:00+05:30,1,1,1,1,1", "hour"),
        ("acme-web,2025-02-29T09:00:00Z,1,1,1,1,1", "hour"),
        ("acme-web,0001-01-01T00:00:00+14:00,1,1,1,1,1", "hour"),
        ("acme-web,0001-01-01T00:00:00Z,1,1,1,1,1", "hour"),
        ("acme-web,9998-01-01T00:00:00Z,1,1,1,1,1", "hour"),
        ("acme-web,1757494800,1,1,1,1,1", "hour"),
        ("acme-web,2025-09-10T09:00:00Z,-1,1,1,1,1", "cpu_core_hours"),
        ("acme-web,2025-09-10T09:00:00Z,1,NaN,1,1,1", "memory_gib_hours"),
        ("acme-web,2025-09-10T09:00:00Z,1,1,Infinity,1,1", "storage_gib_hours"),
        ("acme-web,2025-09-10T09:00:00Z,1,1,1,1e3,1", "network_gib"),
        ("acme-web,2025-09-10T09:00:00Z,1,1,1,1E400000000,1", "network_gib"),
        ("acme-web,2025-09-10T09:00:00Z,1,1,1,1,", "public_ip_hours"),
        ("acme-web,2025-09-10T09:00:00Z,1,1,1,1,1_000", "public_ip_hours"),
        ("acme-web,2025-09-10T09:00:00Z,1,1,1,1,١", "public_ip_hours"),  # noqa: RUF001 - a digit to Python's int()
        ('acme-web,2025-09-10T09:00:00Z,1,1,1,1,"1,5"', "public_ip_hours"),
        ("acme-web,2025-09-10T09:00:00Z,1,1,1,1,0.0000000001", "public_ip_hours"),
        ("acme-web,2025-09-10T09:00:00Z,100000000,1,1,1,1", "cpu_core_hours"),
        ("acme-web,2025-09-10T09:00:00Z,1,1,1,1,\x00", "public_ip_hours"),
        ("acme-web,2025-09-10T09:00:00Z,1,1,1,1", ""),
        ("acme-web,2025-09-10T09:00:00Z,1,1,1,1,1,1", ""),
        ('acme-web,"2025-09-10T09:00:00Z,1,1,1,1,1', ""),
        ('acme-web,2025-09-10T09:00:00Z,"1"2,1,1,1,1', ""),
    ],
)
async def test_a_bad_line_is_named(database_url: str, path: Path, line: str, column: str) -> None:
    """Line and column of what is wrong are in the error, and nothing is loaded."""
    assert await problems(database_url, path, f"{USAGE_HEADER}{GOOD}{line}\n") == [(3, column)]
    assert await rows(database_url) == []


async def test_the_error_reads_like_a_compilers(database_url: str, path: Path) -> None:
    """File, line, column, what was there, what is allowed."""
    path.write_text(f"{USAGE_HEADER}acme-web,2025-09-10T09:00:00Z,-1,1,1,1,1\n")
    async with connect(database_url) as connection:
        with pytest.raises(BadFileError) as refused:
            await import_file(connection, path)
    assert str(refused.value).startswith(f"{path}:2: cpu_core_hours: '-1' must be a number like 12.5, not negative")


async def test_a_repeated_line_is_named_with_the_first(database_url: str, path: Path) -> None:
    """Which of two lines for one hour counts is not guessed, however the hour is written."""
    repeated = GOOD.replace("T09:00:00Z", "T11:00:00+02:00")
    assert await problems(database_url, path, USAGE_HEADER + GOOD + repeated) == [(3, "hour")]


async def test_what_is_not_utf8_has_its_line(database_url: str, path: Path) -> None:
    """Bytes of another encoding are refused where they stand."""
    content = USAGE_HEADER.encode() + GOOD.encode() + b"acme-w\xe9b,2025-09-10T09:00:00Z,1,1,1,1,1\n"
    assert await problems(database_url, path, content) == [(3, "")]


async def test_all_kinds_of_problems_come_in_one_go_up_to_twenty(database_url: str, path: Path) -> None:
    """Someone with a broken file need not run the import once per line, nor read thousands."""
    mixed = f"{USAGE_HEADER}no_body,2025-09-10T09:00:00Z,1,1,1,1,1\nacme-web,never,x,1,1,1,1\n{GOOD}{GOOD}"
    assert await problems(database_url, path, mixed) == [
        (2, "namespace"),
        (3, "cpu_core_hours"),
        (3, "hour"),
        (5, "hour"),
    ]
    assert len(await problems(database_url, path, USAGE_HEADER + "acme-web,never,1,1,1,1,1\n" * 5000)) == 20


@pytest.mark.parametrize(
    "content", [b"", b"namespace,hour\n", b"\xff\xfe\n", b"acme-web,2025-09-10T09:00:00Z,1\n", b"\n"]
)
async def test_an_unknown_header_lists_the_known_ones(database_url: str, path: Path, content: bytes) -> None:
    """The header defines the kind of a file. An unknown header is an error on line 1."""
    assert await problems(database_url, path, content) == [(1, "")]


async def test_a_header_that_is_not_utf8_says_so(database_url: str, path: Path) -> None:
    """UTF-16, as spreadsheets export it, is not called an unknown header."""
    path.write_bytes((USAGE_HEADER + GOOD).encode("utf-16"))
    async with connect(database_url) as connection:
        with pytest.raises(BadFileError, match=r"usage\.csv:1: is UTF-16: save it as CSV in UTF-8\n"):
            await import_file(connection, path)


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("organization,currency\nacme,eur\n", "currency"),
        ("organization,currency\nacme,EUX\n", "currency"),
        ("organization,currency\nacme,XAU\n", "currency"),
        ("resource,currency,unit_price,valid_from\nnetwork_gib,EUX,1,2025-01-01T00:00:00Z\n", "currency"),
        ("resource,currency,unit_price,valid_from\nnetwork_gib,EUR,1000000,2025-01-01T00:00:00Z\n", "unit_price"),
        ("namespace,organization\nacme-web,nobody\n", "organization"),
        ("namespace,organization\nnew,acme\nnew,globex\n", "namespace"),
        ("resource,currency,unit_price,valid_from\nunknown_hour,EUR,1,2025-01-01T00:00:00Z\n", "resource"),
        ("resource,currency,unit_price,valid_from\nnetwork_gib,EUR,-0,2025-01-01T00:00:00Z\n", "unit_price"),
        ("resource,currency,unit_price,valid_from\nnetwork_gib,EUR,1,2025-01-01\n", "valid_from"),
        ("namespace,running_pods,running_vms,cpu_cores,memory_gib\nacme-web,1.5,0,1,1\n", "running_pods"),
        ("namespace,running_pods,running_vms,cpu_cores,memory_gib\nnobody,1,0,1,1\n", "namespace"),
    ],
)
async def test_the_other_kinds_are_checked_too(database_url: str, path: Path, text: str, column: str) -> None:
    """Organizations, projects, prices and instances have the same import and the same errors."""
    assert [named for _, named in await problems(database_url, path, text)] == [column]


async def test_concurrent_imports_of_the_same_hours_both_succeed(database_url: str, tmp_path: Path) -> None:
    """Two imports in opposite order wait for each other instead of deadlocking; one of them is what is stored."""
    lines = [f"acme-web,2025-09-{day:02}T{hour:02}:00:00Z" for day in range(1, 29) for hour in range(24)]
    files = []
    for number, order in ((1, lines), (2, lines[::-1])):
        file = tmp_path / f"{number}.csv"
        file.write_text(
            USAGE_HEADER + "".join(f"{line},{number},{number},{number},{number},{number}\n" for line in order)
        )
        files.append(file)
    async with connect(database_url) as first, connect(database_url) as second:
        await asyncio.gather(import_file(first, files[0]), import_file(second, files[1]))
    stored = await rows(database_url)
    assert len(stored) == len(lines) * 5
    assert len({row[3] for row in stored}) == 1
