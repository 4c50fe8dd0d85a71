"""What an import refuses or doubts about a file: cut off, empty, of another dialect, not what was sent, unusual."""

# ruff: noqa: ASYNC240 - small files of a test, nothing else waits for the loop

import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from billing_service.csv_file import BadFileError
from billing_service.database import connect
from billing_service.import_kinds import KINDS, Kind
from billing_service.importer import Imported, import_file

from .conftest import USAGE_HEADER
from .process import run

GOOD = "acme-web,2025-09-10T09:00:00Z,1,2,3,4,12.75\n"
PRICES = "resource,currency,unit_price,valid_from\n"
INSTANCES = "namespace,running_pods,running_vms,cpu_cores,memory_gib\n"

pytestmark = pytest.mark.usefixtures("registry")

Import = Callable[..., Awaitable[Imported]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "input.csv"


@pytest.fixture
def imported(database_url: str, path: Path) -> Import:
    async def imported(content: str | bytes, *, allow_truncated: bool = False) -> Imported:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        async with connect(database_url) as connection:
            return await import_file(connection, path, allow_truncated=allow_truncated)

    return imported


async def refusal(importing: Awaitable[Imported]) -> str:
    with pytest.raises(BadFileError) as refused:
        await importing
    return str(refused.value)


async def warnings(importing: Awaitable[Imported]) -> list[tuple[int, str, str]]:
    return [(warning.line, warning.column, warning.text) for warning in (await importing).warnings]


async def test_a_last_line_without_its_line_break_is_refused(imported: Import, path: Path) -> None:
    """12.75 that was cut off after 12 is a good number, and a wrong one."""
    text = await refusal(imported(USAGE_HEADER + GOOD.removesuffix(".75\n")))
    assert text.startswith(f"{path}:2: has no line break at its end and may be truncated; --allow-truncated")
    assert (await imported(USAGE_HEADER + GOOD.removesuffix("\n"), allow_truncated=True)).lines == 1


async def test_the_command_takes_a_truncated_file_when_told(database_url: str, path: Path) -> None:
    """--allow-truncated, for a program that writes no last line break."""
    path.write_text(USAGE_HEADER + GOOD.removesuffix("\n"))
    assert run(database_url, "import", str(path)).returncode == 1
    assert run(database_url, "import", "--allow-truncated", str(path)).returncode == 0


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\n\n", ""])
async def test_a_header_alone_is_refused(imported: Import, kind: Kind, end: str) -> None:
    """An export that found nothing went wrong, whatever it was of."""
    assert "the file has a header and no data line" in await refusal(imported(",".join(kind.header) + end))


@pytest.mark.parametrize(
    ("content", "names"),
    [
        (USAGE_HEADER.replace(",", ";"), "the fields are separated by semicolons, must be separated by commas"),
        (USAGE_HEADER.replace(",", "\t"), "the fields are separated by tabs"),
        (USAGE_HEADER.replace(",", "|"), "the fields are separated by vertical bars"),
        ("sep=;\n" + USAGE_HEADER.replace(",", ";"), "the line 'sep=;' is only for spreadsheets: remove it"),
        ("sep=,\n" + USAGE_HEADER, "the line 'sep=,' is only for spreadsheets: remove it"),
        ("\ufeffsep=,\n" + USAGE_HEADER, "the line 'sep=,' is only for spreadsheets: remove it"),
        ('"sep=;"\n' + USAGE_HEADER.replace(",", ";"), "the line '\"sep=;\"' is only for spreadsheets: remove it"),
        ('"' + USAGE_HEADER.strip().replace(",", '";"') + '"\n', "the fields are separated by semicolons"),
        ('"' + USAGE_HEADER.strip().replace(",", '"\t"') + '"\n', "the fields are separated by tabs"),
        (USAGE_HEADER.replace("\n", "\r") + GOOD.replace("\n", "\r"), "the lines end with a carriage return only"),
        (USAGE_HEADER.replace(",", ", "), "the header has spaces beside its commas: remove them"),
        (USAGE_HEADER.encode("utf-16"), "is UTF-16: save it as CSV in UTF-8"),
        (USAGE_HEADER.encode("utf-16-le"), "is UTF-16"),
        (USAGE_HEADER.encode("utf-16-be"), "is UTF-16"),
        (USAGE_HEADER.encode("utf-32"), "is UTF-32"),
        (b"PK\x03\x04\x14\x00\x06\x00", "is a ZIP archive or a spreadsheet"),
        (b"\x1f\x8b\x08\x00", "is compressed with gzip"),
        ("namespace,hour,cpu\n", "the header is 'namespace,hour,cpu', must be one of: "),
    ],
)
async def test_another_dialect_is_named(imported: Import, content: str | bytes, names: str) -> None:
    """What the file is, and what to do, instead of a header that nobody recognizes."""
    assert f":1: {names}" in await refusal(imported(content))


async def test_a_checksum_beside_the_file_is_checked(imported: Import, path: Path) -> None:
    """input.csv.sha256 is what sha256sum wrote where the file was made; what arrived differs in one digit."""
    sent = USAGE_HEADER + GOOD
    path.with_name("input.csv.sha256").write_text(f"{hashlib.sha256(sent.encode()).hexdigest()}  input.csv\n")
    assert (await imported(sent)).lines == 1
    assert "input.csv.sha256 has another checksum" in await refusal(imported(sent.replace("12.75", "12.76")))
    path.with_name("input.csv.sha256").write_text("")
    assert "input.csv.sha256 has another checksum" in await refusal(imported(sent))


async def test_a_number_of_rows_beside_the_file_is_checked(imported: Import, path: Path) -> None:
    """input.csv.rows counts the lines without the header: a file that was cut off at a line's end has fewer."""
    path.with_name("input.csv.rows").write_text("2\n")
    text = await refusal(imported(USAGE_HEADER + GOOD))
    assert "input.csv.rows has another number of data lines: the file has 1" in text
    assert (await imported(USAGE_HEADER + GOOD + GOOD.replace("T09", "T10"))).lines == 2


async def test_usage_a_thousand_times_the_usual_is_imported_with_a_warning(
    imported: Import, database_url: str, path: Path
) -> None:
    """Millicores instead of cores; the command names the line, and is done."""
    usual = [f"acme-web,2025-09-0{day}T09:00:00Z,1.5,2,0,0,0\n" for day in range(1, 6)]
    assert await warnings(imported(USAGE_HEADER + "".join(usual))) == []
    assert await warnings(imported(f"{USAGE_HEADER}acme-web,2025-09-06T09:00:00Z,15,2,0,0,0\n")) == []
    line = "acme-web,2025-09-06T10:00:00Z"
    path.write_text(f"{USAGE_HEADER}{line},2,2,0,0,0\n{line.replace('T10', 'T11')},30000,2,0,0,0\n")
    done = run(database_url, "import", str(path))
    assert done.returncode == 0
    assert done.stderr == f"WARNING {path}:3: cpu_core_hours: 30000 is far above the usual 3.7500\n"


async def test_a_first_file_is_compared_with_itself(imported: Import) -> None:
    """Without earlier usage, the median of the file's lines is usual. A project's first usage is not unusual."""
    lines = [f"acme-web,2025-09-01T0{hour}:00:00Z,1,0.001,0,0,0\n" for hour in range(8)]
    lines += ["acme-web,2025-09-01T08:00:00Z,1000,4,0,0,0\n", "acme-data,2025-09-01T08:00:00Z,1000,0,0,0,0\n"]
    found = await warnings(imported(USAGE_HEADER + "".join(lines)))
    assert found == [(10, "cpu_core_hours", "1000 is far above the usual 1.0000")]


async def test_a_price_far_from_the_one_before_is_imported_with_a_warning(imported: Import) -> None:
    """The price of a month instead of an hour, and the other way round."""
    old = "cpu_core_hour,EUR,0.035,2025-01-01T00:00:00Z\n"
    assert await warnings(imported(PRICES + old)) == []
    new = f"{PRICES}cpu_core_hour,EUR,25.55,2025-02-01T00:00:00Z\ncpu_core_hour,USD,25.55,2025-02-01T00:00:00Z\n"
    assert await warnings(imported(new)) == [(2, "unit_price", "25.55 is far from the price before it, 0.035")]
    back = f"{PRICES}cpu_core_hour,EUR,0.035,2025-03-01T00:00:00Z\n"
    assert await warnings(imported(back)) == [(2, "unit_price", "0.035 is far from the price before it, 25.55")]


async def test_instances_a_thousand_times_the_last_are_imported_with_a_warning(imported: Import) -> None:
    """MiB instead of GiB."""
    assert await warnings(imported(f"{INSTANCES}acme-web,1,0,0.5,8\n")) == []
    found = await warnings(imported(f"{INSTANCES}acme-web,1,0,0.5,8192\n"))
    assert found == [(2, "memory_gib", "8192 is far above the last 8")]


@pytest.mark.parametrize(
    "text",
    [
        f"{USAGE_HEADER}acme-web,1996-11-10T00:00:00Z,1,0,0,0,0\n",
        "namespace,hour,sku,workload,quantity\nacme-web,1996-11-10T00:00:00Z,cpu_core_hour,-,1\n",
        "organization,plan,valid_from\nacme,suspendedPlan,1996-11-10T00:00:00Z\n",
    ],
)
async def test_a_line_before_the_first_possible_hour_is_refused(
    imported: Import, path: Path, database_url: str, text: str
) -> None:
    """A wrong year would close every month from then on. The setting has the first hour of the platform."""
    with pytest.raises(BadFileError, match=r":2: (hour|valid_from): is before 2020-01-01T00:00Z \(USAGE_SINCE\)"):
        await imported(text)
    assert run(database_url, "import", str(path), USAGE_SINCE="1996-11-10T00:00:00Z").returncode == 0
    wrong = run(database_url, "import", str(path), USAGE_SINCE="1996")
    assert (wrong.returncode, "USAGE_SINCE" in wrong.stderr) == (2, True)
