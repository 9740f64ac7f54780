"""Files that are handed in, and the messages made of them: every fault in one sentence.

Nothing here talks to a server, so a fault is found before anything is sent.
"""

import hashlib
from collections.abc import Callable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from models.appraisals import Appraisal, Meeting, Proposal
from models.base import Record, faults
from models.case.messages import Rates
from models.case.parts import Evidence
from models.county.messages import CountyApplication
from models.identity import is_case_of
from models.periods import beijing
from models.procedures import VILLAGE_EXIT
from models.register.counties import CountyFigures, ProvincialFindings
from models.register.villages import FieldSurvey, Incidence, Survey
from models.roster.messages import Consent, RosterApplication
from models.texts import notation
from models.village.messages import VillageApplication
from operators.commands.options import each_once
from operators.commands.words import InputError
from operators.desk.registry import open_registry, utc_now
from registry.files.disk import open_file, read_text
from registry.files.sheet_rows import KINDS
from registry.forms.rosters import read_consents, read_roster
from registry.forms.single_rows import (
    CountyApplicationCells,
    MeetingCells,
    Single,
    SurveyedCells,
    VillageApplicationCells,
    read_single,
)

R = TypeVar("R", bound=Record)

_DAY: TypeAdapter[date | None] = TypeAdapter(date | None)

Count = Callable[[date | None], Incidence]
"""Counts the poor of a county from the register (S5), as of a day or as of today."""


def count_of(code: str) -> Count:
    """Counts a county's poor from the register, where a file leaves that to it (S5)."""

    def count(on: date | None) -> Incidence:
        with open_registry() as registry:
            counted = registry.county_incidence(code, on or beijing(utc_now()).date())
        if counted is None:
            raise InputError(
                f"figures: the register holds no village of {code} to count from; write poor, "
                "population and as_of"
            )
        return counted

    return count


def county_application(path: Path, code: str, year: int, count: Count) -> CountyApplication:
    """Read an application (县级申请) for a county and a year, which the file need not repeat.

    It is TOML or JSON, or a sheet of one row, as `exitflow template` writes it.

    Evidence may be named by ``path``, counted from the file's own folder; its hash is computed.

    Args:
        count: Asked for the snapshot where the figures leave out poor and population.
    """
    content = application(path, CountyApplicationCells, county=code, year=year)
    if isinstance(content.get("figures"), dict):
        content["figures"] = _counted(content["figures"], f"{path}: figures.as_of", count)
    return read_as(CountyApplication, content, path)


def village_application(path: Path, code: str, year: int) -> VillageApplication:
    """Read what takes a village up for its exit (V1); as for a county, without figures."""
    return read_as(
        VillageApplication,
        application(path, VillageApplicationCells, village=code, year=year),
        path,
    )


def application(path: Path, row: type[Single] | None = None, **said: str | int) -> dict[str, Any]:
    """The content of an application, which must not contradict what the command says.

    Args:
        row: What its one row holds, if it may be a sheet.
    """
    content = _content(path, row) if row is not None else table(path)
    for field, given in said.items():
        if content.setdefault(field, given) != given:
            raise InputError(
                f"{path}: {field} is {content[field]!r}, the command says {given!r}; correct one"
            )
    bind_evidence(content, path)
    return content


def bind_evidence(content: dict[str, Any], source: Path) -> None:
    """Put hashes in place of the paths by which a file names its evidence."""
    if isinstance(content.get("evidence"), list):
        content["evidence"] = [
            _evidence_line(source, number, entry)
            for number, entry in enumerate(content["evidence"], start=1)
        ]


def survey(path: Path, case_id: str) -> FieldSurvey:
    """Read what the survey of a village found, by whom and when (V1, S2).

    Of the criteria it may say nothing, if the register has the survey of the case's year.
    """
    content = _content(path, SurveyedCells)
    named = is_case_of(VILLAGE_EXIT, case_id)
    village, year = case_id.split("/")[1:3] if named else ("", "0")
    for field, called, of_case in (("village", "village", village), ("survey_year", "year", year)):
        said = str(content.pop(field, of_case))
        if named and said != of_case:
            raise InputError(
                f"{path}: the {called} is {said}, that of {case_id} {of_case}; correct it"
            )
    if named and not content.keys() & Survey.model_fields.keys():
        with open_registry() as registry:
            known = registry.register.survey(village, int(year))
        if known is None:
            raise InputError(
                f"{path}: says nothing of the criteria, and the register has no survey of "
                f"{village} in {year}; write them"
            )
        content = known.model_dump(exclude_none=True) | content
    return read_as(FieldSurvey, content, path)


def _content(path: Path, row: type[Single]) -> dict[str, Any]:
    """What a file says: TOML or JSON, or a sheet of one row."""
    if path.suffix.lower() not in KINDS:
        return table(path)
    return read_single(path, row, beijing(utc_now()).date()).content()


def figures(path: Path, count: Count) -> CountyFigures:
    """Read a county's figures (S3); ``count`` as for an application."""
    return read_as(CountyFigures, _counted(table(path), f"{path}: as_of", count), path)


def _counted(figures: dict[str, Any], where: str, count: Count) -> dict[str, Any]:
    if "poor" in figures or "population" in figures:
        return figures
    try:
        on = _DAY.validate_python(figures.get("as_of"))
    except ValidationError as error:
        raise InputError(f"{where}: {faults(error)}") from None
    return figures | count(on).model_dump()


def findings(path: Path) -> ProvincialFindings:
    """Read what the province's own check found on each standard (C3, S3)."""
    return read_as(ProvincialFindings, table(path), path)


