"""Ids: ASCII, derived, never drawn by chance where a derived one can be had."""

import re
from hashlib import sha256

_CASE = re.compile(r"(county|village|household)-exit/\d{6,12}/\d{4}(/[1-9]\d{0,3})?", re.ASCII)


def county_case(code: str, year: int, attempt: int = 1) -> str:
    """Id of a county's case (G9: one open case per county and year).

    A withdrawn application may be followed by another in the same year; it then is the case's
    second attempt and keeps a file of its own.
    """
    first = f"county-exit/{code}/{year}"
    return first if attempt == 1 else f"{first}/{attempt}"


def village_case(code: str, year: int, attempt: int = 1) -> str:
    """Id of a village's case; a further attempt of a year as for a county."""
    first = f"village-exit/{code}/{year}"
    return first if attempt == 1 else f"{first}/{attempt}"


def household_case(village: str, year: int, batch: int) -> str:
    """Id of a roster's case: the village, the year, and which roster of the year it is, from 1."""
    return f"household-exit/{village}/{year}/{batch}"


def is_case(text: str) -> bool:
    """Whether a text can be the id of a case.

    >>> is_case(household_case("411523100001", 2026, 1)), is_case("411523")
    (True, False)
    """
    return _CASE.fullmatch(text) is not None


def subject_code(case_id: str) -> str:
    """The division code in a case's id; empty where it is no id of a case.

    >>> subject_code(county_case("411523", 2026, attempt=2)), subject_code("no-case")
    ('411523', '')
    """
    return case_id.partition("/")[2].partition("/")[0]


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
