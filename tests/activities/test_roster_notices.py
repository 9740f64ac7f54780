"""What a roster's notices say (H3, H4, T1, G1), and what they never say (G8)."""

import re
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from temporalio.exceptions import ApplicationError

from activities.notices import NoticeBoard
from models.case.messages import Act
from models.notices import NoticeLine
from models.policy import NameStyle
from models.roster.households import shown_name
from models.roster.messages import RosterOpening
from models.roster.orders import posted_roster, roster_change
from registry.notices.single import markdown, roster_announcement, title
from registry.notices.texts import page
from registry.tables import NoticeRow
from tests.activities.registry_cases import rows, run
from tests.activities.roster_cases import VILLAGE, change, posting, striking_off
from tests.models.roster_samples import Sample, act, application
from tests.models.samples import HENAN, NOW

ID, PHONE = "411523198001010015", "13800000000"


def lines(*named: dict[str, Any]) -> tuple[NoticeLine, ...]:
    """Households as a notice shows them."""
    values = {"name": "张某", "group": "一组", "size": 3}
    return tuple(NoticeLine.model_validate(values | each) for each in named)


def cells(text: str) -> list[list[str]]:
    """The rows of a notice's table, as the page shows them."""
    body = page("标题", text)
    found = re.findall(r"<t[hd]>(.*?)</t[hd]>", body)
    return [found[at : at + 4] for at in range(0, len(found), 4)]


# -- the list ---------------------------------------------------------------------------------


@pytest.mark.clause("H3", "T1", "G1", "G8")
def test_a_list_says_everything_it_must() -> None:
    text = markdown(posting())
    for sentence in (
        "# 关于合成村2017年度拟退出贫困户的公示\n",
        f"依据{'、'.join(HENAN.basis)}，经村民主评议、核实并得到本户认可，"
        "下列贫困户拟于2017年度脱贫退出。现于村内公示，征求意见。\n",
        "共3户9人。\n",
        "自2017年12月8日起，至2017年12月15日24时止。\n",
        "期限计算：公示不少于7日：2017年12月8日公示，当日不计，第7日为2017年12月15日（周五）",
        "任何单位和个人对任何一户有异议的，均可向合成村“两委”提出，"
        "并请注明公示编号 household-exit/411523100901/2017/1/notice-8 和户主姓名。\n",
        "异议办结之前，该户不销号；其他各户不受影响。异议成立的，该户不退出，或者退回重新核实、重新公示。",
    ):
        assert sentence in text
    assert text.endswith("\n合成村“两委”\n\n2017年12月8日\n")
    assert "号公示" not in text
    assert "替代" not in text
    assert cells(text) == [
        ["序号", "户主姓名", "村民小组", "家庭人口"],
        ["1", "张H-01", "一组", "3"],
        ["2", "张H-02", "一组", "3"],
        ["3", "张H-03", "一组", "3"],
    ]


@pytest.mark.clause("G1", "T1")
def test_a_later_list_adds_to_those_before() -> None:
    order = posting(number=2)
    assert title(order) == "关于合成村2017年度拟退出贫困户的公示（第2号）"
    assert (
        "本公示为本名单的第2号公示，仅就下列各户：各户以本公示所列内容为准，"
        "公示期自本次发布起单独计算；此前公示的其他户不受影响。\n"
    ) in markdown(order)


@pytest.mark.clause("T1")
def test_a_list_that_takes_the_place_of_another_says_so() -> None:
    before = "household-exit/411523100901/2017/1/notice-7"
    assert (f"本公示替代编号为 {before} 的公示，公示期自本次发布起重新计算。\n") in markdown(
        posting(replaces=before)
    )


# -- the announcement -------------------------------------------------------------------------


@pytest.mark.clause("H4", "G8")
def test_an_announcement_says_who_left_since_when_and_by_whom() -> None:
    text = roster_announcement(change(), change().households)
    for sentence in (
        "# 关于合成村2017年度贫困户脱贫退出的公告\n",
        f"依据{'、'.join(HENAN.basis)}，经公示，公示期满且无未办结异议，下列3户9人脱贫退出，"
        "自2017年12月20日起在建档立卡贫困户中销号（新扶贫〔2017〕88号）。现予公告。\n",
        "销号单位：新县扶贫开发领导小组\n",
        "公告编号：household-exit/411523100901/2017/1/notice-20\n",
    ):
        assert sentence in text
    assert text.endswith("\n合成村“两委”\n\n2017年12月20日\n")
    assert cells(text)[1:] == [
        ["1", "张H-01", "一组", "3"],
        ["2", "张H-02", "一组", "3"],
        ["3", "张H-03", "一组", "3"],
    ]


# -- what they never say ----------------------------------------------------------------------


