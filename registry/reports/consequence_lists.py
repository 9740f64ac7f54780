"""Lists of exits with what follows from them: for the desk, as an Excel file, or one by one."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import islice
from json import dumps
from pathlib import Path
from typing import TextIO, TypeVar

from sqlalchemy import Engine

from models.consequences import Consequence, ExitState
from models.offices import SubjectKind
from models.policy import AfterExit
from registry.database.engine import reading
from registry.errors import UnknownSubject
from registry.files.workbook_writing import MOST_ROWS, Value, write_workbook
from registry.reports.consequence_records import (
    ExitFacts,
    ExitsAlike,
    ExitsListed,
    ExitTally,
    ExitTotal,
    VillageExits,
)
from registry.reports.consequences import ExitsOnADay

T = TypeVar("T")

STATE_ZH = {
    ExitState.COMING: "尚未退出",
    ExitState.EXITED: "已退出",
    ExitState.FALLEN_BACK: "返贫",
    ExitState.REVOKED: "已撤销",
}

_COLUMNS = (
    ("级别", 8),
    ("编码", 16),
    ("名称（户主）", 14),
    ("所在市", 12),
    ("所在县", 12),
    ("所在乡镇", 14),
    ("所在村", 14),
    ("村民小组", 10),
    ("人口", 8),
    ("退出年度", 10),
    ("退出日期", 12),
    ("退出文号", 24),
    ("状态", 10),
    ("返贫或撤销日期", 14),
    ("撤销文号", 24),
    ("条款", 6),
    ("后续政策", 60),
    ("自", 12),
    ("至（含当日）", 12),
    ("是否有效", 10),
)


class Consequences:
    """Every method raises ``RegistryError`` if the database fails.

    Exits are those of the exit year (退出年度) in a region, or in all of the register; ``on`` is
    the day as of which it is told what is in force.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def of(
        self, kind: SubjectKind, code: str, policy: AfterExit, on: date
    ) -> tuple[ExitFacts, ...]:
        """All exits of one county, village or household; none where it never left."""
        with reading(self._engine) as session:
            return ExitsOnADay(session, policy, on).of(kind, code)

    def each(
        self,
        year: int,
        policy: AfterExit,
        on: date,
        region: str | None = None,
        kinds: tuple[SubjectKind, ...] = tuple(SubjectKind),
    ) -> Iterator[ExitFacts]:
        """One exit after the other, from one moment of the register, without holding them all."""
        with reading(self._engine) as session:
            yield from ExitsOnADay(session, policy, on).each(year, kinds, region)

    def listed(
        self,
        year: int,
        policy: AfterExit,
        on: date,
        region: str | None = None,
        kinds: tuple[SubjectKind, ...] = tuple(SubjectKind),
        limit: int | None = None,
    ) -> ExitsListed:
        """Counties and villages one by one, households counted by village: the first, or all."""
        tally = ExitTally()

        def tallied(found: Iterator[ExitFacts]) -> Iterator[ExitFacts]:
            for each in found:
                tally.add(each, each.people)
                yield each

        with reading(self._engine) as session:
            exits = ExitsOnADay(session, policy, on)
            counties: Iterable[ExitFacts] = ()
            villages: Iterable[ExitFacts] = ()
            households: Iterable[VillageExits] = ()
            if SubjectKind.COUNTY in kinds:
                counties = tallied(exits.counties(year, region))
            if SubjectKind.VILLAGE in kinds:
                villages = tallied(exits.villages(year, region))
            if SubjectKind.HOUSEHOLD in kinds:
                households = _by_village(exits.by_village(year, region), tally)
            first_counties, _ = _first(counties, limit)
            first_villages, _ = _first(villages, limit)
            first_households, household_villages = _first(households, limit)
        return ExitsListed(
            year=year,
            on=on,
            region=region,
            counties=first_counties,
            villages=first_villages,
            households=first_households,
            household_villages=household_villages,
            totals=tally.totals(),
        )

    def write_json(
        self,
        into: TextIO,
        year: int,
        policy: AfterExit,
        on: date,
        region: str | None = None,
        kinds: tuple[SubjectKind, ...] = tuple(SubjectKind),
    ) -> None:
        """Write one object: every exit, a line of it each, and what they come to."""
        tally = ExitTally()
        with reading(self._engine) as session:
            found = _lines(ExitsOnADay(session, policy, on), year, region, kinds, tally)
            head = {"year": year, "on": on.isoformat(), "region": region}
            into.write(f'{dumps(head)[:-1]}, "exits": [')
            for number, line in enumerate(found):
                into.write(f",\n{line}" if number else f"\n{line}")
        totals = [total.model_dump(mode="json") for total in tally.totals()]
        into.write(f'\n], "totals": {dumps(totals)}}}\n')

    def write_excel(
        self,
        path: Path,
        year: int,
        policy: AfterExit,
        on: date,
        region: str | None = None,
        kinds: tuple[SubjectKind, ...] = tuple(SubjectKind),
    ) -> tuple[ExitTotal, ...]:
        """Write a row for every fact of every exit, and what they come to below; return that.

        Raises:
            UnknownSubject: where there are more rows than a sheet holds.
            OSError: if the file cannot be written; what was there stays as it was.
        """
        tally = ExitTally()

        def rows() -> Iterator[Sequence[Value]]:
            written = 0
            for found in self.each(year, policy, on, region, kinds):
                tally.add(found, found.people)
                for row in _rows(found, on):
                    written += 1
                    if written > MOST_ROWS:
                        raise UnknownSubject(
                            f"the exits of {year} are more than the {MOST_ROWS:,} rows that a "
                            "sheet holds; narrow them by --region or --level"
                        )
                    yield row
            yield ()
            for total in tally.totals():
                yield from _total_rows(total)

        write_workbook(path, "退出后续政策", _COLUMNS, rows())
        return tally.totals()


