"""C4 公告公示: what a notice says, what it never says, and that it is published once."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, event
from sqlmodel import Session, delete, select, update
from temporalio.exceptions import ApplicationError

from activities.leaving import LeavingActivities
from activities.notices import NoticeBoard
from models import identity
from models.notices import Notice, NoticeOrder, PostedCounty
from models.offices import Tier
from models.periods import Limit, LimitRequest, compute
from models.register.counties import CountyFigures, Judgement
from models.register.villages import Incidence
from models.texts.characters import markdown as as_it_is
from models.texts.characters import visible
from models.texts.personal_numbers import hide
from registry import journal
from registry.calendar import OfficialCalendar
from registry.database.engine import JOURNAL, claim, reading, writing
from registry.desk import Registry
from registry.errors import RegistryError
from registry.notices.single import exit_announcement, markdown, title
from registry.notices.texts import incidence, page
from registry.tables import CaseRow, NoticeRow
from tests.activities.admitted import called, carry, run
from tests.activities.registry_cases import POLICY, XIN, File, change
from tests.models.carrying import CARRYING
from tests.models.samples import FINDINGS, county, mean
from tests.unguarded import unguarded

CASE = "county-exit/411523/2017"
POSTED = datetime.fromisoformat("2018-01-05T09:00:00+08:00")
AT_MEAN = Judgement(met=True, statement="义务教育巩固率达到全省平均水平")
FIGURES = CountyFigures(  # synthetic, except that incidence was below 2 %
    poor=5000,
    population=312_500,
    as_of=date(2017, 12, 1),
    income_growth_percent=Decimal("9.900"),
    education=AT_MEAN,
    culture=AT_MEAN,
    health=AT_MEAN,
)


def posted(**changes: object) -> PostedCounty:
    """What a notice shows of 新县."""
    shown: dict[str, object] = {
        "county": XIN,
        "figures": FIGURES,
        "mean": mean(),
        "findings": FINDINGS,
    }
    return PostedCounty.model_validate(shown | changes)


def closes(posted: datetime = POSTED) -> Limit:
    return compute(LimitRequest(clause="T1", start=posted), POLICY, OfficialCalendar())


ORDER = NoticeOrder(
    notice_id=identity.notice(CASE, 12),
    case_id=CASE,
    seq=12,
    year=2017,
    publisher="河南省扶贫开发领导小组",
    basis=POLICY.basis,
    shows=posted(),
    posted_at=POSTED,
    closes=closes(),
)


def changed(**figures: object) -> NoticeOrder:
    """The same order with other figures."""
    shows = posted(figures=FIGURES.model_copy(update=figures))
    return ORDER.model_copy(update={"shows": shows})


@pytest.fixture
def backend() -> str:
    """What is written is the same on both; the registry's own tests run on both."""
    return "sqlite"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "notices"


@pytest.fixture
def notices(engine: Engine, folder: Path) -> NoticeBoard:
    return NoticeBoard(engine, folder)


def publish(notices: NoticeBoard, order: NoticeOrder = ORDER) -> Notice:
    published = run(notices.publish_notice, order)
    assert isinstance(published, Notice)
    return published


def rows(engine: Engine) -> list[NoticeRow]:
    with reading(engine) as session:
        return list(session.exec(select(NoticeRow)).all())


@pytest.mark.clause("C4", "T1")
def test_a_notice_is_not_published_under_the_date_of_the_day_before(
    engine: Engine, folder: Path
) -> None:
    """It begins at 23:59:59, and would be committed at 00:00:01."""
    midnight = datetime.fromisoformat("2018-01-06T00:00:00+08:00")
    second = timedelta(seconds=1)
    order = ORDER.model_copy(update={"until": midnight})
    late = iter((midnight - second, midnight + second))
    with pytest.raises(ApplicationError, match="2018-01-05 is over") as refused:
        publish(NoticeBoard(engine, folder, lambda: next(late)), order)
    assert (refused.value.type, refused.value.non_retryable) == ("DayOver", True)
    assert rows(engine) == []
    assert not folder.exists()
    published = publish(NoticeBoard(engine, folder, lambda: midnight - second), order)
    # Asked for again the next day, since the answer was lost, it is the one that there is.
    assert publish(NoticeBoard(engine, folder, lambda: midnight + second), order) == published


