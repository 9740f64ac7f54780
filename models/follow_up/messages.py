"""What opens a township's follow-up of a year (F1, F5), and what is sent to it."""

from datetime import date
from typing import Annotated, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from models.base import Moment, ProperName, Reason, Record
from models.case.admission import Opening
from models.case.parts import Key, Proofs
from models.offices import Office, Township
from models.periods import Year
from models.register.households import HouseholdCode, Risk
from models.texts.characters import several_lines

MOST_VISITS = 1000
"""Visits in one message."""

Note = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=500),
    AfterValidator(several_lines),
]
_Switch = Annotated[bool, Field(strict=True)]

RISKS = {
    Risk.UNSTABLE: "脱贫不稳定户",
    Risk.MARGINAL: "边缘户",
    Risk.SUDDEN_HARDSHIP: "突发困难户",
}
"""What a risk is called in Chinese."""


class FollowUpApplication(Record):
    """Which follow-up of a township is called for.

    Attributes:
        as_of: Who had exited by this day is visited: the day the round was called for.
    """

    year: Year
    as_of: date


FollowUpOpening = Opening[FollowUpApplication, Township]


class Visit(Record):
    """A visit (回访) to one exited household.

    Attributes:
        stable: Whether it still stands by S1.
        note: What was found; needed where it is not stable, or a risk is named.
        risk: A risk that the visit found: it is marked with it from then on.
        correction: Why an earlier visit on file is replaced; needed then and only then.
    """

    household: HouseholdCode
    made_on: date
    stable: _Switch
    note: Note | None = None
    risk: Risk | None = None
    correction: Note | None = None

    @model_validator(mode="after")
    def _explained(self) -> Self:
        if self.note is None and (not self.stable or self.risk is not None):
            what = "is not stable" if not self.stable else "has a risk"
            raise ValueError(f"note: household {self.household} {what}; say what was found")
        return self


class Visits(Record):
    """Visits of a township's year, one or many, as those who made them report."""

    id: Key
    office: Office
    officer: ProperName
    visits: Annotated[tuple[Visit, ...], Field(min_length=1, max_length=MOST_VISITS)]
    at: Moment | None = None
    evidence: Proofs = ()

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        seen: set[str] = set()
        for visit in self.visits:
            if visit.household in seen:
                raise ValueError(
                    f"visits: household {visit.household} stands there twice; report one visit"
                )
            seen.add(visit.household)
        return self


class RiskMark(Record):
    """A risk (风险标注) that an exited household is marked with, or that is lifted again."""

    id: Key
    household: HouseholdCode
    risk: Risk
    reason: Reason
    office: Office
    officer: ProperName
    at: Moment | None = None
    lifted: _Switch = False
