"""What is missing behind an exit (F9): its filing (备案) and data entry (信息录入), and by when."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from models.case.documents import DOCUMENT_KINDS, DocumentKind
from models.case.orders import LimitInForce, Recipient
from models.case.reminders import next_after
from models.offices import Office, SubjectKind
from models.periods import LimitRequest, Workdays, compute, start_of, until
from models.policy import LEVELS, Body, Level, Policy
from models.watch import Missing
from registry.facts.revoked import stands
from registry.places import county_in, last_divisions, stem
from registry.records import DeadlineRecord
from registry.tables import (
    CaseRow,
    DocumentRow,
    EpisodeRow,
    Standing,
    StatusRow,
    VillageStatusRow,
)

DUE = (DocumentKind.FILING, DocumentKind.DATA_ENTRY)
"""What has to be done after every exit; an evaluation is not."""

_TOLD = 20
"""How many exits a reminder names."""


def filings_due(
    session: Session, policy: Policy, workdays: Workdays, now: datetime
) -> tuple[DeadlineRecord, ...]:
    """The exits without a filing or data entry, each with the limit; the nearest first.

    It is the county group's to do: what it, or an office above, hands in from the day of the exit
    on stands with the case, or beside it.
    """
    divisions = last_divisions(session)
    left = dict(_exits(session))
    done = set(_filed(session, left))
    found = []
    for case in session.exec(select(CaseRow).where(col(CaseRow.outcome).is_not(None))):
        missing = [kind for kind in DUE if (case.case_id, kind.value) not in done]
        if case.case_id not in left or not missing:
            continue
        start = start_of(left[case.case_id])
        limit = compute(LimitRequest(clause="F9", start=start), policy, workdays)
        county = county_in(case.region)
        place = divisions[county].name if county in divisions else county
        in_force = LimitInForce(
            limit=limit,
            office=Office(body=Body.COUNTY_GROUP, place=county),
            office_name=policy.name_of(Body.COUNTY_GROUP, place, now.date()),
            subject="、".join(DOCUMENT_KINDS[kind] for kind in missing),
            breached=now >= limit.due,
        )
        found.append(
            DeadlineRecord(
                case_id=case.case_id,
                subject_name=case.subject_name,
                year=case.year,
                step="F9",
                in_force=in_force,
            )
        )
    return tuple(sorted(found, key=lambda each: (each.in_force.limit.due, each.case_id)))


def _filed(session: Session, left: Mapping[str, date]) -> Iterator[tuple[str, str]]:
    """The cases and kinds of what was handed in behind an exit, by a county or an office above."""
    row = DocumentRow
    for case_id, kind, at, office in session.exec(
        select(row.belongs_to, row.kind, row.at, row.office)
    ):
        level = LEVELS[Office.parse(office).body]
        if level is not Level.VILLAGE and case_id in left and at >= start_of(left[case_id]):
            yield case_id, kind


def filings_to_remind_of(
    session: Session, policy: Policy, workdays: Workdays, on: date, region: str
) -> tuple[Missing, ...]:
    """What the counties of a region are reminded of on the morning of a day (F9, T8), by code.

    Of a limit that was missed the office above is told too (G4).
    """
    here, yesterday = start_of(on), start_of(on - timedelta(days=1))
    of_counties: dict[Office, list[DeadlineRecord]] = {}
    for each in filings_due(session, policy, workdays, here):
        office, limit = each.in_force.office, each.in_force.limit
        again = next_after(yesterday, limit.due, policy.reminders)
        if office.place.startswith(stem(region)) and again <= here:
            of_counties.setdefault(office, []).append(each)
    return tuple(
        _missing(session, policy, on, office, of_counties[office])
        for office in sorted(of_counties, key=str)
    )


def _missing(
    session: Session, policy: Policy, on: date, office: Office, found: Sequence[DeadlineRecord]
) -> Missing:
    tell = {office: found[0].in_force.office_name}
    late = sum(each.in_force.breached for each in found)
    if late:
        tell |= _above(session, policy, on, office)
    lines = [
        f"{each.subject_name}{each.year}年度（{each.case_id}）缺{each.in_force.subject}，"
        f"期限{until(each.in_force.limit.due)}"
        for each in found[:_TOLD]
    ]
    more = [f"另有{len(found) - _TOLD}项，见 exitflow deadlines"] if len(found) > _TOLD else []
    return Missing(
        tell=tuple(Recipient(name=name, office=each) for each, name in tell.items()),
        subject=f"{len(found)}项退出事项待备案、录入" + (f"，其中{late}项逾期" if late else ""),
        text="\n".join([*lines, *more]),
    )


def _above(session: Session, policy: Policy, on: date, county: Office) -> dict[Office, str]:
    """The office above a county group, with its name; a county need not be a poor one."""
    divisions = last_divisions(session)
    own = divisions.get(county.place)
    city = divisions.get(own.parent or "") if own is not None else None
    if own is None or city is None:
        return {}
    body, place = Body.CITY_GROUP, city
    if own.directly_administered:
        body, place = Body.PROVINCIAL_GROUP, divisions[city.parent or ""]
    return {Office(body=body, place=place.code): policy.name_of(body, place.name, on)}


def _exits(session: Session) -> Iterator[tuple[str, date]]:
    """The cases by which somebody has left, with the day; of a roster the last one."""
    standings: tuple[tuple[Any, SubjectKind], ...] = (
        (StatusRow, SubjectKind.COUNTY),
        (VillageStatusRow, SubjectKind.VILLAGE),
    )
    for row, kind in standings:
        places = select(row.case_id, row.since).where(
            col(row.case_id).is_not(None),
            row.status == Standing.EXITED,
            stands(kind, row.code, row.since),
        )
        for case_id, since in session.exec(places):
            yield str(case_id), since
    episode = EpisodeRow
    households = (
        select(episode.case_id, func.max(episode.exited_on))
        .where(
            col(episode.case_id).is_not(None),
            stands(SubjectKind.HOUSEHOLD, episode.household_code, episode.exited_on),
        )
        .group_by(col(episode.case_id))
    )
    for case_id, exited_on in session.exec(households):
        if exited_on is not None:
            yield str(case_id), exited_on
