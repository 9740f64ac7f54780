"""`exitflow when`: the worked values of the regulation, from the command line."""

import os
from pathlib import Path

import pytest

from models.periods import Limit
from tests.operators.conftest import Shell


@pytest.mark.parametrize(
    ("words", "due", "said"),
    [
        pytest.param(
            ("T1", "--from", "2018-01-05"),
            "Fri 2018-01-12 24:00",
            ("第7日为2018年1月12日（周五）", "day 7 is 2018-01-12 (Friday)"),
            marks=pytest.mark.clause("T1"),
        ),
        pytest.param(
            ("t1", "--from", "2019-04-24"),
            "Sun 2019-05-05 24:00",
            ("劳动节假期", "调休上班", "a make-up workday"),
            marks=pytest.mark.clause("T1"),
        ),
        pytest.param(
            ("T2", "--year", "2017"),
            "Sun 2017-12-31 24:00 (Beijing time), target 2017-11-30 24:00",
            ("目标为2017年11月30日24时前", "limit 24:00 on 2017-12-31"),
            marks=pytest.mark.clause("T2"),
        ),
        pytest.param(
            ("T3", "--from", "2017-11-24"),
            "Fri 2017-12-01 24:00",
            ("收到申请", "within 7 days"),
            marks=pytest.mark.clause("T3"),
        ),
        pytest.param(
            ("T4", "--year", "2017"),
            "Wed 2018-01-10 24:00 (Beijing time), target 2018-01-09 24:00",
            ("目标为2018年1月9日24时前，期限为2018年1月10日24时前", "not moved for days off"),
            marks=pytest.mark.clause("T4"),
        ),
        pytest.param(
            ("T5", "--from", "2017-12-01", "--year", "2017"),
            "Thu 2018-01-25 24:00",
            ("全省统一核查", "not in breach before 2018-01-25"),
            marks=pytest.mark.clause("T5"),
        ),
        pytest.param(
            ("T6", "--year", "2017"),
            "Wed 2018-01-31 24:00 (Beijing time), target 2017-12-31 24:00",
            ("销号", "register change of 2017"),
            marks=pytest.mark.clause("T6"),
        ),
        pytest.param(  # fixed by the policy: 30 November
            ("F5", "--year", "2018"),
            "Fri 2018-11-30 24:00",
            ("跟踪回访", "follow-up of 2018"),
            marks=pytest.mark.clause("F5"),
        ),
        pytest.param(  # sixty days: 30 in January, 28 in February, then 1 and 2 March, a Friday
            ("F6", "--from", "2018-01-01"),
            "Fri 2018-03-02 24:00",
            ("启动督导", "within 60 days"),
            marks=pytest.mark.clause("F6"),
        ),
        pytest.param(  # seven days; Sunday 11 February 2018 was a make-up workday
            ("f6.hearing", "--from", "2018-02-04"),
            "Sun 2018-02-11 24:00",
            ("申诉举证不少于7日", "a make-up workday"),
            marks=pytest.mark.clause("F6"),
        ),
        pytest.param(
            ("T7", "--from", "2018-01-08"),
            "Tue 2018-01-23 24:00",
            ("收到异议", "within 15 days"),
            marks=pytest.mark.clause("T7"),
        ),
        pytest.param(
            ("G1", "--from", "2018-01-08"),
            "Tue 2018-01-23 24:00",
            ("收到复核申请", "receipt of the request for a review"),
            marks=pytest.mark.clause("G1"),
        ),
        pytest.param(
            ("G3", "--from", "2018-01-08"),
            "Tue 2018-01-23 24:00",
            ("责成整改", "the return for correction"),
            marks=pytest.mark.clause("G3"),
        ),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
async def test_worked_values(
    lonely: Shell, words: tuple[str, ...], due: str, said: tuple[str, ...], tmp_path: Path
) -> None:
    out = (await lonely("when", *words)).done()
    first, *sentences = out.splitlines()
    assert first.casefold().startswith(f"{words[0]}  {due}".casefold())
    assert "provisional" not in out
    flowing = "".join(line.strip() + (" " if line.isascii() else "") for line in sentences)
    for part in said:
        assert part in flowing
    assert os.listdir(tmp_path) == []  # neither registry nor home folder came into being


@pytest.mark.clause("T1")
async def test_another_policy_counts_the_posting_day(lonely: Shell, tmp_path: Path) -> None:
    shipped = Path(__file__).parents[2] / "policies" / "henan-2016.toml"
    text = shipped.read_text(encoding="utf-8")
    counting = text.replace("count_posting_day = false", "count_posting_day = true")
    (tmp_path / "counting.toml").write_text(counting, encoding="utf-8")
    words = ("when", "T1", "--from", "2018-01-05", "--policy", "counting.toml", "--json")
    limit = Limit.model_validate((await lonely(*words)).json)
    assert str(limit.last_day) == "2018-01-11"
    assert "当日计入" in limit.zh


@pytest.mark.clause("T1")
async def test_a_date_over_an_unpublished_calendar_is_marked_until_it_is_overridden(
    lonely: Shell, tmp_path: Path
) -> None:
    words = ("when", "T1", "--from", "2098-09-25")
    guessed = (await lonely(*words)).done()
    first = guessed.splitlines()[0]
    assert first == "T1  Thu 2098-10-02 24:00 (Beijing time)  provisional 暂定"
    assert "节假日安排尚未公布" in guessed.replace("\n  ", "")
    (tmp_path / "exitflow.toml").write_text("workdays = 'days.toml'", encoding="utf-8")
    (tmp_path / "days.toml").write_text(
        '[2098]\nsource = "合成"\n'
        'days_off = [{ from = 2098-10-01, to = 2098-10-07, name = "国庆节" }]\n'
        'workdays = []\n[2099]\nsource = "合成"\ndays_off = [2099-01-01]\nworkdays = []\n',
        encoding="utf-8",
    )
    limit = Limit.model_validate((await lonely(*words, "--json")).json)
    assert (str(limit.last_day), limit.provisional) == ("2098-10-08", False)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("T8", "--from", "2018-01-05"),
            "'T8' names no limit; the limits are T1 to T7, T1.posting, G1, G3, F5, F6, F6.hearing "
            "and F9",
        ),
        (("T1",), "T1 is counted from a day; give --from"),
        (("T1", "--from", "2018-02-30"), "--from: '2018-02-30' is no date; write YYYY-MM-DD"),
        (("T1", "--from", "5.1.2018"), "--from: '5.1.2018' is no date"),
        (("T2",), "T2 is a date of a case's year; give --year"),
        (("T2", "--from", "2018-01-05"), "--from: T2 does not depend on it; leave it out"),
        (("T5", "--from", "2018-01-05"), "T5 is a date of a case's year; give --year"),
        (("T4", "--year", "2017", "--from", "2018-01-05"), "--from: T4 does not depend on it"),
        (("T1", "--year", "2017", "--from", "2018-01-05"), "--year: T1 does not depend on it"),
        (("T4", "--year", "1999"), "year: Input should be greater than or equal to 2014"),
    ],
)
async def test_a_bad_question_is_one_sentence(
    lonely: Shell, words: tuple[str, ...], said: str
) -> None:
    assert said in (await lonely("when", *words)).fails(2)
