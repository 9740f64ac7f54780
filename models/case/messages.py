"""What people and machines send to a case, and what it answers.

Frozen and strict: an unknown field, a moment without an offset or a missing reason is refused
before anything happens. A new field gets a default, so that messages of a running season decode.
"""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from models.appraisals import MOST_HOUSEHOLDS, Appraisal
from models.base import Heard, HeardLine, Line, Moment, ProperName, Reason, Record, Text
from models.case.parts import Key, Proofs
from models.offices import Office
from models.register.counties import CountyFigures, ProvincialFindings
from models.register.households import HouseholdCode
from models.register.villages import FieldSurvey

StepId = Annotated[
    str,
    Field(
        pattern=r"^[CVHRKJX][1-7]$",
        title="step",
        description="C1 to C7 of a county, V1 to V3 of a village, H1 to H4 of a roster, R1 to R4 "
        "of an entry, K1 of a follow-up, J1 to J4 of a supervision, X1 of a revocation",
    ),
]
Percent = Annotated[Decimal, Field(ge=0, le=100, max_digits=6, decimal_places=3)]


class Decision(StrEnum):
    """What an office can decide at a step.

    ``approve`` stands for its counterpart at every step: apply, report, confirm. ``rectify`` and
    ``reply`` belong to the national inspection alone (G3 责成相关地方进行核查处理).
    """

    APPROVE = "approve"
    RETURN = "return"
    REJECT = "reject"
    RECTIFY = "rectify"
    REPLY = "reply"


class Rates(Record):
    """The four rates of a check or evaluation (S4), in percent."""

    incidence: Percent
    wrongly_exited: Percent
    omitted: Percent
    recognition: Percent


class Rectification(Record):
    """整改: which office has to put what right after a failed inspection (G3)."""

    office: Office
    task: Text


class Content(StrEnum):
    """What an act can carry, apart from its decision; each step declares what its acts carry."""

    FIGURES = "figures"
    FINDINGS = "findings"
    RATES = "rates"
    RECTIFICATION = "rectification"
    SURVEY = "survey"
    CONSIDERATION = "consideration"
    APPRAISAL = "appraisal"
    HOUSEHOLDS = "households"
    OVERRIDES = "overrides"


class Act(Record):
    """A decision by one office at one step.

    Attributes:
        id: The sender's id of the act.
        step: The step it decides.
        round: The round it is meant for; the current one where it is not given. An act for an
            earlier round is refused.
        at: When it was signed. Lateness is judged by it, or by the moment of receipt where it
            is not given; both are kept.
        reason: Required to return, reject, rectify or override.
        return_to: The earlier step a return goes back to.
        overrides: Failed standards that the office overrides by name, for example ``S3.incidence``.
        figures: A corrected snapshot, when a returned application is made again (C1).
        findings: What the province itself found on each standard of S3 (C3).
        rates: What a third-party evaluation found (C3, C6).
        rectification: Task and office, with ``rectify``.
        survey: What the survey of a village found (V1).
        consideration: How industry and collective income were considered (统筹考虑; V1, V3).
        appraisal: A renewed appraisal of a roster that was returned (H1).
        households: The households of a roster it is about (H2, H4); all that wait for it where none
            is named.
    """

    id: Key
    step: StepId
    decision: Decision
    office: Office
    officer: ProperName
    round: Annotated[int, Field(ge=1, strict=True)] | None = None
    at: Moment | None = None
    document_number: Line | None = None
    reason: Reason | None = None
    return_to: StepId | None = None
    overrides: tuple[Line, ...] = ()
    evidence: Proofs = ()
    figures: CountyFigures | None = None
    findings: ProvincialFindings | None = None
    rates: Rates | None = None
    rectification: Rectification | None = None
    survey: FieldSurvey | None = None
    consideration: Reason | None = None
    appraisal: Appraisal | None = None
    households: Annotated[tuple[HouseholdCode, ...], Field(max_length=MOST_HOUSEHOLDS)] = ()

    @property
    def contents(self) -> tuple[Content, ...]:
        """What it carries."""
        return tuple(each for each in Content if getattr(self, each.value))

    @model_validator(mode="after")
    def _complete(self) -> Self:
        needs_reason = self.decision in (Decision.RETURN, Decision.REJECT, Decision.RECTIFY)
        if (needs_reason or self.overrides) and self.reason is None:
            what = "an override" if self.overrides else f"'{self.decision.value}'"
            raise ValueError(f"reason: {what} needs a reason")
        if (self.decision is Decision.RETURN) != (self.return_to is not None):
            raise ValueError("return_to: name the step to go back to with 'return', and only then")
        if (self.decision is Decision.RECTIFY) != (self.rectification is not None):
            raise ValueError("rectification: name office and task with 'rectify', and only then")
        return self


