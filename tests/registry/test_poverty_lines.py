"""The national poverty lines by year (S7)."""

from pathlib import Path

import pytest
from sqlalchemy import Engine

from models.register.households import PovertyLine
from registry.database.engine import reading
from registry.desk import Registry
from registry.errors import LoadError
from registry.register.poverty_lines import LinesLoaded, line_of
from tests.activities.registry_cases import ROOT, at_once

SHIPPED = ROOT / "data" / "poverty-lines.csv"
OF_2017 = PovertyLine(year=2017, yuan=3_000, source="合成标准")


@pytest.fixture
def store(engine: Engine) -> Registry:
    """A registry that is set up, and holds nothing."""
    return Registry(engine)


@pytest.mark.clause("S7")
def test_the_six_lines_of_the_regulation_are_shipped(store: Registry) -> None:
    assert store.planning.load_lines(SHIPPED) == LinesLoaded(new=6, known=0, otherwise=0)
    lines = store.planning.lines()
    assert {line.year: line.yuan for line in lines} == {
        2011: 2536,
        2012: 2625,
        2013: 2736,
        2014: 2800,
        2015: 2855,
        2016: 2952,
    }
    assert all("国家统计局" in line.source for line in lines)
    assert store.planning.load_lines(SHIPPED) == LinesLoaded(new=0, known=6, otherwise=0)


@pytest.mark.clause("S7")
def test_a_year_without_a_line_has_none(store: Registry, engine: Engine) -> None:
    store.planning.load_lines(SHIPPED)
    with reading(engine) as session:
        assert line_of(session, 2017) is None
    assert store.planning.add_line(OF_2017) is None
    with reading(engine) as session:
        assert line_of(session, 2017) == OF_2017


@pytest.mark.clause("S7")
def test_a_year_has_one_line(store: Registry) -> None:
    assert store.planning.add_line(OF_2017) is None
    assert store.planning.add_line(OF_2017.model_copy(update={"source": "again"})) == "合成标准"
    with pytest.raises(LoadError, match=r"the line of 2017 is 3000 yuan \(合成标准\) and not 3001"):
        store.planning.add_line(OF_2017.model_copy(update={"yuan": 3_001}))
    assert store.planning.lines() == (OF_2017,)


@pytest.mark.clause("S7")
def test_of_a_file_with_a_fault_no_line_is_kept(store: Registry, tmp_path: Path) -> None:
    path = tmp_path / "lines.csv"
    path.write_text("year,yuan,source\n2016,2952,x\n1999,2952,x\n2018,many,x\n2019,1,\n", "utf-8")
    with pytest.raises(LoadError) as refused:
        store.planning.load_lines(path)
    places = [fault.removeprefix(f"{path}, ").split(": ")[0] for fault in refused.value.faults]
    assert places == [
        "row 3, column year (A)",
        "row 4, column yuan (B)",
        "row 5, column source (C)",
    ]
    store.planning.add_line(OF_2017.model_copy(update={"year": 2016}))
    with pytest.raises(LoadError, match="the line of 2016 is 3000 yuan"):
        store.planning.load_lines(SHIPPED)
    assert [line.year for line in store.planning.lines()] == [2016]


@pytest.mark.clause("S7")
def test_a_line_is_added_once_however_many_try(store: Registry) -> None:
    told = at_once([lambda: store.planning.add_line(OF_2017)] * 4)
    assert sorted(told, key=str) == [None, *["合成标准"] * 3]


@pytest.mark.clause("S7")
def test_a_line_by_another_source_is_counted_and_the_first_source_stays(
    store: Registry, tmp_path: Path
) -> None:
    store.planning.add_line(OF_2017)
    path = tmp_path / "lines.csv"
    path.write_text("year,yuan,source\n2016,2952,国家统计局\n2017,3000,另一公报\n", "utf-8")
    assert store.planning.load_lines(path) == LinesLoaded(new=1, known=0, otherwise=1)
    assert {line.year: line.source for line in store.planning.lines()} == {
        2016: "国家统计局",
        2017: "合成标准",
    }
