"""Exporting a roster and reading it back; looking up a village and a household."""

import os
import stat
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from models.identity import household_case
from models.register.households import Cause, HouseholdState, Livelihood
from models.texts.characters import fault, unified
from registry.cases.projections import list_case
from registry.database.engine import writing
from registry.desk import Registry
from registry.errors import UnknownSubject
from registry.files.cells import FORMULA_SIGNS, check_name
from registry.files.sheet_rows import rows_of
from registry.register.export import Exported, export_roster
from registry.register.file import RegisterFile
from registry.register.lines import HouseholdLine, MemberLine
from registry.register.loading import HouseholdsLoaded, load_households
from registry.register.records import MemberRecord, RosterCount
from registry.tables import EpisodeRow, RosterRow
from tests.activities.admitted import RUN
from tests.activities.registry_cases import APPLIED, File
from tests.registry.register_samples import (
    FIRST,
    LIVED,
    SECOND,
    SINCE,
    SURVEY,
    household,
    households,
    village,
    villages,
)
from tests.rosters import TODAY, id_number


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a roster is written."""
    return tmp_path / "花名册.xlsx"


def texts(path: Path) -> list[list[str]]:
    """A roster as texts, without its header."""
    return [[str(cell) for cell in row.cells] for row in rows_of(path)][1:]


# -- there and back ---------------------------------------------------------------------------

written = st.text(
    st.characters(exclude_categories=("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")),
    min_size=1,
    max_size=12,
).filter(lambda said: said == unified(said).strip() and fault(said) is None)
signs = st.sampled_from(FORMULA_SIGNS.replace("\t", "").replace("\r", ""))
signed = st.builds("{}{}{}".format, st.sampled_from(["", "'", "''"]), signs, written)
escapes = st.sampled_from(["_x0041_", "_x000D_", "<b>&amp;", '"', "''", "007", "1E5", "是"])
names = written | signed | escapes
grounds = names.filter(lambda said: len({sign for sign in said if sign.isalnum()}) > 1)


def is_name(said: str) -> bool:
    try:
        check_name(said)
    except ValueError:
        return False
    return True


people_called = (names | st.builds("某{}".format, written)).filter(is_name)
fen = st.integers(0, 10_000_000_000)
livelihoods = st.builds(
    Livelihood,
    year=st.integers(2014, 2018),
    **dict.fromkeys(("wages", "business", "assets", "transfers", "costs"), fen),
    **dict.fromkeys(("income_sources", "stable_because"), st.none() | grounds),
    deferral=st.none() | names,
    **dict.fromkeys(
        *(("food_and_clothing", "schooling", "no_dropouts", "insurance", "illness_aid"),),
        st.booleans(),
    ),
    **dict.fromkeys(("housing_improved", "housing", "livelihood"), st.booleans()),
)


@st.composite
def rosters(draw: st.DrawFn) -> list[HouseholdLine]:
    """Households of two villages; all their members are named, or their heads alone."""
    lines = []
    for number in range(draw(st.integers(1, 4))):
        size = draw(st.integers(1, 5))
        named = draw(st.sampled_from([1, size]))
        people = tuple(
            MemberLine(
                id_number=id_number(number * 10 + place),
                name=draw(people_called),
                relation="户主" if place == 0 else draw(names.filter(lambda said: said != "户主")),
            )
            for place in range(named)
        )
        line = HouseholdLine(
            code=f"H-{number}-{draw(st.integers(0, 9))}",
            village_code=draw(st.sampled_from([FIRST, SECOND])),
            group=draw(names),
            head=people[0].name,
            size=size,
            members=people,
            livelihood=draw(st.none() | livelihoods),
            registered_on=draw(
                st.none() | st.dates(SINCE, SINCE + timedelta(days=1500))  # None: never was (F5)
            ),
            cause=draw(st.sampled_from(Cause)),
        )
        lines.append(line)
    return lines


class TakenBack(Exception):
    """Ends an example's transaction without a trace."""


