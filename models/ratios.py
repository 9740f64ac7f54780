"""Rates as exact pairs of whole numbers: never floats, never rounded before they are compared."""

from fractions import Fraction
from typing import Annotated

from pydantic import Field

from models.base import Record

_Whole = Annotated[int, Field(ge=0, strict=True)]


class Ratio(Record):
    """A part of a whole; of nothing there is no part, and the rate cannot be computed.

    Attributes:
        whole: What it is a part of; 0 where there was nothing to look at.
    """

    part: _Whole
    whole: _Whole

    @property
    def value(self) -> Fraction | None:
        """The exact value; None where it cannot be computed."""
        return Fraction(self.part, self.whole) if self.whole else None


class ExactRates(Record):
    """The four rates of S4 as a supervision counts them (F6).

    Attributes:
        incidence: Combined incidence 综合贫困发生率.
        wrongly_exited: 错退率: people wrongly exited, of the people that were checked.
        omitted: 漏评率: people left out of the register, of the unregistered that were checked.
        recognition: 群众认可度: those who recognise the result, of those who were asked.
    """

    incidence: Ratio
    wrongly_exited: Ratio
    omitted: Ratio
    recognition: Ratio
