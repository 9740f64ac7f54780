"""The regulation as data: what the shipped policy says, and what no policy may say."""

import calendar
import re
from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from models.policy import (
    Body,
    BodyName,
    BodyNames,
    Demand,
    Level,
    Policy,
    PolicyError,
    Publicity,
    Reminders,
)
from models.policy_file import parse_policy
from models.policy_values import day_of
from tests.models.samples import HENAN, POLICY_TEXT, day

GANSU = (Path(__file__).parents[2] / "policies" / "gansu-2016.toml").read_text(encoding="utf-8")


def changed(old: str, new: str) -> str:
    """The shipped file with one place of it changed."""
    assert POLICY_TEXT.count(old) == 1, f"{old!r} stands {POLICY_TEXT.count(old)} times"
    return POLICY_TEXT.replace(old, new)


def without_body(body: str) -> str:
    """The shipped file without one body's names."""
    blocks = POLICY_TEXT.split("[[bodies]]\n")
    kept = [block for block in blocks if not block.startswith(f'id = "{body}"')]
    assert len(kept) == len(blocks) - 1
    return "[[bodies]]\n".join(kept)


@pytest.mark.clause(
    "T1", "T2", "T3", "T4", "T5", "T6", "T7", "T8", "S3", "S4", "S5", "G3",
    "F1", "F2", "F3", "F5", "F6",
)  # fmt: skip
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("publicity.days", 7),
        ("publicity.count_posting_day", False),
        ("application.target", "11-30"),
        ("application.limit", "12-31"),
        ("city_review.days", 7),
        ("city_review.result_target", "01-09"),
        ("city_review.result_by", "01-10"),
        ("provincial_check.days", 15),
        ("provincial_check.no_breach_before", "01-25"),
        ("register_change.target", "12-31"),
        ("register_change.limit", "01-31"),
        ("register_change.breach", "limit"),
        ("objection.days", 15),
        ("objection.review_days", 15),
        ("correction.days", 15),
        ("reminders.before_days", (3, 1)),
        ("reminders.after_every_days", 3),
        ("standards.incidence_below_percent", 2),
        ("standards.incidence_strict", True),
        ("standards.wrongly_exited_below_percent", 2),
        ("standards.omitted_below_percent", 2),
        ("standards.recognition_at_least_percent", 90),
        ("standards.exited_villages_at_least_percent", 0),
        ("after_exit.support_until", date(2020, 12, 31)),
        ("after_exit.rewarded_years", (2016, 2017, 2018)),
        ("after_exit.restrictions", "国开发〔2014〕12号"),
        ("follow_up.due", "11-30"),
        ("supervision.months", (1, 4, 7, 10)),
        ("supervision.hearing_days", 7),
    ],
)
def test_henan_reads_the_regulation_so(field: str, value: object) -> None:
    found: object = HENAN
    for name in field.split("."):
        found = getattr(found, name)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.clause("T1", "T2", "T4", "T8", "F1", "F5", "F6")
