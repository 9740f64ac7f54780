"""What opens a roster's case (H1), what it takes in, and what it orders and is answered."""

from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from models.appraisals import MOST_HOUSEHOLDS, Appraisal, Meeting, Proposal
from models.base import Line, Moment, ProperName, Reason, Record, Text
from models.case.admission import Opening
from models.case.orders import OnFile
from models.case.parts import Key, Name, Proofs
from models.notices import Announcement, Notice
from models.offices import Office, Village, VillageCode
from models.periods import Year
from models.register.households import HouseholdCode, HouseholdFacts
from models.texts.characters import called


class RosterApplication(Record):
    """民主评议 (H1): the roster (贫困户退出名单) that a village's meeting drafted for a year.

    Attributes:
        applied_at: When it was signed; the moment of receipt counts where it is not given.
        late_reason: Why it comes after the year has ended (G5); needed then and only then.
    """

    village: VillageCode
    year: Year
    appraisal: Appraisal
    officer: ProperName
    document_number: Line | None = None
    applied_at: Moment | None = None
    late_reason: Reason | None = None
    evidence: Proofs = ()


RosterOpening = Opening[RosterApplication, Village]


class Consent(Record):
    """认可 (H2): one household's answer, signed by one of its members or by an agent (代签).

    Attributes:
        signed_by: A member whom the register names; anybody else only as an agent.
        agent_reason: Why an agent signs and no member, if so.
        reason: Why it refuses.
    """

    household: HouseholdCode
    agreed: Annotated[bool, Field(strict=True)]
    signed_by: Annotated[Name, AfterValidator(called)]
    agent_reason: Reason | None = None
    reason: Text | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if not self.agreed and self.reason is None:
            raise ValueError("reason: a household that refuses says why")
        return self


class Consents(Record):
    """Answers of households to their exit (H2), one or in bulk, as the committees collected them.

    A refusal counts until the household is struck off: nobody is exited by force.

    Attributes:
        officer: Who collected them.
        evidence: The signed sheets; that they are missing stands on file.
    """

    id: Key
    answers: Annotated[tuple[Consent, ...], Field(min_length=1, max_length=MOST_HOUSEHOLDS)]
    officer: ProperName
    at: Moment | None = None
    evidence: Proofs = ()

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        seen: set[str] = set()
        for answer in self.answers:
            if answer.household in seen:
                raise ValueError(f"answers: household {answer.household} answers twice")
            seen.add(answer.household)
        return self


class Amendment(Record):
    """A roster's content added to or changed after its appraisal (G1): its own fresh seven days.

    Attributes:
        households: Who is added, with the votes of a meeting, or whose entry is read again from
            the register, where the household is on the roster already.
        meeting: The meeting that voted on who is added (H1).
    """

    id: Key
    office: Office
    officer: ProperName
    reason: Reason
    households: Annotated[tuple[Proposal, ...], Field(min_length=1, max_length=MOST_HOUSEHOLDS)]
    meeting: Meeting | None = None
    at: Moment | None = None
    document_number: Line | None = None
    evidence: Proofs = ()


class LookedUp(Record):
    """What the register says of them: facts, or the sentence why there are none."""

    households: tuple[HouseholdFacts, ...]
    faults: dict[str, str]
    unplanned: tuple[str, ...] = ()


class LookUpOrder(OnFile[LookedUp]):
    """Households of a roster whose entries are read again from the register (G1).

    Attributes:
        added: Households that are to join the roster.
        seq: The entry it follows from.
    """

    activity = "look_up_households"
    case_id: str
    seq: int
    village: Village
    year: Year
    now: Moment
    households: tuple[HouseholdCode, ...]
    added: tuple[Proposal, ...] = ()

    @property
    def summary(self) -> str:
        return f"G1 核对{len(self.households)}户"


class StrikingOff(Record):
    """One household to be struck off, as it was posted: the register must still say so.

    Attributes:
        revision: The state of the register that was posted, and judged by S1.
    """

    code: HouseholdCode
    revision: int
    group: Text
    size: int
    shown_as: Text


class StruckOff(Record):
    """Who was struck off, and who was not.

    Attributes:
        notice: The final announcement; None if nobody was struck off.
        changed: Households whose entry is not the posted one any more: they are posted again.
        conflicts: Why others could not be, by household.
    """

    households: tuple[HouseholdCode, ...]
    notice: Notice | None
    changed: tuple[HouseholdCode, ...] = ()
    conflicts: dict[str, str] = Field(default_factory=dict)


class RosterChange(Announcement[StruckOff]):
    """Announcing the exit of households, and striking them off the register (H4)."""

    activity = "strike_off_households"
    village: Village
    households: tuple[StrikingOff, ...]

    @property
    def summary(self) -> str:
        return f"H4 公告并销号{len(self.households)}户"
