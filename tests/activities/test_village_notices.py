"""V2 公示公告: what a village's notice says, what it never says, and that it is published once."""

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import select
from temporalio.exceptions import ApplicationError

from activities.notices import NoticeBoard
from models import identity
from models.notices import Notice, NoticeOrder
from models.periods import LimitRequest, compute
from models.register.villages import Incidence
from registry.calendar import OfficialCalendar
from registry.database.engine import reading
from registry.notices.single import exit_announcement, markdown
from registry.tables import NoticeRow
from tests.activities.admitted import run
from tests.activities.village_cases import change
from tests.models.samples import HENAN
from tests.models.village_samples import survey, village

CASE = "village-exit/411523100901/2017"
POSTED = datetime.fromisoformat("2018-01-05T09:00:00+08:00")


def order(**changes: Any) -> NoticeOrder:
    """A synthetic village's notice."""
    values: dict[str, Any] = {
        "notice_id": identity.notice(CASE, 8),
        "case_id": CASE,
        "seq": 8,
        "year": 2017,
        "publisher": "新县扶贫开发领导小组",
        "basis": HENAN.basis,
        "posted_at": POSTED,
        "closes": compute(LimitRequest(clause="T1", start=POSTED), HENAN, OfficialCalendar()),
    }
    shows: dict[str, Any] = {
        "kind": "village",
        "village": village(),
        "survey": survey(),
        "incidence": Incidence(poor=5, population=400, as_of=date(2017, 12, 1)),
        "overridden": None,
    }
    shows |= {key: changes.pop(key) for key in list(changes) if key in shows}
    return NoticeOrder.model_validate(values | changes | {"shows": shows})


@pytest.mark.clause("V2", "S2", "S5", "T1", "G1")
def test_a_notice_says_everything_it_must() -> None:
    text = markdown(order())
    for sentence in (
        "# 关于新县合成乡合成村拟退出贫困村的公示\n",
        f"依据{'、'.join(HENAN.basis)}，",
        "经新县扶贫开发领导小组组织调查核实，拟将合成村列入2017年度贫困村退出名单。",
        "现在合成乡所在地公示公告，征求意见。\n",
        "- 村名：合成村（行政区划代码 411523100901）\n",
        "- 所属：河南省信阳市新县合成乡\n",
        "1. 贫困发生率：截至2017年12月1日，建档立卡未脱贫人口 5 人，农村户籍人口 400 人，"
        "贫困发生率为1.25%。\n",
        "2. 通村公路硬化：是。\n3. 通客运班车：是。\n",
        "9. 有合格乡村医生或执业（助理）医师：是。\n10. 基本实现通宽带：是。\n\n"
        "已对产业发展、集体经济收入等因素统筹考虑。\n\n## 三",
        "自2018年1月5日起，至2018年1月12日24时止。",
        "期限计算：公示不少于7日：2018年1月5日公示，当日不计，第7日为2018年1月12日（周五）",
        "任何单位和个人对公示内容有异议的，均可向新县扶贫开发领导小组提出",
        "异议成立的，该村不列入退出名单，或者退回整改",
        "公示编号：village-exit/411523100901/2017/notice-8\n",
    ):
        assert sentence in text
    assert text.endswith("\n新县扶贫开发领导小组\n\n2018年1月5日\n")
    assert "替代" not in text
    assert "该县" not in text


@pytest.mark.clause("V2", "S2", "S6")
def test_an_exception_stands_in_a_villages_notice_with_its_reason() -> None:
    overridden = {"standards": ("S2.incidence", "S2.clinic"), "reason": "卫生室已开工建设（合成）"}
    text = markdown(order(overridden=overridden))
    assert (
        "\n\n贫困发生率、标准化卫生室未达标，经新县扶贫开发领导小组决定予以例外，"
        "理由：卫生室已开工建设（合成）。\n\n已对产业发展"
    ) in text
    assert "例外" not in markdown(order())