@pytest.mark.clause("G8")
@pytest.mark.parametrize(
    ("style", "shown"), [(NameStyle.FULL, "张某某"), (NameStyle.MASKED, "张\\*\\*")]
)
def test_names_are_shown_as_the_policy_says(style: NameStyle, shown: str) -> None:
    name = shown_name("张某某", style)
    assert f"| 1 | {shown} | 一组 | 3 |\n" in markdown(posting(households=lines({"name": name})))
    leaving = (striking_off("H-01", shown_as=name),)
    text = roster_announcement(change(), leaving)
    assert f"| 1 | {shown} | 一组 | 3 |\n" in text
    assert cells(text)[1][1] == name
    assert (style is NameStyle.FULL) is ("张某某" in text)


@pytest.mark.clause("G8")
@pytest.mark.parametrize("style", list(NameStyle))
def test_what_is_ordered_holds_no_more_than_what_is_shown(style: NameStyle) -> None:
    policy = HENAN.model_copy(
        update={"roster_notice": HENAN.roster_notice.model_copy(update={"names": style})}
    )
    sample = Sample(policy=policy)
    opening = RosterOpening(
        case_id=sample.docket.case_id, application=application(), subject=VILLAGE, policy=policy
    )
    those = list(sample.roster.candidates.values())
    posted = posted_roster(opening, those, 1)
    assert {frozenset(line) for line in posted.model_dump()["households"]} == {
        frozenset(("name", "group", "size"))
    }
    names = [line.name for line in posted.households]
    assert names == [shown_name(f"张{code}", style) for code in sample.roster.candidates]
    ordered = roster_change(sample.docket, opening, those, Act.model_validate(act("H4")), 1, NOW)
    assert [each.shown_as for each in ordered.households] == names
    for text in (
        markdown(posting().model_copy(update={"shows": posted})),
        roster_announcement(ordered, ordered.households),
    ):
        assert "12000" not in text  # their income, in yuan or fen


@pytest.mark.clause("G8")
@pytest.mark.parametrize(
    "group", [f"一组 {ID}", f"一组（电话{PHONE}）", "一组 6222 0000 0000 0000 000"]
)
def test_numbers_of_persons_in_a_group_are_hidden(group: str) -> None:
    text = markdown(posting(households=lines({"group": group})))
    leaving = (striking_off("H-01", group=group),)
    for said in (text, roster_announcement(change(), leaving)):
        assert "（已隐去）" in said
        assert not re.search(r"\d{4} ?\d{4} ?\d{3}", said.replace("411523100901", ""))


@pytest.mark.clause("G8")
@pytest.mark.parametrize(
    "markup",
    [
        "张某|一组|9|",
        "张某 | 2 | 李某 | 二组 | 4 |",
        "# 标题",
        "**张某**",
        "[张某](http://example.invalid)",
        "![图](http://example.invalid/a.png)",
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "张某&nbsp;某",
        "`张某`",
        "~~张某~~",
        "张某\\",
    ],
)
@pytest.mark.parametrize("field", ["name", "group"])
def test_names_and_groups_are_shown_as_they_are(markup: str, field: str) -> None:
    text = markdown(posting(households=lines({field: markup}, {"name": "李某"})))
    table = cells(text)
    assert len(table) == 3
    column = {"name": 1, "group": 2}[field]
    shown = " ".join(markup.split())
    as_html = (
        shown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    )
    assert table[1][column] == as_html
    assert table[2] == ["2", "李某", "一组", "3"]
    body = page("标题", text)
    assert "<script" not in body
    assert "<img" not in body
    assert "<a " not in body
    assert body.count("<h1>") == 1


@pytest.mark.clause("G8", "H3")
def test_a_page_is_whole_and_harmless() -> None:
    body = page("关于<合成>村的公示", markdown(posting()))
    assert body.startswith('<!DOCTYPE html>\n<html lang="zh-CN">')
    assert "<title>关于&lt;合成&gt;村的公示</title>" in body
    assert "default-src 'none'" in body
    assert "http://" not in body
    assert "https://" not in body
    assert body.count("<table>") == 1


# -- publishing -------------------------------------------------------------------------------


@pytest.mark.clause("H3", "T1")
def test_a_list_is_posted_once_for_one_case_and_entry(engine: Engine, tmp_path: Path) -> None:
    board = NoticeBoard(engine, tmp_path / "notices")
    first = run(board.publish_notice, posting())
    assert run(board.publish_notice, posting()) == first
    (row,) = rows(engine, NoticeRow)
    assert (row["id"], row["sha256"], row["markdown"]) == (
        first.notice_id, first.sha256, first.markdown
    )  # fmt: skip
    assert row["closes_at"] == posting().closes.due
    file = tmp_path / "notices" / "household-exit_411523100901_2017_1_notice-8.md"
    assert file.read_text(encoding="utf-8") == first.markdown
    with pytest.raises(ApplicationError, match="another text was published already") as caught:
        run(board.publish_notice, posting(households=lines({})))
    assert (caught.value.type, caught.value.non_retryable) == ("NoticeConflict", False)
