"""What revokes an exit (F7 撤销退出): the act itself, and the acts that carried the fault."""

from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from models.base import Line, Moment, ProperName, Reason, Record
from models.case.admission import Opening
from models.case.documents import Grounds
from models.case.ledger import MOST_ENTRIES
from models.identity import is_case
from models.offices import County, Household, Office, SubjectKind, Village
from models.periods import Year
from models.register.households import SubjectCode

Revocable = County | Village | Household
"""Whose exit can be revoked."""


def _is_case(text: str) -> str:
    if not is_case(text):
        raise ValueError(f"{text!r} is no id of a case; write it as village-exit/411523100001/2026")
    return text


CaseName = Annotated[str, Field(max_length=100), AfterValidator(_is_case)]
"""The id of a case."""


class ResponsibleAct(Record):
    """责任行为: an entry of a case file that carried the fault.

    Attributes:
        seq: Its number in the file.
        case_id: Which file: the exit's own where none is named, or that of a case of one of its
            villages.
        why: What was wrong with it.
    """

    seq: Annotated[int, Field(ge=1, le=MOST_ENTRIES, strict=True)]
    case_id: CaseName | None = None
    why: Reason | None = None


class RevocationApplication(Record):
    """The act by which a body revokes an exit that it decided (F7, HN 七(四)).

    Attributes:
        subject: Whose exit.
        year: The year of the exit, which is that of its case.
        reason: What was found (弄虚作假).
        responsible: The acts that carried the fault; at least one.
        evidence: What it rests on; at least one document.
        supervision: The supervision (F6) that found it, where one did.
        applied_at: When it was signed; the moment of receipt counts where it is not given.
    """

    subject: SubjectCode
    kind: SubjectKind
    year: Year
    office: Office
    officer: ProperName
    document_number: Line
    reason: Reason
    responsible: Annotated[tuple[ResponsibleAct, ...], Field(min_length=1, max_length=50)]
    evidence: Grounds
    supervision: CaseName | None = None
    applied_at: Moment | None = None

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        seen: set[tuple[str | None, int]] = set()
        for act in self.responsible:
            if (act.case_id, act.seq) in seen:
                raise ValueError(f"responsible: entry {act.seq} is named twice")
            seen.add((act.case_id, act.seq))
        return self


RevocationOpening = Opening[RevocationApplication, Revocable]
