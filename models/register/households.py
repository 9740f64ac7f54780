"""A registered household as its case knows it (S1): how it lives, without what no case needs.

Numbers of identity cards stay in the register; nothing here carries one (G8).
"""

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from models.base import Line, Record
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
        food_and_clothing: 吃穿不愁.
        schooling: No child of compulsory-school age is out of school for poverty.
        insurance: In the rural cooperative medical insurance.
        illness_aid: Aid for serious illness, or none needed.
        housing: Safe housing.
        livelihood: A stable source of income.
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

    @property
    def net_income(self) -> int:
        """Net income (纯收入) of the whole household, in fen; it can lie below nought."""
        return self.wages + self.business + self.assets + self.transfers - self.costs


class HouseholdFacts(Record):
    """What the register says of a household, as a case takes it.

    Attributes:
        members: Names of its members, as far as the register names them (家庭成员).
        revision: Which state of it this is: the register counts its corrections. A name of a
            member is in no notice, and raises none.
    """

    code: HouseholdCode
    head: Label
    group: Label
    size: Annotated[int, Field(ge=1, le=50, strict=True)]
    livelihood: Livelihood
    members: tuple[Label, ...] = ()
    revision: Annotated[int, Field(ge=1, strict=True)] = 1
