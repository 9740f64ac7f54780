"""The whole way of a village: surveyed, posted, reported, approved, off the list."""

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from models.case.ledger import EntryKind
from models.case.messages import Ending
from models.periods import beijing
from registry.database.engine import reading
from registry.tables import VillageStatusRow, VillageYearRow
from tests.registry.known import village_facts
from tests.replays import replay
from tests.stage import YEAR, Stage, at
from tests.village_paths import village
from tests.village_stage import (
    CONSIDERED,
    GROUND,
    VillagePlay,
    known_village,
    opens_village,
    survey,
)


def standings(play: VillagePlay) -> list[VillageStatusRow]:
    """What the register says of the village, from the beginning."""
    with reading(play.stage.settings.engine()) as session:
        rows = session.exec(
            select(VillageStatusRow)
            .where(VillageStatusRow.code == play.code)
            .order_by(col(VillageStatusRow.since))
        ).all()
        session.expunge_all()
    return list(rows)


@pytest.mark.clause("V1", "V2", "V3", "A5", "A6")
async def test_a_village_is_surveyed_posted_reported_and_approved(stage: Stage) -> None:
    play = await opens_village(stage, at(11, 16))
    await play.is_reported()
    reported_at = await play.now()
    await play.until(reported_at + timedelta(days=3))
    signed = reported_at + timedelta(days=1)
    await play.act("V3", at=signed, document_number="合成〔9〕号")
    outcome = await play.ends()
    city = f"A6/{play.code[:4]}00"
    assert (outcome.ending, outcome.step, outcome.by) == (Ending.EXITED, "V3", city)
    assert outcome.document_number == "合成〔9〕号"

    entries = await play.file()
    assert [entry.step for entry in entries if entry.kind is EntryKind.STEP_DONE] == [
        "V1", "V2", "V3"
    ]  # fmt: skip
    acts = [entry for entry in entries if entry.kind is EntryKind.ACT]
    county = f"合成{play.county}县扶贫开发领导小组"
    assert [entry.text for entry in acts] == [
        f"{county}V1 同意；统筹考虑：{CONSIDERED}",
        f"{county}V3 上报（合成〔3〕号）；统筹考虑：{CONSIDERED}",
        f"合成{play.code[:4]}市扶贫开发领导小组V3 同意（合成〔9〕号）；统筹考虑：{CONSIDERED}",
    ]
    (approved,) = [entry for entry in acts if entry.actor.startswith("A6")]
    listed, exited = standings(play)
    assert (listed.status.value, listed.until) == ("listed", exited.since)
    assert exited.since == beijing(signed).date() < beijing(approved.at).date()
    assert (exited.exit_year, exited.document) == (YEAR, "合成〔9〕号")
    (change,) = [entry for entry in entries if entry.kind is EntryKind.REGISTER_CHANGE]
    assert exited.case_id == play.case_id
    assert exited.seq in range(approved.seq, change.seq)
    name = known_village(stage, play.code).name
    notice: Any = change.data["notice"]
    assert change.text == (
        f"{name}自{exited.since}在建档立卡贫困村中退出，发布《{notice['title']}》"
        f"（公告编号 {play.case_id}/notice-{exited.seq}）"
    )
    _, announcement = stage.registry.notices(play.case_id)
    assert announcement.id == notice["notice_id"] == f"{play.case_id}/notice-{exited.seq}"
    assert (announcement.markdown, announcement.sha256) == (notice["markdown"], notice["sha256"])
    assert announcement.markdown.splitlines()[0].endswith(f"{name}退出贫困村的公告")
    assert f"合成{play.code[:4]}市扶贫开发领导小组批准（合成〔9〕号）" in announcement.markdown
    facts = village_facts(stage.registry, play.code, YEAR, exited.since)
    assert (facts.listed, facts.exited_on) == (False, exited.since)


@pytest.mark.clause("V3", "A7")
async def test_of_a_directly_administered_county_the_province_approves(stage: Stage) -> None:
    play = await opens_village(stage, at(11, 16), direct=True)
    await play.is_reported()
    seen = await play.status()
    assert seen.waiting_for == "A7/410000"
    assert [step.office for step in seen.steps if step.id == "V3"] == ["河南省扶贫开发领导小组"]
    said = await play.update("act", play.message("V3", office=f"A6/{play.code[:4]}00"))
    assert "may not decide V3 批准退出 here; 河南省扶贫开发领导小组 (A7/410000) may" in said
    await play.act("V3")
    outcome = await play.ends()
    assert (outcome.ending, outcome.by) == (Ending.EXITED, "A7/410000")