def publishes_behind(
    held: str,
    engine: Engine,
    other: Engine,
    folder: Path,
    meanwhile: Callable[[NoticeBoard, Session], None] = lambda _board, _session: None,
) -> "Future[Notice]":
    """Begins at 23:59:59 and waits for a lock, whose holder commits at 00:00:01."""
    midnight = datetime.fromisoformat("2018-01-06T00:00:00+08:00")
    second = timedelta(seconds=1)
    now = [midnight - second]
    order = ORDER.model_copy(update={"until": midnight})
    carry(engine, CARRYING[NoticeOrder](order))
    waits = Event()

    def note(_c: Any, _cursor: Any, statement: str, values: Any, _x: Any, _many: bool) -> None:
        if "pg_advisory_xact_lock" in statement and values == {"what": held}:
            waits.set()

    event.listen(engine, "before_cursor_execute", note)
    board = NoticeBoard(engine, folder, lambda: now[0])
    with ThreadPoolExecutor(1) as pool:
        with writing(other) as session:
            claim(session, held)
            meanwhile(board, session)
            published = pool.submit(called, board.publish_notice, order, CASE)
            assert waits.wait(30)
            now[0] = midnight + second
        wait([published])
    return published


@pytest.mark.clause("C4", "T1")
@pytest.mark.parametrize("backend", ["postgresql"])
def test_the_day_is_looked_at_behind_all_that_a_commit_may_wait_for(
    engine: Engine, url: str, opened: Callable[[str], Engine], folder: Path
) -> None:
    published = publishes_behind(JOURNAL, engine, opened(url), folder)
    assert str(published.exception()).endswith("nothing was published (T1)")
    assert rows(engine) == []


@pytest.mark.clause("C4", "T1")
@pytest.mark.parametrize("backend", ["postgresql"])
def test_a_notice_that_another_attempt_commits_meanwhile_is_the_one_that_there_is(
    engine: Engine, url: str, opened: Callable[[str], Engine], folder: Path
) -> None:
    def first(board: NoticeBoard, session: Session) -> None:
        board.put_up(session, ORDER, title(ORDER), markdown(ORDER), ORDER.closes.due)

    published = publishes_behind(f"notice {CASE}", engine, opened(url), folder, first)
    (row,) = rows(engine)
    assert published.result().sha256 == row.sha256


@pytest.mark.clause("C4", "S3", "S5", "T1", "G1")
def test_a_notice_says_everything_it_must() -> None:
    text = markdown(ORDER)
    for sentence in (
        "# 关于新县拟退出贫困县的公示\n",
        f"依据{'、'.join(POLICY.basis)}，",
        "经河南省扶贫开发领导小组核查，拟将新县列入2017年度贫困县退出名单",
        "所属：河南省信阳市\n",
        "类别：国定贫困县\n",
        "截至2017年12月1日，建档立卡未脱贫人口 5000 人，农村户籍人口 312500 人，贫困发生率为1.6%。",
        "农民人均可支配收入：比上年增长9.9%；全省平均比上年增长8.7%（合成统计公报）。",
        "3. 教育主要指标达到或接近全省平均水平。义务教育巩固率达到全省平均水平。\n4. 文化主要",
        "\n5. 卫生医疗主要指标达到或接近全省平均水平。",
        "省级核查意见：\n\n- 贫困发生率已达标：经核查属实（合成数据）。\n- 农民人均",
        "\n- 卫生医疗已达标：经核查属实（合成数据）。\n",
        "自2018年1月5日起，至2018年1月12日24时止。",
        "期限计算：公示不少于7日：2018年1月5日公示，当日不计，第7日为2018年1月12日（周五）",
        "任何单位和个人对公示内容有异议的，均可向河南省扶贫开发领导小组提出",
        "实名提出的异议，办结后答复异议人",
        "公示期内提出的异议办结之前，公示不结束",
        "公示编号：county-exit/411523/2017/notice-12\n",
    ):
        assert sentence in text
    assert text.endswith("\n河南省扶贫开发领导小组\n\n2018年1月5日\n")
    assert "替代" not in text


