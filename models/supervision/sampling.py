"""Drawing a sample (J1 抽样, F6): the frame, the rule and the draw, so that anyone can draw again.

Nothing but the frame and the seed decides who is drawn; ``scripts/draw_sample.py`` draws the same
list with the standard library alone.
"""

from collections.abc import Iterable
from datetime import date
from functools import cached_property
from hashlib import sha256
from typing import Annotated

from pydantic import Field

from models.base import Record, Text, canonical
from models.offices import CountyCode, VillageCode
from models.register.households import HouseholdCode

RULE = "sha256-rank-1"
RULE_ZH = (
    "对抽样框中每一代码，计算“种子:类别:代码”（类别为 household 或 village，UTF-8）的 SHA-256，"
    "按其十六进制值由小到大排列，取前 n 个；不足 n 个的全部抽取。"
)
"""The rule in words, as it stands in the file."""

HOUSEHOLD, VILLAGE = "household", "village"
"""The two kinds, as they stand in what is hashed."""

_People = Annotated[int, Field(ge=0, strict=True)]


class FrameHousehold(Record):
    """An exited household; ``size`` is its head count on the day of the frame."""

    code: HouseholdCode
    village: VillageCode
    size: _People


class FrameVillage(Record):
    """An exited village, with its rural registered population on the day of the frame.

    Attributes:
        registered: Of them, who was ever registered as poor (建档立卡).
    """

    code: VillageCode
    population: _People
    registered: _People

    @property
    def unregistered(self) -> int:
        """Among whom somebody can have been left out (漏评); none where more were registered."""
        return max(0, self.population - self.registered)


class CountyPeople(Record):
    """What the rates of a county are counted up from (S4), on the day of the frame.

    Attributes:
        poor: Registered people still poor.
        exited: People of all exited households.
        unregistered: Rural people who were never registered, village by village.
    """

    population: _People
    poor: _People
    exited: _People
    unregistered: _People


class Frame(Record):
    """Everybody who could be drawn, each list in the order of its codes."""

    county: CountyCode
    as_of: date
    people: CountyPeople
    households: tuple[FrameHousehold, ...]
    villages: tuple[FrameVillage, ...]

    def text(self) -> str:
        """As canonical JSON: what the SHA-256 is of, and what is kept."""
        return canonical(self.model_dump(mode="json"))


class Sample(Record):
    """A draw as it stands on file: enough to draw it again from the frame.

    Attributes:
        wanted_households, wanted_villages: How many were to be drawn; all, where there are fewer.
        sha256: Of the frame's canonical JSON.
        households_in_frame, villages_in_frame: How many there were to draw from.
        households, villages: Who was drawn, in the order of their rank.
    """

    rule: str = RULE
    rule_zh: Text = RULE_ZH
    seed: str
    wanted_households: int
    wanted_villages: int
    as_of: date
    sha256: str
    households_in_frame: int
    villages_in_frame: int
    people: CountyPeople
    households: tuple[FrameHousehold, ...]
    villages: tuple[FrameVillage, ...]

    @cached_property
    def household_of(self) -> dict[str, FrameHousehold]:
        """The drawn households by code; a thousand findings each look theirs up."""
        return {each.code: each for each in self.households}

    @cached_property
    def village_of(self) -> dict[str, FrameVillage]:
        """The drawn villages by code."""
        return {each.code: each for each in self.villages}


def rank(seed: str, kind: str, code: str) -> str:
    """The place of a code in the order of a draw.

    >>> rank("a", HOUSEHOLD, "H1") == sha256(b"a:household:H1").hexdigest()
    True
    """
    return sha256(f"{seed}:{kind}:{code}".encode()).hexdigest()


def drawn(seed: str, kind: str, codes: Iterable[str], count: int) -> list[str]:
    """The first so many codes by rank; all of them, where there are fewer.

    >>> drawn("a", VILLAGE, ["1", "2"], 5) == drawn("a", VILLAGE, ["2", "1"], 2)
    True
    """
    return sorted(codes, key=lambda code: rank(seed, kind, code))[:count]


def draw(frame: Frame, seed: str, households: int, villages: int) -> Sample:
    """Draw from a frame: so many households, and so many villages."""
    of_code = {each.code: each for each in frame.households}
    villages_of = {each.code: each for each in frame.villages}
    return Sample(
        seed=seed,
        wanted_households=households,
        wanted_villages=villages,
        as_of=frame.as_of,
        sha256=sha256(frame.text().encode()).hexdigest(),
        households_in_frame=len(frame.households),
        villages_in_frame=len(frame.villages),
        people=frame.people,
        households=tuple(of_code[code] for code in drawn(seed, HOUSEHOLD, of_code, households)),
        villages=tuple(villages_of[code] for code in drawn(seed, VILLAGE, villages_of, villages)),
    )
