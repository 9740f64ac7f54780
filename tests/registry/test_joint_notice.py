"""One notice of everything that is in publicity (C4, V2, H3, G8)."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from pydantic import JsonValue
from sqlalchemy import Engine
from sqlmodel import Session, col, update

from activities.ledger import RegistryActivities
from models.case.ledger import EntryKind, Ledger
from models.case.orders import CaseState
from models.offices import SubjectKind
from models.policy import NameStyle
from models.register.villages import Incidence
from models.roster.households import shown_name
from registry.database.engine import writing
from registry.desk import Registry
from registry.errors import UnknownSubject
from registry.notices.joint import JointNotice
from registry.tables import CaseRow, HouseholdRow, NoticeRow
from tests.activities.admitted import batch as kept_batch
from tests.activities.registry_cases import POLICY, application, run
from tests.registry.places import put_households, put_village

JIA, YI = "411523100201", "411524100201"
POSTED = datetime(2018, 1, 5, 1, tzinfo=UTC)
CLOSES = datetime(2018, 1, 12, 16, tzinfo=UTC)
"""24:00 of 12 January in Beijing."""
NOW = datetime(2018, 1, 8, 2, tzinfo=UTC)
_numbers = count(1)


class Case:
    """A case file as a workflow would write it, up to its notices."""

    def __init__(
        self, engine: Engine, asked: RegistryActivities, kind: str, subject: str, step: str
    ) -> None:
        self.id = f"{kind}-exit/{subject}/2017"
        self.round = 1
        self._engine, self._asked, self._kind = engine, asked, kind
        self._subject, self._step = subject, step
        self._ledger = Ledger(self.id)

    def add(self, kind: EntryKind, **data: JsonValue) -> int:
        """An entry of the round; its number."""
        entry = self._ledger.record(
            kind, POSTED, text=kind.value, data=data, step=self._step, round=self.round
        )
        return entry.seq

    def posts(self, posted: datetime = POSTED, closes: datetime = CLOSES, **data: JsonValue) -> str:
        """A notice is published and put on file; its id."""
        seq = len(self._ledger.entries)
        notice_id = f"{self.id}/notice-{seq}"
        with writing(self._engine) as session:
            session.add(
                NoticeRow(
                    id=notice_id,
                    case_id=self.id,
                    seq=seq,
                    title="公示",
                    markdown="# 公示",
                    html="",
                    sha256="0" * 64,
                    posted_at=posted,
                    closes_at=closes,
                )
            )
        self.add(EntryKind.NOTICE, notice={"notice_id": notice_id}, **data)
        return notice_id

    def keep(self, **changes: Any) -> None:
        """The registry keeps the file, with the state it leads to."""
        subject = self._subject
        path = ("410000", f"{subject[:4]}00", subject[:6])
        values: dict[str, Any] = {
            "case_id": self.id,
            "procedure": self._kind,
            "subject_code": subject,
            "subject_name": "合成",
            "year": 2017,
            "region": path if len(subject) == 6 else (*path, subject[:9], subject),
            "step": self._step,
            "round": self.round,
            "waiting_for": None,
            "deadline": None,
            "overdue": False,
            "open_objections": 0,
            "outcome": None,
        }
        state = CaseState(**(values | changes))
        if state.outcome is not None:
            self.add(EntryKind.CLOSED, outcome={"ending": state.outcome})
        batch = kept_batch(self.id, self._ledger.entries, state)
        run(self._asked.write_ledger, batch)


def notice(registry: Registry, level: str, region: str | None = None) -> JointNotice:
    made = registry.planning.joint_notice(SubjectKind(level), 2017, POLICY, NOW, region)
    assert made is not None
    return made


def tables(made: JointNotice) -> Iterator[list[str]]:
    """The cells of every row under a header."""
    for line in made.markdown.splitlines():
        if line.startswith("| ") and "---" not in line and "序号" not in line:
            yield [cell.strip().replace("\\", "") for cell in line.strip("|").split(" | ")]


# -- counties ---------------------------------------------------------------------------------


@pytest.fixture
def xin(registry: Registry, engine: Engine, asked: RegistryActivities) -> Case:
    """新县's case at C4: 3300 of 300000 on 31 October 2017, which is 1.1 %."""
    case = Case(engine, asked, "county", "411523", "C4")
    case.add(EntryKind.OPENED, application=application().model_dump(mode="json"))
    return case