@pytest.mark.clause("V1", "S2", "S5", "G7")
async def test_survey_and_count_stand_on_file_criterion_by_criterion(stage: Stage) -> None:
    play = await opens_village(stage, at(11, 16))
    await play.is_surveyed(survey=survey(bus="not_feasible", collective_income_yuan=50_000))
    counted, surveyed = await play.entries(EntryKind.FINDINGS)
    assert counted.text == (
        f"登记数据：贫困发生率 4/300，约为1.33%（{YEAR}-11-16），标准 <2%，已达标"
    )
    assert counted.data["incidence"] == {
        "poor": 4, "population": 300, "as_of": f"{YEAR}-11-16"
    }  # fmt: skip
    assert surveyed.text.endswith("参加）：对照退出标准10项，均已达标")
    findings: Any = surveyed.data["findings"]
    assert [each["id"] for each in findings] == [
        "S2.incidence", "S2.road", "S2.bus", "S2.water", "S2.electricity", "S2.broadcasting",
        "S2.culture", "S2.clinic", "S2.doctor", "S2.broadband",
    ]  # fmt: skip
    (act,) = await play.entries(EntryKind.ACT)
    with reading(stage.settings.engine()) as session:
        row = session.get(VillageYearRow, (play.code, YEAR))
        assert row is not None
        assert (row.bus.value, row.bus_ground) == ("not_feasible", GROUND)
        assert row.collective_income_yuan == 50_000
        assert row.source == f"{play.case_id}, entry {act.seq}"


@pytest.mark.clause("V1", "G6")
async def test_a_village_outside_the_plan_joins_it_with_a_reason(stage: Stage) -> None:
    addition = {"reason": "应退则退（合成）", "document_number": "合成〔5〕号"}
    play = await opens_village(stage, at(11, 16), planned=False, plan_addition=addition)
    await play.reaches("V1")
    (entry,) = await play.entries(EntryKind.PLAN_ADDITION)
    assert entry.text == "列入年度计划：应退则退（合成）"
    assert village_facts(stage.registry, play.code, YEAR, at(11, 17).date()).planned


@pytest.mark.clause("V1", "V3")
async def test_the_page_of_a_case_reads_well(stage: Stage) -> None:
    play = await opens_village(stage, at(11, 16))
    place = known_village(stage, play.code)
    described = await play.handle.describe()
    assert await described.static_summary() == f"{place.full_name} {YEAR}年度 贫困村退出"
    about = await described.static_details()
    assert about == (
        f"{place.full_name}（{play.code}），合成{play.code[:4]}市。依据：河南省贫困退出实施办法。"
    )
    await play.is_surveyed()
    await play.end_publicity()
    await play.reaches("V3")
    limit = await play.limit("T6")
    text = await play.details()
    county = f"合成{play.county}县扶贫开发领导小组"
    assert text.splitlines()[0] == f"**{place.name} {YEAR}年度** · 第1轮 · 等待{county}"
    rows = {line.split()[1]: line for line in text.splitlines() if line.startswith("| V")}
    assert list(rows) == ["V1", "V2", "V3"]
    assert all(word in rows["V1"] for word in ("调查核实", county, "✔ 已办结"))
    assert all(word in rows["V2"] for word in ("公示公告", county, "✔ 已办结"))
    assert all(
        word in rows["V3"]
        for word in ("批准退出", f"合成{play.code[:4]}市", f"至 {YEAR + 1}-01-31 24:00")
    )
    (line,) = [line for line in text.splitlines() if line.startswith("| T6")]
    assert "V3 批准退出" in line
    assert county in line
    assert limit.zh in line
    assert "该县" not in text
    (told,) = [each for each in await play.has_told("办理", 2) if "V3" in each["subject"]]
    assert told["subject"] == f"【贫困退出】{place.full_name}{YEAR}年度：V3 上报待办"


@pytest.mark.clause("V1")
async def test_the_attributes_of_a_village_are_those_of_every_case(stage: Stage) -> None:
    play = await opens_village(stage, at(11, 16))
    await play.reaches("V1")
    attributes = (await play.handle.describe()).typed_search_attributes
    shown = {pair.key.name: pair.value for pair in attributes.search_attributes}
    place = known_village(stage, play.code)
    expected = {
        "ExitProcedure": "village",
        "ExitYear": YEAR,
        "ExitRegion": list(place.region_path),
        "ExitSubject": place.name,
        "ExitStep": "V1",
    }
    assert {name: shown.get(name) for name in expected} == expected


@pytest.mark.clause("V1", "V2", "V3", "G3", "G7")
async def test_a_replay_of_a_long_course_writes_one_file(stage: Stage) -> None:
    play = await village(stage)
    outcome = await play.ends()
    assert (outcome.ending, outcome.round) == (Ending.EXITED, 3)
    kept = await play.file()
    assert [entry.data["to"] for entry in kept if entry.kind is EntryKind.RETURNED] == ["V1", "V2"]
    assert len(stage.registry.notices(play.case_id)) == 4
    assert (await replay(await play.history())).entries == kept