def rates(path: Path) -> Rates:
    """Read the four rates of an evaluation (S4)."""
    return read_as(Rates, table(path), path)


def four_rates(file: Path | None, *four: str | None) -> Rates | None:
    """Read the four rates of an evaluation (S4) from a file, or one by one, or not at all."""
    given = [rate for rate in four if rate is not None]
    if file is not None and given:
        raise InputError("--rates: give the file or the four rates, not both")
    if file is not None:
        return rates(file)
    if not given:
        return None
    if len(given) < len(four):
        raise InputError(
            "give all four rates: --incidence, --wrongly-exited, --omitted and --recognition"
        )
    return Rates.model_validate(dict(zip(Rates.model_fields, four, strict=True)))


def evidence(paths: Sequence[Path]) -> tuple[Evidence, ...]:
    """Bind documents to a message by name and SHA-256."""
    return tuple(Evidence(name=path.name, sha256=_sha256(path)) for path in paths)


def _evidence_line(source: Path, number: int, entry: Any) -> Any:
    if not isinstance(entry, dict) or "path" not in entry:
        return entry
    where = f"{source}: evidence.{number}"
    if not isinstance(entry["path"], str):
        raise InputError(f"{where}.path: write the path of a file")
    path = source.parent / entry["path"]
    found = _sha256(path, where)
    if entry.get("sha256", found) != found:
        raise InputError(f"{where}.sha256: {path} has another hash, {found}")
    rest = {field: value for field, value in entry.items() if field != "path"}
    return {"name": path.name, **rest, "sha256": found}


def _sha256(path: Path, where: str = "evidence") -> str:
    try:
        with open_file(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{where}: {path} cannot be read: {error.strerror}") from None


def table(path: Path) -> dict[str, Any]:
    """The content of a TOML file, or of a JSON file where it ends in ``.json``."""
    try:
        text = read_text(path)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InputError(f"{path} is not in UTF-8; save it as UTF-8") from None
    kind = "JSON" if path.suffix.lower() == ".json" else "TOML"
    try:
        content = notation.from_json(text) if kind == "JSON" else notation.toml(text)
    except ValueError as error:
        raise InputError(f"{path} is not valid {kind}: {error}") from None
    if not isinstance(content, dict):
        raise InputError(f"{path}: write one object with named fields")
    return content


def read_as(kind: type[R], content: dict[str, Any], path: Path) -> R:
    """What a file says, as a value of a kind; the file's name stands before its faults."""
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        raise InputError(f"{path}: {faults(error)}") from None


# -- rosters ----------------------------------------------------------------------------------


def meeting(path: Path) -> Meeting:
    """Read the record of a meeting (民主评议会): TOML, JSON or a sheet."""
    content = _content(path, MeetingCells)
    bind_evidence(content, path)
    return read_as(Meeting, content, path)


def appraisal(path: Path) -> Appraisal:
    """Read a renewed appraisal (H1): ``meeting`` and ``households``; TOML, JSON or two sheets."""
    if path.suffix.lower() in KINDS:
        return read_as(Appraisal, _of_sheets(path, None), path)
    content = table(path)
    _bind_meeting(content, path)
    return read_as(Appraisal, content, path)


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
    if path.suffix.lower() in KINDS:
        content = {"village": village, "year": year, "appraisal": _of_sheets(path, held)}
    else:
        content = application(path, village=village, year=year)
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
    return read_as(RosterApplication, content, path)


def _of_sheets(path: Path, held: Path | None) -> dict[str, Any]:
    """A meeting and its votes: both from the sheets of a workbook, or the meeting from ``held``."""
    today = beijing(utc_now()).date()
    record = meeting(held) if held is not None else None
    roster = (
        read_roster(path, today, record.present) if record is not None else read_roster(path, today)
    )
    if roster.meeting is not None:
        if held is not None:
            raise InputError(f"--meeting: {path} holds a record of the meeting already; keep one")
        content = roster.meeting.content()
        bind_evidence(content, path)
        record = read_as(Meeting, content, path)
    if record is None:
        raise InputError(
            f"--meeting: {path} holds no record of the meeting (H1); give it as TOML, JSON or "
            "Excel, or on a sheet of its own"
        )
    return {"meeting": record, "households": roster.households}


def _put_meeting(content: dict[str, Any], path: Path, record: Meeting) -> None:
    drafted = content.setdefault("appraisal", {})
    if isinstance(drafted, dict):
        if "meeting" in drafted:
            raise InputError(f"--meeting: {path} holds a record of the meeting already; keep one")
        drafted["meeting"] = record


def _bind_meeting(drafted: Any, path: Path) -> None:
    if isinstance(drafted, dict) and isinstance(drafted.get("meeting"), dict):
        bind_evidence(drafted["meeting"], path)


class _Answers(Record):
    answers: tuple[Consent, ...]


def consents(path: Path) -> tuple[Consent, ...]:
    """Read what households answered (H2): Excel or CSV, or ``answers`` as TOML or JSON."""
    if path.suffix.lower() in KINDS:
        return read_consents(path)
    return read_as(_Answers, table(path), path).answers


def proposals(
    codes: Sequence[str], votes: Sequence[int], record: Meeting | None
) -> tuple[Proposal, ...]:
    """The households of an amendment: with the votes of a meeting, or to be read again (G1)."""
    those = each_once("--household", codes)
    if not those:
        raise InputError("--household: name who is added, or whose entry is taken again")
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
