"""Ids: ASCII, derived, never drawn by chance where a derived one can be had."""

import re
from hashlib import sha256
from typing import NamedTuple

_OF_A_SUBJECT = (
    r"((county|village|household)-exit/\d{6,12}/\d{4}(/[1-9]\d{0,3})?"
    r"|(reentry|revocation)/[0-9A-Za-z][0-9A-Za-z-]{3,29}/\d{4}(/[1-9]\d{0,3})?"
    r"|follow-up/\d{9}/\d{4}"
    r"|supervision/\d{6}/\d{4}-(q[1-4]|s[1-9]\d{0,3}))"
)
_SUPPLEMENT = re.compile(rf"supplement/(?P<of>{_OF_A_SUBJECT})/[1-9]\d{{0,3}}", re.ASCII)
_CASE = re.compile(rf"{_OF_A_SUBJECT}|{_SUPPLEMENT.pattern}", re.ASCII)


class Kind(NamedTuple):
    """What cases of a kind are called.

    Attributes:
        workflow: Their type on the server.
        procedure: Their name in the registry.
    """

    workflow: str
    procedure: str


KINDS = {
    "county-exit": Kind("CountyExit", "county"),
    "village-exit": Kind("VillageExit", "village"),
    "household-exit": Kind("HouseholdExit", "household"),
    "reentry": Kind("Reentry", "reentry"),
    "revocation": Kind("Revocation", "revocation"),
    "follow-up": Kind("FollowUp", "follow_up"),
    "supervision": Kind("Supervision", "supervision"),
    "supplement": Kind("Supplement", "supplement"),
}
"""Every kind of case, by the first word of its id."""


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


def reentry_case(household: str, year: int, attempt: int = 1) -> str:
    """Id of the entry of a household into the register (F5); a further attempt of a year as above.

    >>> reentry_case("SL-0001", 2026)
    'reentry/SL-0001/2026'
    """
    first = f"reentry/{household}/{year}"
    return first if attempt == 1 else f"{first}/{attempt}"


def revocation_case(code: str, year: int, attempt: int = 1) -> str:
    """Id of the revocation of a subject's exit of a year (F7).

    >>> revocation_case("411523", 2026)
    'revocation/411523/2026'
    """
    first = f"revocation/{code}/{year}"
    return first if attempt == 1 else f"{first}/{attempt}"


def follow_up_case(township: str, year: int) -> str:
    """Id of a township's follow-up of a year: derived, so that a year is followed up once.

    >>> follow_up_case("411523100", 2026)
    'follow-up/411523100/2026'
    """
    return f"follow-up/{township}/{year}"


def supervision_case(county: str, year: int, quarter: int) -> str:
    """Id of a county's supervision of a quarter (F6): derived, so that a quarter has one.

    >>> supervision_case("411523", 2026, 4)
    'supervision/411523/2026-q4'
    """
    return f"supervision/{county}/{year}-q{quarter}"


def special_inspection_case(county: str, year: int, number: int) -> str:
    """Id of a special inspection (专项检查), numbered within the county's year from 1.

    >>> special_inspection_case("411523", 2026, 1)
    'supervision/411523/2026-s1'
    """
    return f"supervision/{county}/{year}-s{number}"


def is_special_inspection(case_id: str) -> bool:
    """Whether an id is of a special inspection.

    >>> [is_special_inspection(f"supervision/411523/2026-{each}") for each in ("s1", "q1")]
    [True, False]
    """
    return re.fullmatch(r"supervision/\d{6}/\d{4}-s\d+", case_id, re.ASCII) is not None


def supplement_case(case_id: str, number: int) -> str:
    """Id of a supplement (F9) to a case that has ended, numbered from 1.

    >>> supplement_case(county_case("411523", 2026), 1)
    'supplement/county-exit/411523/2026/1'
    """
    return f"supplement/{case_id}/{number}"


def supplemented(case_id: str) -> str | None:
    """The case that a supplement belongs to; None where it is the id of no supplement.

    >>> supplemented(supplement_case(village_case("411523100001", 2026, 2), 1))
    'village-exit/411523100001/2026/2'
    """
    found = _SUPPLEMENT.fullmatch(case_id)
    return found["of"] if found else None


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
    return (supplemented(case_id) or case_id).partition("/")[2].partition("/")[0]


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