@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        pytest.param(
            "days = 7\ncount",
            "days = 6\ncount",
            "publicity.days: 6 is less than the documents ask for, 7 (T1 不少于七天)",
            id="a publicity of six days",
        ),
        pytest.param(
            "days = 7\ncount", "days = 7.0\ncount", "publicity.days: Input should", id="7.0 days"
        ),
        pytest.param("count_posting_day = false", "", "count_posting_day: Field", id="no switch"),
        pytest.param(
            "count_posting_day = false",
            'count_posting_day = "no"',
            "publicity.count_posting_day: Input should be a valid boolean",
            id="a switch in words",
        ),
        pytest.param(
            'target = "11-30"',
            'target = "11-30"\ngrace = 3',
            "application.grace: Extra inputs are not permitted",
            id="an unknown field",
        ),
        pytest.param("[objection]", "[objections]", "objections: Extra", id="an unknown table"),
        pytest.param("[objection]", "[objections]", "objection: Field required", id="none of one"),
        pytest.param(
            'limit = "12-31"',
            'limit = "11-29"',
            "application.target lies after application.limit (T2)",
            id="a target after its limit",
        ),
        pytest.param(
            'result_by = "01-10"',
            'result_by = "1-10"',
            "city_review.result_by: '1-10' is not a date of the year; write it as MM-DD, for "
            "example 11-30",
            id="a month of one digit",
        ),
        pytest.param(
            'result_target = "01-09"',
            'result_target = "01-11"',
            "city_review: result_target lies after result_by (T4)",
            id="a target of the city after its limit",
        ),
        pytest.param('"01-10"', '"01-32"', "city_review.result_by: ", id="32 January"),
        pytest.param('"01-10"', '"13-01"', "city_review.result_by: ", id="a thirteenth month"),
        pytest.param('"01-10"', '"2018-01-10"', "write it as MM-DD", id="a date with its year"),
        pytest.param(
            "before_days = [3, 1]", "before_days = [3, 0]", "reminders.before_days.1", id="at once"
        ),
        pytest.param("after_every_days = 3", "after_every_days = 0", "after_every", id="no pause"),
        pytest.param("_percent = 90", "_percent = 101", "recognition_at_least", id="over all"),
        pytest.param("_percent = 90", "_percent = 89.5", "recognition_at_least", id="half"),
        pytest.param('province = "410000"', 'province = "411500"', "province: ", id="a city"),
        pytest.param(
            "support_until = 2020-12-31",
            "support_until = 2020-12-30",
            "after_exit.support_until: 2020-12-30 lies before the end of the battle period, "
            "2020-12-31 (F1)",
            id="support that ends too soon",
        ),
        pytest.param(
            "months = [1, 4, 7, 10]",
            "months = [1, 4, 7]",
            "supervision.months: a round each quarter: one month of each (F6)",
            id="a quarter without a round",
        ),
        pytest.param(
            "months = [1, 4, 7, 10]",
            "months = [1, 3, 7, 10]",
            "supervision.months: a round each quarter: one month of each (F6)",
            id="two rounds in one quarter",
        ),
        pytest.param(
            'opens = "01-05"',
            'opens = "11-30"',
            "follow_up: opens: 11-30 does not lie before 11-30, when all is due",
            id="a follow-up without time",
        ),
        pytest.param("_every_days = 3", "_every_days =", "f.toml is not valid TOML", id="cut off"),
    ],
)
def test_what_no_policy_may_say(old: str, new: str, sentence: str) -> None:
    with pytest.raises(PolicyError, match=re.escape(sentence)) as caught:
        parse_policy(changed(old, new), "f.toml")
    assert str(caught.value).startswith("f.toml")


@pytest.mark.clause("A5", "A6", "A7", "A8", "A9")
@pytest.mark.parametrize("body", [body.value for body in Body])
def test_every_body_needs_a_name(body: str) -> None:
    with pytest.raises(PolicyError, match=f"bodies: no name is given for {body}"):
        parse_policy(without_body(body))


def test_a_policy_names_its_basis() -> None:
    text = re.sub(r"basis = \[.*?\n\]", "basis = []", POLICY_TEXT, flags=re.DOTALL)
    with pytest.raises(PolicyError, match="basis"):
        parse_policy(text)


@pytest.mark.clause("T1")
@given(st.integers(-10, 400))
def test_a_publicity_has_seven_days_or_more(days: int) -> None:
    if 7 <= days <= 366:
        assert Publicity(days=days, count_posting_day=True).days == days
    else:
        with pytest.raises(ValidationError):
            Publicity(days=days, count_posting_day=True)


@pytest.mark.clause("T8")
@given(st.lists(st.integers(1, 366)))
def test_reminders_come_once_and_the_earliest_first(days: list[int]) -> None:
    rule = Reminders(before_days=tuple(days), after_every_days=3)
    assert list(rule.before_days) == sorted(dict.fromkeys(days), reverse=True)


