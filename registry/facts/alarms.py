"""Whether a village or county, having left, is above the threshold again (F5, F13)."""

import json
from collections.abc import Iterator
from datetime import date
from typing import TypeVar

from sqlmodel import Session, col, func, select

from models.alarms import Alarm
from models.case.ledger import EntryKind
from models.identity import watch_case
from models.offices import Office, Village
from models.policy import Body, Policy, Standards
from models.procedures import WATCH, village_steps
from models.register.villages import Incidence
from models.standards import incidence_met, is_worse
from models.watch import Seen, Unit
from registry.database.engine import claim
from registry.facts.county import known_county
from registry.facts.incidence import (
    all_heads,
    county_incidence,
    heads_fault,
    incidence,
    village_incidence,
)
from registry.facts.village import known_village
from registry.tables import AlarmRow, CaseRow, EntryRow, Standing, StatusRow, VillageStatusRow

_VILLAGE_DIGITS = 12

S = TypeVar("S", StatusRow, VillageStatusRow)


def alarms_of(session: Session, village_code: str, on: date, policy: Policy) -> tuple[Alarm, ...]:
    """The alarms that a village and its county give on a day: none, one or two.

    Raises:
        RegistryError: where the register counts more poor people than live there.
    """
    village, _ = known_village(session, village_code, on)
    if village is None:
        return ()
    # Of two households that enter at once in two villages the later one sees both in the county.
    claim(session, f"incidence of {village.county.code}")
    county, _ = known_county(session, village.county.code, on)
    alarms = (_alarm(session, unit, on, policy) for unit in (village, county) if unit is not None)
    return tuple(alarm for alarm in alarms if alarm is not None)


def alarm_due(
    session: Session, code: str, on: date, policy: Policy, besides: str
) -> tuple[Unit | None, Alarm | None]:
    """A unit as of a day, and the alarm, or the end of one, that nobody has told of it yet (F13).

    Args:
        besides: The case that is about to tell it.

    Raises:
        RegistryError: as ``alarms_of``.
    """
    unit = _unit(session, code, on)
    return unit, None if unit is None else _news(session, unit, on, policy, besides)


def units_due(
    session: Session, on: date, policy: Policy, region: str | None = None
) -> Iterator[tuple[Seen, Alarm]]:
    """The units of a region with an alarm that nobody has told yet, or the end of one (F13)."""
    alarmed = set(session.exec(select(AlarmRow.subject_code).distinct()))
    for code, count in _counts_of_exited(session, on, region):
        if code not in alarmed and _is_met(count, policy.standards):
            continue  # nothing is to be told, and nothing to be looked up
        unit = _unit(session, code, on)
        alarm = None if unit is None else _news(session, unit, on, policy)
        if unit is not None and alarm is not None:
            yield Seen(subject=unit, number=_number(session, code, on.year)), alarm


def above_threshold(
    session: Session, on: date, standards: Standards, region: str | None = None
) -> Iterator[tuple[str, Incidence]]:
    """The units of a region that have left and are over the threshold on a day (F13)."""
    for code, count in _counts_of_exited(session, on, region):
        if not _is_met(count, standards):
            yield code, count


def _counts_of_exited(
    session: Session, on: date, region: str | None
) -> Iterator[tuple[str, Incidence]]:
    villages, counties = all_heads(session, on, region=region)
    for standings, heads in ((VillageStatusRow, villages), (StatusRow, counties)):
        left = _left(session, standings, on)
        for code, counted in sorted(heads.items()):
            if code not in left or heads_fault(code, counted, on):
                continue  # more poor than people: a finding of its own
            count = incidence(code, counted, on)
            if count is not None:
                yield code, count


def _unit(session: Session, code: str, on: date) -> Unit | None:
    known = known_village if len(code) == _VILLAGE_DIGITS else known_county
    unit, _ = known(session, code, on)
    return unit


def _alarm(session: Session, unit: Unit, on: date, policy: Policy) -> Alarm | None:
    """The alarm that a unit gives on a day, whether it was given before or not."""
    # Counted first, whether it has left or not: impossible heads leave everything undone.
    counted = _count(session, unit, on)
    if counted is None or _exit(session, unit.code, on) is None:
        return None
    return None if _is_met(counted, policy.standards) else _alarm_of(unit, counted, policy)


def _count(session: Session, unit: Unit, on: date) -> Incidence | None:
    count = village_incidence if isinstance(unit, Village) else county_incidence
    return count(session, unit.code, on)


def _is_met(counted: Incidence, standards: Standards) -> bool:
    return incidence_met(counted.poor, counted.population, standards)


def _alarm_of(unit: Unit, counted: Incidence, policy: Policy, *, ended: bool = False) -> Alarm:
    return Alarm(
        kind="village" if isinstance(unit, Village) else "county",
        code=unit.code,
        name=unit.full_name,
        incidence=counted,
        ended=ended,
        tell=tuple(_above(unit, policy)),
    )


