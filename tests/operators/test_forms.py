"""template: forms with what the register has, filled in and handed in again."""

import hashlib
from pathlib import Path
from typing import Any

import pytest

from models.case.ledger import EntryKind
from registry.forms.templates import Form
from tests.filled_forms import filled, rows_in, typed
from tests.operators.conftest import NOW, THIS_YEAR, Shell
from tests.operators.rosters_today import MEETING, settle, verifies
from tests.play import Play
from tests.registry import places
from tests.stage import Stage
from tests.village_stage import VillagePlay, put_village

_TODAY = f"{NOW:%Y-%m-%d}"
_HELD = {
    "会议日期": _TODAY,
    "会议地点": MEETING["place"],
    "主持人": "某甲",
    "记录人": "某乙",
    "应到人数": 30,
    "实到人数": 20,
    "会议纪要": MEETING["minutes"],
}


@pytest.mark.clause("H1", "H2")
async def test_a_roster_goes_to_the_village_and_comes_back(
    cli: Shell, installation: Stage, tmp_path: Path
) -> None:
    here = settle(installation, 2)
    first, second = here.households
    file = tmp_path / "名单.xlsx"
    said = (await cli("template", "roster", file, "--for", here.village)).done()
    assert said == f"{file}: roster with 2 rows filled in; fill it in from the second row on\n"
    rows = rows_in(file, "名单")
    assert rows[0][:4] == ["户编号", "户主姓名", "村民小组", "家庭人口"]
    assert [row[0] for row in rows[1:]] == [first, second]

    typed(file, "民主评议会", 2, _HELD)
    for row, votes in ((2, 18), (3, 15)):
        typed(file, "名单", row, {"赞成票数": votes})
    case = (await cli(*here.words(file, "--officer", "某甲"))).done().strip()
    play = here.play(case)
    await play.reaches("H2")
    (opened,) = await play.entries(EntryKind.OPENED)
    application: Any = opened.data["application"]
    assert application["appraisal"]["meeting"] == MEETING
    assert [each["in_favour"] for each in application["appraisal"]["households"]] == [18, 15]

    await verifies(cli, play)
    await play.file()
    answers = tmp_path / "认可.xlsx"
    (await cli("template", "consents", answers, "--for", case)).done()
    assert [row[0] for row in rows_in(answers, "认可")[1:]] == [first, second]
    typed(answers, "认可", 3, {"是否认可": "认可", "签字人": f"张{second}"})
    (await cli("consent", case, "--file", answers, "--officer", "某甲")).done()
    shown = (await cli("case", case, "--households", "--json")).json
    assert [(each["household"], each["agreed"]) for each in shown] == [
        (first, False),
        (second, True),
    ]


@pytest.mark.clause("C1", "S3", "S5")
async def test_a_county_applies_with_a_form_and_the_register_counts(
    cli: Shell, installation: Stage, tmp_path: Path
) -> None:
    code = installation.county()
    installation.registry.add_plan(THIS_YEAR, code, "合成计划")
    put_village(installation, code, poor=4, population=300, year=THIS_YEAR)
    (tmp_path / "方案.txt").write_text("实施方案", encoding="utf-8")
    file = filled(tmp_path / "申请.xlsx", Form.APPLICATION, 附件="方案.txt", 经办人="张\u3000某甲")
    start = ("start", "county", code, "--year", THIS_YEAR, "--application", file)
    case = (await cli(*start)).done().strip()
    play = Play(installation, case, code)
    await play.reaches("C2")
    (opened,) = await play.entries(EntryKind.OPENED)
    application: Any = opened.data["application"]
    digest = hashlib.sha256("实施方案".encode()).hexdigest()
    assert application["evidence"] == [{"name": "方案.txt", "sha256": digest}]
    assert application["officer"] == "张某甲"
    figures = application["figures"]
    assert (figures["poor"], figures["population"], figures["as_of"]) == (4, 300, _TODAY)
    assert figures["income_growth_percent"] == "9.8"
    assert figures["education"] == {"met": True, "statement": "入学率同全省"}


