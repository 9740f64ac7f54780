"""Villages, townships and counties that are renamed, recoded or merged (区划变动), from a day on.

The old code ends on a day and names its successor; households live under the new one from that day
on. What was counted on a day before it stays (S5), and old cases keep code and name.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col, select

from models.offices import SubjectKind
from models.policy import Body, Level
from models.register.changes import DivisionChange, DivisionKind
from registry import journal
from registry.errors import LoadError
from registry.facts.county import division_on
from registry.facts.village import known_village
from registry.register.bulk import batches, table_of
from registry.register.change_ledger import enter, entry_of
from registry.register.members import check_called
from registry.tables import (
    DivisionRow,
    HouseholdPastRow,
    HouseholdRow,
    PlanRow,
    StatusRow,
    VillagePastRow,
    VillageRow,
    VillageStatusRow,
    VillageYearRow,
)

_COUNTY, _TOWNSHIP, _VILLAGE = 6, 9, 12
_ABOVE = (Body.COUNTY_GROUP, Body.CITY_GROUP, Body.PROVINCIAL_GROUP)


class DivisionPutDown(NamedTuple):
    """A change that is on file; ``villages`` are the codes that have ended by it."""

    change: DivisionChange
    new: bool
    text: str
    villages: tuple[str, ...]

    @property
    def ended(self) -> tuple[str, ...]:
        """All codes that are no longer in use by it."""
        renamed = self.change.kind is DivisionKind.RENAMED
        return () if renamed else (self.change.code, *self.villages)


def put_division_change(
    session: Session, change: DivisionChange, today: date, at: datetime
) -> DivisionPutDown:
    """Put a change of a division down, within the caller's transaction.

    Raises:
        LoadError: if it contradicts the register, in one sentence.
    """
    entry = entry_of(session, change.id)
    new = entry is None
    if entry is None:
        if change.on > today:
            raise LoadError(
                [f"on: {change.on} is still to come; write the day from which it holds"]
            )
        check_called("name", change.name)
        entry = _Putting(session, change).put(at)
    return DivisionPutDown(change, new, entry["text"], tuple(sorted(entry["data"]["villages"])))


class _Putting:
    def __init__(self, session: Session, change: DivisionChange) -> None:
        self._session, self._change, self._day = session, change, change.on
        self._villages = self._in_use()
        if not self._villages:
            raise LoadError(
                [f"code: the register has no village in use under {change.code}; correct the code"]
            )
        first = self._villages[0]
        self._county = first.county_code
        known, note = known_village(session, first.code, change.on)
        if known is None:
            raise LoadError([f"code: {note}"])
        may = [known.office(body) for body in _ABOVE]
        if change.office not in may:
            named = ", ".join(map(str, may))
            raise LoadError([f"office: {change.office} changes no division here; {named} may"])

    def put(self, at: datetime) -> dict[str, Any]:
        change, session = self._change, self._session
        renamed = change.kind is DivisionKind.RENAMED
        follows = {} if renamed else {row.code: self._new_code(row.code) for row in self._villages}
        keys = self._keys(follows)
        journal.look_before(session, keys)
        if renamed:
            self._rename()
        else:
            self._check_days(follows)
            if len(change.code) == _COUNTY:
                self._recode_county()
            for row in self._villages:
                self._succeed(row, follows[row.code])
            session.flush()
            self._move_households(follows)
        entry = enter(
            session,
            self._county,
            change,
            change.code,
            _told(change, len(follows)),
            {"division": change.content(), "villages": follows},
            at,
        )
        journal.touch(session, keys)
        return entry

    def _in_use(self) -> Sequence[VillageRow]:
        code = self._change.code
        column = {_COUNTY: VillageRow.county_code, _TOWNSHIP: VillageRow.township_code}
        return self._session.exec(
            select(VillageRow)
            .where(
                col(column.get(len(code), VillageRow.code)) == code,
                col(VillageRow.gone_on).is_(None),
            )
            .order_by(VillageRow.code)
        ).all()

    def _new_code(self, code: str) -> str:
        assert self._change.to is not None
        return self._change.to + code[len(self._change.to) :]

    def _keys(self, follows: dict[str, str]) -> set[str]:
        codes = {*(row.code for row in self._villages), *follows.values()}
        keys = {f"{part}/{code}" for part in ("village", "surveys") for code in codes}
        counties = {self._county, *(code[:_COUNTY] for code in follows.values())}
        keys |= {f"county/{code}" for code in counties} | {f"changes/{self._county}"}
        years = self._session.exec(select(PlanRow.year).distinct()).all()
        return keys | {f"plan/{year}/{code}" for year in years for code in counties}

    def _check_days(self, follows: dict[str, str]) -> None:
        """Nothing later may have happened in the villages: the days before stay as they were."""
        session = self._session
        latest: list[date | None] = []
        for codes in batches(sorted({*follows, *follows.values()})):
            latest += session.exec(
                select(sa.func.max(HouseholdPastRow.until))
                .join(HouseholdRow, col(HouseholdRow.code) == HouseholdPastRow.household_code)
                .where(col(HouseholdRow.village_code).in_(codes))
            ).all()
            latest += session.exec(
                select(sa.func.max(VillageRow.since)).where(col(VillageRow.code).in_(codes))
            ).all()
            latest += session.exec(
                select(sa.func.max(VillagePastRow.until)).where(
                    col(VillagePastRow.village_code).in_(codes)
                )
            ).all()
            latest += self._since(VillageStatusRow, codes)
        if len(self._change.code) == _COUNTY:
            latest += self._since(StatusRow, [self._change.code])
        last = max((day for day in latest if day is not None), default=self._day)
        if last > self._day:
            raise LoadError(
                [
                    f"on: the register has a change in these villages on {last}; write that day or "
                    "a later one, and the true day into the reason"
                ]
            )

    def _since(
        self, standings: type[StatusRow] | type[VillageStatusRow], codes: Sequence[str]
    ) -> Sequence[date | None]:
        """Since when places have the standing that they have."""
        latest = sa.func.max(standings.since)
        return self._session.exec(select(latest).where(col(standings.code).in_(codes))).all()

    # -- names --------------------------------------------------------------------------------

    def _rename(self) -> None:
        change = self._change
        name = str(change.name)
        match len(change.code):
            case 6:
                division = self._division(change.code)
                self._follow(division, change.code, name)
            case 9:
                for row in self._villages:
                    row.township_name = name
            case _:
                self._villages[0].name = name
        self._session.flush()

    # -- codes --------------------------------------------------------------------------------

    def _division(self, code: str) -> DivisionRow:
        division = division_on(self._session, code, self._day)
        if division is None or division.valid_until is not None:
            raise LoadError([f"code: the register knows no division {code} from {self._day} on"])
        if division.valid_from >= self._day:
            raise LoadError(
                [f"on: {code} is known from {division.valid_from} on; write a later day"]
            )
        return division

    def _follow(self, division: DivisionRow, code: str, name: str) -> None:
        """End a row of a division and begin the next, under its code or another."""
        division.valid_until = self._day
        if code != division.code:
            division.successor = code
        self._session.add(
            DivisionRow(
                code=code,
                valid_from=self._day,
                name=name,
                **division.model_dump(include={"level", "parent", "tier", "directly_administered"}),
            )
        )

    def _recode_county(self) -> None:
        change, session = self._change, self._session
        to = str(change.to)
        if session.exec(select(DivisionRow.code).where(DivisionRow.code == to)).first() is not None:
            raise LoadError([f"to: the register has a division {to}; write a code that is free"])
        division = self._division(change.code)
        self._follow(division, to, change.name or division.name)
        self._carry_on(StatusRow, change.code, to)
        self._copy_plans(change.code, to, SubjectKind.COUNTY)

    def _carry_on(
        self, standings: type[StatusRow] | type[VillageStatusRow], code: str, to: str | None
    ) -> None:
        """End a place's standing, and begin the same under the code that follows.

        The year of an exit stays with the old code: an exit counts once.
        """
        session = self._session
        last = session.exec(
            select(standings).where(standings.code == code, col(standings.until).is_(None))
        ).first()
        if last is None:
            return
        last.until = self._day
        if to is not None:
            document = self._change.document
            session.add(standings(code=to, since=self._day, status=last.status, document=document))

    def _copy_plans(self, code: str, to: str, kind: SubjectKind) -> None:
        session = self._session
        for plan in session.exec(
            select(PlanRow).where(PlanRow.subject_code == code, PlanRow.year >= self._day.year)
        ).all():
            if session.get(PlanRow, (plan.year, to)) is None:
                session.add(PlanRow(year=plan.year, subject_code=to, kind=kind, source=plan.source))

    def _succeed(self, row: VillageRow, to: str) -> None:
        """Let one village's code be followed by another's, which is there already or is new."""
        session, change = self._session, self._change
        there = session.get(VillageRow, to)
        merged = change.kind is DivisionKind.MERGED and len(change.code) == _VILLAGE
        if merged:
            if there is None:
                raise LoadError(
                    [f"to: the register has no village {to} in use; import it, or correct the code"]
                )
            if there.gone_on is not None:
                raise LoadError([f"to: {_ended(there)}; write one that is in use"])
            self._take_in(row, there)
        else:
            if there is not None and there.gone_on is not None:
                raise LoadError([f"to: {_ended(there)}; write one that was never in use"])
            if there is not None:
                raise LoadError(
                    [
                        f"to: {row.code} would be {to}, which the register has; give {row.code} a "
                        "code of its own there first (改码), or merge the two (并入)"
                    ]
                )
            self._begin(row, to)
        self._carry_on(
            VillageStatusRow, row.code, to if not merged or self._never_listed(to) else None
        )
        row.gone_on, row.successor = self._day, to

    def _never_listed(self, code: str) -> bool:
        """Whether a village never was a poor one: what is merged into it makes it one (S3)."""
        listed = select(VillageStatusRow.code).where(VillageStatusRow.code == code)
        return self._session.exec(listed).first() is None

    def _take_in(self, row: VillageRow, into: VillageRow) -> None:
        session = self._session
        if session.get(VillagePastRow, (into.code, self._day)) is None:
            last = session.exec(
                select(sa.func.max(VillagePastRow.until)).where(
                    VillagePastRow.village_code == into.code
                )
            ).one()
            session.add(
                VillagePastRow(
                    village_code=into.code,
                    until=self._day,
                    since=last,
                    population=into.population,
                )
            )
        into.population += row.population

    def _begin(self, row: VillageRow, to: str) -> None:
        session, change = self._session, self._change
        county, township = to[:_COUNTY], to[:_TOWNSHIP]
        if county != row.county_code:
            session.flush()
            division = division_on(session, county, self._day)
            if division is None or division.level is not Level.COUNTY:
                raise LoadError([f"to: the register knows no county {county} on {self._day}"])
        neighbour = session.exec(
            select(VillageRow.township_name).where(
                VillageRow.township_code == township, col(VillageRow.gone_on).is_(None)
            )
        ).first()
        of_township = len(change.code) == _TOWNSHIP
        if of_township and change.kind is DivisionKind.MERGED and neighbour is None:
            raise LoadError([f"to: the register has no township {township}; correct the code"])
        name = change.name if of_township and change.name else neighbour or row.township_name
        session.add(
            VillageRow(
                **row.model_dump(
                    include={"population", "population_as_of", "work_team", "first_secretary"}
                ),
                code=to,
                name=change.name if len(change.code) == _VILLAGE and change.name else row.name,
                township_code=township,
                township_name=name,
                county_code=county,
                since=self._day,
            )
        )
        session.flush()
        for year in session.exec(
            select(VillageYearRow).where(VillageYearRow.village_code == row.code)
        ).all():
            said = year.model_dump(exclude={"village_code", "source"})
            source = f"{row.code}, {year.source}"
            session.add(VillageYearRow(village_code=to, source=source, **said))
        self._copy_plans(row.code, to, SubjectKind.VILLAGE)

    def _move_households(self, follows: dict[str, str]) -> None:
        """All households that are there live under the new code from the day on."""
        connection = self._session.connection()
        households, past = table_of(HouseholdRow), table_of(HouseholdPastRow)
        last = (
            sa.select(sa.func.max(past.c.until))
            .where(past.c.household_code == households.c.code)
            .scalar_subquery()
        )
        for codes in batches(sorted(follows)):
            there = households.c.village_code.in_(codes) & households.c.gone_on.is_(None)
            kept = sa.exists().where(
                past.c.household_code == households.c.code, past.c.until == self._day
            )
            query = sa.select(
                households.c.code, sa.literal(self._day), last, *_of_past(households)
            ).where(there, ~kept)
            columns = ["household_code", "until", "since", "village_code", "size"]
            connection.execute(sa.insert(past).from_select(columns, query))
            for code in codes:
                here = (households.c.village_code == code) & households.c.gone_on.is_(None)
                values = {"village_code": follows[code], "revision": households.c.revision + 1}
                connection.execute(sa.update(households).where(here).values(values))
        self._session.expire_all()


def _ended(village: VillageRow) -> str:
    return f"the code {village.code} ended on {village.gone_on}, and {village.successor} followed"


def _of_past(households: sa.Table) -> Iterable[sa.Column[Any]]:
    return households.c.village_code, households.c.size


def _told(change: DivisionChange, villages: int) -> str:
    """A change in one sentence of a file."""
    to = f"，后续代码{change.to}" if change.to is not None else ""
    name = f"，名称为{change.name}" if change.name is not None else ""
    many = f"，涉及{villages}个行政村" if villages > 1 else ""
    return (
        f"{change.code}自{change.on}起{change.kind.zh}{to}{name}{many}："
        f"{change.reason}（{change.document}）"
    )
