"""Households of a roster, held against the register and against each other, then kept."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple, TypeAlias

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from models.base import Record
from registry.files.faults import Fault, place
from registry.files.sheet_cells import masked
from registry.register.bulk import Writer, found, table_of
from registry.register.lines import HouseholdLine, MemberLine
from registry.register.members import key_of
from registry.tables import EpisodeRow, HouseholdRow, HouseholdYearRow, MemberRow, VillageRow

Known: TypeAlias = RowMapping


class HouseholdsLoaded(Record):
    """What became of a roster.

    Attributes:
        people: The head count of all its households.
        counties: Codes of the counties that it is about.
    """

    new: int
    changed: int
    unchanged: int
    people: int
    counties: tuple[str, ...] = ()


class _Batch(NamedTuple):
    """What the register has of the households and people of a batch."""

    households: dict[str, Known]
    members_of: dict[str, dict[str, Known]]
    people: dict[str, Known]
    years: dict[tuple[str, int], Known]
    registered: dict[str, set[date]]


def _key(line: HouseholdLine, member: MemberLine, known: "_Batch") -> str:
    """Under which key a member stands; who has no ID number keeps the one that is there."""
    if member.id_number is None:
        for key, row in known.members_of[line.code].items():
            if row["id_number"] is None and row["name"] == member.name:
                return key
    return key_of(line.code, member.id_number, member.name)


def _shown(member: MemberLine) -> str:
    return masked(member.id_number) if member.id_number is not None else member.name


class _Move(NamedTuple):
    """Somebody who lives in another household than the register has."""

    line: HouseholdLine
    member: MemberLine
    household: str


class HouseholdsLoading:
    """One roster, batch by batch; what is wrong with it gathers in ``faults``."""

    def __init__(self, connection: Connection, source: str) -> None:
        self.faults: list[Fault] = []
        self._connection = connection
        self._source = source
        self._villages: dict[str, Known | None] = {}
        self._first: dict[str, tuple[str, int]] = {}
        self._first_of_id: dict[str, tuple[str, int]] = {}
        self._named_whole: set[str] = set()
        self._moves: list[_Move] = []
        self._new = self._changed = self._unchanged = self._people = 0

    def loaded(self) -> HouseholdsLoaded:
        """What was done."""
        return HouseholdsLoaded(
            new=self._new, changed=self._changed, unchanged=self._unchanged, people=self._people
        )

    def add(self, lines: Sequence[HouseholdLine]) -> None:
        """Keep lines that contradict nothing; who moved is judged when the roster has ended."""
        self._look_for_villages(lines)
        known = self._known(lines)
        households, members = Writer(HouseholdRow), Writer(MemberRow)
        years, episodes = Writer(HouseholdYearRow), Writer(EpisodeRow)
        gone: list[tuple[str, str]] = []
        for line in lines:
            before = len(self.faults)
            self._check(line, known)
            if len(self.faults) > before:
                continue
            self._people += line.size
            row = {
                "code": line.code,
                "village_code": line.village_code,
                "village_group": line.group,
                "head": line.head,
                "size": line.size,
            }
            household = known.households.get(line.code)
            corrected = household is not None and any(household[k] != v for k, v in row.items())
            changed = self._put_members(line, known, members, gone)
            if line.livelihood is not None:
                year = {
                    "household_code": line.code,
                    "source": self._source,
                    **line.livelihood.model_dump(),
                }
                earlier = known.years.get((line.code, line.livelihood.year))
                differs = years.put(year, earlier, aside=["source"])
                corrected = corrected or (differs and earlier is not None)
                changed = differs or changed
            revision = 1 if household is None else household["revision"] + corrected
            changed = households.put(row | {"revision": revision}, household) or changed
            if line.code not in known.households and line.registered_on is not None:
                episodes.put(_first_episode(line), None)
            self._count(is_new=line.code not in known.households, changed=changed)
        for writer in (households, members, years, episodes):
            writer.write(self._connection)
        self._remove(gone)

    def finish(self) -> None:
        """Judge those who moved: the roster must name all who live where they lived before."""
        for line, member, household in self._moves:
            if household not in self._named_whole:
                self._fault(
                    line,
                    "证件号码",
                    _shown(member),
                    f"belongs to the household {household} in the register; correct the number, "
                    "let the roster name all members of that household too, or put down that "
                    "somebody has moved in (`exitflow registry change`)",
                    member.row or line.row,
                )

    def _known(self, lines: Sequence[HouseholdLine]) -> _Batch:
        codes = [line.code for line in lines]
        ids = [
            key_of(line.code, member.id_number, member.name)
            for line in lines
            for member in line.members
        ]
        years = {line.livelihood.year for line in lines if line.livelihood is not None}
        members_of: dict[str, dict[str, Known]] = defaultdict(dict)
        for row in found(self._connection, MemberRow, "household_code", codes):
            members_of[row["household_code"]][row["key"]] = row
        registered: dict[str, set[date]] = defaultdict(set)
        for row in found(self._connection, EpisodeRow, "household_code", codes):
            registered[row["household_code"]].add(row["registered_on"])
        return _Batch(
            households={
                row["code"]: row for row in found(self._connection, HouseholdRow, "code", codes)
            },
            members_of=members_of,
            people={row["key"]: row for row in found(self._connection, MemberRow, "key", ids)},
            years={
                (row["household_code"], row["year"]): row
                for row in found(self._connection, HouseholdYearRow, "household_code", codes)
                if row["year"] in years
            },
            registered=registered,
        )

    def _look_for_villages(self, lines: Sequence[HouseholdLine]) -> None:
        codes = {line.village_code for line in lines} - self._villages.keys()
        if codes:
            there = {r["code"]: r for r in found(self._connection, VillageRow, "code", codes)}
            self._villages |= {code: there.get(code) for code in codes}

    def _check(self, line: HouseholdLine, known: _Batch) -> None:
        if line.code in self._first:
            first = place(*self._first[line.code], line.sheet)
            said = f"stands in {first} too; keep its rows together, or one"
            self._fault(line, "户编号", line.code, said)
            return
        self._first[line.code] = (line.sheet, line.row)
        self._check_people(line, known)
        household = known.households.get(line.code)
        village = self._villages[line.village_code]
        if village is not None and village["gone_on"] is not None:
            self._fault(
                line,
                "行政村代码",
                line.village_code,
                f"the code expired on {village['gone_on']}; use {village['successor']}",
            )
        elif village is None:
            self._fault(
                line,
                "行政村代码",
                line.village_code,
                "the register knows no village with this code; import the list of villages first, "
                "or correct it",
            )
        elif household is not None and household["gone_on"] is not None:
            self._fault(
                line,
                "户编号",
                line.code,
                f"the household ended on {household['gone_on']} ({household['gone_because'].zh}); "
                "take its rows out",
            )
        elif household is not None and household["village_code"] != line.village_code:
            self._fault(
                line,
                "行政村代码",
                line.village_code,
                f"the register has the household {line.code} in {household['village_code']}; "
                "correct the village, or the number of the household; that it has moved is put "
                "down as 易地搬迁 (`exitflow registry change`)",
            )
        if household is not None:
            self._check_registration(line, known.registered[line.code])

    def _check_registration(self, line: HouseholdLine, registered: set[date]) -> None:
        """No roster moves a household into the register or out of it (H4, F5)."""
        if line.registered_on in registered or (line.registered_on is None and not registered):
            return
        if registered:
            days = " and ".join(map(str, sorted(registered)))
            right = f"the register has the household registered on {days}; write that day"
        else:
            right = (
                "the register knows the household, and never had it as poor; leave this empty, and "
                f"enter it with `exitflow start reentry {line.code}` (F5)"
            )
        self._fault(line, "识别时间", str(line.registered_on or ""), right)

    def _check_people(self, line: HouseholdLine, known: _Batch) -> None:
        named = len(line.members)
        if named > line.size:
            self._fault(
                line,
                "家庭人口",
                str(line.size),
                f"{named} people are named; write their number, or take out who is no member",
            )
        elif named == line.size:
            self._named_whole.add(line.code)
        elif self._too_few(line, known.members_of[line.code]):
            self._fault(
                line,
                "家庭人口",
                str(line.size),
                f"the register names {len(known.members_of[line.code])} people of this household; "
                "write one row for each of them who is a member still",
            )
        for member in line.members:
            row = member.row or line.row
            key = _key(line, member, known)
            if key in self._first_of_id:
                first = place(*self._first_of_id[key], line.sheet)
                said = f"stands in {first} too; keep one"
                self._fault(line, "证件号码", _shown(member), said, row)
                continue
            self._first_of_id[key] = (line.sheet, row)
            elsewhere = known.people.get(key)
            if elsewhere is not None and elsewhere["household_code"] != line.code:
                self._moves.append(_Move(line, member, elsewhere["household_code"]))

    def _too_few(self, line: HouseholdLine, known: Mapping[str, Known]) -> bool:
        """Whether a roster that names few would leave open who of those known is a member."""
        named = {key_of(line.code, each.id_number, each.name) for each in line.members}
        return len(known) > 1 and not (named <= known.keys() and len(known) == line.size)

    def _put_members(
        self, line: HouseholdLine, known: _Batch, members: Writer, gone: list[tuple[str, str]]
    ) -> bool:
        changed = False
        before = known.members_of[line.code]
        for member in line.members:
            key = _key(line, member, known)
            row = {"key": key, "household_code": line.code, **member.model_dump(exclude={"row"})}
            changed = members.put(row, before.get(key) or known.people.get(key)) or changed
        if line.code in self._named_whole or (line.members and len(before) == 1):
            left = before.keys() - {_key(line, member, known) for member in line.members}
            gone += [(line.code, id_number) for id_number in left]
            changed = bool(left) or changed
        return changed

    def _remove(self, gone: Sequence[tuple[str, str]]) -> None:
        """Take out who is no member any more, but not who lives elsewhere by now."""
        if not gone:
            return
        table = table_of(MemberRow)
        here = (
            table.c.household_code == sa.bindparam("household"),
            table.c.key == sa.bindparam("member"),
        )
        rows = [{"household": household, "member": member} for household, member in gone]
        self._connection.execute(sa.delete(table).where(*here), rows)

    def _count(self, *, is_new: bool, changed: bool) -> None:
        if is_new:
            self._new += 1
        elif changed:
            self._changed += 1
        else:
            self._unchanged += 1

    def _fault(
        self, line: HouseholdLine, column: str, said: str, right: str, row: int | None = None
    ) -> None:
        at = line.row if row is None else row
        self.faults.append(Fault(sheet=line.sheet, row=at, column=column, found=said, right=right))


def _first_episode(line: HouseholdLine) -> dict[str, Any]:
    return {
        "household_code": line.code,
        "number": 1,
        "cause": line.cause,
        "registered_on": line.registered_on,
    }