@pytest.mark.clause("C4", "S3", "S6")
def test_an_exception_stands_in_a_countys_notice() -> None:
    found = FINDINGS | {"income": {"met": False, "statement": "低于全省平均（合成数据）"}}
    overridden = {
        "standards": ("S3.income", "S3.villages"),
        "reason": "受灾减收，13812345678号已核实（合成）",
    }
    shows = posted(findings=found, overridden=overridden)
    text = markdown(ORDER.model_copy(update={"shows": shows}))
    assert "- 农民人均可支配收入增幅未达标：低于全省平均（合成数据）。\n" in text
    assert (
        "\n\n农民人均可支配收入增幅、贫困村退出比例未达标，经河南省扶贫开发领导小组决定予以例外，"
        "理由：受灾减收，（已隐去）号已核实（合成）。\n\n## 三"
    ) in text
    assert "例外" not in markdown(ORDER)


@pytest.mark.clause("C4", "S3", "S5")
def test_the_registers_count_stands_in_a_countys_notice() -> None:
    """The register counts 20 of 100; the county states 5000 of 312500, or the same."""
    counted = Incidence(poor=20, population=100, as_of=date(2018, 1, 4))
    shows = posted(counted=counted)
    assert (
        "1. 贫困发生率：截至2018年1月4日，建档立卡未脱贫人口 20 人，农村户籍人口 100 人，"
        "贫困发生率为20%。以上为建档立卡登记数据。县级申报数据为：截至2017年12月1日，"
        "未脱贫人口 5000 人，农村户籍人口 312500 人，贫困发生率为1.6%。\n2. 农民"
    ) in markdown(ORDER.model_copy(update={"shows": shows}))
    same = counted.model_copy(update={"poor": 5_000, "population": 312_500})
    shows = posted(counted=same)
    text = markdown(ORDER.model_copy(update={"shows": shows}))
    assert "1. 贫困发生率：截至2018年1月4日，建档立卡未脱贫人口 5000 人，" in text
    assert "县级申报" not in text


@pytest.mark.clause("C4", "G1")
def test_a_notice_that_replaces_another_says_so() -> None:
    text = markdown(ORDER.model_copy(update={"replaces": f"{CASE}/notice-9"}))
    assert (
        "本公示替代编号为 county-exit/411523/2017/notice-9 的公示，公示期自本次发布起重新计算"
        in text
    )


@pytest.mark.clause("C4")
def test_a_directly_administered_provincial_county() -> None:
    county = XIN.model_copy(update={"directly_administered": True, "tier": Tier.PROVINCIAL})
    text = markdown(ORDER.model_copy(update={"shows": posted(county=county)}))
    assert "所属：河南省（直管县）\n" in text
    assert "类别：省定贫困县\n" in text
    assert "信阳" not in text


@pytest.mark.clause("S3")
def test_figures_that_are_not_met_are_published_as_they_are() -> None:
    text = markdown(
        changed(
            income_growth_percent=Decimal("-1.50"),
            health=AT_MEAN.model_copy(update={"met": False}),
        )
    )
    assert "农民人均可支配收入：比上年下降1.5%；全省平均比上年增长8.7%" in text
    assert "4. 文化主要指标达到或接近全省平均水平。" in text
    assert "5. 卫生医疗主要指标未达到或接近全省平均水平。" in text
    found = FINDINGS | {"culture": {"met": False, "statement": "文化站未建成"}}
    shown = ORDER.model_copy(update={"shows": posted(mean=mean("0"), findings=found)})
    assert "全省平均与上年持平（合成统计公报）。" in markdown(shown)
    assert "\n- 文化未达标：文化站未建成。\n" in markdown(shown)