@pytest.mark.clause("T2", "T4", "T6")
@given(st.from_regex(r"[0-9]{2}-[0-9]{2}", fullmatch=True))
@example("02-29")
@example("02-30")
def test_a_date_of_the_year_is_one_of_a_leap_year(month_day: str) -> None:
    text = changed('target = "11-30"', f'target = "{month_day}"')
    try:
        datetime.strptime(f"2000-{month_day}", "%Y-%m-%d")  # noqa: DTZ007 - a date, no moment
    except ValueError:
        with pytest.raises(PolicyError, match=r"application\.target"):
            parse_policy(text)
    else:
        assert parse_policy(text).application.target == month_day


@pytest.mark.clause("T6")
def test_which_date_of_the_register_change_is_missed_is_the_policys() -> None:
    narrow = parse_policy(changed('breach = "limit"', 'breach = "target"'))
    assert narrow.register_change.breach == "target"
    with pytest.raises(PolicyError, match=r"register_change\.breach"):
        parse_policy(changed('breach = "limit"', 'breach = "both"'))
    # Cases that were opened before the field was there are late by the limit, as they were.
    before = parse_policy(re.sub("breach = .*\n", "", POLICY_TEXT))
    assert before.register_change.breach == "limit"


@pytest.mark.clause("T3", "T4", "T5", "S1", "S3", "S4")
@pytest.mark.parametrize(
    ("right", "lax", "where"),
    [
        (
            "[city_review] # T3 一周内, T4 次年1月10日前\ndays = 7",
            "[city_review]\ndays = 8",
            "city_review.days: 8 is more than the documents allow, 7 (T3 一周内)",
        ),
        (
            'result_by = "01-10"',
            'result_by = "01-11"',
            "city_review.result_by: 01-11 is more than the documents allow, 01-10 (T4",
        ),
        ("半个月内\ndays = 15", "半个月内\ndays = 16", "provincial_check.days: 16 is more"),
        (
            'no_breach_before = "01-25"',
            'no_breach_before = "01-26"',
            "provincial_check.no_breach_before: 01-26 lies after 01-25, 15 days from the last day "
            "of the cities' results (T5 半个月内)",
        ),
        (
            'limit = "01-31"',
            'limit = "02-01"',
            "register_change.limit: 02-01 lies before the target, 12-31, in the year, and after "
            "January of the next; write a day between the two, 01-31 at the latest (T6)",
        ),
        (
            'target = "12-31"',
            'target = "01-15"',
            "register_change.target: 01-15 lies in January of the year itself; the target is a "
            "later day of the year, and the limit, 01-31, one of the next (T6)",
        ),
        (
            "incidence_below_percent = 2",
            "incidence_below_percent = 3",
            "standards.incidence_below_percent: 3 is above the 2 % of a province that is not "
            "western (S2, S3)",
        ),
        ("wrongly_exited_below_percent = 2", "wrongly_exited_below_percent = 3", "3 is more than"),
        ("omitted_below_percent = 2", "omitted_below_percent = 3", "3 is more than"),
        (
            "recognition_at_least_percent = 90",
            "recognition_at_least_percent = 89",
            "recognition_at_least_percent: 89 is less than the documents ask for, 90",
        ),
        *(
            (
                f'  "{demand}",',
                "",
                f"standards.household lacks {demand}, which Henan's measures demand of every "
                "household (S1)",
            )
            for demand in Demand
        ),
        ('id = "A6"\nlevel = "city"', 'id = "A6"\nlevel = "village"', "A6 acts at the level city"),
    ],
)
def test_a_policy_is_not_laxer_than_the_regulation(right: str, lax: str, where: str) -> None:
    with pytest.raises(PolicyError, match=re.escape(where)):
        parse_policy(changed(right, lax))


@pytest.mark.clause("S1", "S2", "S3")
def test_a_western_province_has_its_threshold_and_the_central_demands() -> None:
    assert parse_policy(GANSU).standards.incidence_below_percent == 3
    for right, lax, where in (
        ("_below_percent = 3 ", "_below_percent = 4 ", "4 is above the 3 % of a western province"),
        ('  "illness",', "", "lacks illness, which the central opinion demands of every household"),
    ):
        assert GANSU.count(right) == 1
        with pytest.raises(PolicyError, match=re.escape(where)):
            parse_policy(GANSU.replace(right, lax))
    # In the year itself a province may be earlier than both readings of T6.
    earlier = changed('target = "12-31"', 'target = "12-15"')
    assert parse_policy(earlier.replace('limit = "01-31"', 'limit = "12-31"'))


