"""start households, consent, amend, and what other commands say of a roster's households."""

import hashlib
from pathlib import Path
from typing import Any

import pytest
from python_calamine import load_workbook

from models.case.ledger import EntryKind
from models.case.messages import Ending
from models.periods import beijing
from registry.records import CaseFilter
from tests.operators.conftest import THIS_YEAR, Shell
from tests.operators.rosters_today import (
    MEETING,
    VOTES,
    draft,
    settle,
    verifies,
    write_csv,
    write_json,
    write_xlsx,
)
from tests.play import eventually
from tests.roster_stage import RosterPlay, stands
from tests.stage import Stage

ANSWERS = ("户编号", "是否认可", "签字人", "代签理由", "不认可理由")


async def opened(play: RosterPlay) -> dict[str, Any]:
    """The application that opened a case, as its file has it."""
    await play.reaches("H2")
    (entry,) = await play.entries(EntryKind.OPENED)
    application: Any = entry.data["application"]
    return dict(application)


# -- start ------------------------------------------------------------------------------------


@pytest.mark.clause("H1", "G7")
async def test_a_roster_is_opened_from_one_file_with_its_evidence_bound(
    cli: Shell, installation: Stage, tmp_path: Path
) -> None:
    here = settle(installation)
    (tmp_path / "会议记录.pdf").write_text("合成", encoding="utf-8")
    (tmp_path / "花名册.pdf").write_text("合成名册", encoding="utf-8")
    content = draft(here.households, evidence=[{"path": "花名册.pdf"}])
    content["appraisal"]["meeting"] = MEETING | {"evidence": [{"path": "会议记录.pdf"}]}
    said = await cli(*here.words(write_json(tmp_path / "roster.json", content)))
    assert said.done() == f"household-exit/{here.village}/{THIS_YEAR}/1\n"

    application = await opened(here.play(said.out.strip()))
    proofs = [application["appraisal"]["meeting"]["evidence"], application["evidence"]]
    assert proofs == [
        [{"name": name, "sha256": hashlib.sha256(text.encode()).hexdigest()}]
        for name, text in (("会议记录.pdf", "合成"), ("花名册.pdf", "合成名册"))
    ]


@pytest.mark.clause("H1", "G6")
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
async def test_votes_from_a_sheet_and_the_meeting_beside_it_open_a_case(
    cli: Shell, installation: Stage, tmp_path: Path, kind: str
) -> None:
    here = settle(installation)
    (outside,) = here.more(planned=False)
    header = ("序号", "户主姓名", *VOTES, "追加计划理由", "追加计划文号", "备注")
    rows = [
        *((1, "张某", code, 18, "", "", "") for code in here.households[:2]),
        (3, "张某", outside, 17, "应退则退", "合成〔8〕号", "追加"),
    ]
    if kind == "csv":
        file = write_csv(tmp_path / "roster.csv", header, rows)
    else:
        file = write_xlsx(tmp_path / "roster.xlsx", [("某村退出名单",), (), header, *rows])
    more = ("--document", "合成〔H1〕号", "--officer", "某甲")
    words = here.words(file, "--meeting", write_json(tmp_path / "meeting.json", MEETING), *more)
    application = await opened(here.play((await cli(*words)).done().strip()))
    assert application["document_number"] == "合成〔H1〕号"
    assert application["appraisal"]["meeting"] == MEETING
    assert application["appraisal"]["households"] == [
        *({"household": code, "in_favour": 18} for code in here.households[:2]),
        {
            "household": outside,
            "in_favour": 17,
            "plan_addition": {"reason": "应退则退", "document_number": "合成〔8〕号"},
        },
    ]