@pytest.mark.clause("S1", "G8")
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(lines=rosters())
def test_what_was_exported_is_imported_as_no_change(
    settled: Registry, engine: Engine, path: Path, lines: Sequence[HouseholdLine]
) -> None:
    def there_and_back() -> None:
        with writing(engine) as session:
            load_households(session, lines, "册")
            exported = export_roster(session, path, "411523", None)
            assert exported.households == len(lines)
            file = RegisterFile(path, TODAY)
            back = load_households(session, file.household_lines(), "册")
            assert file.faults() == ()
            assert back == HouseholdsLoaded(
                new=0, changed=0, unchanged=len(lines), people=sum(line.size for line in lines)
            )
            raise TakenBack

    with pytest.raises(TakenBack):
        there_and_back()
    for row in rows_of(path):
        assert not any(str(cell).startswith(("=", "+", "-", "@", "\t")) for cell in row.cells)


def test_a_roster_imported_exported_and_imported_again_is_the_same(
    settled: Registry, engine: Engine, path: Path
) -> None:
    households(engine, household("H-01", 1, 2, 3), household("H-02", 4, village_code=SECOND))
    assert settled.register.export(path, "411523") == Exported(households=2, people=4)
    first = texts(path)
    assert settled.register.import_file(path, TODAY) == HouseholdsLoaded(
        new=0, changed=0, unchanged=2, people=4, counties=("411523",)
    )
    settled.register.export(path, "411523")
    assert texts(path) == first


# -- what is exported -------------------------------------------------------------------------


@pytest.mark.clause("G8")
def test_a_roster_is_for_its_owner_alone_with_numbers_as_text(
    settled: Registry, engine: Engine, path: Path
) -> None:
    path.write_text("was here before")
    path.chmod(0o666)
    households(engine, household("H-01", 1, 2))
    settled.register.export(path, FIRST)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    head, other = texts(path)
    assert head[:9] == [
        *(FIRST, "H-01", "三组", "张某1", id_number(1), "户主", "2.0", "2014-04-01", "登记"),
    ]
    assert head[9:] == [
        *("2017.0", "8500.0", "1200.5", "0.0", "300.0", "200.0"),
        *("务工、种植茶叶", "是", "在县内茶厂固定务工两年以上", "是", "是"),
        *("合成乡政府〔2017〕1号", "是", "是", "是", "是", "否", "", ""),
    ]
    assert other == [FIRST, "H-01", "三组", "张某2", id_number(2), "之子", *[""] * 22]
    assert os.listdir(path.parent).count(path.name) == 1
    assert not list(path.parent.glob(".exitflow-*"))


def test_a_year_or_the_last_one_is_exported(settled: Registry, engine: Engine, path: Path) -> None:
    households(engine, household("H-01", 1), household("H-02", 2, livelihood=None))
    later = LIVED.model_copy(update={"year": 2018, "wages": 100})
    households(engine, household("H-01", 1, livelihood=later))
    settled.register.export(path, "411523")
    assert [row[9:11] for row in texts(path)] == [["2018.0", "1.0"], ["", ""]]
    settled.register.export(path, "411523", 2017)
    assert [row[9:11] for row in texts(path)] == [["2017.0", "8500.0"], ["", ""]]


@pytest.mark.clause("F5")
def test_a_household_that_fell_back_is_exported_with_its_last_day(
    settled: Registry, engine: Engine, path: Path
) -> None:
    households(engine, household("H-01", 1))
    with writing(engine) as session:
        first = session.get(EpisodeRow, ("H-01", 1))
        assert first is not None
        first.exited_on = date(2017, 12, 1)
        session.flush()
        session.add(
            EpisodeRow(
                household_code="H-01",
                number=2,
                cause=Cause.FALLEN_BACK,
                registered_on=date(2018, 3, 2),
            )
        )
    settled.register.export(path, "411523")
    assert [row[7:9] for row in texts(path)] == [["2018-03-02", "返贫"]]
    assert settled.register.import_file(path, TODAY).unchanged == 1


def test_one_village_is_exported_alone(settled: Registry, engine: Engine, path: Path) -> None:
    households(engine, household("H-01", 1), household("H-02", 4, village_code=SECOND))
    assert settled.register.export(path, SECOND) == Exported(households=1, people=1)
    assert [row[1] for row in texts(path)] == ["H-02"]


def test_a_place_without_households_is_refused(
    settled: Registry, engine: Engine, path: Path
) -> None:
    with pytest.raises(UnknownSubject, match="the register has no household in 411524"):
        settled.register.export(path, "411524")
    assert not path.exists()


