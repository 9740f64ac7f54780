"""The journal (G7): every change of the registry, whoever makes it; what passes it by is found."""

import getpass
import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session, select

from models.checks.findings import Finding
from models.checks.journal import JournalKind
from models.offices import County
from models.register.households import PovertyLine
from registry.checks.checks import Checks
from registry.database.engine import reading, upgrade, writing
from registry.desk import Registry
from registry.reports.planning import Planning
from registry.tables import JournalRow
from tests.activities.admitted import registry_activities
from tests.activities.registry_cases import COUNTIES, File, at_once, run
from tests.models.samples import HENAN
from tests.registry.register_samples import village
from tests.rosters import (
    PERSON_HEADER,
    TODAY,
    VILLAGE_HEADER,
    Row,
    person_rows,
    village_row,
    write_csv,
)
from tests.unguarded import unguarded

pytestmark = pytest.mark.clause("G7")

Written = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Written:
    """Writes rows to a file."""

    def written(*content: Row, name: str) -> Path:
        return write_csv(tmp_path / f"{name}.csv", content)

    return written


def lines(engine: Engine, kind: JournalKind) -> list[tuple[str, dict[str, Any]]]:
    """Subject and content of the lines of a kind."""
    with reading(engine) as session:
        found = session.exec(
            select(JournalRow).where(JournalRow.kind == kind.value).order_by("number")
        ).all()
        return [(row.subject, json.loads(row.content)) for row in found]


def findings(engine: Engine, folder: Path) -> list[Finding]:
    """What is wrong with the registry, but for the test's own role."""
    report = Checks(engine, folder / "home", folder / "home" / "notices", lambda: HENAN).run(
        ("", ())
    )
    return [each for each in report.findings if not each.where.startswith("role ")]


def test_an_import_is_put_down_with_its_file(
    registry: Registry, engine: Engine, write: Written, tmp_path: Path
) -> None:
    villages = write(VILLAGE_HEADER, *(village_row(each) for each in range(3)), name="村")
    roster = write(PERSON_HEADER, *person_rows(20, villages=3), name="户")
    registry.register.import_file(villages, TODAY)
    registry.register.import_file(roster, TODAY)
    of_county, of_villages, of_roster = lines(engine, JournalKind.REGISTER)[-3:]
    for (subject, content), file in ((of_villages, villages), (of_roster, roster)):
        assert subject.startswith("register/")
        assert content["what"] == "import"
        assert content["by"] == getpass.getuser()
        assert content["source"] == file.name
        assert content["sha256"] == sha256(file.read_bytes()).hexdigest()
        assert content["counts"]["new"] > 0
        assert any(key.startswith("village/") for key in content["parts"])
    assert of_county[1]["what"] == "counties"
    assert of_county[1]["sha256"] == sha256(COUNTIES.read_bytes()).hexdigest()
    assert findings(engine, tmp_path) == []
    # The same again is no change, and the digests say so.
    registry.register.import_file(roster, TODAY)
    assert lines(engine, JournalKind.REGISTER)[-1][1]["parts"] == of_roster[1]["parts"]


def roster_of(write: Written, name: str) -> Path:
    """The same households and people each time."""
    return write(PERSON_HEADER, *person_rows(40, villages=3), name=name)


@pytest.fixture
def loaded(registry: Registry, engine: Engine, write: Written) -> Registry:
    """A register with villages, their surveys, households, a line and a plan."""
    registry.register.import_file(
        write(VILLAGE_HEADER, *(village_row(each) for each in range(3)), name="村"), TODAY
    )
    registry.register.import_file(
        write(PERSON_HEADER, *person_rows(40, villages=3), name="户"), TODAY
    )
    planning = Planning(engine)
    planning.add_line(PovertyLine(year=2016, yuan=2952, source="国家统计局"))
    registry.add_plan(2018, "411523", "新扶贫〔2018〕1号")
    return registry


