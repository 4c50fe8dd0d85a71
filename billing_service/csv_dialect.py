"""Detects files that are not the CSV of an import: compressed files, spreadsheets, other separators."""

_ENCODINGS = {  # by the first bytes
    b"\xff\xfe\x00\x00": "UTF-32",
    b"\x00\x00\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
    b"PK\x03\x04": "a ZIP archive or a spreadsheet",
    b"\x1f\x8b": "compressed with gzip",
    b"BZh": "compressed with bzip2",
    b"\xfd7zXZ": "compressed with xz",
    b"\x28\xb5\x2f\xfd": "compressed with zstd",
}
_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}


def encoding_of(start: bytes) -> str | None:
    """The format by its first bytes; None if the file may be UTF-8."""
    known = next((name for first, name in _ENCODINGS.items() if start.startswith(first)), None)
    return known or ("UTF-16" if b"\x00" in start.partition(b"\n")[0] else None)


def dialect_of(start: bytes) -> str | None:
    """The problem with the header's separators or line ends; None if nothing is found. `start`: begin of the file."""
    line = start.decode("utf-8-sig", errors="replace").partition("\n")[0].removesuffix("\r")
    if line.lower().lstrip('"').startswith("sep="):
        return f"the line {line[:20]!r} is only for spreadsheets: remove it, and separate the fields by commas"
    if "\r" in line:
        return "the lines end with a carriage return only, must end with a line feed"
    if "," not in line:
        for character, name in _SEPARATORS.items():
            if character in line:
                return f"the fields are separated by {name}, must be separated by commas"
    if ", " in line or " ," in line:
        return "the header has spaces beside its commas: remove them"
    return None