@pytest.mark.clause("C4", "T1")
def test_counties_stand_in_one_table_each_with_its_own_period(
    xin: Case, registry: Registry, engine: Engine, asked: RegistryActivities
) -> None:
    first = xin.posts()
    xin.keep()
    shang = Case(engine, asked, "county", "411524", "C4")
    shang.add(EntryKind.OPENED, application=application().model_dump(mode="json"))
    second = shang.posts(POSTED + timedelta(days=3), CLOSES + timedelta(days=3))
    shang.keep()
    made = notice(registry, "county")
    assert (made.title, made.subjects) == ("关于河南省2017年度拟退出贫困县的联合公示", 2)
    rate = "3300/300000，为1.1%（2017年10月31日）"
    assert list(tables(made)) == [
        ["1", "新县", "信阳市", "国定", rate, "2018年1月5日起，2018年1月12日24时止", first],
        ["2", "商城县", "信阳市", "国定", rate, "2018年1月8日起，2018年1月15日24时止", second],
    ]
    assert "下列2个县拟列入2017年度贫困县退出名单" in made.markdown
    assert "公示单位：河南省扶贫开发领导小组" in made.markdown
    assert made.markdown.endswith("河南省扶贫开发领导小组\n\n2018年1月8日\n")
    own = notice(registry, "county", "411524")
    assert own.subjects == 1
    assert own.markdown.endswith("河南省扶贫开发领导小组\n\n2018年1月8日\n")
    assert notice(registry, "county", "411500").title.startswith("关于信阳市2017年度")


@pytest.mark.clause("C4", "T1")
def test_days_that_count_from_a_posting_stand_on_it_from_that_day(
    xin: Case, registry: Registry
) -> None:
    def period() -> str:
        ((*_, period, _),) = tables(notice(registry, "county"))
        return period

    notice_id = xin.posts(from_posting=True)
    xin.keep()
    assert period() == "公示期自张贴之日起计算"
    start, due = (moment + timedelta(days=2) for moment in (POSTED, CLOSES))
    request: JsonValue = {"clause": "T1", "start": start.isoformat()}
    limit: JsonValue = {"request": request, "due": due.isoformat()}
    xin.add(EntryKind.LIMIT_MOVED, notice_id=notice_id, limit=limit)
    xin.keep()
    assert period() == "2018年1月7日起，2018年1月14日24时止"


@pytest.mark.clause("C4", "S3")
def test_a_county_stands_with_the_registers_count_before_its_notice(
    xin: Case, registry: Registry
) -> None:
    counted = Incidence(poor=20, population=100, as_of=date(2018, 1, 4)).model_dump(mode="json")
    xin.add(EntryKind.FINDINGS, incidence=counted | {"poor": 19})
    xin.add(EntryKind.FINDINGS, incidence=counted)
    xin.posts()
    xin.add(EntryKind.FINDINGS, incidence=counted | {"poor": 21})
    xin.keep()
    ((_, _, _, _, rate, *_),) = tables(notice(registry, "county"))
    assert rate == ("20/100，为20%（2018年1月4日）；县级申报3300/300000，为1.1%（2017年10月31日）")


@pytest.mark.clause("C4", "G1", "G3")
def test_only_what_is_in_publicity_now_stands_on_it(xin: Case, registry: Registry) -> None:
    def made() -> JointNotice | None:
        return registry.planning.joint_notice(SubjectKind.COUNTY, 2017, POLICY, NOW)

    xin.posts()
    xin.keep()
    assert made() is not None
    assert registry.planning.joint_notice(SubjectKind.COUNTY, 2018, POLICY, NOW) is None
    xin.add(EntryKind.STEP_DONE)
    xin.keep(step="C5")
    assert made() is None
    xin.round = 2  # returned, and at C4 again: the first round's notice is none of this round
    xin.add(EntryKind.STEP_OPENED)
    xin.keep()
    assert made() is None
    corrected = application().figures.model_copy(update={"poor": 3_000})
    xin.add(EntryKind.ACT, act={"figures": corrected.model_dump(mode="json")})
    again = xin.posts()
    xin.keep()
    (row,) = tables(notice(registry, "county"))
    assert (row[4], row[6]) == ("3000/300000，为1%（2017年10月31日）", again)
    xin.add(EntryKind.WITHDRAWAL)
    xin.keep(outcome="withdrawn")
    assert made() is None


def test_a_region_nobody_knows(xin: Case, registry: Registry) -> None:
    with pytest.raises(UnknownSubject, match="no division with the code 419900"):
        registry.planning.joint_notice(SubjectKind.COUNTY, 2017, POLICY, NOW, "419900")


# -- villages ---------------------------------------------------------------------------------


