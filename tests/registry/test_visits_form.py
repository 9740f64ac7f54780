"""Visits as offices report them, in Excel or CSV (F5)."""

from datetime import date
from pathlib import Path

import pytest

from models.follow_up.messages import Visit
from models.register.households import Risk
from registry.errors import LoadError
from registry.forms import visits
from registry.forms.visits import read_visits
from tests.rosters import Write, write_csv

pytestmark = pytest.mark.clause("F5")

TODAY = date(2019, 6, 1)
HEADER = ("户编号", "回访日期", "是否稳定", "回访情况", "风险", "更正理由")


def test_a_sheet_of_visits_is_read(write: Write) -> None:
    path = write(
        ("序号", "户主姓名", *HEADER),
        (1, "张某", "SL-1001", date(2019, 3, 1), "是", "", "", ""),
        (2, "李某", "SL-1002", "2019-03-02", "否", "失业（合成）", "脱贫不稳定户", ""),
        (3, "王某", "SL-1003", "2019-03-02", "是", "患病（合成）", "sudden_hardship", "误录"),
    )
    assert read_visits(path, TODAY) == (
        Visit(household="SL-1001", made_on=date(2019, 3, 1), stable=True),
        Visit(
            household="SL-1002",
            made_on=date(2019, 3, 2),
            stable=False,
            note="失业（合成）",
            risk=Risk.UNSTABLE,
        ),
        Visit(
            household="SL-1003",
            made_on=date(2019, 3, 2),
            stable=True,
            note="患病（合成）",
            risk=Risk.SUDDEN_HARDSHIP,
            correction="误录",
        ),
    )


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (("SL-1001", "2019-06-02", "是"), "column 回访日期 (B): '2019-06-02': write a day from"),
        (("SL-1001", "2019-03-01", "也许"), "column 是否稳定 (C): '也许': write 是 or 否"),
        (("SL-1001", "2019-03-01", "否"), "回访情况 (D): is empty; say what was found"),
        (("SL-1001", "2019-03-01", "是", "", "边缘户"), "回访情况 (D): is empty; say what"),
        (
            ("SL-1001", "2019-03-01", "是", "病", "贫困户"),
            "'贫困户': write 脱贫不稳定户、边缘户 or 突发困难户",
        ),
        (("SL-1001", "2019-03-01", "是", "病" * 501), "has 501 characters; write 500 at most"),
        (("SL 1001", "2019-03-01", "是"), "户编号 (A): 'SL 1001': write the household's number"),
        (("", "2019-03-01", "是"), "户编号 (A): is empty"),
        (("SL-0001", "2019-03-01", "是"), "stands in row 2 already; keep one"),
    ],
)
def test_a_row_that_cannot_be_is_named(tmp_path: Path, row: tuple[object, ...], said: str) -> None:
    row += ("",) * (len(HEADER) - len(row))
    first = ("SL-0001", "2019-03-01", "是", "", "", "")
    path = write_csv(tmp_path / "访.csv", [HEADER, first, row])
    with pytest.raises(LoadError) as refused:
        read_visits(path, TODAY)
    assert "row 3" in str(refused.value)
    assert said in str(refused.value)


def test_a_sheet_without_visits_or_with_too_many_is_refused(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(LoadError, match="holds no visit; write one in each row"):
        read_visits(write(HEADER), TODAY)
    assert visits._MOST_VISITS == 20_000  # a county's, of a year
    monkeypatch.setattr(visits, "_MOST_VISITS", 1000)
    many = [(f"SL-{n:04}", "2019-03-01", "是", "", "", "") for n in range(1001)]
    with pytest.raises(LoadError, match="holds 1,001 visits, more than the 1,000 of one report"):
        read_visits(write(HEADER, *many, name="多"), TODAY)
