"""An application takes its snapshot from the register, or says why it does not (C1, S5)."""

import json
from pathlib import Path
from typing import Any

import pytest

from models.case.ledger import Entry, EntryKind
from operators.desk.desk import Refused
from tests.operators.conftest import NOW, THIS_YEAR, Opened, Shell, applies, as_toml
from tests.registry.places import put_households, put_village
from tests.stage import Stage, application

TODAY = NOW.date()


@pytest.fixture
def county(installation: Stage) -> str:
    """A planned county with 10 poor of 1000."""
    code = installation.county()
    installation.registry.add_plan(THIS_YEAR, code, "合成计划")
    engine = installation.settings.engine()
    village = put_village(engine, f"{code}100201", 1000)
    put_households(engine, village, [4, 3, 2, 1])
    engine.dispose()
    return code


def counted(code: str, **changes: Any) -> Any:
    """Figures with the register's own count, or another."""
    figures = application(code).figures
    own = {"poor": 10, "population": 1000, "as_of": TODAY}
    return figures.model_copy(update=own | changes)


def write(path: Path, code: str, *without: str, extra: str = "") -> Path:
    """An application with some of its figures left out."""
    lines = as_toml(applies(code, figures=counted(code)), extra=extra).splitlines()
    kept = [line for line in lines if line.partition(" =")[0] not in without]
    path.write_text("\n".join(kept), encoding="utf-8")
    return path


def figures_of(entry: Entry, key: str) -> Any:
    given = entry.data[key]
    assert isinstance(given, dict)
    return given["figures"]


async def start(cli: Shell, code: str, file: Path) -> Any:
    return await cli("start", "county", code, "--year", THIS_YEAR, "--application", file)


@pytest.mark.clause("C1", "S5")
@pytest.mark.parametrize("left_out", [("poor", "population", "as_of"), ("poor", "population")])
async def test_figures_that_are_left_out_are_the_registers(
    cli: Shell, county: str, installation: Stage, tmp_path: Path, left_out: tuple[str, ...]
) -> None:
    case_id = (await start(cli, county, write(tmp_path / "a.toml", county, *left_out))).done()
    case = Opened.of(installation, case_id.strip(), county)
    await case.at("C2")
    opened = (await installation.desk.ledger(case.id))[0]
    found = figures_of(opened, "application")
    assert (found["poor"], found["population"], found["as_of"]) == (10, 1000, str(TODAY))


@pytest.mark.clause("C1", "S5")
async def test_figures_are_counted_as_of_the_day_they_name(
    cli: Shell, county: str, installation: Stage, tmp_path: Path
) -> None:
    path = tmp_path / "a.json"
    values = applies(county).model_dump(mode="json", exclude_none=True)
    figures = {k: v for k, v in values["figures"].items() if k not in ("poor", "population")}
    path.write_text(json.dumps(values | {"figures": figures | {"as_of": "2014-05-31"}}), "utf-8")
    assert "figures.as_of: 2014-05-31 lies before" in (await start(cli, county, path)).fails(1)
    path.write_text(json.dumps(values | {"figures": figures | {"as_of": "soon"}}), "utf-8")
    assert f"{path}: figures.as_of: " in (await start(cli, county, path)).fails(2)


@pytest.mark.clause("C1", "S5")
async def test_one_without_the_other_is_incomplete(cli: Shell, county: str, tmp_path: Path) -> None:
    said = await start(cli, county, write(tmp_path / "a.toml", county, "poor"))
    assert said.fails(2).endswith("figures.poor: Field required")


@pytest.mark.clause("C1", "S5")
async def test_a_county_without_villages_has_to_say_it_itself(
    cli: Shell, installation: Stage, tmp_path: Path
) -> None:
    code = installation.county()
    said = await start(cli, code, write(tmp_path / "a.toml", code, "poor", "population"))
    assert said.fails(2) == (
        f"figures: the register holds no village of {code} to count from; write poor, population "
        "and as_of"
    )


@pytest.mark.clause("C1", "S5")
async def test_other_figures_need_a_reason(
    cli: Shell, county: str, installation: Stage, tmp_path: Path
) -> None:
    file = tmp_path / "a.toml"
    other = applies(county, figures=counted(county, poor=9))
    file.write_text(as_toml(other), encoding="utf-8")
    assert (await start(cli, county, file)).fails(1) == (
        f"figures: the register counts 10 of 1000 as of {TODAY}, not 9 of 1000 (S5); correct them, "
        "or say why in figures_reason"
    )
    needless = write(tmp_path / "b.toml", county, extra='figures_reason = "合成理由"')
    assert "figures_reason: the figures differ from nothing" in (
        await start(cli, county, needless)
    ).fails(1)
    file.write_text(as_toml(other, extra='figures_reason = "合成理由"'), encoding="utf-8")
    case = Opened.of(installation, (await start(cli, county, file)).done().strip(), county)
    await case.at("C2")
    opened = (await installation.desk.ledger(case.id))[0]
    given = opened.data["application"]
    assert isinstance(given, dict)
    assert given["figures_reason"] == "合成理由"


@pytest.mark.clause("C1", "S5", "G3")
async def test_a_renewed_application_is_held_against_the_register_as_well(
    cli: Shell, county: str, installation: Stage, tmp_path: Path
) -> None:
    desk = installation.desk
    with installation.skipper.with_time_skipping_disabled():
        case_id = await desk.open(applies(county, figures=counted(county)))
    case = Opened.of(installation, case_id, county)
    await case.at("C2")
    await case.play.act("C2", "return", return_to="C1", reason="核对数据（合成）")
    await case.at("C1")
    file = tmp_path / "figures.json"

    async def again(figures: Any, *more: str) -> Any:
        file.write_text(json.dumps(figures), encoding="utf-8")
        office = ("--as", f"A5/{county}", "--officer", "某甲", "--figures", file)
        return await cli("act", case_id, "--step", "C1", "--approve", *office, *more)

    given = counted(county).model_dump(mode="json")
    wrong = given | {"poor": 9}
    refusal = (
        f"figures: the register counts 10 of 1000 as of {TODAY}, not 9 of 1000 (S5); correct them, "
        "or say why in reason"
    )
    assert (await again(wrong)).fails(1) == refusal
    assert (await again(wrong, "--signal")).fails(1) == refusal
    with pytest.raises(Refused, match="the register counts 10 of 1000"):
        await case.play.act("C1", figures=wrong)
    left_out = {k: v for k, v in given.items() if k not in ("poor", "population", "as_of")}
    (await again(left_out)).done()
    await case.at("C2")
    acts = [each for each in await desk.ledger(case_id) if each.kind is EntryKind.ACT]
    found = figures_of(acts[-1], "act")
    assert (found["poor"], found["population"], found["as_of"]) == (10, 1000, str(TODAY))
