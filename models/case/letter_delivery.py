"""送达回证: that a household has a letter in its hands, as whoever handed it over reports it (F15).

A letter is written from the kept file of a roster, and its number is that of the entry that it
tells of. A delivery is reported once for a household and a letter; a report that is wrong stays on
file, and a correction (更正) takes its place. It holds nothing up.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import Annotated, NamedTuple, Self

from pydantic import Field, model_validator

from models.base import Reason, Record, first_few
from models.case.ledger import MOST_ENTRIES
from models.case.parts import Key, Name
from models.offices import Office, may_follow
from models.register.households import HouseholdCode


class LetterWay(StrEnum):
    """How a letter was delivered."""

    HOUSEHOLD = "household"
    ADULT = "adult"
    POSTED = "posted"
    LEFT = "left"


WAYS = {
    LetterWay.HOUSEHOLD: "送达本户",
    LetterWay.ADULT: "同住成年家属代收",
    LetterWay.POSTED: "无人在户，张贴送达",
    LetterWay.LEFT: "拒收，留置送达",
}
"""How each is called in Chinese."""

UNSIGNED = (LetterWay.POSTED, LetterWay.LEFT)
"""Ways in which nobody signs for a letter."""

MOST_DELIVERIES = 500
"""In one report; a sheet of more is sent in parts."""

LetterKey = tuple[str, int]
"""Which letter: its household and its number."""


class LetterDelivery(Record):
    """One letter in the hands of one household.

    Attributes:
        letter: Its number: the entry of the roster's file that it tells of.
        received_by: Who signed for it; nobody if it was posted because nobody was met, or left
            because it was refused.
        refused_because: Why it was refused (拒收事由); only of a letter that was left there.
        witnesses: Who saw that it was left there (见证人), as civil procedure has it (民事诉讼法
            留置送达).
        corrects: The id of the report whose place this one takes.
        corrected_because: What was wrong there.
    """

    household: HouseholdCode
    letter: Annotated[int, Field(ge=1, le=MOST_ENTRIES, strict=True)]
    day: date
    way: LetterWay
    received_by: Name | None = None
    refused_because: Reason | None = None
    witnesses: Annotated[tuple[Name, ...], Field(max_length=10)] = ()
    corrects: Key | None = None
    corrected_because: Reason | None = None

    @model_validator(mode="after")
    def _signed(self) -> Self:
        if (self.received_by is None) != (self.way in UNSIGNED):
            raise ValueError(
                "received_by: name who signed for the letter; nobody did if it was posted or left"
            )
        is_left = self.way is LetterWay.LEFT
        if (self.refused_because is not None) != is_left or bool(self.witnesses) != is_left:
            raise ValueError(
                "witnesses: of a letter that was refused and left there, and of no other, say who "
                "saw it and why it was refused (留置送达)"
            )
        if (self.corrects is None) != (self.corrected_because is None):
            raise ValueError(
                "corrects: name the report that is corrected and what was wrong, both or neither"
            )
        return self

    @property
    def key(self) -> LetterKey:
        """Which letter it is about."""
        return self.household, self.letter


class Reported(NamedTuple):
    """A delivery as it is on file: in which report, and of whom."""

    delivery: LetterDelivery
    report: str
    office: Office


def delivered_zh(deliveries: Sequence[LetterDelivery]) -> str:
    """Deliveries as one sentence of the file.

    >>> given = {"household": "R001", "day": date(2018, 1, 6), "way": LetterWay.POSTED}
    >>> delivered_zh([LetterDelivery(letter=12, **given), LetterDelivery(letter=14, **given)])
    '告知书2份已送达：无人在户，张贴送达2份'
    """
    counts = Counter(each.way for each in deliveries)
    said = "；".join(f"{zh}{counts[way]}份" for way, zh in WAYS.items() if counts[way])
    corrected = sum(each.corrects is not None for each in deliveries)
    more = f"；更正此前回证{corrected}份" if corrected else ""
    return f"告知书{len(deliveries)}份已送达：{said}{more}"


def in_force(reported: Sequence[Reported]) -> dict[LetterKey, Reported]:
    """Of every letter the report that no other corrects."""
    corrected = {(each.delivery.key, each.delivery.corrects) for each in reported}
    return {
        each.delivery.key: each
        for each in reported
        if (each.delivery.key, each.report) not in corrected
    }


def not_so_delivered(
    case_id: str,
    deliveries: Sequence[LetterDelivery],
    office: Office,
    written: Mapping[LetterKey, date],
    known: Mapping[LetterKey, Reported],
    today: date,
) -> str | None:
    """Why letters cannot have been delivered so, in one sentence; None if they can.

    Args:
        office: Who reports it.
        written: The letters of the case, each with its day.
        known: What is reported as delivered already, and in force.
    """
    for each in deliveries:
        which = f"letter {each.letter} to {each.household}"
        if each.key not in written:
            own = [str(number) for household, number in written if household == each.household]
            those = f"its letters are {first_few(own)}" if own else "no letter was written to it"
            return f"household {each.household}: {case_id} has no letter {each.letter}; {those}"
        if each.day < written[each.key]:
            return f"day: {each.day} lies before {written[each.key]}, when {which} was written"
        if each.day > today:
            return f"day: {each.day} is still to come; {which} cannot be delivered yet"
        fault = _reported_before(which, each, office, known.get(each.key))
        if fault is not None:
            return fault
    return None


def _reported_before(
    which: str, given: LetterDelivery, office: Office, before: Reported | None
) -> str | None:
    """Why a letter cannot be reported once more, in one sentence; None if it can."""
    if before is None:
        if given.corrects is None:
            return None
        return f"corrects: {which} is not reported as delivered; there is nothing to correct"
    if given.corrects != before.report:
        there = before.delivery
        signed = f", {there.received_by}" if there.received_by else ""
        return (
            f"{which} is reported as delivered on {there.day} ({WAYS[there.way]}{signed}); "
            f"that is reported once, and a correction names {before.report}"
        )
    if not may_follow(office, before.office):
        return (
            f"office: {before.report} is of {before.office}; that office corrects it, or one "
            "above it"
        )
    return None