@pytest.mark.clause("T1")
def test_the_posting_day_is_that_of_beijing() -> None:
    night = datetime.fromisoformat("2018-01-04T23:30:00+00:00")
    text = markdown(ORDER.model_copy(update={"posted_at": night, "closes": closes(night)}))
    assert "自2018年1月5日起，至2018年1月12日24时止。" in text


@pytest.mark.clause("S5")
@pytest.mark.parametrize(
    ("poor", "population", "shown"),
    [
        (2, 100, "为2%"),
        (0, 7, "为0%"),
        (7, 7, "为100%"),
        (1, 8, "为12.5%"),
        (1, 300, "约为0.33%"),
        (19_999, 1_000_000, "为1.9999%"),
        (599_999, 30_000_001, "约为1.999997%"),
        (600_001, 30_000_001, "约为2.000003%"),
    ],
)
def test_incidence(poor: int, population: int, shown: str) -> None:
    assert incidence(poor, population) == shown


@pytest.mark.clause("S5")
@given(st.data(), st.integers(1, 10**12))
def test_incidence_never_crosses_a_whole_percent(data: st.DataObject, population: int) -> None:
    poor = data.draw(st.integers(0, population))
    shown, exact = incidence(poor, population), Fraction(100 * poor, population)
    value = Fraction(shown.removeprefix("约").removeprefix("为").removesuffix("%"))
    if shown.startswith("约"):
        assert value != exact
        assert abs(value - exact) <= Fraction(1, 200)
        assert value // 1 == exact // 1
        assert value.denominator > 1
    else:
        assert value == exact


