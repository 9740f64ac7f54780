"""Ids: ASCII, derived, never drawn by chance where a derived one can be had."""

from hashlib import sha256


def county_case(code: str, year: int, attempt: int = 1) -> str:
    """Id of a county's case (G9: one open case per county and year).

    A withdrawn application may be followed by another in the same year; it then is the case's
    second attempt and keeps a file of its own.
    """
    first = f"county-exit/{code}/{year}"
    return first if attempt == 1 else f"{first}/{attempt}"


def notice(case_id: str, seq: int) -> str:
    """Id of a public notice: the case, and the ledger entry that ordered it."""
    return f"{case_id}/notice-{seq}"


def file_name(identifier: str) -> str:
    """An id as a file name."""
    return identifier.replace("/", "_")


def content_id(kind: str, *parts: str) -> str:
    """An id for something a person sends without giving one: the same content, the same id."""
    digest = sha256("\x1f".join((kind, *parts)).encode()).hexdigest()
    return f"{kind}-{digest[:20]}"
