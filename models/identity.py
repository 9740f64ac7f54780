"""Ids: ASCII, derived, never drawn by chance where a derived one can be had."""

import re
from hashlib import sha256

from models.procedures import (
    COUNTY_EXIT,
    FOLLOW_UP,
    HOUSEHOLD_EXIT,
    PROCEDURES,
    REENTRY,
    REVOCATION,
    SUPERVISION,
    SUPPLEMENT,
    VILLAGE_EXIT,
    WATCH,
    Procedure,
)

_BY_WORD = {each.word: each for each in PROCEDURES.values()}
_SUPPLEMENT = re.compile(f"{SUPPLEMENT.word}/{SUPPLEMENT.key}", re.ASCII)
_CASE = re.compile("|".join(f"{each.word}/{each.key}" for each in PROCEDURES.values()), re.ASCII)

county_case, village_case = COUNTY_EXIT.case_id, VILLAGE_EXIT.case_id
reentry_case, revocation_case = REENTRY.case_id, REVOCATION.case_id
"""Ids of what may be tried again in a year: a withdrawn application can be followed by another."""


def household_case(village: str, year: int, batch: int) -> str:
    """Id of a roster's case: the village, the year, and which roster of the year it is, from 1."""
    return f"{HOUSEHOLD_EXIT.word}/{village}/{year}/{batch}"


def follow_up_case(township: str, year: int) -> str:
    """Id of a township's follow-up of a year: derived, so that a year is followed up once.

    >>> follow_up_case("411523100", 2026)
    'follow-up/411523100/2026'
    """
    return f"{FOLLOW_UP.word}/{township}/{year}"


def supervision_case(county: str, year: int, quarter: int) -> str:
    """Id of a county's supervision of a quarter (F6): derived, so that a quarter has one.

    >>> supervision_case("411523", 2026, 4)
    'supervision/411523/2026-q4'
    """
    return f"{SUPERVISION.word}/{county}/{year}-q{quarter}"


def special_inspection_case(county: str, year: int, number: int) -> str:
    """Id of a special inspection (专项检查), numbered within the county's year from 1.

    >>> special_inspection_case("411523", 2026, 1)
    'supervision/411523/2026-s1'
    """
    return f"{SUPERVISION.word}/{county}/{year}-s{number}"


def is_special_inspection(case_id: str) -> bool:
    """Whether an id is of a special inspection.

    >>> [is_special_inspection(f"supervision/411523/2026-{each}") for each in ("s1", "q1")]
    [True, False]
    """
    return is_case_of(SUPERVISION, case_id) and "-s" in case_id


def watch_case(unit: str, year: int, number: int) -> str:
    """Id of an alarm (F13) of an exited village or county, numbered within its year from 1.

    >>> watch_case("411523", 2026, 1)
    'watch/411523/2026/1'
    """
    return f"{WATCH.word}/{unit}/{year}/{number}"


def supplement_case(case_id: str, number: int) -> str:
    """Id of a supplement (F9) to a case that has ended, numbered from 1.

    >>> supplement_case(county_case("411523", 2026), 1)
    'supplement/county-exit/411523/2026/1'
    """
    return f"{SUPPLEMENT.word}/{case_id}/{number}"


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


def is_case_of(procedure: Procedure, text: str) -> bool:
    """Whether a text can be the id of a case of a procedure.

    >>> [is_case_of(SUPERVISION, f"supervision/411523/2026{each}") for each in ("-q4", "")]
    [True, False]
    """
    return is_case(text) and procedure_of(text) is procedure


def procedure_of(case_id: str) -> Procedure:
    """The procedure of a case.

    Raises:
        KeyError: for the id of no case.
    """
    return _BY_WORD[case_id.partition("/")[0]]


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