@pytest.mark.clause("H1")
@pytest.mark.parametrize(
    ("rows", "status", "said"),
    [
        ([], 2, "holds no household; write one in each row"),
        ([("H1", 21)], 2, "row 2, column 赞成票数 (B): '21': more votes than the 20 present (H1)"),
        ([("H1", 18), ("H1", 18)], 2, "row 3, column 户编号 (A): {H1!r}: stands in row 2 already"),
        ([("H1", "十八")], 2, "column 赞成票数 (B): '十八': write a whole number, for example 28"),
        ([("H1", "")], 2, "column 赞成票数 (B): is empty; write it"),
        ([("H 1", 18)], 2, "column 户编号 (A): 'H 1': write the household's number"),
        ([("H1", 18, "是")], 2, "'是': stands in column C, which has no header"),
        ([("H1", 18), ("elsewhere", 18)], 1, "is registered in the village {village}, not in"),
        ([("R-none", 18)], 1, "household R-none is not in the register; import it first"),
        ([("unplanned", 18)], 1, f"is not in the plan of {THIS_YEAR} (G6)"),
    ],
)
async def test_a_roster_that_cannot_be_right_opens_nothing(
    cli: Shell,
    installation: Stage,
    tmp_path: Path,
    rows: list[tuple[object, ...]],
    status: int,
    said: str,
) -> None:
    here, elsewhere = settle(installation, 1), settle(installation, 1)
    (unplanned,) = here.more(planned=False)
    named = {
        "H1": here.households[0],
        "elsewhere": elsewhere.households[0],
        "unplanned": unplanned,
    }
    file = write_csv(
        tmp_path / "roster.csv", VOTES, [(named.get(str(row[0]), row[0]), *row[1:]) for row in rows]
    )
    held = write_json(tmp_path / "meeting.json", MEETING)
    done = await cli(*here.words(file, "--meeting", held, "--officer", "某甲"))
    assert said.format(H1=named["H1"], village=elsewhere.village) in done.fails(status)
    assert installation.registry.case_rows(CaseFilter(subject=here.village)) == ()
    missing = await cli("case", f"household-exit/{here.village}/{THIS_YEAR}/1")
    assert "there is no such case" in missing.fails(1)


