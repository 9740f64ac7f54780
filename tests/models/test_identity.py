"""Ids are derived: the same thing, the same id, wherever and however often it is asked."""

import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from models.case.parts import Key
from models.identity import (
    content_id,
    county_case,
    file_name,
    follow_up_case,
    household_case,
    is_case,
    notice,
    reentry_case,
    revocation_case,
    special_inspection_case,
    supervision_case,
    supplement_case,
    village_case,
)
from models.rounds import quarter_of

KEY: TypeAdapter[str] = TypeAdapter(Key)
codes = st.from_regex(r"[0-9]{6}", fullmatch=True)
years = st.integers(2014, 2100)


@pytest.mark.clause("G9")
@pytest.mark.parametrize(
    ("attempt", "identifier"),
    [
        (1, "county-exit/411523/2017"),
        (2, "county-exit/411523/2017/2"),
        (3, "county-exit/411523/2017/3"),
    ],
)
def test_a_case_is_named_by_county_and_year(attempt: int, identifier: str) -> None:
    assert county_case("411523", 2017, attempt) == identifier


@pytest.mark.clause("G9")
@pytest.mark.parametrize(
    ("named", "identifier"),
    [
        (village_case("411523100001", 2017), "village-exit/411523100001/2017"),
        (village_case("411523100001", 2017, 2), "village-exit/411523100001/2017/2"),
        (household_case("411523100001", 2017, 1), "household-exit/411523100001/2017/1"),
        (household_case("411523100001", 2017, 2), "household-exit/411523100001/2017/2"),
        (reentry_case("SL-0001", 2017), "reentry/SL-0001/2017"),
        (reentry_case("SL-0001", 2017, 2), "reentry/SL-0001/2017/2"),
        (revocation_case("411523", 2017), "revocation/411523/2017"),
        (revocation_case("411523", 2017, 2), "revocation/411523/2017/2"),
        (follow_up_case("411523100", 2017), "follow-up/411523100/2017"),
        (supervision_case("411523", 2017, 3), "supervision/411523/2017-q3"),
        (special_inspection_case("411523", 2017, 3), "supervision/411523/2017-s3"),
        (supplement_case("county-exit/411523/2017", 2), "supplement/county-exit/411523/2017/2"),
        (notice("county-exit/411523/2017", 12), "county-exit/411523/2017/notice-12"),
    ],
)
def test_every_kind_of_id(named: str, identifier: str) -> None:
    assert named == identifier


@pytest.mark.clause("F6")
@pytest.mark.parametrize(
    ("day", "quarter"),
    [
        ("2018-01-01", 1), ("2018-03-31", 1), ("2018-04-01", 2), ("2018-06-30", 2),
        ("2018-07-01", 3), ("2018-09-30", 3), ("2018-10-01", 4), ("2018-12-31", 4),
    ],
)  # fmt: skip
def test_the_quarter_of_a_day(day: str, quarter: int) -> None:
    assert quarter_of(date.fromisoformat(day)) == quarter


@pytest.mark.clause("G9")
@given(
    st.tuples(codes, years, st.integers(1, 50)),
    st.tuples(codes, years, st.integers(1, 50)),
    st.integers(1, 1000),
    st.integers(1, 1000),
)
def test_different_things_have_different_ids(
    one: tuple[str, int, int], other: tuple[str, int, int], seq: int, later: int
) -> None:
    first, second = county_case(*one), county_case(*other)
    assert (first == second) is (one == other)
    assert (notice(first, seq) == notice(second, later)) is ((one, seq) == (other, later))
    assert (file_name(first) == file_name(second)) is (one == other)
    assert notice(first, seq) not in (first, second)


@pytest.mark.clause("G7")
@given(codes, years, st.integers(1, 50), st.integers(1, 1000))
def test_ids_are_ascii_and_fit_a_file_name(code: str, year: int, attempt: int, seq: int) -> None:
    identifier = notice(county_case(code, year, attempt), seq)
    assert re.fullmatch(r"[a-z0-9/-]+", identifier)
    assert re.fullmatch(r"[a-z0-9_-]+", file_name(identifier))


@pytest.mark.clause("G7")
@given(st.lists(st.text(max_size=8), max_size=4), st.lists(st.text(max_size=8), max_size=4))
def test_the_same_content_has_the_same_id(one: list[str], other: list[str]) -> None:
    if not any("\x1f" in part for part in (*one, *other)):
        assert (content_id("act", *one) == content_id("act", *other)) is (one == other)
    assert content_id("act", *one) != content_id("object", *one)


@pytest.mark.clause("G7")
@given(st.lists(st.text(), max_size=4))
def test_such_an_id_can_be_sent(parts: list[str]) -> None:
    assert KEY.validate_python(content_id("withdraw", *parts))


@pytest.mark.parametrize("attempt", [1, 2, 12])
def test_the_id_of_every_procedure_can_be_one_of_a_case(attempt: int) -> None:
    later = "" if attempt == 1 else f"/{attempt}"
    assert is_case(f"county-exit/411523/2026{later}")
    assert is_case(f"village-exit/411523100001/2026{later}")
    assert is_case(f"household-exit/411523100001/2026/{attempt}")


@pytest.mark.parametrize(
    "text",
    ["", "411523", "county-exit/411523", "county-exit/新县/2026", "x county-exit/411523/2026",
     "county-exit/411523/2026/0", "county-exit/411523/2026/", "city-exit/411523/2026"],
)  # fmt: skip
def test_what_is_no_id_of_a_case(text: str) -> None:
    assert not is_case(text)