class Tags(HTMLParser):
    """Every tag and attribute of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


ALLOWED = {
    *("html", "head", "meta", "title", "style", "body", "main"),
    *("h1", "h2", "p", "ul", "ol", "li"),
}
ATTACKS = (
    "<script>alert(1)</script>",
    "</title></main><img src=x onerror=alert(1)>",
    "![x](http://example.org/x.png) [here](javascript:alert(1)) <http://example.org>",
    "# Heading\n\n## 二、对照退出标准的情况\n\n- item\n\n```\ncode\n```\n\n> quote",
    "&lt;b&gt; &#60;i&#62; \\<u> {{ 7 * 7 }} {% raw %}",
    "line\u2028# two\r\n***bold*** _it_ ~~gone~~ | a | b |\n---\n",
)


@pytest.mark.clause("C4")
@pytest.mark.parametrize("attack", ATTACKS)
def test_what_people_wrote_is_text_and_nothing_else(attack: str) -> None:
    written = AT_MEAN.model_copy(update={"statement": attack})
    order = changed(culture=written).model_copy(update={"publisher": attack})
    clean = Tags(page("title", markdown(ORDER)))
    found = Tags(page(attack, markdown(order)))
    assert found.tags == clean.tags
    assert found.attributes == clean.attributes
    assert " ".join(attack.split()) in " ".join("".join(found.texts).split())


def test_markup_in_the_markdown_itself_is_text() -> None:
    found = Tags(page("title", "a <b>bold</b> word\n\n<script>alert(1)</script>"))
    assert set(found.tags) <= ALLOWED
    assert "<script>alert(1)</script>" in "".join(found.texts)


@given(st.text(max_size=60))
def test_any_text_is_shown_as_it_is(text: str) -> None:
    shown = Tags(page("title", f"公示{as_it_is(text)}止"))
    assert shown.tags.count("p") == 1
    assert set(shown.tags) <= ALLOWED
    spelt = " ".join(visible(" ".join(text.split())).split())
    assert f"公示{spelt}止" in " ".join("".join(shown.texts).split())


@pytest.mark.clause("C4")
def test_a_page_needs_nothing_from_outside(notices: NoticeBoard, folder: Path) -> None:
    publish(notices)
    found = Tags((folder / "county-exit_411523_2017_notice-12.html").read_text(encoding="utf-8"))
    assert set(found.tags) <= ALLOWED
    assert ("lang", "zh-CN") in found.attributes
    assert not {"src", "href"} & {name for name, _ in found.attributes}
    assert "url(" not in "".join(found.texts)
    assert found.tags.count("h1") == 1


@pytest.mark.clause("G8")
@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("身份证411523199001011234。", "身份证（已隐去）。"),
        ("411523 19900101 123X", "（已隐去）"),
        ("联系13812345678某丙", "联系（已隐去）某丙"),
        ("138-1234-5678", "（已隐去）"),
        ("账号6217001234567890123", "账号（已隐去）"),
        ("6217 0012 3456 7890 123", "（已隐去）"),
        ("人口312500人，2016 2017 2018三年，投入1380万元", None),
        ("代码411523，电话0376-2951234", None),
    ],
)
def test_personal_numbers_are_hidden(text: str, shown: str | None) -> None:
    assert hide(text) == (shown or text)
    written = AT_MEAN.model_copy(update={"statement": text})
    assert (shown or text) in markdown(changed(culture=written))


@pytest.mark.clause("C4", "G7")
def test_publishing_keeps_the_text_in_three_places(
    notices: NoticeBoard, engine: Engine, folder: Path
) -> None:
    notice = publish(notices)
    assert notice.title == "关于新县拟退出贫困县的公示"
    assert notice.sha256 == sha256(notice.markdown.encode()).hexdigest()
    assert (folder / "county-exit_411523_2017_notice-12.md").read_bytes() == (
        notice.markdown.encode()
    )
    (row,) = rows(engine)
    assert (row.id, row.case_id, row.seq) == (ORDER.notice_id, CASE, 12)
    assert (row.markdown, row.sha256) == (notice.markdown, notice.sha256)
    assert row.html == (folder / "county-exit_411523_2017_notice-12.html").read_text("utf-8")
    assert (row.posted_at, row.closes_at, row.replaces) == (POSTED, ORDER.closes.due, None)


@pytest.mark.clause("C4")
def test_publishing_twice_is_publishing_once(
    notices: NoticeBoard, engine: Engine, folder: Path
) -> None:
    first = publish(notices)
    for file in folder.iterdir():
        file.unlink()
    assert publish(notices) == first
    assert len(rows(engine)) == 1
    assert len(list(folder.iterdir())) == 2  # put back, and no temporary file left


@pytest.mark.clause("G1", "G7")
@pytest.mark.parametrize(
    "other",
    [
        pytest.param(changed(poor=1), id="other figures"),
        pytest.param(ORDER.model_copy(update={"notice_id": "other"}), id="other id"),
        pytest.param(ORDER.model_copy(update={"seq": 13}), id="other entry, same id"),
    ],
)
def test_a_published_notice_is_never_changed(
    notices: NoticeBoard, engine: Engine, folder: Path, other: NoticeOrder
) -> None:
    first = publish(notices)
    text, due = markdown(other), other.closes.due
    with (
        writing(engine) as session,
        pytest.raises(ApplicationError, match="another text was published already") as raised,
    ):
        notices.put_up(session, other, title(other), text, due)
    assert (raised.value.type, raised.value.non_retryable) == ("NoticeConflict", False)
    (row,) = rows(engine)
    assert row.sha256 == first.sha256
    kept = (folder / "county-exit_411523_2017_notice-12.md").read_text(encoding="utf-8")
    assert kept == first.markdown
    assert len(list(folder.iterdir())) == 2


@pytest.mark.clause("C4")
def test_a_second_notice_of_a_case_stands_beside_the_first(
    notices: NoticeBoard, engine: Engine
) -> None:
    publish(notices)
    second = identity.notice(CASE, 30)
    publish(
        notices,
        ORDER.model_copy(update={"notice_id": second, "seq": 30, "replaces": ORDER.notice_id}),
    )
    assert {row.id: row.replaces for row in rows(engine)} == {
        ORDER.notice_id: None,
        second: ORDER.notice_id,
    }


def test_a_folder_that_cannot_be_written_is_an_outage_until_it_can_be(
    engine: Engine, tmp_path: Path
) -> None:
    blocked = tmp_path / "notices"
    blocked.write_text("a file in the way", encoding="utf-8")
    with pytest.raises(RegistryError, match="cannot be written: File exists"):
        publish(NoticeBoard(engine, blocked))
    blocked.unlink()
    publish(NoticeBoard(engine, blocked))
    assert len(rows(engine)) == 1
    assert len(list(blocked.iterdir())) == 2


@pytest.mark.clause("C7", "G7")
@pytest.mark.usefixtures("registry")
def test_an_announcement_is_shown_once_the_exit_is_made(
    leaving: LeavingActivities, engine: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The transaction fails at its very end; or the worker dies behind it."""
    order = change(File())
    carry(engine, CARRYING[type(order)](order))
    for what, name, kept in ((journal, "put_down", 0), (NoticeBoard, "show", 1)):
        with monkeypatch.context() as patched:
            patched.setattr(what, name, _no_room)
            with pytest.raises(OSError, match="no room"):
                called(leaving.strike_off_county, order, order.case_id)
        assert (len(rows(engine)), folder.exists()) == (kept, False)
    left = called(leaving.strike_off_county, order, order.case_id)
    shown = folder / f"{identity.file_name(order.notice_id)}.md"
    assert shown.read_text(encoding="utf-8") == left.notice.markdown


