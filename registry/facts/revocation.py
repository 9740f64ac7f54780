"""What the register and the case files know of an exit that is to be revoked (F7), as of a day."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple, TypeVar

from sqlmodel import Session, col, func, select

from models.case.ledger import Entry, EntryKind
from models.case.messages import Act, Decision
from models.identity import is_case_of
from models.offices import Household, Office, SubjectKind
from models.policy import Body
from models.procedures import (
    C7,
    H4,
    HOUSEHOLD_EXIT,
    REENTRY,
    REVOCATION,
    SUPERVISION,
    V3,
)
from models.revocation.admission import ExitRecord, FiledAct, RevocationFacts
from models.revocation.messages import ResponsibleAct, Revocable, RevocationApplication
from registry.facts.county import known_county
from registry.facts.reentry import open_roster
from registry.facts.village import known_village
from registry.tables import (
    CaseRow,
    EntryRow,
    EpisodeRow,
    HouseholdRow,
    RevocationRow,
    Standing,
    StatusRow,
    VillageRow,
    VillageStatusRow,
)

S = TypeVar("S", StatusRow, VillageStatusRow)

_APPROVALS = (C7.id, V3.id, H4.id)
_BY_AN_OFFICE = (
    EntryKind.ACT,
    EntryKind.RESOLUTION,
    EntryKind.AMENDMENT,
    EntryKind.DOCUMENT,
)
_COUNTY = 2
"""Where the county stands in a case's path of divisions, from the province down."""


class PastExit(NamedTuple):
    """An exit in the register; ``back_since`` where a household is in it again."""

    year: int | None
    exited_on: date
    document: str | None
    case_id: str | None
    seq: int | None
    back_since: date | None = None


def revocation_facts(
    session: Session, application: RevocationApplication, on: date, besides: str | None = None
) -> RevocationFacts:
    """Gather what a revocation is held against (F7, G9)."""
    code, kind, year = application.subject, application.kind, application.year
    subject, note = _subject(session, kind, code, on)
    if subject is None:
        return RevocationFacts(subject=None, code_note=note)
    exits = past_exits(session, kind, code)
    chosen = next((each for each in reversed(exits) if each.year == year), None)
    own_case = chosen.case_id if chosen else None
    entries = _file(session, own_case)
    return RevocationFacts(
        subject=subject,
        exit=_record(session, chosen, entries) if chosen else None,
        other_years=tuple(sorted({each.year for each in exits if each.year not in (None, year)})),
        revoked_by=_revoked_by(session, kind, code, chosen),
        back_since=chosen.back_since if chosen else None,
        attempt=_attempt(session, code, year, besides),
        open_case=_open_case(session, kind, code, besides),
        named=_named(session, application.responsible, own_case),
        strangers=tuple(
            sorted(
                each.case_id
                for each in application.responsible
                if each.case_id not in (None, own_case)
                and not _within(session, each.case_id, kind, code)
            )
        ),
        supervision_county=_supervised(session, application.supervision),
        concerned=_concerned(entries, subject, kind),
    )


def past_exits(session: Session, kind: SubjectKind, code: str) -> list[PastExit]:
    """Every exit of a subject, from the register, the earliest first."""
    if kind is SubjectKind.HOUSEHOLD:
        episodes = session.exec(
            select(EpisodeRow)
            .where(EpisodeRow.household_code == code)
            .order_by(col(EpisodeRow.number))
        ).all()
        following = [*(each.registered_on for each in episodes[1:]), None]
        return [
            PastExit(row.exit_year, row.exited_on, row.document, row.case_id, row.seq, back)
            for row, back in zip(episodes, following, strict=True)
            if row.exited_on is not None and row.gone_because is None
        ]
    if kind is SubjectKind.COUNTY:
        return _left(session, StatusRow, code)
    return _left(session, VillageStatusRow, code)


def _left(session: Session, standings: type[S], code: str) -> list[PastExit]:
    rows = session.exec(
        select(standings)
        .where(standings.code == code, standings.status == Standing.EXITED)
        .order_by(col(standings.since))
    ).all()
    return [PastExit(row.exit_year, row.since, row.document, row.case_id, row.seq) for row in rows]


def kind_of(session: Session, code: str) -> SubjectKind | None:
    """Whose code it is; a household's number that looks like the code of a place is the place's."""
    if session.exec(select(StatusRow.code).where(StatusRow.code == code)).first() is not None:
        return SubjectKind.COUNTY
    if session.get(VillageRow, code) is not None:
        return SubjectKind.VILLAGE
    return SubjectKind.HOUSEHOLD if session.get(HouseholdRow, code) is not None else None


def _subject(
    session: Session, kind: SubjectKind, code: str, on: date
) -> tuple[Revocable | None, str]:
    if kind is SubjectKind.COUNTY:
        return known_county(session, code, on)
    if kind is SubjectKind.VILLAGE:
        return known_village(session, code, on)
    row = session.get(HouseholdRow, code)
    if row is None:
        return None, "the register knows no household with this number"
    if row.gone_on is not None and row.gone_because is not None:
        return None, (
            f"the household ended on {row.gone_on} ({row.gone_because.zh}); nobody can come "
            "back: call to account who is responsible (`exitflow record accountability`, F10)"
        )
    village, note = known_village(session, row.village_code, on)
    if village is None:
        return None, f"its village {row.village_code}: {note}"
    return Household(code=code, village=village), ""


# -- the exit, by its file --------------------------------------------------------------------


def _file(session: Session, case_id: str | None) -> list[Entry]:
    rows = session.exec(
        select(EntryRow.content)
        .where(EntryRow.case_id == case_id, EntryRow.kind == EntryKind.ACT.value)
        .order_by(col(EntryRow.seq))
    )
    return [Entry.model_validate_json(content) for content in rows]