EDITS = [
    ("UPDATE households SET size = size + 1 WHERE code = {household}", "villages", "households"),
    ("UPDATE households SET revision = revision + 1 WHERE code = {household}", "villages", "hous"),
    ("UPDATE households SET head = '王某' WHERE code = {household}", "villages", "households"),
    (
        "UPDATE household_years SET wages = wages + 100 WHERE household_code = {household}",
        "villages",
        "household_years",
    ),
    (
        "UPDATE household_years SET housing = NOT housing WHERE household_code = {household}",
        "villages",
        "household_years",
    ),
    (
        "DELETE FROM household_years WHERE household_code = {household}",
        "villages",
        "household_years",
    ),
    ("UPDATE members SET name = '某' WHERE household_code = {household}", "villages", "members"),
    ("DELETE FROM members WHERE household_code = {household}", "villages", "members"),
    (
        "UPDATE household_episodes SET registered_on = '2011-01-01' WHERE household_code = "
        "{household}",
        "villages",
        "household_episodes",
    ),
    (
        "DELETE FROM household_episodes WHERE household_code = {household}",
        "villages",
        "household_episodes",
    ),
    (
        "UPDATE villages SET population = population + 900 WHERE code = {village}",
        "villages",
        "villages",
    ),
    (
        "UPDATE villages SET work_team = NOT work_team WHERE code = {village}",
        "villages",
        "villages",
    ),
    ("UPDATE divisions SET name = '某县' WHERE code = '411523'", "counties", "not as line"),
    ("DELETE FROM divisions WHERE code = '411500'", "counties", "missing"),
    (
        "UPDATE county_status SET since = '2013-01-01' WHERE code = '411523'",
        "counties",
        "not as line",
    ),
    ("DELETE FROM county_status WHERE code = '411523'", "counties", "not as line"),
    (
        "INSERT INTO county_status (code, since, status, exit_year) VALUES "
        "('411529', '2017-01-01', 'exited', 2017)",
        "counties",
        "no import",
    ),
    ("UPDATE poverty_lines SET yuan = 100 WHERE year = 2016", "poverty_lines", "not as line"),
    ("DELETE FROM poverty_lines WHERE year = 2016", "poverty_lines", "missing"),
    (
        "UPDATE provincial_means SET income_growth_percent = '9.000' WHERE year = 2017",
        "provincial_means",
        "not as line",
    ),
    ("DELETE FROM provincial_means WHERE year = 2017", "provincial_means", "missing"),
    (
        "UPDATE plans SET source = '另有依据' WHERE year = 2018 AND subject_code = '411523'",
        "plans",
        "not as line",
    ),
    ("DELETE FROM plans WHERE year = 2018 AND subject_code = '411523'", "plans", "missing"),
    (
        "INSERT INTO plans (year, subject_code, kind, source, addition) VALUES "
        "(2019, '411523', 'county', 'x', false)",
        "plans",
        "no import",
    ),
]


@pytest.mark.parametrize(("statement", "where", "said"), EDITS)
def test_an_edit_of_the_register_is_found_by_its_place(
    loaded: Registry, engine: Engine, tmp_path: Path, statement: str, where: str, said: str
) -> None:
    with engine.begin() as connection:
        home = connection.execute(
            text(
                "SELECT household_code, village_code FROM members JOIN households "
                "ON code = household_code ORDER BY 1 LIMIT 1"
            )
        ).one()
    assert findings(engine, tmp_path) == []
    edited = statement.format(household=f"'{home[0]}'", village=f"'{home[1]}'")
    with unguarded(engine) as connection:
        assert connection.execute(text(edited)).rowcount > 0
    (finding,) = findings(engine, tmp_path)
    assert finding.where.split()[0] == where
    assert said in finding.what
    if where == "villages":
        assert finding.where == f"villages {home[1]}"


def test_a_survey_that_was_changed_is_found(
    loaded: Registry, engine: Engine, tmp_path: Path
) -> None:
    with engine.begin() as connection:
        changed = connection.execute(text("UPDATE village_years SET clinic = NOT clinic"))
    found = findings(engine, tmp_path)
    assert len(found) == changed.rowcount
    assert {each.where.split()[0] for each in found} <= {"village_years"}


def test_an_edit_is_not_taken_for_part_of_the_next_import(
    loaded: Registry, engine: Engine, write: Written, tmp_path: Path
) -> None:
    with engine.begin() as connection:
        connection.execute(
            text(
                "UPDATE members SET name = '某' WHERE id_number = (SELECT "
                "min(id_number) FROM members)"
            )
        )
    (edited,) = findings(engine, tmp_path)
    loaded.register.import_file(
        write(PERSON_HEADER, *person_rows(40, villages=3), name="再"), TODAY
    )
    (finding,) = findings(engine, tmp_path)
    assert finding.where == edited.where.replace("villages ", "village/")
    assert "had been changed past the journal" in finding.what


def test_a_journal_that_was_emptied_is_not_begun_anew(
    loaded: Registry, engine: Engine, tmp_path: Path
) -> None:
    file = File()
    file.open()
    run(registry_activities(engine).write_ledger, file.batch())
    with unguarded(engine) as connection:
        connection.execute(text("DELETE FROM journal"))
    found = findings(engine, tmp_path)
    assert found != []
    upgrade(engine)
    assert findings(engine, tmp_path) == found


def test_writers_at_once_keep_one_chain(registry: Registry, engine: Engine, tmp_path: Path) -> None:
    """Also across files: the lock of the journal is taken last, and lines have no gap."""
    asked = registry_activities(engine)
    files = [File(county=_county(each), year=2017) for each in range(8)]
    for each in files:
        each.open()
        each.steps(11)

    def write_all(file: File) -> Callable[[], int]:
        def write() -> int:
            for last in range(1, 13):
                run(asked.write_ledger, file.batch(last, last))
            return 12

        return write

    before = len(lines(engine, JournalKind.ENTRIES))
    assert at_once([write_all(each) for each in files]) == [12] * 8
    assert len(lines(engine, JournalKind.ENTRIES)) == before + 96
    assert [each for each in findings(engine, tmp_path) if each.part == "journal"] == []


def _county(number: int) -> County:
    from tests.models import samples

    return samples.county().model_copy(update={"code": f"4115{20 + number}"})


def test_nothing_is_put_down_of_what_did_not_happen(registry: Registry, engine: Engine) -> None:
    before = lines(engine, JournalKind.REGISTER)

    def fail() -> None:
        with writing(engine) as session:
            _add(session)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert lines(engine, JournalKind.REGISTER) == before


def _add(session: Session) -> None:
    from registry.register.loading import load_villages

    load_villages(session, [village(0)], "x")