def _no_room(*_: object) -> None:
    raise OSError("no room")


# -- the announcement -------------------------------------------------------------------------


@pytest.mark.clause("C7", "A9", "A8")
def test_an_announcement_says_which_county_has_left_since_when_and_by_whom() -> None:
    assert exit_announcement(change(File())) == (
        "# 关于新县退出贫困县的公告\n\n"
        f"依据{'、'.join(POLICY.basis)}，经河南省扶贫开发领导小组核查并公示，公示期满且无未办结异议，"
        "经国务院扶贫开发领导小组评估检查，并经河南省人民政府批准（豫政文〔2018〕88号），"
        "新县自2018年8月2日起退出贫困县序列。现予公告。\n\n"
        "- 县名：新县（行政区划代码 411523）\n"
        "- 所属：河南省信阳市\n"
        "- 类别：国定贫困县\n"
        "- 退出年度：2017年\n"
        "- 批准机关：河南省人民政府\n"
        "- 批准文号：豫政文〔2018〕88号\n\n"
        "公告编号：county-exit/411523/2017/notice-40\n\n"
        "河南省扶贫开发领导小组\n\n"
        "2018年8月2日\n"
    )


@pytest.mark.clause("C7", "C6")
def test_a_provincial_county_is_announced_without_a_national_inspection() -> None:
    text = exit_announcement(change(File(county("provincial", direct=True))))
    assert (
        "经河南省扶贫开发领导小组核查并公示，公示期满且无未办结异议，并经河南省人民政府批准" in text
    )
    assert "- 所属：河南省（直管县）\n- 类别：省定贫困县\n" in text
    assert "国务院扶贫开发领导小组" not in text


@pytest.mark.clause("C7", "G7")
def test_an_announcement_that_is_lost_is_put_up_again_by_the_same_order(
    leaving: LeavingActivities, registry: Registry, engine: Engine, folder: Path
) -> None:
    order = change(File())
    left = run(leaving.strike_off_county, order)
    standings = registry.county_record("411523").standings
    with unguarded(engine) as connection:
        connection.execute(delete(NoticeRow))
        connection.execute(update(CaseRow).values(outcome=None))  # the case has not ended yet
    assert run(leaving.strike_off_county, order) == left
    assert [each.markdown for each in rows(engine)] == [left.notice.markdown]
    assert registry.county_record("411523").standings == standings
