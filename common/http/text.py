"""Text from a request that an error response repeats: short and printable."""


def printable(text: str, longest: int) -> str:
    """Characters that are not printable are escaped as in Python; the end is cut."""
    if not text.isprintable():
        text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text[:longest])
    return text[:longest]
