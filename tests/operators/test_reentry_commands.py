"""start reentry, and its steps by commands."""

import json
from pathlib import Path

import pytest

from models.case.messages import Ending
from models.register.households import PovertyLine
from registry.database.engine import writing
from registry.register.poverty_lines import add_line
from tests.operators.conftest import NOW, THIS_YEAR, Shell
from tests.reentry_stage import ReentryPlay, poor, put_left, put_left_village
from tests.roster_stage import LINE, meeting
from tests.stage import Stage


@pytest.fixture
def village(installation: Stage) -> str:
    """A village of 100 people that has left the list, and the line of this year."""
    with writing(installation.settings.engine()) as session:
        add_line(session, PovertyLine(year=THIS_YEAR, yuan=LINE, source="合成标准"))
    return put_left_village(installation, installation.county())


def vote_file(folder: Path, household: str) -> Path:
    """A meeting of today with its vote, as TOML."""
    lines = ["[meeting]"]
    held = meeting(held_on=NOW.date().isoformat())
    lines += [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in held.items()]
    lines += ["[[households]]", f'household = "{household}"', "in_favour = 18"]
    path = folder / "vote.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.mark.clause("F5", "G7")
async def test_a_household_comes_in_again_by_commands(
    cli: Shell, village: str, installation: Stage, tmp_path: Path
) -> None:
    code = put_left(installation, village, head="诸葛某某", lived=poor(year=THIS_YEAR))
    proof = tmp_path / "申请书.txt"
    proof.write_text("申请（合成）", encoding="utf-8")
    words = ("start", "reentry", code, "--year", THIS_YEAR, "--officer", "某甲")
    said = await cli(*words, "--reason", "大病（合成）", "--evidence", proof)
    case = f"reentry/{code}/{THIS_YEAR}"
    assert said.done() == f"{case}\n"
    play = ReentryPlay(installation, case, code)
    play.village = village
    await play.reaches("R2")
    await play.file()
    again = (await cli(*words, "--reason", "大病（合成）")).fails(1)
    assert f"already has an open case: {case} (G9)" in again

    r2 = ("act", case, "--step", "r2", "--as", f"A1/{village}", "--officer", "某乙", "--approve")
    assert "appraisal: to approve R2" in (await cli(*r2)).fails(1)
    assert "R2 同意" in (await cli(*r2, "--appraisal", vote_file(tmp_path, code))).done()
    await play.reaches("R3")
    shown = (await cli("case", case)).done()
    assert f"{code}户 {THIS_YEAR}年度 纳入扶贫对象  {case}" in shown.replace("\n", "")
    assert "R3 公示" in shown
    assert "诸葛" not in shown
    await play.file()
    listed = (await cli("cases", "--region", village[:6])).done()
    assert case in listed
    assert code in (await cli("deadlines", "--office", f"A1/{village}")).done()

    await play.end_publicity()
    await play.reaches("R4")
    r4 = ("act", case, "--step", "R4", "--officer", "某丙", "--approve", "--as")
    county = f"A5/{village[:6]}"
    assert "needs the number of its document" in (await cli(*r4, county)).fails(1)
    assert "may not decide R4" in (await cli(*r4, f"A1/{village}")).fails(1)
    (await cli(*r4, county, "--document", "合成〔9〕号")).done()
    assert (await play.ends()).ending is Ending.ENTERED
    await play.file()

    ended = (await cli("case", case)).done()
    assert "已办结：纳入扶贫对象" in ended
    assert "纳入扶贫对象" in (await cli("cases", "--region", village[:6])).done()
    file = (await cli("case", case, "--ledger")).done()
    assert "alarm" in file
    record = (await cli("registry", "show", code, "--json")).json
    assert record["episodes"][1]["opened_by"] == case
    assert record["episodes"][1]["opening_document"] == "合成〔9〕号"
    household = (await cli("registry", "show", code)).done()
    assert case in household
    assert "合成〔9〕号" in household
    for place in (village, village[:6]):
        seen = (await cli("registry", "show", place)).done()
        assert "Alarms 预警" in seen
        assert case in seen
    (alarm,) = (await cli("registry", "show", village, "--json")).json["alarms"]
    assert (alarm["poor"], alarm["population"]) == (3, 100)


@pytest.mark.clause("F5", "S1")
async def test_what_the_rules_refuse_starts_nothing(
    cli: Shell, village: str, installation: Stage
) -> None:
    words = ("start", "reentry", "--officer", "某甲", "--reason", "大病（合成）", "--year")
    unknown = await cli(*words, THIS_YEAR, "F999999")
    assert "household F999999: the register knows no household" in unknown.fails(1)
    code = put_left(installation, village, lived=poor(year=THIS_YEAR, wages=900_300))
    assert "is not poor: it meets every criterion" in (await cli(*words, THIS_YEAR, code)).fails(1)
    inside = put_left(installation, village, left_on=None, lived=poor(year=THIS_YEAR))
    assert "in the register as poor already" in (await cli(*words, THIS_YEAR, inside)).fails(1)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("张三", "--year", THIS_YEAR), "HOUSEHOLD: '张三' is no number of a household"),
        (("F000001", "--year", 2013), "--year: '2013' is no year of an exit"),
        (("F000001", "--year", THIS_YEAR, "--at", "now"), "--at: 'now' is no moment"),
        (("F000001", "--year", THIS_YEAR, "--evidence", "no.txt"), "no.txt cannot be read"),
    ],
)
async def test_what_is_typed_wrong_is_said_before_anything_is_looked_for(
    lonely: Shell, words: tuple[object, ...], said: str
) -> None:
    more = ("--officer", "某甲", "--reason", "大病（合成）")
    assert said in (await lonely("start", "reentry", *words, *more)).fails(2)