@pytest.mark.clause("V2", "S5", "T1")
def test_villages_stand_under_their_counties(
    registry: Registry, engine: Engine, asked: RegistryActivities
) -> None:
    posted = {}
    for code, poor in ((YI, 4), (JIA, 5)):
        put_village(engine, code, 300)
        case = Case(engine, asked, "village", code, "V2")
        counted = Incidence(poor=poor, population=300, as_of=date(2017, 12, 1))
        case.add(EntryKind.FINDINGS, findings=[], incidence=counted.content())
        case.add(EntryKind.FINDINGS, findings=[])
        posted[code] = case.posts()
        later = Incidence(poor=0, population=300, as_of=date(2018, 1, 8))
        case.add(EntryKind.FINDINGS, incidence=later.content())
        case.keep()
    made = notice(registry, "village")
    period = "2018年1月5日起，2018年1月12日24时止"
    assert list(tables(made)) == [
        ["1", "合成201村", "合成100乡", "5/300，约为1.67%（2017年12月1日）", period, posted[JIA]],
        ["1", "合成201村", "合成100乡", "4/300，约为1.33%（2017年12月1日）", period, posted[YI]],
    ]
    xin, shang = made.markdown.index("## 新县"), made.markdown.index("## 商城县")
    assert xin < made.markdown.index("公示单位：新县扶贫开发领导小组") < shang
    assert shang < made.markdown.index("公示单位：商城县扶贫开发领导小组")
    assert notice(registry, "village", "411524").subjects == 1
    assert notice(registry, "village", "411524").markdown.endswith(
        "商城县扶贫开发领导小组\n\n2018年1月8日\n"
    )


# -- households -------------------------------------------------------------------------------


def roster(engine: Engine, asked: RegistryActivities, village: str) -> tuple[Case, list[str]]:
    """A roster of four households of 3, 2, 4 and 1 in a village, and its case at H3."""
    codes = put_households(engine, village, [3, 2, 4, 1])
    for code, head in zip(codes, ("张某甲", "李某", "王某丙", "赵某"), strict=True):
        with writing(engine) as session:
            mine = col(HouseholdRow.code) == code
            session.exec(update(HouseholdRow).where(mine).values(head=head))
    case = Case(engine, asked, "household", village, "H3")
    case.add(EntryKind.OPENED)
    return case, codes


def shown(engine: Engine, *codes: str, names: NameStyle = NameStyle.FULL) -> JsonValue:
    """Households as a notice of their case shows them."""
    lines: dict[str, JsonValue] = {}
    with Session(engine) as session:
        for code in codes:
            row = session.get(HouseholdRow, code)
            assert row is not None
            lines[code] = [shown_name(row.head, names), row.village_group, row.size]
    return lines


def courses(state: str, *codes: str) -> JsonValue:
    return {code: [state, None] for code in codes}


@pytest.mark.clause("H3", "G8", "T1")
def test_households_are_shown_by_name_group_and_heads_under_their_village(
    registry: Registry, engine: Engine, asked: RegistryActivities
) -> None:
    put_village(engine, JIA, 300)
    case, (first, second, third, fourth) = roster(engine, asked, JIA)
    one = case.posts(
        households=shown(engine, first, second), courses=courses("posted", first, second)
    )
    # An objection to the first is dismissed after the second notice was posted: it keeps its own.
    case.add(EntryKind.ROSTER_CHANGED, courses=courses("held", first))
    two = case.posts(
        POSTED + timedelta(days=2),
        CLOSES + timedelta(days=3),
        households=shown(engine, third, fourth),
        courses=courses("posted", third, fourth),
    )
    case.add(EntryKind.ROSTER_CHANGED, courses=courses("posted", first))
    case.add(EntryKind.ROSTER_CHANGED, courses=courses("out", fourth))
    case.keep()
    made = notice(registry, "household")
    assert made.subjects == 3
    assert list(tables(made)) == [
        ["1", "张某甲", "一组", "3"],
        ["2", "李某", "一组", "2"],
        ["1", "王某丙", "一组", "4"],
    ]
    assert "## 新县合成100乡合成201村" in made.markdown
    assert f"公示编号 {one}，2018年1月5日起，2018年1月12日24时止。" in made.markdown
    assert f"公示编号 {two}，2018年1月7日起，2018年1月15日24时止。" in made.markdown
    for code in (first, second, third, fourth):
        assert code not in made.markdown
    after_the_first = registry.planning.joint_notice(SubjectKind.HOUSEHOLD, 2017, POLICY, CLOSES)
    assert after_the_first is not None
    assert [row[1] for row in tables(after_the_first)] == ["王某丙"]
    assert (
        registry.planning.joint_notice(
            SubjectKind.HOUSEHOLD, 2017, POLICY, CLOSES + timedelta(days=3)
        )
        is None
    )


