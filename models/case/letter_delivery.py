"""送达回证: that a household has a letter in its hands, as whoever handed it over reports it (F15).

A letter is written from the kept file of a roster, and its number is that of the entry that it
tells of. A delivery is reported once for a household and a letter. It holds nothing up.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from models.base import Record, first_few
from models.case.ledger import MOST_ENTRIES
from models.case.parts import Name
from models.register.households import HouseholdCode


class LetterWay(StrEnum):
    """How a letter was delivered."""

    HOUSEHOLD = "household"
    ADULT = "adult"
    POSTED = "posted"


WAYS = {
    LetterWay.HOUSEHOLD: "送达本户",
    LetterWay.ADULT: "同住成年家属代收",
    LetterWay.POSTED: "无人在户，张贴送达",
}
"""How each is called in Chinese."""

MOST_DELIVERIES = 500
"""In one report; a sheet of more is sent in parts."""

LetterKey = tuple[str, int]
"""Which letter: its household and its number."""


class LetterDelivery(Record):
    """One letter in the hands of one household.

    Attributes:
        letter: Its number: the entry of the roster's file that it tells of.
        received_by: Who signed for it; nobody if it was posted because nobody was met.
    """

    household: HouseholdCode
    letter: Annotated[int, Field(ge=1, le=MOST_ENTRIES, strict=True)]
    day: date
    way: LetterWay
    received_by: Name | None = None

    @model_validator(mode="after")
    def _signed(self) -> Self:
        if (self.received_by is None) != (self.way is LetterWay.POSTED):
            raise ValueError(
                "received_by: name who signed for the letter; nobody did if it was posted"
            )
        return self

    @property
    def key(self) -> LetterKey:
        """Which letter it is about."""
        return self.household, self.letter


def delivered_zh(deliveries: Sequence[LetterDelivery]) -> str:
    """Deliveries as one sentence of the file.

    >>> given = {"household": "R001", "day": date(2018, 1, 6), "way": LetterWay.POSTED}
    >>> delivered_zh([LetterDelivery(letter=12, **given), LetterDelivery(letter=14, **given)])
    '告知书2份已送达：无人在户，张贴送达2份'
    """
    counts = Counter(each.way for each in deliveries)
    said = "；".join(f"{zh}{counts[way]}份" for way, zh in WAYS.items() if counts[way])
    return f"告知书{len(deliveries)}份已送达：{said}"


def not_so_delivered(
    case_id: str,
    deliveries: Sequence[LetterDelivery],
    written: Mapping[LetterKey, date],
    known: Mapping[LetterKey, LetterDelivery],
    today: date,
) -> str | None:
    """Why letters cannot have been delivered so, in one sentence; None if they can.

    Args:
        written: The letters of the case, each with its day.
        known: What is reported as delivered already.
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
        before = known.get(each.key)
        if before is not None:
            signed = f", {before.received_by}" if before.received_by else ""
            return (
                f"{which} is reported as delivered on {before.day} ({WAYS[before.way]}{signed}); "
                "that is reported once"
            )
    return None