class Objection(Record):
    """异议 to a notice, or a report (举报) after it closed: by anyone, named or not (G1, G2).

    Name and contact are for the investigator alone; they never stand in a notice or an index.

    Attributes:
        household: The household of a roster it concerns; the whole roster if none is named.
        review_of: Id of a dismissed objection that the body above is asked to review (复核): by who
            objected, under the same name and contact.
    """

    id: Key
    text: Heard
    at: Moment | None = None
    objector: HeardLine | None = None
    contact: HeardLine | None = None
    evidence: Proofs = ()
    household: HouseholdCode | None = None
    review_of: Key | None = None


class Finding(StrEnum):
    """How an investigation of an objection ended."""

    UPHELD = "upheld"
    DISMISSED = "dismissed"


class Resolution(Record):
    """The result of investigating an objection, or of its review (G1).

    Attributes:
        officer: Who investigated: somebody who decides nothing in the case, before or after.
        return_to: With ``upheld``: the step that must repair the fault. If none is named, the
            subject leaves the list.
        evidence: What the investigation rests on.
    """

    id: Key
    objection_id: Key
    finding: Finding
    reason: Reason
    office: Office
    officer: ProperName
    evidence: Annotated[Proofs, Field(min_length=1)]
    at: Moment | None = None
    document_number: Line | None = None
    return_to: StepId | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.finding is Finding.DISMISSED and self.return_to is not None:
            raise ValueError("return_to: a dismissed objection sends nothing back")
        return self


class Withdrawal(Record):
    """撤回: the applicant takes the application back."""

    id: Key
    office: Office
    officer: ProperName
    reason: Reason
    at: Moment | None = None
    document_number: Line | None = None
    evidence: Proofs = ()


class PostingReport(Record):
    """张贴: a notice was hung out for people to read, or taken down again (T1).

    Attributes:
        office: Who published it.
        officer: Who hung it out, or took it down.
        place: Where.
        notice: Id of the notice; the last one of the case that is in force, if none is named.
        removed: It was taken down.
        at: When it was done; the moment of receipt counts where it is not given.
        evidence: A photo, for example. The file says so where there is none.
    """

    id: Key
    office: Office
    officer: ProperName
    place: Line
    notice: Line | None = None
    removed: Annotated[bool, Field(strict=True)] = False
    reason: Reason | None = None
    at: Moment | None = None
    evidence: Proofs = ()


class Receipt(Record):
    """What a case answers when it has taken something in: where it stands in the file."""

    case_id: str
    seq: int
    hash: str
    received_at: Moment
    text: str


class Ending(StrEnum):
    """How a case can end; each is a completed procedure.

    ``entered`` and ``not_entered`` end an entry into the register (F5), ``concluded`` a
    supervision or a year's follow-up (F6), ``revoked`` the revocation of an exit (F7).
    """

    EXITED = "exited"
    NOT_EXITED = "not_exited"
    WITHDRAWN = "withdrawn"
    NOT_ADMITTED = "not_admitted"
    ENTERED = "entered"
    NOT_ENTERED = "not_entered"
    CONCLUDED = "concluded"
    REVOKED = "revoked"


DONE = (Ending.EXITED, Ending.ENTERED, Ending.CONCLUDED, Ending.REVOKED)
"""Endings by which a procedure came to what it is for."""


class Outcome(Record):
    """The end of a case: what, by whom, at which step, why."""

    ending: Ending
    by: str
    step: str
    round: int
    reason: str
    at: Moment
    document_number: str | None = None
