"""Excel and CSV: the votes of a roster's meeting (H1), the answers of its households (H2)."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import AfterValidator, BeforeValidator, ConfigDict, ValidationInfo, field_validator

from models.appraisals import MOST_HOUSEHOLDS, Proposal
from models.case.parts import PlanAddition
from models.roster.messages import Consent
from registry.errors import LoadError
from registry.files import cells
from registry.files.columns import (
    GROUP,
    HEAD,
    SIZE,
    Cells,
    Header,
    WrongCell,
    column_of,
    given,
    once,
)
from registry.files.table import TableFile
from registry.forms.single_rows import MeetingCells
from registry.register.columns import HOUSEHOLD

_MOST_VOTES = 100_000
_Agreed = Annotated[bool, cells.yes_or_no("认可/不认可", "同意/不同意")]
_REASON, _DOCUMENT = Header("追加计划理由"), Header("追加计划文号")


class VoteCells(Cells):
    """A household with the votes for its exit; with why it is added to the plan, if it is (G6)."""

    model_config = ConfigDict(title="table of votes")

    household: Annotated[cells.HouseholdCode, AfterValidator(once), HOUSEHOLD]
    head: Annotated[Any, HEAD] = None
    group: Annotated[Any, GROUP] = None
    size: Annotated[Any, SIZE] = None
    in_favour: Annotated[
        int,
        BeforeValidator(cells.whole(_MOST_VOTES, "28")),
        Header("赞成票数", key=True, example=20),
    ]
    reason: Annotated[cells.Reason | None, _REASON] = None
    document: Annotated[cells.Text | None, _DOCUMENT] = None

    @field_validator("in_favour")
    @classmethod
    def _were_present(cls, votes: int, info: ValidationInfo) -> int:
        if votes > given(info, "present"):
            raise ValueError(f"more votes than the {given(info, 'present')} present (H1)")
        return votes

    @field_validator("document")
    @classmethod
    def _both(cls, document: str | None, info: ValidationInfo) -> str | None:
        if "reason" in info.data and (document is None) != (info.data["reason"] is None):
            right = f"write {_REASON.name} and {_DOCUMENT.name}, or neither (G6)"
            raise WrongCell("document" if document is None else "reason", right)
        return document

    @property
    def plan_addition(self) -> PlanAddition | None:
        """Why and by which document it is added to the plan."""
        if self.reason is None or self.document is None:
            return None
        return PlanAddition(reason=self.reason, document_number=self.document)


class AnswerCells(Cells):
    """A household's answer, signed by one of its members or by an agent."""

    model_config = ConfigDict(title="table of answers")

    household: Annotated[cells.HouseholdCode, AfterValidator(once), HOUSEHOLD]
    head: Annotated[Any, HEAD] = None
    group: Annotated[Any, GROUP] = None
    agreed: Annotated[_Agreed, Header("是否认可", key=True)]
    signed_by: Annotated[cells.ProperName, Header("签字人", key=True)]
    agent_reason: Annotated[cells.Reason | None, Header("代签理由")] = None
    reason: Annotated[cells.Text | None, Header("不认可理由")] = None

    @field_validator("reason")
    @classmethod
    def _says_why(cls, reason: str | None, info: ValidationInfo) -> str | None:
        if reason is None and info.data.get("agreed") is False:
            raise ValueError("is empty; a household that refuses says why")
        return reason


class VotedRoster(NamedTuple):
    """A roster as a file holds it; with the record of its meeting, if that stands beside it."""

    meeting: MeetingCells | None
    households: tuple[Proposal, ...]


def read_roster(path: Path, today: date, present: int = _MOST_VOTES) -> VotedRoster:
    """The roster as a meeting voted on it.

    Args:
        today: No meeting was held after it.
        present: How many were present, and can have voted, where another file says so.

    Raises:
        LoadError: if it is no such file, or with its faults, each with row and column.
    """
    table: TableFile[Cells] = TableFile(path, VoteCells, MeetingCells, today=today, present=present)
    meetings: list[MeetingCells] = []
    votes: list[Proposal] = []
    for sheet in table.sheets():
        for _, line in sheet.lines():
            if isinstance(line, MeetingCells):
                meetings.append(line)
                table.context["present"] = line.present
            else:
                votes.append(Proposal.model_validate(line, from_attributes=True))
    _check(path, table, votes)
    if len(meetings) > 1:
        raise LoadError([f"{path} holds {len(meetings)} records of meetings; keep one"])
    return VotedRoster(meetings[0] if meetings else None, tuple(votes))


_ANSWER = [
    column_of(AnswerCells, name) for name in ("agreed", "signed_by", "agent_reason", "reason")
]


def read_consents(path: Path) -> tuple[Consent, ...]:
    """What households answered; a row without an answer is passed over: it has not come yet.

    Raises:
        LoadError: if it is no such file, or with its faults, each with row and column.
    """
    table = TableFile(path, AnswerCells)
    found = [
        Consent.model_validate(line, from_attributes=True)
        for sheet in table.sheets()
        for _, line in sheet.lines(*_ANSWER)
    ]
    _check(path, table, found)
    return tuple(found)


def _check(path: Path, table: TableFile[Any], found: Sequence[object]) -> None:
    table.refuse()
    if not 0 < len(found) <= MOST_HOUSEHOLDS:
        said = "no household; write one in each row" if not found else f"{len(found)} households"
        more = f", more than the {MOST_HOUSEHOLDS} of one roster" if found else ""
        raise LoadError([f"{path} holds {said}{more}"])