def _lines(
    exits: ExitsOnADay,
    year: int,
    region: str | None,
    kinds: tuple[SubjectKind, ...],
    tally: ExitTally,
) -> Iterator[str]:
    """Exits as JSON; each is added up as it passes."""
    places = tuple(kind for kind in kinds if kind is not SubjectKind.HOUSEHOLD)
    for found in exits.each(year, places, region):
        tally.add(found, found.people)
        yield found.model_dump_json()
    if SubjectKind.HOUSEHOLD in kinds:
        for followed, said in exits.household_rows(year, region):
            tally.add(followed, said["people"])
            yield followed.json_of(said)


def _first(found: Iterable[T], limit: int | None) -> tuple[tuple[T, ...], int]:
    """The first of many, and how many there are; none of the others is kept."""
    others = iter(found)
    first = tuple(islice(others, limit))
    return first, len(first) + sum(1 for _ in others)


def _by_village(found: Iterator[ExitsAlike], tally: ExitTally) -> Iterator[VillageExits]:
    village: VillageExits | None = None
    for each in found:
        tally.add(each, each.people, each.households)
        if village is not None and village.code != each.code:
            yield village
            village = None
        village = _with(village, each)
    if village is not None:
        yield village


def _with(village: VillageExits | None, more: ExitsAlike) -> VillageExits:
    kept = any(each.clause == "F1" and each.in_force for each in more.consequences)
    states, since = village.states if village else {}, more.exit.since
    return VillageExits(
        code=more.code,
        name=more.name,
        township=more.township,
        county=more.county,
        households=more.households + (village.households if village else 0),
        people=more.people + (village.people if village else 0),
        first=min(since, village.first) if village else since,
        last=max(since, village.last) if village else since,
        states=states | {more.state: states.get(more.state, 0) + more.households},
        supported=(village.supported if village else 0) + (more.households if kept else 0),
    )


def _rows(found: ExitFacts, on: date) -> Iterator[Sequence[Value]]:
    exit = found.exit
    said: list[Value] = [
        f"贫困{exit.kind.zh}",
        found.code,
        found.name,
        found.city,
        found.county,
        found.township,
        found.village,
        found.group,
        found.people,
        exit.year,
        exit.since,
        exit.document,
        STATE_ZH[found.state],
        exit.revoked_on or exit.fallen_back_on,
        exit.revoked_by,
    ]
    for fact in found.consequences:
        yield *said, fact.clause, fact.zh, fact.since, fact.last_day, standing_zh(found, fact, on)
    if not found.consequences:
        yield *said, None, "无"


def standing_zh(found: ExitFacts, fact: Consequence, on: date) -> str:
    """How a fact stands on the day: 有效, or 未开始, 到期, 撤销."""
    if fact.in_force:
        return "有效"
    if on < fact.since:
        return "未开始"
    return "撤销" if fact.until == found.exit.revoked_on else "到期"


def _total_rows(total: ExitTotal) -> Iterator[Sequence[Value]]:
    states = "、".join(f"{STATE_ZH[state]}{many}" for state, many in total.states.items())
    level, many = f"贫困{total.kind.zh}", f"合计{total.exits}"
    yield level, None, many, *[None] * 5, total.people, *[None] * 3, states
    for clause, of in total.facts.items():
        yield level, None, many, *[None] * 12, clause, f"适用{of}，有效{total.in_force[clause]}"