@pytest.mark.clause("H3", "G1")
def test_whom_an_objection_holds_back_stands_on_it_after_its_own_days(
    registry: Registry, engine: Engine, asked: RegistryActivities
) -> None:
    put_village(engine, JIA, 300)
    case, (first, second, third, _) = roster(engine, asked, JIA)
    posted = (first, second)
    case.posts(households=shown(engine, *posted), courses=courses("posted", *posted))
    # The third is objected to before it was ever posted.
    case.add(EntryKind.ROSTER_CHANGED, courses=courses("held", first))
    case.add(EntryKind.ROSTER_CHANGED, courses=courses("held_unposted", third))
    case.keep(step="H4")

    def standing() -> list[str]:
        made = registry.planning.joint_notice(SubjectKind.HOUSEHOLD, 2017, POLICY, CLOSES)
        return [] if made is None else [row[1] for row in tables(made)]

    assert standing() == ["张某甲"]
    case.add(EntryKind.ROSTER_CHANGED, courses=courses("posted", first))
    case.keep(step="H4")
    assert standing() == []


@pytest.mark.clause("H3", "G1")
def test_a_household_that_is_posted_anew_stands_under_its_new_notice_alone(
    registry: Registry, engine: Engine, asked: RegistryActivities
) -> None:
    put_village(engine, JIA, 300)
    case, (first, second, *_) = roster(engine, asked, JIA)
    case.posts(households=shown(engine, first, second), courses=courses("posted", first, second))
    case.add(EntryKind.ROSTER_CHANGED, courses=courses("agreed", first))
    case.keep()
    assert [row[1] for row in tables(notice(registry, "household"))] == ["李某"]
    case.posts(households=shown(engine, first), courses=courses("posted", first))
    case.keep(step="H4")
    # What is imported after a notice is not what stands in it.
    with writing(engine) as session:
        mine = col(HouseholdRow.code) == first
        session.exec(update(HouseholdRow).where(mine).values(head="改名某", size=9))
    assert [row[1:] for row in tables(notice(registry, "household"))] == [
        ["李某", "一组", "2"],
        ["张某甲", "一组", "3"],
    ]


@pytest.mark.clause("H3", "G1")
def test_who_was_sent_back_and_is_objected_to_again_stands_on_it_no_more(
    registry: Registry, engine: Engine, asked: RegistryActivities
) -> None:
    put_village(engine, JIA, 300)
    case, (first, second, *_) = roster(engine, asked, JIA)
    case.posts(households=shown(engine, first, second), courses=courses("posted", first, second))
    case.add(EntryKind.ROSTER_CHANGED, courses=courses("held", first, second))
    case.add(EntryKind.ROSTER_CHANGED, courses=courses("held_unposted", first))
    case.keep()
    assert [row[1] for row in tables(notice(registry, "household"))] == ["李某"]
    again = case.posts(households=shown(engine, first), courses=courses("held", first))
    case.keep()
    made = notice(registry, "household")
    assert [row[1] for row in tables(made)] == ["李某", "张某甲"]
    assert made.markdown.index("李某") < made.markdown.index(again) < made.markdown.index("张某甲")


@pytest.mark.clause("G8")
def test_names_are_masked_where_the_policy_of_the_case_says_so(
    registry: Registry, engine: Engine, asked: RegistryActivities
) -> None:
    for village, names in ((JIA, "masked"), (YI, "full")):
        put_village(engine, village, 300)
        case, codes = roster(engine, asked, village)
        case.posts(
            households=shown(engine, *codes, names=NameStyle(names)),
            courses=courses("posted", *codes),
        )
        case.keep()
    made = notice(registry, "household")
    assert [row[1] for row in tables(made)] == [
        *("张**", "李*", "王**", "赵*"),
        *("张某甲", "李某", "王某丙", "赵某"),
    ]
    assert made.subjects == 8


@pytest.mark.clause("G8")
def test_a_name_is_no_markup(registry: Registry, engine: Engine, asked: RegistryActivities) -> None:
    put_village(engine, JIA, 300)
    case, (first, *_) = roster(engine, asked, JIA)
    with writing(engine) as session:
        mine = col(HouseholdRow.code) == first
        head = "张某|<b>甲</b>\n# 乙"
        session.exec(update(HouseholdRow).where(mine).values(head=head))
    case.posts(households=shown(engine, first), courses=courses("posted", first))
    case.keep()
    text = notice(registry, "household").markdown
    assert r"| 1 | 张某\|\<b\>甲\</b\> \# 乙 | 一组 | 3 |" in text


@pytest.mark.clause("H3")
def test_a_case_without_a_notice_yet(
    registry: Registry, engine: Engine, asked: RegistryActivities
) -> None:
    put_village(engine, JIA, 300)
    case, _ = roster(engine, asked, JIA)
    case.keep()
    assert registry.planning.joint_notice(SubjectKind.HOUSEHOLD, 2017, POLICY, NOW) is None
    with writing(engine) as session:
        assert session.get(CaseRow, case.id) is not None
