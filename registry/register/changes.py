"""Natural changes of households and members (动态调整), put down with their entry (G7, S5)."""

import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlmodel import Session, col, func, select

from models.register.changes import (
    ENDING,
    HEAD,
    JOINING,
    LEAVING,
    ChangeKind,
    Gone,
    Person,
    RegisterChange,
    office_fault,
)
from models.texts.id_numbers import IdNumberError, checked
from registry import journal
from registry.errors import LoadError
from registry.facts.village import known_village
from registry.register.change_ledger import enter, entry_of
from registry.register.members import (
    add_member,
    check_called,
    found_among,
    members_of,
    new_head,
)
from registry.tables import (
    EpisodeRow,
    HouseholdPastRow,
    HouseholdRow,
    MemberRow,
    RegisterEntryRow,
    VillageRow,
)

_MOST_MEMBERS = 50
_PARTING = (*LEAVING, ChangeKind.SPLIT)


class PutDown(NamedTuple):
    """A change that is on file; ``touched`` are the households that it has changed."""

    change: RegisterChange
    new: bool
    text: str
    touched: frozenset[str]

    @property
    def ended(self) -> tuple[str, ...]:
        """The household that has ended by it."""
        return (self.change.household,) if self.change.kind in ENDING else ()


def put_change(session: Session, change: RegisterChange, today: date, at: datetime) -> PutDown:
    """Put a change down, within the caller's transaction; the same one again is no change.

    Raises:
        LoadError: if it contradicts the register, in one sentence.
    """
    entry = entry_of(session, change.id)
    new = entry is None
    if entry is None:
        entry = _Putting(session, change, today).put(at)
    return PutDown(change, new, entry["text"], frozenset(entry["data"]["touched"]))