@pytest.mark.clause("T2", "T4", "T6")
@given(st.integers(2014, 2100), st.dates(date(2000, 1, 1), date(2000, 12, 31)))
def test_a_date_of_the_year_falls_on_itself(year: int, wanted: date) -> None:
    found = day_of(year, f"{wanted:%m-%d}")
    last = calendar.monthrange(year, wanted.month)[1]
    assert found == date(year, wanted.month, min(wanted.day, last))


@pytest.mark.clause("T2")
def test_29_february_falls_back_where_there_is_none() -> None:
    years = (2015, 2016, 2100, 2000, 1900)
    assert [day_of(year, "02-29").day for year in years] == [28, 29, 28, 29, 28]


@pytest.mark.clause("A5", "A6", "A7", "A8", "A9")
@pytest.mark.parametrize(
    ("body", "place", "name"),
    [
        (Body.COUNTY_GROUP, "新县", "新县扶贫开发领导小组"),
        (Body.CITY_GROUP, "信阳市", "信阳市扶贫开发领导小组"),
        (Body.PROVINCIAL_GROUP, "河南省", "河南省扶贫开发领导小组"),
        (Body.STATE_COUNCIL_GROUP, "国家", "国务院扶贫开发领导小组"),
        (Body.PROVINCIAL_GOVERNMENT, "河南省", "河南省人民政府"),
    ],
)
def test_bodies_are_called_by_their_names(body: Body, place: str, name: str) -> None:
    assert HENAN.name_of(body, place, day("2018-01-05")) == name


@pytest.mark.clause("A6")
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_names_change_on_their_day(order: tuple[int, ...]) -> None:
    names = (
        BodyName(name="{place}扶贫开发领导小组", since=day("2016-01-01")),
        BodyName(name="{place}脱贫攻坚领导小组", since=day("2019-03-01")),
        BodyName(name="{place}乡村振兴局", since=day("2021-06-01")),
    )
    renamed = BodyNames(
        id=Body.CITY_GROUP, level=Level.CITY, names=tuple(names[position] for position in order)
    )
    others = tuple(body for body in HENAN.bodies if body.id is not Body.CITY_GROUP)
    policy = HENAN.model_copy(update={"bodies": (*others, renamed)})
    called = {
        "1999-12-31": "信阳市扶贫开发领导小组",  # before any: the first there was
        "2016-01-01": "信阳市扶贫开发领导小组",
        "2019-02-28": "信阳市扶贫开发领导小组",
        "2019-03-01": "信阳市脱贫攻坚领导小组",
        "2021-05-31": "信阳市脱贫攻坚领导小组",
        "2021-06-01": "信阳市乡村振兴局",
        "2099-01-01": "信阳市乡村振兴局",
    }
    for on, name in called.items():
        assert policy.name_of(Body.CITY_GROUP, "信阳市", day(on)) == name


@pytest.mark.parametrize("name", ["{plce}人民政府", "{place人民政府", "{}人民政府", "{0}人民政府"])
def test_a_name_that_cannot_be_filled_in_is_refused_on_load(name: str) -> None:
    with pytest.raises(PolicyError, match="bodies"):
        parse_policy(changed("{place}人民政府", name))


def test_a_body_named_twice_is_refused() -> None:
    twice = POLICY_TEXT + POLICY_TEXT[POLICY_TEXT.rindex("[[bodies]]") :]
    with pytest.raises(PolicyError, match="A9"):
        parse_policy(twice)


def test_a_policy_is_frozen_and_survives_the_wire() -> None:
    with pytest.raises(ValidationError):
        HENAN.standards.incidence_strict = False  # type: ignore[misc]
    assert Policy.model_validate_json(HENAN.model_dump_json()) == HENAN
