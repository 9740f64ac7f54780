"""What happens after an exit (F1-F9): supervision, follow-up, re-entry, revocation, documents.

As in a township's year every case has a short key of the file's own. Cases hear of each other here,
a county's of its supervision: before each of these events every case has come to its day.
"""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from models.base import Record, Text
from models.case.documents import CaseDocument, Grounds
from models.case.parts import Count, Key
from models.consequences import ExitState
from models.follow_up.messages import Note
from models.offices import Office
from models.periods import Year
from models.register.households import HouseholdCode, Risk
from models.supervision.messages import Plea, Seed
from operators.rehearsal.dated import BeijingTime
from operators.rehearsal.events import EvaluatedRates, Event
from operators.rehearsal.season_events import CaseKey, Codes, Criterion, OfCase, OpeningEvent

UnitKey = Annotated[str, Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z-]{0,29}$")]
"""A village by its key, ``county``, or a household by its number."""


# -- cases that are opened --------------------------------------------------------------------


class SuperviseEvent(OpeningEvent):
    """专项检查 (F6): the province orders a special inspection of the county.

    Attributes:
        households, villages: How many of each are drawn.
    """

    do: Literal["supervise"]
    officer: Text
    reason: Text
    seed: Seed
    households: Annotated[int, Field(ge=1, le=1000, strict=True)]
    villages: Annotated[int, Field(ge=1, le=200, strict=True)]


class FollowUpEvent(OpeningEvent):
    """跟踪回访 (F5): the county's round of the year begins, as its schedule would begin it."""

    do: Literal["follow-up"]


class ReenterEvent(OpeningEvent):
    """识别申报 (R1, F5): a village's committees name a household that is poor."""

    do: Literal["reenter"]
    household: HouseholdCode
    year: Year
    officer: Text
    reason: Text
    document_number: Text | None = None


class Responsible(Record):
    """责任行为: an act of an earlier event that carried the fault (F7), by its id."""

    case: CaseKey
    act: Key
    why: Text


class RevokeEvent(OpeningEvent):
    """撤销退出 (X1, F7): the body that decided an exit revokes it.

    Attributes:
        of: Whose exit, of the year ``year``.
        supervision: The supervision that found it.
    """

    do: Literal["revoke"]
    of: UnitKey
    year: Year
    office: Office
    officer: Text
    document_number: Text
    reason: Text
    responsible: Annotated[tuple[Responsible, ...], Field(min_length=1)]
    evidence: Grounds
    supervision: CaseKey | None = None


AfterOpening = SuperviseEvent | FollowUpEvent | ReenterEvent | RevokeEvent


# -- what is sent to a case -------------------------------------------------------------------


class VillageFound(Record):
    """What the check of a drawn village found (F6), as ``models.supervision.messages`` has it."""

    omitted_people: Count
    omitted_households: Count
    asked: Count
    recognising: Count


class CheckIn(Event, OfCase):
    """核查结果 (J2, F6): findings on the whole sample, or, where it names some, on those again.

    Attributes:
        households: The households that were checked; all that were drawn, where none is named.
        wrong: Who was wrongly exited, with the criteria of S1 that were not met; of every other one
            it is found that they were met.
        not_recognising: Who does not recognise the exit; every other one does.
        villages: Of every village that was checked.
    """

    do: Literal["check"]
    office: Office
    officer: Text
    households: Codes = ()
    wrong: dict[HouseholdCode, tuple[Text, ...]] = Field(default_factory=dict)
    not_recognising: Codes = ()
    villages: dict[CaseKey, VillageFound] = Field(default_factory=dict)


class PleadIn(Event, OfCase, Plea):
    """申诉举证 (J3, F6): the inspected county objects to a finding."""

    do: Literal["plead"]
    at: BeijingTime
    id: Key = "unnamed"


class Unstable(Record):
    """A household that a visit found unstable, or marked with a risk."""

    note: Note
    risk: Risk | None = None


class VisitIn(Event, OfCase):
    """回访 (K1): visits to exited households, made on the day of the event."""

    do: Literal["visit"]
    office: Office
    officer: Text
    stable: Codes = ()
    unstable: dict[HouseholdCode, Unstable] = Field(default_factory=dict)


class FileIn(Event, OfCase, CaseDocument):
    """备案、信息录入、第三方评估 (F9): a document of the case it belongs to."""

    do: Literal["file"]
    at: BeijingTime
    id: Key = "unnamed"
    rates: EvaluatedRates | None = None


AfterInCase = CheckIn | PleadIn | VisitIn | FileIn


# -- the register -----------------------------------------------------------------------------


class LineEvent(Event):
    """The national line of a later year is published (S7)."""

    do: Literal["line"]
    year: Year
    yuan: Annotated[int, Field(ge=1, le=100_000, strict=True)]


class LivesEvent(Event):
    """The register learns how a household lives in a year, from a roster of its village (S1).

    Attributes:
        income: Net income of the year, in yuan a head.
    """

    do: Literal["lives"]
    household: HouseholdCode
    year: Year
    income: Annotated[int, Field(ge=0, le=1_000_000, strict=True)]
    unmet: tuple[Criterion, ...] = ()


class ConsequencesEvent(Event):
    """What follows from the exit of a unit on a day (F1-F4, ``exitflow consequences``).

    Attributes:
        in_force: The clauses that hold on the day; of all that follow from it, no other does.
    """

    do: Literal["consequences"]
    of: UnitKey
    state: ExitState
    in_force: tuple[Annotated[str, Field(pattern=r"^F[1-4]$")], ...]


AfterLook = ConsequencesEvent


# -- what is expected -------------------------------------------------------------------------

_Part = Annotated[str, Field(pattern=r"^[0-9]+/[0-9]+$")]

StoodAs = Literal["listed", "exited", "fallen_back", "revoked"]
"""On the list, off it, or on it again: fallen back (F5), or because the exit was revoked (F7)."""


class RatesExpected(Record):
    """The exact rates of a supervision (S4), each as part and whole; and which of them failed."""

    incidence: _Part
    wrongly_exited: _Part
    omitted: _Part
    recognition: _Part
    failed: tuple[Text, ...]


class AlarmExpected(Record):
    """An alarm that a case gives (F5), and whom it tells."""

    kind: Literal["village", "county"]
    poor: Count
    population: Count
    tell: tuple[Office, ...]


class Stood(Record):
    """How the register has a unit from a day on, and by which document."""

    status: StoodAs
    since: date
    document: Text | None = None


AFTER_EXIT = (
    SuperviseEvent,
    FollowUpEvent,
    ReenterEvent,
    RevokeEvent,
    CheckIn,
    PleadIn,
    VisitIn,
    FileIn,
    LineEvent,
    LivesEvent,
    ConsequencesEvent,
)
"""All of these."""
