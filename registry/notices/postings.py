"""What is in publicity now (C4, V2, H3), from the files of the cases and their notices."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from models.case.ledger import EntryKind
from models.offices import SubjectKind
from models.periods import beijing, chinese
from models.procedures import C4, H3, H4, V2
from models.register.villages import Incidence
from registry.tables import CaseRow, EntryRow, NoticeRow

_STEPS = {
    SubjectKind.COUNTY: (C4.id,),
    SubjectKind.VILLAGE: (V2.id,),
    # Some of a roster may be struck off while others are still posted.
    SubjectKind.HOUSEHOLD: (H3.id, H4.id),
}


class Posting(NamedTuple):
    """A notice that stands.

    Attributes:
        seq: The entry by which it was put on file.
        posted_at: When its days began: as it was published, or as it was posted (T1).
        closes_at: The first moment after its last day; None while its days wait for its posting.
        households: Whom it shows, where it is a roster's, and as what: name, group, head count.
    """

    case_id: str
    subject: str
    notice_id: str
    seq: int
    posted_at: datetime
    closes_at: datetime | None
    households: Mapping[str, tuple[str, str, int]]

    @property
    def first_day(self) -> date:
        """The day it was posted on."""
        return beijing(self.posted_at).date()

    @property
    def period(self) -> str:
        """From when to when, in Chinese."""
        if self.closes_at is None:
            return "公示期自张贴之日起计算"
        last = beijing(self.closes_at).date() - timedelta(days=1)
        return f"{chinese(self.first_day)}起，{chinese(last)}24时止"


def postings(
    session: Session, kind: SubjectKind, year: int, region: str | None = None
) -> tuple[Posting, ...]:
    """The notices of this round of every case of a year whose publicity runs, by subject.

    Of a county or village it is the last one; a roster has as many as were posted beside each
    other (G1).
    """
    wanted = _in_publicity(kind, year, region)
    codes = select(CaseRow.case_id, CaseRow.subject_code).where(*wanted)
    subjects = dict(session.exec(codes).all())
    tell = (EntryKind.NOTICE.value, EntryKind.LIMIT_MOVED.value)
    of_round = (*wanted, col(EntryRow.kind).in_(tell), EntryRow.round == CaseRow.round)
    said = session.exec(_entries().where(*of_round)).all()
    published = {
        id: (posted_at, closes_at)
        for id, posted_at, closes_at in session.exec(
            select(NoticeRow.id, NoticeRow.posted_at, NoticeRow.closes_at)
            .join(CaseRow, col(CaseRow.case_id) == NoticeRow.case_id)
            .where(*wanted)
        )
    }
    found: defaultdict[str, list[Posting]] = defaultdict(list)
    for case_id, seq, content in said:
        data = _data(content)
        found[case_id] = [_counted_anew(each, data) for each in found[case_id]]
        notice = data.get("notice")
        if isinstance(notice, dict) and notice.get("notice_id") in published:
            notice_id = str(notice["notice_id"])
            households = {
                code: (name, group, size)
                for code, (name, group, size) in data.get("households", {}).items()
            }
            posted_at, closes_at = published[notice_id]
            closes = None if data.get("from_posting") else closes_at
            subject = subjects[case_id]
            found[case_id].append(
                Posting(case_id, subject, notice_id, seq, posted_at, closes, households)
            )
    if kind is not SubjectKind.HOUSEHOLD:
        found = defaultdict(list, {case_id: each[-1:] for case_id, each in found.items()})
    return tuple(
        posting
        for case_id in sorted(found, key=lambda each: (subjects[each], each))
        for posting in found[case_id]
    )


def counts(
    session: Session, kind: SubjectKind, year: int, region: str | None, posted: Sequence[Posting]
) -> dict[str, Incidence]:
    """What each county's or village's case has counted before its notice (S5), by notice.

    A county is left out if the register holds no village of it.
    """
    counted: defaultdict[str, list[tuple[int, Incidence]]] = defaultdict(list)
    tell = (EntryKind.OPENED.value, EntryKind.FINDINGS.value)
    for case_id, seq, content in session.exec(
        _entries().where(*_in_publicity(kind, year, region), col(EntryRow.kind).in_(tell))
    ):
        said = _data(content).get("incidence")
        if said is not None:
            counted[case_id].append((seq, Incidence.model_validate(said)))
    return {
        posting.notice_id: count
        for posting in posted
        for seq, count in counted[posting.case_id]  # the last of them stays
        if seq < posting.seq
    }


def _counted_anew(posting: Posting, data: dict[str, Any]) -> Posting:
    """T1: what an entry says of the days of a notice, if it was posted by it."""
    if data.get("notice_id") != posting.notice_id or "limit" not in data:
        return posting
    limit = data["limit"]
    posted_at, closes_at = (
        datetime.fromisoformat(each) for each in (limit["request"]["start"], limit["due"])
    )
    return posting._replace(posted_at=posted_at, closes_at=closes_at)


def _in_publicity(
    kind: SubjectKind, year: int, region: str | None
) -> tuple[ColumnElement[bool], ...]:
    within = (
        () if region is None else (col(CaseRow.region).contains(f"/{region}/", autoescape=True),)
    )
    return (
        col(CaseRow.procedure) == kind.value,
        col(CaseRow.year) == year,
        col(CaseRow.outcome).is_(None),
        col(CaseRow.step).in_(_STEPS[kind]),
        *within,
    )


def _entries() -> Any:
    return (
        select(EntryRow.case_id, EntryRow.seq, EntryRow.content)
        .join(CaseRow, col(CaseRow.case_id) == EntryRow.case_id)
        .order_by(EntryRow.case_id, col(EntryRow.seq))
    )


def _data(content: str) -> dict[str, Any]:
    """What an entry holds; the file is the case's own, so its content is as it was written."""
    data: dict[str, Any] = json.loads(content)["data"]
    return data
