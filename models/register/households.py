"""A registered household as its case knows it (S1): how it lives, without what no case needs.

Numbers of identity cards stay in the register; nothing here carries one (G8).
"""

from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from models.base import Line, Record, shortened
from models.periods import Year
from models.texts.characters import one_line

HouseholdCode = Annotated[
    str,
    StringConstraints(strip_whitespace=True, pattern=r"^[0-9A-Za-z][0-9A-Za-z-]{3,29}$"),
    Field(title="number of a household", description="4 to 30 letters, digits and hyphens"),
]
"""A household's number in the register (户编号)."""

SubjectCode = Annotated[
    str,
    Field(
        pattern=r"^[0-9A-Za-z][0-9A-Za-z-]{3,29}$",
        title="code of a county, village or household",
        description="6 or 12 digits, or the number of a household",
    ),
]
"""Six digits of a county, twelve of a village, or a household's number (户编号)."""

Label = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100),
    AfterValidator(one_line),
]
"""A name of a person or of a village group (村民小组)."""

MOST_SAID = 100
"""Characters of what is said in words of a household's year: a roster's case carries a thousand."""

_Said = Annotated[Line, Field(max_length=MOST_SAID)]
_FEN = Annotated[int, Field(ge=0, le=10_000_000_000, strict=True)]
_Switch = Annotated[bool, Field(strict=True)]


class Cause(StrEnum):
    """Why an episode in the register began.

    Registered first, fallen back (返贫, F5), or because the exit was revoked (撤销退出, F7).
    """

    REGISTERED = "registered"
    FALLEN_BACK = "fallen_back"
    REVOKED = "exit_revoked"


class Risk(StrEnum):
    """Why an exited household is looked at again: 脱贫不稳定户, 边缘户, 突发困难户."""

    UNSTABLE = "unstable"
    MARGINAL = "marginal"
    SUDDEN_HARDSHIP = "sudden_hardship"


class HouseholdState(StrEnum):
    """How a household stands in the register on a day."""

    REGISTERED = "registered"
    EXITED = "exited"
    FALLEN_BACK = "fallen_back"
    GONE = "gone"


class PovertyLine(Record):
    """The national line of a year (S7), in yuan a head; the standard is that of 2010."""

    year: Annotated[int, Field(ge=2010, le=2100, strict=True)]
    yuan: Annotated[int, Field(ge=1, le=100_000, strict=True)]
    source: Line


MONEY = ("wages", "business", "assets", "transfers", "costs")
"""What a ``Livelihood`` says in fen."""


class Livelihood(Record):
    """What a household lived on in a year, and how it stood by the criteria of S1.

    Attributes:
        wages, business, assets, transfers: Income by kind, in fen: 工资性, 生产经营性, 财产性,
            转移性.
        costs: What producing cost (生产经营性支出), in fen.
        income_sources: Of what it lives (增收渠道和收入来源).
        stable_because: Why its income will last (稳定超过).
        livelihood: These sources are stable and reliable (相对稳定可靠).
        food_and_clothing: 吃穿不愁.
        schooling: Every child of compulsory-school age goes to school, whatever could keep it
            away; one whose deferral is approved by law counts as if it did.
        deferral: Who approved by which document that a child begins later or pauses (延缓入学或者
            休学, 义务教育法 第十一条).
        no_dropouts: No student of the family, of any stage, has left school for poverty.
        insurance: In the rural cooperative medical insurance.
        illness_aid: Aid for serious illness, or none needed.
        housing_improved: Housing conditions are visibly better (住房条件有明显改善).
        housing: Safe housing.
    """

    year: Year
    wages: _FEN
    business: _FEN
    assets: _FEN
    transfers: _FEN
    costs: _FEN
    food_and_clothing: _Switch
    schooling: _Switch
    insurance: _Switch
    illness_aid: _Switch
    housing: _Switch
    livelihood: _Switch
    # With defaults: cases that were opened before these columns were there carry none.
    income_sources: _Said | None = None
    stable_because: _Said | None = None
    deferral: _Said | None = None
    no_dropouts: _Switch | None = None
    housing_improved: _Switch | None = None

    @property
    def net_income(self) -> int:
        """Net income (纯收入) of the whole household, in fen; it can lie below nought."""
        return self.wages + self.business + self.assets + self.transfers - self.costs


def is_of_school_age(born: date, year: int) -> bool:
    """Whether a child belongs in compulsory school in the school year that begins in a year.

    Six by 31 August, and the nine years not yet over (义务教育法 第二条, 第十一条).

    >>> is_of_school_age(date(2011, 8, 31), 2017), is_of_school_age(date(2011, 9, 1), 2017)
    (True, False)
    >>> is_of_school_age(date(2002, 9, 1), 2017), is_of_school_age(date(2002, 8, 31), 2017)
    (True, False)
    """
    return date(year - 15, 8, 31) < born <= date(year - 6, 8, 31)


def children_named(members: Iterable[tuple[str, date]], year: int) -> str | None:
    """The members of compulsory-school age with their years of birth, the eldest first (S1).

    >>> children_named([("合成甲", date(1980, 1, 1)), ("合成乙", date(2009, 3, 1))], 2017)
    '合成乙2009年生'
    """
    children = sorted((born, name) for name, born in members if is_of_school_age(born, year))
    named = "、".join(f"{name}{born.year}年生" for born, name in children)
    return shortened(named, MOST_SAID) or None


class HouseholdFacts(Record):
    """What the register says of a household, as a case takes it.

    Attributes:
        members: Names of its members, as far as the register names them (家庭成员).
        revision: Which state of it this is: the register counts its corrections. A name of a
            member is in no notice, and raises none.
        children: Its members of compulsory-school age, as far as the register names them.
    """

    code: HouseholdCode
    head: Label
    group: Label
    size: Annotated[int, Field(ge=1, le=50, strict=True)]
    livelihood: Livelihood
    members: tuple[Label, ...] = ()
    revision: Annotated[int, Field(ge=1, strict=True)] = 1
    children: _Said | None = None