@pytest.mark.clause("V1", "S2")
async def test_a_survey_that_the_register_has_is_not_asked_for_again(
    cli: Shell, installation: Stage, tmp_path: Path
) -> None:
    code = put_village(installation, installation.county(), year=THIS_YEAR)
    application = filled(
        tmp_path / "申请.xlsx", Form.VILLAGE_APPLICATION, 行政村代码=code, 经办人="某甲"
    )
    start = ("start", "village", code, "--year", THIS_YEAR, "--application", application)
    case = (await cli(*start)).done().strip()
    play = VillagePlay(installation, case, code)
    await play.reaches("V1")
    county = play.office("V1")

    def act(file: Path) -> tuple[object, ...]:
        by = ("--step", "V1", "--as", county, "--officer", "某乙", "--approve")
        return ("act", case, *by, "--consideration", "茶叶产业有收益", "--survey", file)

    who = {"参加部门": "县扶贫办、县交通局", "调查人员": "某甲、某丙"}
    who |= {"调查开始日期": _TODAY, "调查结束日期": _TODAY}
    empty = tmp_path / "调查.xlsx"
    (await cli("template", "survey", empty, "--for", code, "--year", THIS_YEAR)).done()
    typed(empty, "调查核实", 2, who)
    assert (
        f"says nothing of the criteria, and the register has no survey of {code} in {THIS_YEAR}"
    ) in (await cli(*act(empty))).fails(2)

    places.put_village(
        installation.settings.engine(),
        code,
        300,
        name=rows_name(installation, code),
        township_name="合成乡",
        survey=places.survey(doctor=False),
        survey_year=THIS_YEAR,
    )
    # Without the doctor: the register's survey is what is held against S2.
    assert "S2.doctor is not met" in (await cli(*act(empty))).fails(1)

    known = tmp_path / "核实.xlsx"
    (await cli("template", "survey", known, "--for", code, "--year", THIS_YEAR)).done()
    header, row = rows_in(known, "调查核实")
    said = dict(zip(header, row, strict=True))
    assert (said["行政村代码"], said["合格医生"], said["标准化卫生室"]) == (code, "否", "是")
    typed(known, "调查核实", 2, who)
    assert "S2.doctor is not met" in (await cli(*act(known))).fails(1)


def rows_name(installation: Stage, code: str) -> str:
    """What a village is called in the register."""
    return installation.registry.register.village(code, NOW.date()).name


async def test_a_survey_of_another_village_is_refused(lonely: Shell, tmp_path: Path) -> None:
    file = filled(tmp_path / "核实.xlsx", Form.SURVEY, 行政村代码="411523100002")
    case = f"village-exit/411523100001/{THIS_YEAR}"
    by = ("--step", "V1", "--as", "A5/411523", "--officer", "某乙", "--approve")
    assert (
        (await lonely("act", case, *by, "--survey", file))
        .fails(2)
        .startswith(f"{file}: the village is 411523100002, that of {case} 411523100001; correct it")
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("letter", "a.xlsx"), "FORM"),
        (("plan", "a.csv"), "FILE: 'a.csv' is no name of a workbook; write one that ends in .xlsx"),
        (
            ("plan", "a.xlsx", "--for", "411523100001"),
            "--for: the register fills in roster, survey, consents, visits; leave it out for plan",
        ),
        (("roster", "a.xlsx", "--year", "2026"), "--year: belongs to --for; name the place too"),
        (("plan", "nowhere/a.xlsx"), "nowhere/a.xlsx cannot be written: No such file"),
    ],
)
async def test_wrong_usage(
    lonely: Shell, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    assert said in (await lonely("template", *words)).fails(2)
    assert not (tmp_path / "a.xlsx").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("roster", "--for", "4115"), "--for: '4115' is no village"),
        (("roster", "--for", "411523999999"), "the register knows no village with the code"),
        (("consents", "--for", "411523100001"), "is no case of a roster; write its id"),
        (
            ("consents", "--for", "household-exit/411523999999/2026/1"),
            "--for: the register has nothing of household-exit/411523999999/2026/1 for consents",
        ),
        (("visits", "--for", "4115"), "--for: '4115' is no township or village; write its nine"),
        (("visits", "--for", "411523999"), "the register has nothing of 411523999 for visits"),
        (("survey", "--for", "411523999999"), "--year: name the year of the survey"),
    ],
)
async def test_what_the_register_has_not_is_said(
    cli: Shell, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    form, *more = words
    shown = await cli("template", form, tmp_path / "表.xlsx", *more)
    assert shown.status != 0
    assert said in shown.err
    assert not (tmp_path / "表.xlsx").exists()