class _Putting:
    """One change on its way into the register."""

    def __init__(self, session: Session, change: RegisterChange, today: date) -> None:
        self._session, self._change, self._today = session, change, today
        self._day = change.on
        if change.on > today:
            raise LoadError(
                [f"on: {change.on} is still to come; write the day on which it happened"]
            )
        self._row = self._household(change.household, "household")
        self._touched = {self._row.code}
        self._villages = {self._row.village_code}

    def put(self, at: datetime) -> dict[str, Any]:
        """Carry it out; its entry, as it is kept."""
        change, home = self._change, self._row.village_code
        self._check_people()
        target = self._target()
        elsewhere = self._joining_from() if change.kind in JOINING else {}
        self._check_office(home)
        session = self._session
        keys = {f"village/{code}" for code in self._villages}
        county = session.get_one(VillageRow, home).county_code
        journal.look_before(session, {*keys, f"changes/{county}"})
        before = (self._row.size, [each.name for each in members_of(session, self._row.code)])
        self._carry_out(target, elsewhere)
        session.flush()
        entry = self._enter(county, at, before)
        journal.touch(session, {*keys, f"changes/{county}"})
        return entry

    # -- what it is about ---------------------------------------------------------------------

    def _check_people(self) -> None:
        """Names are names and numbers are numbers, as in a file, whoever sends them."""
        for person in self._change.people:
            check_called("people", person.name)
            if person.id_number is not None:
                try:
                    checked(person.id_number, self._today)
                except IdNumberError as error:
                    raise LoadError([f"people: the number of {person.name}: {error}"]) from None
        check_called("head", self._change.head)

    def _household(self, code: str, field: str) -> HouseholdRow:
        """A household that is there, and with which nothing later has happened."""
        row = self._session.get(HouseholdRow, code)
        if row is None:
            raise LoadError(
                [f"{field}: the register knows no household {code}; import the roster with it"]
            )
        if row.gone_on is not None and row.gone_because is not None:
            raise LoadError(
                [
                    f"{field}: household {code} ended on {row.gone_on} ({row.gone_because.zh}); "
                    "nothing changes in it any more"
                ]
            )
        since = self._last_day(code)
        if since is not None and self._day < since:
            raise LoadError(
                [
                    f"on: the register has a change of household {code} on {since}; write that day "
                    "or a later one, and the true day into the reason"
                ]
            )
        return row

    def _last_day(self, code: str) -> date | None:
        """The last day on which something happened to a household in the register."""
        session = self._session
        past = session.exec(
            select(func.max(HouseholdPastRow.until)).where(HouseholdPastRow.household_code == code)
        ).one()
        episodes = session.exec(select(EpisodeRow).where(EpisodeRow.household_code == code)).all()
        days = [past, *(day for row in episodes for day in (row.registered_on, row.exited_on))]
        return max((day for day in days if day is not None), default=None)

    def _target(self) -> HouseholdRow | VillageRow | None:
        change = self._change
        if change.to is None:
            return None
        if change.kind is ChangeKind.SPLIT:
            if self._session.get(HouseholdRow, change.to) is not None:
                raise LoadError(
                    [f"to: the register has a household {change.to}; write a number that is free"]
                )
            return None
        if change.kind is ChangeKind.RESETTLED:
            village = self._session.get(VillageRow, change.to)
            if village is None:
                raise LoadError(
                    [
                        f"to: the register knows no village {change.to}; import the list of "
                        "villages with it"
                    ]
                )
            if village.code == self._row.village_code:
                raise LoadError([f"to: household {self._row.code} lives in {change.to} already"])
            if village.gone_on is not None:
                # Put down late: whoever moved there has moved on with the village.
                raise LoadError(
                    [
                        f"to: the code of {village.name} ended on {village.gone_on}; write "
                        f"{village.successor}, that day or a later one, and the true day into the "
                        "reason"
                    ]
                )
            self._villages.add(village.code)
            return village
        if change.to == change.household:
            raise LoadError(["to: a household cannot join itself; write the one that stays"])
        row = self._household(change.to, "to")
        if self._is_poor(self._row.code) and not self._is_poor(row.code):
            raise LoadError(
                [
                    f"to: household {self._row.code} is registered as poor and {row.code} is not; "
                    f"let {row.code} join {self._row.code}: nobody leaves the register by joining"
                ]
            )
        self._villages.add(row.village_code)
        self._touched.add(row.code)
        return row

    def _joining_from(self) -> dict[str, MemberRow]:
        """Who of those that join is in another household, by ID number: they leave it (S5)."""
        found = {}
        for person in self._change.people:
            if person.id_number is None:
                continue
            row = self._session.get(MemberRow, person.id_number)
            if row is None:
                continue
            if row.household_code == self._row.code:
                raise LoadError([f"people: {person.name} is a member of the household already"])
            if self._change.kind is ChangeKind.BORN:
                raise LoadError(
                    [
                        f"people: {person.name} is in household {row.household_code} of the "
                        "register; who comes from there has moved in (迁入)"
                    ]
                )
            found_among([row], person)
            other = self._household(row.household_code, "people")
            self._villages.add(other.village_code)
            self._touched.add(other.code)
            found[person.id_number] = row
        return found

    def _check_office(self, home: str) -> None:
        villages = []
        for code in sorted(self._villages, key=lambda each: each != home):
            village, note = known_village(self._session, code, self._day)
            if village is None:
                raise LoadError([f"household: its village {code}: {note}"])
            villages.append(village)
        fault = office_fault(self._change.office, *villages)
        if fault is not None:
            raise LoadError([fault])

    # -- what it does -------------------------------------------------------------------------

    def _carry_out(
        self, target: HouseholdRow | VillageRow | None, elsewhere: Mapping[str, MemberRow]
    ) -> None:
        change, row = self._change, self._row
        match change.kind:
            case kind if kind in JOINING:
                self._join(elsewhere)
            case kind if kind in LEAVING:
                for member in self._take_out(row, change.people, change.head):
                    self._session.delete(member)
            case ChangeKind.NUMBERED:
                self._number(change.people[0])
            case ChangeKind.HEAD:
                self._step(row)
                new_head(row, change.people[0].name, members_of(self._session, row.code))
            case ChangeKind.SPLIT:
                self._split()
            case ChangeKind.RESETTLED:
                assert isinstance(target, VillageRow)
                self._step(row)
                row.village_code = target.code
                row.village_group = change.group or row.village_group
            case ChangeKind.JOINED:
                assert isinstance(target, HouseholdRow)
                self._merge(target)
                self._end(Gone.JOINED)
            case _:
                for member in members_of(self._session, row.code):
                    self._session.delete(member)
                self._end(ENDING[change.kind])

    def _step(self, row: HouseholdRow) -> None:
        """Keep what held of a household up to the day; what a case has posted is older now."""
        there = self._session.get(HouseholdPastRow, (row.code, self._day))
        if there is None:
            since = self._session.exec(
                select(func.max(HouseholdPastRow.until)).where(
                    HouseholdPastRow.household_code == row.code
                )
            ).one()
            self._session.add(
                HouseholdPastRow(
                    household_code=row.code,
                    until=self._day,
                    since=since,
                    village_code=row.village_code,
                    size=row.size,
                )
            )
            self._session.flush()
        row.revision += 1

    def _join(self, elsewhere: Mapping[str, MemberRow]) -> None:
        change, row = self._change, self._row
        self._grow(row, len(change.people))
        for person in change.people:
            member = elsewhere.get(person.id_number or "")
            relation = str(person.relation)
            if member is None:
                add_member(self._session, row.code, person, relation)
                self._session.flush()
                continue
            other = self._session.get_one(HouseholdRow, member.household_code)
            if other.head == member.name and member.relation == HEAD:
                raise LoadError(
                    [
                        f"people: {person.name} is the head of household {other.code}; put down "
                        "first who is it from now on (户主变更)"
                    ]
                )
            self._take_out(other, [person], None)
            member.household_code, member.relation = row.code, relation
            self._session.flush()

    def _grow(self, row: HouseholdRow, by: int) -> None:
        if row.size + by > _MOST_MEMBERS:
            raise LoadError(
                [
                    f"household: {row.code} would have {row.size + by} members, more than "
                    f"{_MOST_MEMBERS}; split it first (分户)"
                ]
            )
        self._step(row)
        row.size += by

    def _take_out(
        self, row: HouseholdRow, people: Iterable[Person], head: str | None
    ) -> list[MemberRow]:
        """Let people leave a household; those of them whom the register names."""
        those = list(people)
        if len(those) >= row.size:
            raise LoadError(
                [
                    f"people: nobody would be left in household {row.code}; put down its end: "
                    "合户, 整户死亡 or 整户迁出"
                ]
            )
        members = members_of(self._session, row.code)
        gone: list[MemberRow] = []
        for person in those:
            member = found_among([each for each in members if each not in gone], person)
            if member is None and len(members) >= row.size:
                raise LoadError(
                    [f"people: {person.name} is no member of household {row.code}; name a member"]
                )
            if member is None:
                self._check_unnamed(row, person)
            gone += [member] if member is not None else []
        left = [each for each in members if each not in gone]
        if len(left) > row.size - len(those):
            raise LoadError(
                [
                    f"people: the register names {len(left)} others of household {row.code}, which "
                    f"would have {row.size - len(those)} members; name a member"
                ]
            )
        self._step(row)
        row.size -= len(those)
        unnamed = [person for person in those if found_among(gone, person) is None]
        leads = [each.name for each in unnamed] + [e.name for e in gone if e.relation == HEAD]
        if head is not None or row.head in leads:
            new_head(row, head, left)
        return gone

    def _check_unnamed(self, row: HouseholdRow, person: Person) -> None:
        """Whom the register does not name lives nowhere else, and has not left before (S5)."""
        there = self._session.get(MemberRow, person.id_number) if person.id_number else None
        if there is not None:
            raise LoadError(
                [
                    f"people: {person.name} is in household {there.household_code} of the "
                    f"register, not in {row.code}; name a member"
                ]
            )
        for content in self._session.exec(
            select(RegisterEntryRow.content).where(RegisterEntryRow.subject_code == row.code)
        ):
            said = json.loads(content)["data"].get("change", {})
            names = [each["name"] for each in said.get("people", ())]
            if said.get("kind") in _PARTING and person.name in names:
                raise LoadError(
                    [
                        f"people: {person.name} has left household {row.code} on {said['on']} "
                        "already; tell another of the name apart by the name"
                    ]
                )

    def _number(self, person: Person) -> None:
        """Somebody who stood without an ID number has got one."""
        row, session = self._row, self._session
        there = session.get(MemberRow, person.id_number)
        if there is not None:
            raise LoadError(
                [f"people: the number is of somebody in household {there.household_code} already"]
            )
        without = [each for each in members_of(session, row.code) if each.id_number is None]
        member = found_among(without, person.model_copy(update={"id_number": None}))
        if member is None:
            raise LoadError(
                [f"people: nobody called {person.name} stands in {row.code} without an ID number"]
            )
        relation = member.relation
        session.delete(member)
        session.flush()
        add_member(session, row.code, person, relation)
        self._step(row)

    def _split(self) -> None:
        change, row, session = self._change, self._row, self._session
        assert change.to is not None
        gone = self._take_out(row, change.people, change.head)
        head = next(each for each in change.people if each.relation == HEAD)
        session.add(
            HouseholdRow(
                code=change.to,
                village_code=row.village_code,
                village_group=change.group or row.village_group,
                head=head.name,
                size=len(change.people),
            )
        )
        session.flush()
        for person in change.people:
            member = found_among(gone, person)
            relation = person.relation or (member.relation if member is not None else "其他")
            if member is not None:
                member.household_code, member.relation = change.to, relation
            elif person.id_number is not None or person.without_id is not None:
                add_member(session, change.to, person, relation)
        self._touched.add(change.to)
        last = self._last_episode(row.code)
        if last is not None:
            session.add(
                EpisodeRow(
                    household_code=change.to,
                    number=1,
                    cause=last.cause,
                    registered_on=self._day,
                    opening_document=change.document,
                    exited_on=self._day if last.exited_on is not None else None,
                    gone_because=Gone.SPLIT_OFF if last.exited_on is not None else None,
                )
            )

    def _last_episode(self, code: str) -> EpisodeRow | None:
        return self._session.exec(
            select(EpisodeRow)
            .where(EpisodeRow.household_code == code)
            .order_by(col(EpisodeRow.number).desc())
        ).first()

    def _is_poor(self, code: str) -> bool:
        last = self._last_episode(code)
        return last is not None and last.exited_on is None

    def _merge(self, into: HouseholdRow) -> None:
        self._grow(into, self._row.size)
        for member in members_of(self._session, self._row.code):
            member.household_code = into.code
            if member.relation == HEAD:
                member.relation = "其他"
        self._session.flush()

    def _end(self, why: Gone) -> None:
        row = self._row
        self._step(row)
        row.gone_on, row.gone_because = self._day, why
        last = self._last_episode(row.code)
        if last is not None and last.exited_on is None:
            last.exited_on, last.gone_because = self._day, why

    # -- its entry ----------------------------------------------------------------------------

    def _enter(self, county: str, at: datetime, before: tuple[int, list[str]]) -> dict[str, Any]:
        change, row = self._change, self._row
        data: dict[str, Any] = {
            "change": change.content(),
            "size": [before[0], 0 if row.gone_on is not None else row.size],
            "members": before[1],
            "touched": sorted(self._touched),
        }
        text = told(change, *data["size"])
        return enter(self._session, county, change, change.household, text, data, at)


def told(change: RegisterChange, before: int, now: int) -> str:
    """A change in one sentence of a file; it names nobody (G8)."""
    people = f"{len(change.people)}人" if change.people else ""
    to = f"，至{change.to}" if change.to is not None else ""
    heads = f"，{before}人变为{now}人" if before != now else ""
    return (
        f"户{change.household}自{change.on}起{change.kind.zh}{people}{to}{heads}："
        f"{change.reason}（{change.document}）"
    )
