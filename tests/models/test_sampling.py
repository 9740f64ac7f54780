"""Drawing a sample: by seed, kind and code alone (F6)."""

import json
from datetime import date
from hashlib import sha256

import pytest

from models.supervision.sampling import (
    HOUSEHOLD,
    VILLAGE,
    CountyPeople,
    Frame,
    FrameHousehold,
    FrameVillage,
    draw,
    drawn,
    rank,
)

CODES = [f"H{number:04d}" for number in range(50)]


def frame(*households: str, villages: tuple[str, ...] = ()) -> Frame:
    return Frame(
        county="411523",
        as_of=date(2026, 10, 1),
        people=CountyPeople(population=100, poor=1, exited=len(households), unregistered=60),
        households=tuple(
            FrameHousehold(code=code, village="411523100001", size=1) for code in households
        ),
        villages=tuple(FrameVillage(code=code, population=9, registered=4) for code in villages),
    )


@pytest.mark.clause("F6")
def test_the_rank_is_the_hash_of_seed_kind_and_code() -> None:
    # As coreutils have it: printf 's1:household:H0001' | sha256sum
    assert rank("s1", HOUSEHOLD, "H0001") == (
        "673e7826da7cc27729418eb1ed9274f60c04ed0ce9f71e1850bc9a543df8264a"
    )
    assert rank("s1", HOUSEHOLD, "H0001") != rank("s1", VILLAGE, "H0001")
    assert rank("s1", HOUSEHOLD, "H0001") != rank("s2", HOUSEHOLD, "H0001")


@pytest.mark.clause("F6")
def test_the_lowest_ranks_are_drawn_whatever_the_order_of_the_frame() -> None:
    found = drawn("s1", HOUSEHOLD, CODES, 7)
    assert found == drawn("s1", HOUSEHOLD, reversed(CODES), 7)
    assert len(set(found)) == 7
    hashes = [sha256(f"s1:household:{code}".encode()).hexdigest() for code in CODES]
    assert [rank("s1", HOUSEHOLD, code) for code in found] == sorted(hashes)[:7]


@pytest.mark.clause("F6")
def test_another_seed_draws_another_list() -> None:
    lists = {tuple(drawn(f"s{number}", HOUSEHOLD, CODES, 7)) for number in range(20)}
    assert len(lists) == 20


@pytest.mark.clause("F6")
def test_where_there_are_fewer_all_are_drawn() -> None:
    assert sorted(drawn("s1", HOUSEHOLD, CODES, 100)) == CODES
    assert drawn("s1", HOUSEHOLD, [], 100) == []


@pytest.mark.clause("F6")
def test_a_draw_says_what_it_takes_to_draw_it_again() -> None:
    sample = draw(frame("H0001", "H0002", villages=("411523100001",)), "s1", 1, 10)
    # The frame, written by hand: sorted keys, no blanks.
    text = (
        '{"as_of":"2026-10-01","county":"411523","households":['
        '{"code":"H0001","size":1,"village":"411523100001"},'
        '{"code":"H0002","size":1,"village":"411523100001"}],'
        '"people":{"exited":2,"poor":1,"population":100,"unregistered":60},'
        '"villages":[{"code":"411523100001","population":9,"registered":4}]}'
    )
    assert sample.sha256 == sha256(text.encode()).hexdigest()
    assert (sample.rule, sample.seed) == ("sha256-rank-1", "s1")
    assert (sample.wanted_households, sample.wanted_villages) == (1, 10)
    assert (sample.households_in_frame, sample.villages_in_frame) == (2, 1)
    assert [each.code for each in sample.households] == drawn("s1", HOUSEHOLD, CODES[1:3], 1)
    assert [each.code for each in sample.villages] == ["411523100001"]
    assert json.loads(sample.model_dump_json())["people"]["exited"] == 2


@pytest.mark.clause("F6")
def test_one_person_more_in_the_frame_is_another_hash() -> None:
    first = draw(frame("H0001"), "s1", 1, 1)
    assert first.sha256 != draw(frame("H0001", "H0002"), "s1", 1, 1).sha256
    assert first.sha256 == draw(frame("H0001"), "s2", 1, 1).sha256


@pytest.mark.clause("F6")
@pytest.mark.parametrize(("registered", "left"), [(4, 5), (9, 0), (12, 0)])
def test_who_was_never_registered_in_a_village(registered: int, left: int) -> None:
    village = FrameVillage(code="411523100001", population=9, registered=registered)
    assert village.unregistered == left