def test_a_file_that_cannot_be_written_stays_as_it_was(
    settled: Registry, engine: Engine, tmp_path: Path
) -> None:
    households(engine, household("H-01", 1))
    with pytest.raises(FileNotFoundError):
        settled.register.export(tmp_path / "nowhere" / "册.xlsx", "411523")
    folder = tmp_path / "册.xlsx"
    folder.mkdir()
    with pytest.raises(IsADirectoryError):
        settled.register.export(folder, "411523")
    assert sorted(each.name for each in tmp_path.iterdir() if each.suffix == ".xlsx") == ["册.xlsx"]


# -- looked up --------------------------------------------------------------------------------


@pytest.mark.clause("G8", "S1")
def test_a_household_is_shown_with_masked_numbers(settled: Registry, engine: Engine) -> None:
    households(engine, household("H-01", 2, 1))
    record = settled.register.household("H-01", TODAY)
    assert (record.village_code, record.village_name, record.group) == (FIRST, "合成村0", "三组")
    assert (record.head, record.size, record.state) == ("张某2", 2, HouseholdState.REGISTERED)
    assert record.members[0] == MemberRecord(
        name="张某2", relation="户主", id_number=f"{id_number(2)[:6]}********{id_number(2)[-4:]}"
    )
    assert [each.livelihood for each in record.years] == [LIVED]
    assert [each.registered_on for each in record.episodes] == [SINCE]
    assert not any(id_number(number) in record.model_dump_json() for number in (1, 2))
    with pytest.raises(UnknownSubject, match="knows no household with the code H-99"):
        settled.register.household("H-99", TODAY)


@pytest.mark.clause("H4", "F5")
def test_a_household_stands_by_the_last_episode_that_has_begun(
    settled: Registry, engine: Engine
) -> None:
    households(engine, household("H-01", 1))
    with writing(engine) as session:
        first = session.get_one(EpisodeRow, ("H-01", 1))
        first.exited_on = date(2016, 12, 28)
        back = EpisodeRow(
            household_code="H-01",
            number=2,
            cause=Cause.FALLEN_BACK,
            registered_on=date(2018, 3, 2),
        )
        session.add_all([first, back])
    states = {
        date(2014, 3, 31): None,
        date(2014, 4, 1): HouseholdState.REGISTERED,
        date(2016, 12, 27): HouseholdState.REGISTERED,
        date(2016, 12, 28): HouseholdState.EXITED,
        date(2018, 3, 1): HouseholdState.EXITED,
        date(2018, 3, 2): HouseholdState.FALLEN_BACK,
    }
    for day, state in states.items():
        assert settled.register.household("H-01", day).state is state
        counted = settled.register.village(FIRST, day).households
        assert counted == ({state: 1} if state else {})


@pytest.mark.clause("S2", "S5")
def test_a_village_is_shown_with_its_households_counted(settled: Registry, engine: Engine) -> None:
    villages(engine, village(poor_since=SINCE, survey=SURVEY, survey_year=2017))
    households(engine, household("H-01", 1, 2), household("H-02", 3), household("H-03", 4))
    with writing(engine) as session:
        exited = session.get_one(EpisodeRow, ("H-03", 1))
        exited.exited_on = date(2017, 12, 28)
        session.add(exited)
    case_id = household_case(FIRST, 2017, 1)
    with writing(engine) as session:
        state = File().state(case_id=case_id, procedure="household", subject_code=FIRST)
        list_case(session, state, APPLIED, RUN)
        session.flush()
        for code, stands in (("H-01", "agreed"), ("H-02", "agreed"), ("H-03", "struck_off")):
            session.add(
                RosterRow(case_id=case_id, household_code=code, year=2017, state=stands, since=1)
            )
    record = settled.register.village(FIRST, TODAY)
    assert (record.name, record.population, record.work_team) == ("合成村0", 1_000, True)
    assert [(each.since, each.status) for each in record.standings] == [(SINCE, "listed")]
    assert [(each.year, each.survey, each.source) for each in record.surveys] == [
        (2017, SURVEY, "村.xlsx")
    ]
    assert record.households == {HouseholdState.REGISTERED: 2, HouseholdState.EXITED: 1}
    assert record.incidence is not None
    assert (record.incidence.poor, record.incidence.population) == (3, 1_000)
    assert record.rosters == (
        RosterCount(case_id=case_id, year=2017, households={"agreed": 2, "struck_off": 1}),
    )
    assert settled.register.village(SECOND, TODAY).rosters == ()
    with pytest.raises(UnknownSubject, match="knows no village with the code 411523999999"):
        settled.register.village("411523999999", TODAY)