def _above(unit: Unit, policy: Policy) -> dict[Office, None]:
    """The offices above a unit, each once."""
    county = unit.office(Body.COUNTY_GROUP)
    if isinstance(unit, Village):
        return dict.fromkeys((county, unit.office(village_steps(unit, policy)[-1].body)))
    offices = (unit.superior(county), unit.office(Body.PROVINCIAL_GROUP))
    return dict.fromkeys(office for office in offices if office is not None)


def _exit(session: Session, code: str, on: date) -> StatusRow | VillageStatusRow | None:
    """The standing of a unit that is off its list on a day."""
    if len(code) == _VILLAGE_DIGITS:
        return _last_exit(session, VillageStatusRow, code, on)
    return _last_exit(session, StatusRow, code, on)


def _last_exit(session: Session, standings: type[S], code: str, on: date) -> S | None:
    last = session.exec(
        select(standings)
        .where(standings.code == code, standings.since <= on)
        .order_by(col(standings.since).desc())
        .limit(1)
    ).first()
    return last if last is not None and last.status is Standing.EXITED else None


def _left(
    session: Session, standings: type[StatusRow] | type[VillageStatusRow], on: date
) -> set[str]:
    """The codes of all units that are off their list on a day."""
    rows = session.exec(
        select(standings.code, standings.status)
        .where(standings.since <= on)
        .order_by(col(standings.since))
    )
    last = {code: status for code, status in rows}  # noqa: C416 - the last of each stays
    return {code for code, status in last.items() if status == Standing.EXITED}


def _news(
    session: Session, unit: Unit, on: date, policy: Policy, besides: str = ""
) -> Alarm | None:
    """What nobody was told yet of a unit: such a count, or that the alarm is over.

    A count is alarming if it does not meet the standard and the exit was not approved at it (S6).
    The same count is told again if the alarm was over in between.
    """
    counted, exit = _count(session, unit, on), _exit(session, unit.code, on)
    if counted is None or exit is None or _is_being_told(session, unit.code, besides):
        return None
    told = _last_told(session, unit.code, exit.since)
    is_alarmed = told is not None and not told.ended
    if _is_met(counted, policy.standards) or _was_approved(session, exit, counted):
        return _alarm_of(unit, counted, policy, ended=True) if is_alarmed else None
    is_told = told is not None and (told.poor, told.population) == (
        counted.poor,
        counted.population,
    )
    return None if is_alarmed and is_told else _alarm_of(unit, counted, policy)


def _is_being_told(session: Session, code: str, besides: str) -> bool:
    under_way = select(CaseRow.case_id).where(
        CaseRow.procedure == WATCH.id,
        CaseRow.subject_code == code,
        CaseRow.case_id != besides,
        col(CaseRow.outcome).is_(None),
    )
    return session.exec(under_way).first() is not None


def _last_told(session: Session, code: str, since: date) -> AlarmRow | None:
    """The last alarm of a unit since it left, or the end of one."""
    here = (col(EntryRow.case_id) == AlarmRow.case_id) & (col(EntryRow.seq) == AlarmRow.seq)
    return session.exec(
        select(AlarmRow)
        .join(EntryRow, here)
        .where(AlarmRow.subject_code == code, AlarmRow.as_of >= since)
        .order_by(col(EntryRow.at).desc())
        .limit(1)
    ).first()


def _was_approved(session: Session, exit: StatusRow | VillageStatusRow, counted: Incidence) -> bool:
    """Whether the exit was approved at a count that was no better (S6)."""
    approved = _approved(session, exit)
    return approved is not None and not is_worse(counted, approved)


def _approved(session: Session, exit: StatusRow | VillageStatusRow) -> Incidence | None:
    """The count by which an exit was approved, as its file has it last."""
    if exit.case_id is None:
        return None
    findings = session.exec(
        select(EntryRow.content)
        .where(
            EntryRow.case_id == exit.case_id,
            EntryRow.kind == EntryKind.FINDINGS.value,
            col(EntryRow.seq) <= exit.seq,
        )
        .order_by(col(EntryRow.seq).desc())
    )
    said = (json.loads(content)["data"].get("incidence") for content in findings)
    count = next(filter(None, said), None)
    return None if count is None else Incidence.model_validate(count)


def _number(session: Session, code: str, year: int) -> int:
    """Which case of the unit's year the next one is, from 1."""
    begins = watch_case(code, year, 1)[:-1]
    return (
        1
        + session.exec(
            select(func.count())
            .select_from(CaseRow)
            .where(col(CaseRow.case_id).startswith(begins, autoescape=True))
        ).one()
    )
