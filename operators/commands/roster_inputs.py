"""Files and words about rosters, read into values: every fault in a sentence of its own."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from models.appraisals import Appraisal, Meeting, Proposal
from models.base import Record
from models.case.parts import Evidence
from models.register.households import HouseholdCode
from models.roster.messages import Consent, RosterApplication
from operators.commands import inputs
from operators.commands.inputs import InputError
from registry.forms.rosters import read_consents, read_votes

_SHEETS = (".xlsx", ".xls", ".csv")
_HOUSEHOLD: TypeAdapter[str] = TypeAdapter(HouseholdCode)


def household(option: str, text: str) -> str:
    """Read a household's number (户编号)."""
    try:
        return _HOUSEHOLD.validate_python(text)
    except ValidationError:
        raise InputError(
            f"{option}: {text!r} is no number of a household; write 4 to 30 letters, digits and "
            "hyphens"
        ) from None


def households(option: str, texts: Sequence[str]) -> tuple[str, ...]:
    """Read several; each once."""
    read = tuple(household(option, text) for text in texts)
    for code in read:
        if read.count(code) > 1:
            raise InputError(f"{option}: {code} is named twice; name it once")
    return read


def meeting(path: Path) -> Meeting:
    """Read the record of a meeting (民主评议会), as TOML or JSON."""
    content = inputs.table(path)
    inputs.bind_evidence(content, path)
    return inputs.read_as(Meeting, content, path)


def appraisal(path: Path) -> Appraisal:
    """Read a renewed appraisal (H1): ``meeting`` and ``households``, as TOML or JSON."""
    content = inputs.table(path)
    _bind_meeting(content, path)
    return inputs.read_as(Appraisal, content, path)


def roster_application(
    path: Path,
    village: str,
    year: int,
    *,
    held: Path | None,
    officer: str | None,
    document: str | None,
    at: datetime | None,
    late_reason: str | None,
    evidence: tuple[Evidence, ...],
) -> RosterApplication:
    """Read a roster (H1): the whole application as TOML or JSON, or its votes as Excel or CSV.

    What the file does not say is taken from the command, which must not say it again.

    Args:
        held: The record of the meeting, where the file has none.
    """
    if path.suffix.lower() in _SHEETS:
        content = _from_sheet(path, village, year, held)
    else:
        content = inputs.application(path, village=village, year=year)
        _bind_meeting(content.get("appraisal"), path)
        if held is not None:
            _put_meeting(content, path, meeting(held))
    given = {
        "officer": ("--officer", officer),
        "document_number": ("--document", document),
        "applied_at": ("--at", at),
        "late_reason": ("--late-reason", late_reason),
        "evidence": ("--evidence", evidence or None),
    }
    for field, (option, value) in given.items():
        if value is not None and field in content:
            raise InputError(f"{option}: {path} says its {field} already; say it once")
        if value is not None:
            content[field] = value
    if "officer" not in content:
        raise InputError(f"--officer: {path} does not name who signs the roster; name the officer")
    return inputs.read_as(RosterApplication, content, path)


def _from_sheet(path: Path, village: str, year: int, held: Path | None) -> dict[str, Any]:
    if held is None:
        raise InputError(
            f"--meeting: {path} holds no record of the meeting (H1); give it as TOML or JSON"
        )
    record = meeting(held)
    votes = read_votes(path, record.present)
    return {
        "village": village,
        "year": year,
        "appraisal": Appraisal(meeting=record, households=votes),
    }


def _put_meeting(content: dict[str, Any], path: Path, record: Meeting) -> None:
    drafted = content.setdefault("appraisal", {})
    if isinstance(drafted, dict):
        if "meeting" in drafted:
            raise InputError(f"--meeting: {path} holds a record of the meeting already; keep one")
        drafted["meeting"] = record


def _bind_meeting(drafted: Any, path: Path) -> None:
    if isinstance(drafted, dict) and isinstance(drafted.get("meeting"), dict):
        inputs.bind_evidence(drafted["meeting"], path)


class _Answers(Record):
    answers: tuple[Consent, ...]


def consents(path: Path) -> tuple[Consent, ...]:
    """Read what households answered (H2): Excel or CSV, or ``answers`` as TOML or JSON."""
    if path.suffix.lower() in _SHEETS:
        return read_consents(path)
    return inputs.read_as(_Answers, inputs.table(path), path).answers


def proposals(
    codes: Sequence[str], votes: Sequence[int], record: Meeting | None
) -> tuple[Proposal, ...]:
    """The households of an amendment: with the votes of a meeting, or to be taken anew (G1)."""
    those = households("--household", codes)
    if not those:
        raise InputError("--household: name who is added, or whose entry is taken anew")
    if record is None:
        if votes:
            raise InputError("--votes: give the record of the meeting that voted with --meeting")
        return tuple(Proposal(household=code, in_favour=0) for code in those)
    if len(votes) != len(those):
        raise InputError(
            f"--votes: {len(those)} households and {len(votes)} counts of votes; give --votes "
            "once for each --household, in their order"
        )
    for code, count in zip(those, votes, strict=True):
        if not 0 <= count <= record.present:
            raise InputError(
                f"--votes: {count} for {code} cannot be, with {record.present} present (H1)"
            )
    return tuple(
        Proposal(household=code, in_favour=count) for code, count in zip(those, votes, strict=True)
    )