def _record(session: Session, exit: PastExit, acts: Sequence[Entry]) -> ExitRecord:
    case = session.get(CaseRow, exit.case_id) if exit.case_id else None
    approval = _approval(acts, exit.seq)
    return ExitRecord(
        exited_on=exit.exited_on,
        case_id=exit.case_id,
        document=exit.document,
        approved_by=_act(approval).office if approval else None,
        approved_at=approval.at if approval else None,
        case_ended=case is None or case.outcome is not None,
    )


def _approval(acts: Sequence[Entry], seq: int | None) -> Entry | None:
    """The last approval (C7, V3, H4) before the register was changed; V3 is first reported."""
    before = [
        entry
        for entry in acts
        if seq is not None
        and entry.seq <= seq
        and _act(entry).step in _APPROVALS
        and _act(entry).decision is Decision.APPROVE
    ]
    return before[-1] if before else None


def _act(entry: Entry) -> Act:
    return Act.model_validate(entry.data["act"])


def _concerned(acts: Sequence[Entry], subject: Revocable, kind: SubjectKind) -> tuple[Office, ...]:
    """Who applied, and who decided at any step: each once, in the order of the file."""
    applicant = Body.VILLAGE_COMMITTEES if kind is SubjectKind.HOUSEHOLD else Body.COUNTY_GROUP
    offices = [subject.office(applicant), *(_act(entry).office for entry in acts)]
    return tuple(dict.fromkeys(offices))


# -- what is named ----------------------------------------------------------------------------


def _named(
    session: Session, acts: Sequence[ResponsibleAct], own_case: str | None
) -> tuple[FiledAct, ...]:
    found = []
    for act in acts:
        case_id = act.case_id or own_case
        row = session.get(EntryRow, (case_id, act.seq)) if case_id else None
        case = session.get(CaseRow, case_id) if case_id else None
        if row is not None and case is not None:
            found.append(_filed(Entry.model_validate_json(row.content), case, act.why))
    return tuple(found)


def _filed(entry: Entry, case: CaseRow, why: str | None) -> FiledAct:
    office, officer = _who(entry, case)
    return FiledAct(
        case_id=case.case_id,
        seq=entry.seq,
        kind=entry.kind.value,
        text=entry.text,
        hash=entry.hash,
        office=office,
        officer=officer,
        why=why,
    )


def _who(entry: Entry, case: CaseRow) -> tuple[Office | None, str | None]:
    """Who is responsible for an entry; None where it is nobody's act."""
    of_a_roster = case.procedure == HOUSEHOLD_EXIT.id
    committees = Office(body=Body.VILLAGE_COMMITTEES, place=case.subject_code)
    if entry.kind in _BY_AN_OFFICE:
        content = _object(entry, entry.kind.value)
        return Office.parse(str(content["office"])), str(content["officer"])
    if entry.kind is EntryKind.CONSENTS:
        return committees, str(_object(entry, "consents")["officer"])
    if entry.kind is EntryKind.OPENED:
        county = case.region.strip("/").split("/")[_COUNTY]
        applicant = committees if of_a_roster else Office(body=Body.COUNTY_GROUP, place=county)
        return applicant, str(_object(entry, "application")["officer"])
    return None, None


def _object(entry: Entry, key: str) -> dict[str, object]:
    content = entry.data[key]
    assert isinstance(content, dict)
    return dict(content)


def _within(session: Session, case_id: str | None, kind: SubjectKind, code: str) -> bool:
    """Whether a case is an exit of a village, or of households, of what is revoked."""
    case = session.get(CaseRow, case_id) if case_id else None
    exits = tuple(SubjectKind)
    if case is None or kind is SubjectKind.HOUSEHOLD or case.procedure not in exits:
        return False
    return f"/{code}/" in case.region


def _supervised(session: Session, case_id: str | None) -> str | None:
    if case_id is None or not is_case_of(SUPERVISION, case_id):
        return None
    case = session.get(CaseRow, case_id)
    return case.subject_code if case else None


# -- other cases ------------------------------------------------------------------------------


def _revoked_by(
    session: Session, kind: SubjectKind, code: str, exit: PastExit | None
) -> str | None:
    if exit is None:
        return None
    return session.exec(
        select(RevocationRow.case_id).where(
            RevocationRow.kind == kind,
            RevocationRow.subject_code == code,
            RevocationRow.exited_on == exit.exited_on,
        )
    ).first()


def _attempt(session: Session, code: str, year: int, besides: str | None) -> int:
    """One more than the revocations of the code and year that there were."""
    before = session.exec(
        select(func.count())
        .select_from(CaseRow)
        .where(
            CaseRow.procedure == REVOCATION.id,
            CaseRow.subject_code == code,
            CaseRow.year == year,
            CaseRow.case_id != (besides or ""),
        )
    ).one()
    return 1 + before


def _open_case(session: Session, kind: SubjectKind, code: str, besides: str | None) -> str | None:
    procedures = [REVOCATION.id]
    if kind is SubjectKind.HOUSEHOLD:
        procedures.append(REENTRY.id)
    own = session.exec(
        select(CaseRow.case_id)
        .where(
            col(CaseRow.procedure).in_(procedures),
            CaseRow.subject_code == code,
            col(CaseRow.outcome).is_(None),
            CaseRow.case_id != (besides or ""),
        )
        .order_by(CaseRow.case_id)
    ).first()
    # A roster that is open still would strike it off at once, unseen by those who vote on it next.
    return own or (open_roster(session, code) if kind is SubjectKind.HOUSEHOLD else None)
