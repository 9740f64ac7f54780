"""Households that are known and never were in the register as poor: there, back, and not moved."""

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine

from registry.desk import Registry
from registry.errors import LoadError
from registry.files.fault_sheet import FileRefused
from registry.register.loading import HouseholdsLoaded
from registry.tables import EpisodeRow, HouseholdRow
from tests.activities.registry_cases import rows
from tests.registry.register_samples import SINCE, household, households
from tests.rosters import (
    HOUSEHOLD_HEADER,
    PERSON_HEADER,
    TODAY,
    Row,
    Write,
    household_row,
    household_rows,
    person_row,
    village_code,
)

HERE = village_code(0)


def faults(registry: Registry, path: Path) -> list[str]:
    with pytest.raises(FileRefused) as caught:
        registry.register.import_file(path, TODAY)
    return [str(fault).removeprefix("sheet 表1, ") for fault in caught.value.found]


def persons(number: int, **of_head: object) -> list[Row]:
    """A household of two, what is said of it in the row of its head."""
    head, other = household_rows(number, HERE, 2)
    return [person_row(head, **of_head), other]


@pytest.mark.clause("F5", "S5")
def test_a_household_without_a_day_is_known_and_not_registered(
    settled: Registry, engine: Engine, write: Write, tmp_path: Path
) -> None:
    path = write(PERSON_HEADER, *persons(7, 识别时间=""), *household_rows(8, HERE, 3))
    loaded = settled.register.import_file(path, TODAY)
    assert loaded == HouseholdsLoaded(new=2, changed=0, unchanged=0, people=5, counties=("411523",))
    assert [row["code"] for row in rows(engine, HouseholdRow)] == ["H0000007", "H0000008"]
    assert [row["household_code"] for row in rows(engine, EpisodeRow)] == ["H0000008"]
    record = settled.register.household("H0000007", TODAY)
    assert (record.state, record.episodes, len(record.years)) == (None, (), 1)
    village = settled.register.village(HERE, TODAY)
    assert village.incidence is not None
    assert village.incidence.poor == 3
    assert sum(village.households.values()) == 1

    assert settled.register.import_file(path, TODAY).unchanged == 2
    exported = tmp_path / "花名册.xlsx"
    settled.register.export(exported, "411523")
    assert settled.register.import_file(exported, TODAY) == HouseholdsLoaded(
        new=0, changed=0, unchanged=2, people=5, counties=("411523",)
    )
    assert settled.register.household("H0000007", TODAY).state is None


@pytest.mark.clause("F5")
def test_so_is_one_in_a_roster_with_a_row_a_household(
    settled: Registry, engine: Engine, write: Write
) -> None:
    path = write(HOUSEHOLD_HEADER, household_row(7, HERE, 4, 识别时间=" "))
    assert settled.register.import_file(path, TODAY).new == 1
    assert rows(engine, EpisodeRow) == []


@pytest.mark.clause("F5", "H4")
def test_no_roster_moves_a_household_into_the_register_or_out_of_it(
    settled: Registry, engine: Engine
) -> None:
    households(engine, household("H-01", 1, registered_on=None), household("H-02", 2))
    with pytest.raises(LoadError) as entering:
        households(engine, household("H-01", 1))
    assert str(entering.value).endswith(
        "the register knows the household, and never had it as poor; leave this empty, and enter "
        "it with `exitflow start reentry H-01` (F5)"
    )
    with pytest.raises(LoadError, match=f"registered on {SINCE}; write that day"):
        households(engine, household("H-02", 2, registered_on=None))
    assert [row["registered_on"] for row in rows(engine, EpisodeRow)] == [SINCE]


@pytest.mark.clause("F5")
def test_a_day_or_a_cause_that_stands_alone_is_a_fault(settled: Registry, write: Write) -> None:
    header = (*HOUSEHOLD_HEADER, "致贫类别")
    row = household_row(7, HERE, 4, 识别时间="")
    (said,) = faults(settled, write(header, (*row, "返贫")))
    assert said.endswith("and 识别时间 is empty; write both or neither")
    assert "column 致贫类别" in said
    # In a row a person, what another member's row says is not read over.
    head, other = persons(8, 识别时间="")
    repeated = person_row(other, 识别时间=date(2014, 4, 1))
    (said,) = faults(settled, write(PERSON_HEADER, head, repeated, name="人"))
    assert "row 2, of the head of this household, says" in said
    (said,) = faults(
        settled, write(HOUSEHOLD_HEADER, household_row(9, HERE, 4, 识别时间="去年"), name="户")
    )
    assert "write a day as 2014-03-31" in said