@pytest.mark.clause("S2", "S6")
def test_what_was_found_missing_is_published_as_it_is() -> None:
    text = markdown(order(survey=survey(clinic=False, bus="not_feasible")))
    assert "3. 通客运班车：不具备条件（山路狭窄，公路尚未拓宽（合成））。\n" in text
    made = "2017年11月15日至2017年11月17日，新县扶贫办（合成）、新县交通局（合成）参加"
    assert f"- 调查核实：{made}\n" in text
    assert "某甲" not in text
    assert "8. 标准化卫生室：否。\n" in text


@pytest.mark.clause("S2", "G8")
def test_collective_income_is_told_and_no_free_word_of_industry() -> None:
    found = survey(collective_income_yuan=50_000, industry="某甲合作社，电话 13800000000")
    text = markdown(order(survey=found))
    assert "已对产业发展、集体经济收入等因素统筹考虑：村集体经济收入 50000 元。\n" in text
    assert "某甲" not in text
    assert "13800000000" not in text
    assert "村集体经济收入" not in markdown(order())


@pytest.mark.clause("V2", "V3")
def test_a_village_of_a_directly_administered_county() -> None:
    text = markdown(order(village=village(direct=True)))
    assert "- 所属：河南省新县合成乡\n" in text
    assert "信阳" not in text


@pytest.mark.clause("G1")
def test_a_notice_that_replaces_another_says_so() -> None:
    text = markdown(order(replaces=f"{CASE}/notice-5"))
    assert "本公示替代编号为 village-exit/411523100901/2017/notice-5 的公示" in text


@pytest.mark.clause("V2", "G8")
def test_names_of_places_carry_no_markup() -> None:
    text = markdown(order(village=village(name="合成*村*# 标题")))
    assert "# 标题" in text.replace("\\#", "#")
    assert "*# 标题" not in text
    assert "合成\\*村\\*" in text


@pytest.mark.clause("V2")
def test_a_notice_is_published_once_for_one_case_and_entry(engine: Engine, tmp_path: Path) -> None:
    board = NoticeBoard(engine, tmp_path / "notices")

    def publish(what: NoticeOrder) -> Notice:
        published = run(board.publish_notice, what)
        assert isinstance(published, Notice)
        return published

    first = publish(order())
    assert publish(order()) == first
    with reading(engine) as session:
        (row,) = session.exec(select(NoticeRow)).all()
        assert (row.id, row.sha256, row.markdown) == (
            first.notice_id, first.sha256, first.markdown
        )  # fmt: skip
        assert row.closes_at == order().closes.due
    file = tmp_path / "notices" / "village-exit_411523100901_2017_notice-8.md"
    assert file.read_text(encoding="utf-8") == first.markdown
    assert "<h1>" in file.with_suffix(".html").read_text(encoding="utf-8")
    with pytest.raises(ApplicationError, match="another text was published already") as caught:
        publish(order(survey=survey(clinic=False)))
    assert caught.value.type == "NoticeConflict"


# -- the announcement -------------------------------------------------------------------------


@pytest.mark.clause("V3", "A5", "A6")
def test_an_announcement_says_which_village_has_left_since_when_and_by_whom() -> None:
    text = exit_announcement(change())
    assert text == (
        "# 关于新县合成乡合成村退出贫困村的公告\n\n"
        f"依据{'、'.join(HENAN.basis)}，经新县扶贫开发领导小组组织调查核实并公示，公示期满且无未办结异议，"
        "并经信阳市扶贫开发领导小组批准（信扶贫〔2017〕88号），合成村自2017年12月20日起"
        "在建档立卡贫困村中退出。现予公告。\n\n"
        "- 村名：合成村（行政区划代码 411523100901）\n"
        "- 所属：河南省信阳市新县合成乡\n"
        "- 退出年度：2017年\n"
        "- 批准机关：信阳市扶贫开发领导小组\n"
        "- 批准文号：信扶贫〔2017〕88号\n\n"
        "公告编号：village-exit/411523100901/2017/notice-20\n\n"
        "新县扶贫开发领导小组\n\n"
        "2017年12月20日\n"
    )