@pytest.mark.clause("H1")
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"households": []}, "appraisal.households: Tuple should have at least 1 item"),
        ({"votes": 21}, "21 votes for {H1} are more than the 20 present (H1)"),
        ({"present": 31}, "31 cannot be more than the 30 entitled (H1)"),
        ({"year": THIS_YEAR - 1}, f"year is {THIS_YEAR - 1}, the command says {THIS_YEAR}"),
        ({"officer": ""}, "officer: String should have at least 1 character"),
    ],
)
async def test_a_whole_application_that_cannot_be_right(
    cli: Shell, installation: Stage, tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    here = settle(installation, 1)
    votes, present = changes.pop("votes", 18), changes.pop("present", 20)
    voted = [{"household": code, "in_favour": votes} for code in here.households]
    appraisal = {
        "meeting": MEETING | {"present": present},
        "households": changes.pop("households", voted),
    }
    content = draft((), appraisal=appraisal, **changes)
    done = await cli(*here.words(write_json(tmp_path / "roster.json", content)))
    assert said.format(H1=here.households[0]) in done.fails(2)
    assert installation.registry.case_rows(CaseFilter(subject=here.village)) == ()


@pytest.mark.clause("S7", "H1")
async def test_a_year_without_a_line_and_a_village_without_entry_open_nothing(
    cli: Shell, installation: Stage, tmp_path: Path
) -> None:
    here = settle(installation, 1)
    file = write_json(tmp_path / "roster.json", draft(here.households))
    last_year = ("start", "households", here.village, "--year", THIS_YEAR - 1, "--roster", file)
    said = (await cli(*last_year)).fails(1)
    assert f"no national poverty line of {THIS_YEAR - 1} is loaded (S7)" in said
    unknown = f"{here.county}999999"
    words = ("start", "households", unknown, "--year", THIS_YEAR, "--roster", file)
    said = (await cli(*words)).fails(1)
    assert said.startswith(f"village {unknown}: the register knows no village with this code")
    assert installation.registry.case_rows(CaseFilter(region=here.county)) == ()


@pytest.mark.clause("G9")
async def test_a_household_is_on_one_open_roster(
    cli: Shell, installation: Stage, tmp_path: Path
) -> None:
    here = settle(installation, 2)
    first = await here.opens(cli, tmp_path)
    file = write_json(tmp_path / "second.json", draft([*here.more(), here.households[0]]))
    said = (await cli(*here.words(file))).fails(1)
    assert said == (
        f"household {here.households[0]} is on an open roster of {THIS_YEAR} already: "
        f"{first.case_id} (G9)"
    )
    (listed,) = installation.registry.case_rows(CaseFilter(subject=here.village))
    assert listed.case_id == first.case_id


# -- H2 ---------------------------------------------------------------------------------------


@pytest.mark.clause("H2", "A1", "A4")
async def test_answers_come_from_a_file_or_one_by_one(
    cli: Shell, installation: Stage, tmp_path: Path
) -> None:
    here = settle(installation, 4)
    play = await here.opens(cli, tmp_path)
    await verifies(cli, play)
    first, second, third, fourth = here.households
    file = write_xlsx(
        tmp_path / "认可.xlsx",
        [
            ANSWERS,
            (first, "是", f"张{first}", "", ""),
            (second, "否", "李某", "全家外出务工，电话委托", "收入不稳定"),
        ],
    )
    said = await cli("consent", play.case_id, "--file", file, "--officer", "某甲")
    assert said.done().splitlines()[1] == (
        "拟退出贫困户1户认可、1户不认可，其中1户由他人代签，未附签字材料"
    )
    again = await cli("consent", play.case_id, "--file", file, "--officer", "某甲")
    assert again.done() == f"was received before: {said.out}"

    answers = [{"household": third, "agreed": True, "signed_by": f"张{third}"}]
    file = write_json(tmp_path / "answers.json", {"answers": answers})
    (await cli("consent", play.case_id, "--file", file, "--officer", "某甲")).done()
    alone = ("consent", play.case_id, fourth, "--signed-by", f"张{fourth}", "--officer", "某甲")
    (await cli(*alone, "--refused", "--reason", "子女待就业", "--signal")).done()
    await play.reaches("H3")
    shown = (await cli("case", play.case_id, "--households", "--json")).json
    assert [(each["household"], each["state"], each["reason"]) for each in shown] == [
        (first, "posted", None),
        (second, "out", "本户不认可：收入不稳定"),
        (third, "posted", None),
        (fourth, "out", "本户不认可：子女待就业"),
    ]


@pytest.mark.clause("H2")
async def test_an_answer_for_a_household_that_is_not_listed_counts_for_nobody(
    cli: Shell, installation: Stage, tmp_path: Path
) -> None:
    here = settle(installation, 1)
    play = await here.opens(cli, tmp_path)
    (stranger,) = here.more()
    rows = [
        (here.households[0], "是", f"张{here.households[0]}", "", ""),
        (stranger, "是", "李某", "", ""),
    ]
    file = write_csv(tmp_path / "认可.csv", ANSWERS, rows)
    said = await cli("consent", play.case_id, "--file", file, "--officer", "某甲")
    assert f"household {stranger} is not on this roster" in said.fails(1)
    alone = ("consent", play.case_id, stranger, "--agreed", "--signed-by", "李某")
    said = await cli(*alone, "--officer", "某甲")
    assert f"household {stranger} is not on this roster" in said.fails(1)
    assert await play.entries(EntryKind.CONSENTS, EntryKind.REFUSED) == []
    assert not (await play.courses())[here.households[0]].agreed


@pytest.mark.clause("H2", "A4")
async def test_a_stranger_consents_by_no_way_in(
    cli: Shell, installation: Stage, tmp_path: Path
) -> None:
    here = settle(installation, 1)
    play = await here.opens(cli, tmp_path)
    await verifies(cli, play)
    (household,) = here.households
    collected = ("--officer", "某甲")
    alone = ("consent", play.case_id, household, "--agreed", "--signed-by", "路人", *collected)
    said = f"signed_by: 路人 is no member of household {household} whom the register names (张"
    assert said in (await cli(*alone)).fails(1)
    sheet = write_xlsx(tmp_path / "认可.xlsx", [ANSWERS, (household, "是", "路人", "", "")])
    assert said in (await cli("consent", play.case_id, "--file", sheet, *collected)).fails(1)
    answers = [{"household": household, "agreed": True, "signed_by": "路人"}]
    file = write_json(tmp_path / "answers.json", {"answers": answers})
    assert said in (await cli("consent", play.case_id, "--file", file, *collected)).fails(1)
    (await cli(*alone, "--signal")).done()

    async def is_refused() -> bool:
        return [said in why for why in await play.refused()] == [True]

    await eventually(is_refused)
    assert not (await play.courses())[household].agreed

    sheet = write_csv(tmp_path / "签字表.csv", ANSWERS, [])
    agent = ("--agent-reason", "户主住院，受其委托", "--evidence", sheet)
    said = (await cli(*alone, *agent)).done().splitlines()[1]
    assert said == "拟退出贫困户1户认可，其中1户由他人代签"
    await play.reaches("H3")


@pytest.mark.clause("S1", "S6", "H2")
async def test_named_households_are_verified_and_a_failed_criterion_overridden(
    cli: Shell, installation: Stage, tmp_path: Path
) -> None:
    here = settle(installation, 1)
    (poor,) = here.more(wages=100)
    (weak,) = here.more(housing=False)
    play = await here.opens(cli, tmp_path)
    by = ("--as", f"A1/{play.code}", "--officer", "某甲", "--approve")
    committees = ("act", play.case_id, "--step", "h2", *by)
    said = await cli(*committees, "--household", weak)
    assert f"household {weak}: S1.housing is not met" in said.fails(1)
    override = ("--override", "S1.housing", "--reason", "危房改造已竣工待验收")
    (await cli(*committees, "--household", weak, *override)).done()
    assert "，1户未达退出标准" in (await cli(*committees)).done()
    table = (await cli("case", play.case_id, "--households")).done()
    lines = {line.split()[0]: line for line in table.splitlines() if line.strip()}
    assert "待核实 drafted" in lines[here.households[0]]
    assert "S1.income" in lines[poor]
    assert "未退出 out" in lines[poor]
    assert "overridden: S1.housing" in lines[weak]
    assert "3 households" in table
    file = tmp_path / "名单.xlsx"
    written = (await cli("case", play.case_id, "--households", "--excel", file)).done()
    assert written == f"{file}: 3 households of {play.case_id}\n"
    header, *rows = load_workbook(str(file)).get_sheet_by_name("名单").to_python()
    shown = {row[0]: dict(zip(header, row, strict=True)) for row in rows}
    assert shown[poor]["状态"] == "未退出"
    assert (shown[weak]["状态"], shown[weak]["核实"]) == ("待核实", "A1")
    assert "S1.income" in str(shown[poor]["未达标项"])
    assert "overridden: S1.housing" in str(shown[weak]["理由"])
    sheet = (await cli("case", play.case_id)).done()
    assert "贫困户退出" in sheet.splitlines()[0]
    assert "待核实 drafted 2   未退出 out 1" in sheet


# -- G1, G3 -----------------------------------------------------------------------------------


@pytest.mark.clause("G1", "H1")
async def test_a_roster_is_amended_by_entries_taken_anew_and_by_households_added(
    cli: Shell, installation: Stage, tmp_path: Path
) -> None:
    here = settle(installation, 1)
    play = await here.opens(cli, tmp_path)
    by = ("--as", f"A1/{play.code}", "--officer", "某甲", "--reason", "登记更正")
    words = ("amend", play.case_id, *by, "--household")
    (await cli(*words, here.households[0])).done()
    one, other = here.more(2)
    assert "is not on the roster; to add it" in (await cli(*words, one)).fails(1)
    held = write_json(tmp_path / "meeting.json", MEETING)
    added = (*words, one, "--household", other, "--meeting", held, "--votes", "18", "--votes", "9")
    (await cli(*added)).done()
    await stands(play, out=1)
    courses = await play.courses()
    assert courses[one].reason is None
    assert courses[other].reason == "民主评议未通过：9/20票"
    amendments: list[Any] = await play.entries(EntryKind.AMENDMENT)
    assert [entry.data["amendment"]["households"] for entry in amendments] == [
        [{"household": here.households[0], "in_favour": 0}],
        [{"household": one, "in_favour": 18}, {"household": other, "in_favour": 9}],
    ]


@pytest.mark.clause("G6", "G9", "H1")
async def test_who_cannot_be_added_is_refused_at_once_with_all_that_are_named_with_them(
    cli: Shell, installation: Stage, tmp_path: Path
) -> None:
    here, there = settle(installation, 1), settle(installation, 1)
    play = await here.opens(cli, tmp_path)
    (good,), (unplanned,) = here.more(), here.more(planned=False)
    held = write_json(tmp_path / "meeting.json", MEETING)
    by = ("--as", f"A1/{play.code}", "--officer", "某甲", "--reason", "应退则退")

    def adds(*codes: str) -> tuple[object, ...]:
        named = [word for code in codes for word in ("--household", code, "--votes", "18")]
        return ("amend", play.case_id, *by, "--meeting", held, *named)

    await play.rests()
    before = await play.status()
    (stranger,) = there.households
    refused = (await cli(*adds(good, stranger, unplanned, "R-NONE"))).fails(1)
    assert f"household {stranger} is registered in the village {there.village}" in refused
    assert f"household {unplanned} is not in the plan of {THIS_YEAR} (G6)" in refused
    assert "household R-NONE is not in the register; import it first" in refused
    assert good not in refused
    assert (await play.status()).entries == before.entries
    (await cli(*adds(good))).done()
    await stands(play, drafted=2)
    assert (await cli(*adds(good))).done().startswith("was received before: entry ")


@pytest.mark.clause("G1", "H2", "H4")
async def test_an_act_on_all_that_wait_counts_anew_once_others_wait(
    cli: Shell, installation: Stage, tmp_path: Path
) -> None:
    here = settle(installation, 2)
    play = await here.opens(cli, tmp_path)
    await verifies(cli, play)
    await stands(play, verified=2)
    verify = ("act", play.case_id, "--step", "H2", "--as", f"A1/{play.code}", "--officer", "某甲")
    again = await cli(*verify, "--approve")
    assert again.done().startswith("was received before: entry ")

    (added,) = here.more()
    held = write_json(tmp_path / "later.json", MEETING)
    by = ("--as", f"A1/{play.code}", "--officer", "某甲", "--reason", "应退则退")
    (
        await cli(
            "amend", play.case_id, *by, "--meeting", held, "--household", added, "--votes", 18
        )
    ).done()
    await stands(play, drafted=1, verified=2)
    await verifies(cli, play)
    await stands(play, verified=3)

    await play.consent()
    await play.reaches("H3")
    object_ = ("object", play.case_id, "--text", "仍住危房", "--id", "o-1", "--household", added)
    (await cli(*object_)).done()
    await play.end_notice()
    await play.waits(lambda seen: seen.waiting_for == play.office("H4"))
    county = ("--as", play.office("H4"), "--officer", "某乙")
    strikes = (
        "act",
        play.case_id,
        "--step",
        "H4",
        *county,
        "--approve",
        "--document",
        "合成〔9〕号",
    )
    (await cli(*strikes)).done()
    await stands(play, struck_off=2, held=1)
    photo = write_json(tmp_path / "入户照片.json", {})
    found = ("--reason", "已入住新房", "--evidence", photo, "--dismissed")
    resolve = ("resolve", play.case_id, "o-1", *found)
    committees = await cli(*resolve, "--as", play.office("H3"), "--officer", "某辛")
    assert "may not resolve o-1 here" in committees.fails(1)
    decided = await cli(*resolve, *county)
    assert "officer: 某乙 has decided in this case (H4)" in decided.fails(1)
    (await cli(*resolve, "--as", play.office("H4"), "--officer", "某辛")).done()
    await stands(play, struck_off=2, posted=1)
    await play.waits(lambda seen: seen.waiting_for == play.office("H4"))
    (await cli(*strikes)).done()
    assert (await play.ends()).ending is Ending.EXITED


@pytest.mark.clause("G1", "G3", "H4")
async def test_one_household_is_objected_to_and_another_struck_off_and_the_rest_voted_on_again(
    cli: Shell, installation: Stage, tmp_path: Path
) -> None:
    here = settle(installation, 3)
    play = await here.opens(cli, tmp_path)
    await verifies(cli, play)
    await play.consent()
    await play.reaches("H3")
    first, second, third = here.households
    words = ("object", play.case_id, "--text", "仍住危房", "--id", "o-1", "--household", first)
    (await cli(*words)).done()
    sheet = (await cli("case", play.case_id)).done()
    assert f"异议 {first}" in sheet
    await play.end_notice()
    await play.waits(lambda seen: seen.waiting_for == play.office("H4"))
    county = ("act", play.case_id, "--step", "H4", "--as", play.office("H4"), "--officer", "某乙")
    strikes = (*county, "--approve", "--document", "合成〔9〕号", "--household")
    assert f"household {first}: its publicity is not over" in (await cli(*strikes, first)).fails(1)
    (await cli(*strikes, second)).done()
    await stands(play, struck_off=1)
    await play.waits(lambda seen: seen.waiting_for == play.office("H4"))
    back = ("--return", "H1", "--reason", "票数有误")
    (await cli(*county, *back)).done()
    await play.reaches("H1", round_=2)
    held = MEETING | {"held_on": beijing(await play.now()).date().isoformat()}
    content = {"meeting": held, "households": [{"household": first, "in_favour": 19}]}
    file = write_json(tmp_path / "appraisal.json", content)
    again = ("act", play.case_id, "--step", "H1", "--as", f"A1/{play.code}", "--officer", "某甲")
    (await cli(*again, "--approve", "--appraisal", file)).done()
    await play.reaches("H2", round_=2)
    assert {
        code: (each.state.value, each.reason) for code, each in (await play.courses()).items()
    } == {
        first: ("held_unposted", "异议 o-1"),
        second: ("struck_off", None),
        third: ("out", "重新评议未列入名单"),
    }
