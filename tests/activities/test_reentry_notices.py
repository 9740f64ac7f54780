"""R3 公示: what a household's notice says, and what it never says (G8)."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from temporalio.exceptions import ApplicationError

from activities.notices import NoticeBoard
from models import identity
from models.notices import Notice, NoticeOrder
from models.periods import LimitRequest, compute
from registry.calendar import OfficialCalendar
from registry.notices.single import markdown
from registry.tables import NoticeRow
from tests.activities.registry_cases import rows, run
from tests.models.samples import HENAN
from tests.models.village_samples import village

CASE = "reentry/H000001/2017"
POSTED = datetime.fromisoformat("2018-01-05T09:00:00+08:00")


def order(**changes: Any) -> NoticeOrder:
    """A synthetic household's notice."""
    values: dict[str, Any] = {
        "notice_id": identity.notice(CASE, 8),
        "case_id": CASE,
        "seq": 8,
        "year": 2017,
        "publisher": "合成村“两委”",
        "basis": HENAN.basis,
        "posted_at": POSTED,
        "closes": compute(LimitRequest(clause="T1", start=POSTED), HENAN, OfficialCalendar()),
    }
    shows: dict[str, Any] = {
        "kind": "reentry",
        "village": village(),
        "name": "张某某",
        "group": "一组",
        "size": 3,
        "cause": "fallen_back",
    }
    shows |= {key: changes.pop(key) for key in list(changes) if key in shows}
    return NoticeOrder.model_validate(values | changes | {"shows": shows})


@pytest.mark.clause("F5", "T1", "G1", "G8")
def test_a_notice_says_everything_it_must_and_nothing_else() -> None:
    text = markdown(order())
    for sentence in (
        "# 关于合成村2017年度拟纳入扶贫对象的公示\n",
        f"依据{'、'.join(HENAN.basis)}，经村民申报和民主评议，下列农户拟按2017年度情况纳入扶贫对象",
        "| 户主姓名 | 村民小组 | 家庭人口 | 类别 |\n| --- | --- | --- | --- |\n"
        "| 张某某 | 一组 | 3 | 返贫 |\n\n## 二",
        "自2018年1月5日起，至2018年1月12日24时止。",
        "期限计算：公示不少于7日：2018年1月5日公示，当日不计，第7日为2018年1月12日（周五）",
        "任何单位和个人有异议的，均可向合成村“两委”提出",
        "公示编号：reentry/H000001/2017/notice-8\n",
    ):
        assert sentence in text
    assert text.endswith("\n合成村“两委”\n\n2018年1月5日\n")
    assert "替代" not in text
    assert "元" not in text  # no income
    assert "| 新致贫 |" in markdown(order(cause="registered"))
    assert "替代编号为 reentry/H000001/2017/notice-4 的公示" in markdown(
        order(replaces="reentry/H000001/2017/notice-4")
    )


@pytest.mark.clause("F5", "G8")
def test_numbers_and_markup_that_somebody_wrote_do_not_get_in() -> None:
    text = markdown(order(group="一组 13800000000", name="# 张 | <b>某</b>"))
    assert "13800000000" not in text
    assert "| 一组 （已隐去） |" in text
    assert "\n# 张" not in text
    assert "<b>" not in text


@pytest.mark.clause("F5", "T1")
def test_it_is_published_once(engine: Engine, tmp_path: Path) -> None:
    notices = NoticeBoard(engine, tmp_path / "notices")
    first: Notice = run(notices.publish_notice, order())
    assert run(notices.publish_notice, order()) == first
    (row,) = rows(engine, NoticeRow)
    assert (row["id"], row["case_id"], row["sha256"]) == (first.notice_id, CASE, first.sha256)
    written = tmp_path / "notices" / "reentry_H000001_2017_notice-8.md"
    assert written.read_text("utf-8") == first.markdown
    with pytest.raises(ApplicationError, match="another text was published already"):
        run(notices.publish_notice, order(size=4))
