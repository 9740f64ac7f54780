"""The register over time: whatever happens, people count once, and past days stay as they were."""

import shutil
from datetime import date, timedelta
from itertools import count, pairwise
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Engine
from sqlmodel import Session, select

from models.offices import Office
from models.register.changes import (
    HEAD,
    ChangeKind,
    DivisionChange,
    DivisionKind,
    Person,
    RegisterChange,
)
from models.register.households import Cause
from registry.checks.register import RegisterCheck
from registry.database.engine import open_engine, reading, writing
from registry.errors import LoadError
from registry.facts.incidence import county_heads
from registry.register.changing import Changes
from registry.tables import EpisodeRow, HouseholdRow, MemberRow
from tests.registry.places import leaves, put_village
from tests.registry.register_samples import household, households
from tests.rosters import COUNTY, id_number, village_code
from tests.thorough import THOROUGH

BEGIN, _NUMBERS = date(2018, 1, 1), count()
DAYS = st.integers(0, 3)
WHICH = st.integers(0, 50)


class RegisterOverTime(RuleBasedStateMachine):
    """Days pass, and things happen; a model beside the register counts who is poor.

    ``homes`` has the members of each household that is there, ``poor`` whether it is in the
    register, ``told`` what the register said of each day that has passed.
    """

    template: ClassVar[Path]
    folder: ClassVar[Path]
    engine: Engine

    @initialize()
    def begin(self) -> None:
        path = self.folder / f"{next(_NUMBERS)}.db"
        shutil.copyfile(self.template, path)
        self.engine = open_engine(f"sqlite:///{path}")
        self.villages = [put_village(self.engine, village_code(each), 1_000) for each in range(3)]
        self.today, self.numbers, self.steps = BEGIN, iter(range(1_000)), 0
        self.documents = iter(range(1, 1_000))
        self.homes: dict[str, list[int]] = {}
        self.poor: dict[str, bool] = {}
        self.told: dict[date, int] = {}
        for place in range(4):
            people = [next(self.numbers) for _ in range(place + 1)]
            code = f"H-{place:02}"
            line = household(code, *people, village_code=self.villages[place % 3])
            households(self.engine, line)
            self.homes[code], self.poor[code] = people, True

    def teardown(self) -> None:
        if hasattr(self, "engine"):
            self.the_journal_knows_all_of_it()
            self.engine.dispose()

    # -- what happens -------------------------------------------------------------------------

    @rule(days=DAYS)
    def time_passes(self, days: int) -> None:
        for _ in range(days):
            self.told[self.today] = self.counted(self.today)
            self.today += timedelta(days=1)

    @rule(which=WHICH)
    def somebody_is_born(self, which: int) -> None:
        code, number = self.some(which), next(self.numbers)
        self.put(ChangeKind.BORN, code, self.person(number, "之子"))
        self.homes[code].append(number)

    @rule(which=WHICH, who=WHICH)
    def somebody_dies(self, which: int, who: int) -> None:
        code = self.some(which)
        people = self.homes[code]
        number = people[who % len(people)]
        if len(people) == 1:
            with pytest.raises(LoadError, match="nobody would be left"):
                self.put(ChangeKind.DIED, code, self.person(number))
            return
        left = [each for each in people if each != number]
        leads = self.head(code) == f"张某{number}"
        head = {"head": f"张某{left[0]}"} if leads else {}
        self.put(ChangeKind.DIED, code, self.person(number), **head)
        self.homes[code] = left

    @rule(which=WHICH, other=WHICH, who=WHICH)
    def somebody_marries(self, which: int, other: int, who: int) -> None:
        code, from_ = self.some(which), self.some(other)
        number = self.homes[from_][who % len(self.homes[from_])]
        if code == from_ or self.head(from_) == f"张某{number}" or len(self.homes[from_]) == 1:
            return
        self.put(ChangeKind.MARRIED_IN, code, self.person(number, "儿媳"))
        self.homes[from_].remove(number)
        self.homes[code].append(number)

    @rule(which=WHICH)
    def a_household_splits(self, which: int) -> None:
        code, self.steps = self.some(which), self.steps + 1
        leads = self.head(code)
        parted = [each for each in self.homes[code] if f"张某{each}" != leads][:2]
        if not parted:
            return
        new = f"N-{self.steps:03}"
        people = [self.person(each, HEAD if each == parted[0] else "之子") for each in parted]
        self.put(ChangeKind.SPLIT, code, *people, to=new)
        self.homes[code] = [each for each in self.homes[code] if each not in parted]
        self.homes[new], self.poor[new] = parted, self.poor[code]

    @rule(which=WHICH, other=WHICH)
    def two_join(self, which: int, other: int) -> None:
        code, into = self.some(which), self.some(other)
        leaves = self.poor[code] and not self.poor[into]  # nobody leaves the register by joining
        if code != into and not leaves:
            self.put(ChangeKind.JOINED, code, to=into)
            self.homes[into] += self.homes.pop(code)
            del self.poor[code]

    @rule(which=WHICH, kind=st.sampled_from([ChangeKind.DIED_OUT, ChangeKind.LEFT]))
    def a_household_ends(self, which: int, kind: ChangeKind) -> None:
        if len(self.homes) > 1:
            code = self.some(which)
            self.put(kind, code)
            del self.homes[code], self.poor[code]

    @rule(which=WHICH, village=st.integers(0, 2))
    def a_household_moves(self, which: int, village: int) -> None:
        code, to = self.some(which), self.villages[village % len(self.villages)]
        with reading(self.engine) as session:
            here = session.get_one(HouseholdRow, code).village_code
        if here != to:
            self.put(ChangeKind.RESETTLED, code, to=to)

    @rule()
    def a_village_is_merged(self) -> None:
        if len(self.villages) > 1:
            code, to = self.villages.pop(), self.villages[0]
            Changes(self.engine).put_division(
                DivisionChange(
                    kind=DivisionKind.MERGED, code=code, to=to, on=self.today, **_SIGNED
                ),
                self.today,
            )

    @rule(which=WHICH)
    def a_household_exits_or_comes_back(self, which: int) -> None:
        code = self.some(which)
        with reading(self.engine) as session:
            last = self.episodes(session, code)[-1]
        if self.poor[code] and last.registered_on < self.today:
            leaves(self.engine, code, self.today)
        elif not self.poor[code] and last.exited_on is not None and last.exited_on < self.today:
            self.falls_back(code)
        else:
            return
        self.poor[code] = not self.poor[code]

    # -- what always holds --------------------------------------------------------------------

    @invariant()
    def people_are_counted_once(self) -> None:
        if not hasattr(self, "engine"):
            return
        poor = sum(len(people) for code, people in self.homes.items() if self.poor[code])
        assert self.counted(self.today) == poor
        with reading(self.engine) as session:
            living = [row.household_code for row in session.exec(select(MemberRow))]
            sizes = {
                row.code: row.size
                for row in session.exec(select(HouseholdRow))
                if row.gone_on is None
            }
        assert sizes == {code: len(people) for code, people in self.homes.items()}
        assert {code: living.count(code) for code in sizes} == sizes
        assert len(living) == sum(sizes.values())

    @invariant()
    def no_day_that_has_passed_is_counted_otherwise(self) -> None:
        for on, heads in getattr(self, "told", {}).items():
            assert self.counted(on) == heads, on

    @invariant()
    def times_in_the_register_never_overlap(self) -> None:
        if not hasattr(self, "engine"):
            return
        with reading(self.engine) as session:
            for code in session.exec(select(HouseholdRow.code)).all():
                rows = self.episodes(session, code)
                for earlier, later in pairwise(rows):
                    assert earlier.exited_on is not None
                    assert earlier.exited_on <= later.registered_on
                for row in rows:
                    assert row.exited_on is None or row.registered_on <= row.exited_on

    def the_journal_knows_all_of_it(self) -> None:
        with reading(self.engine) as session:
            check = RegisterCheck(session)
            found = [*check.journal([]), *check.parts(lambda *_: None), *check.changes()]
        assert found == []

    # -- what the rules need ------------------------------------------------------------------

    def some(self, which: int) -> str:
        codes = sorted(self.homes)
        return codes[which % len(codes)]

    def head(self, code: str) -> str:
        with reading(self.engine) as session:
            return session.get_one(HouseholdRow, code).head

    def person(self, number: int, relation: str | None = None) -> Person:
        return Person(name=f"张某{number}", id_number=id_number(number), relation=relation)

    def put(self, kind: ChangeKind, code: str, *people: Person, **said: Any) -> None:
        # Of a document of its own: one that says the same of the same day is put down once.
        said |= _SIGNED | {"document": f"合成动态〔2018〕{next(self.documents)}号"}
        change = RegisterChange(kind=kind, household=code, on=self.today, people=people, **said)
        Changes(self.engine).put(change, self.today)

    def falls_back(self, code: str) -> None:
        with writing(self.engine) as session:
            session.add(
                EpisodeRow(
                    household_code=code,
                    number=len(self.episodes(session, code)) + 1,
                    cause=Cause.FALLEN_BACK,
                    registered_on=self.today,
                    opened_by=f"reentry/{code}/2018",
                    opened_seq=9,
                )
            )

    def episodes(self, session: Session, code: str) -> list[EpisodeRow]:
        rows = session.exec(select(EpisodeRow).where(EpisodeRow.household_code == code)).all()
        return sorted(rows, key=lambda row: row.number)

    def counted(self, on: date) -> int:
        with reading(self.engine) as session:
            return sum(heads.poor for heads in county_heads(session, on, region=COUNTY).values())


_SIGNED: dict[str, Any] = {
    "reason": "村上报",
    "document": "合成区划〔2018〕9号",
    "office": Office.parse(f"A5/{COUNTY}"),
    "officer": "经办员甲",
}


@pytest.mark.clause("S5", "F5", "G7", "H4")
@pytest.mark.timeout(900)
def test_whatever_happens_people_count_once_and_past_days_stay(
    sqlite_templates: Path, tmp_path: Path
) -> None:
    RegisterOverTime.template, RegisterOverTime.folder = sqlite_templates / "loaded.db", tmp_path
    run_state_machine_as_test(
        RegisterOverTime,
        settings=settings(
            max_examples=100 if THOROUGH else 8,
            stateful_step_count=40 if THOROUGH else 25,
            deadline=None,
            # A sequence is shrunk for minutes; as it is it shows enough.
            phases=(Phase.explicit, Phase.generate),
            suppress_health_check=list(HealthCheck),
        ),
    )
