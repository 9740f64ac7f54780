"""The policy of a stage: what is tied to calendar years moves with what is played there."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.policy import Policy
from models.policy_file import parse_policy
from operators.rehearsal.stage import as_toml, moved_policy
from workers.settings import load_settings

SHIPPED = ("henan-2016", "gansu-2016")


def policy(named: str) -> Policy:
    return load_settings(policy=named).load_policy()


@pytest.mark.clause("F1", "F2")
def test_what_follows_from_an_exit_moves_and_nothing_else_does() -> None:
    before = policy("henan-2016")
    after = moved_policy(before, 10)
    # 2020-12-31 and 2016 to 2018, ten years on.
    assert after.after_exit.support_until == date(2030, 12, 31)
    assert after.after_exit.rewarded_years == (2026, 2027, 2028)
    assert after.after_exit.restrictions == "国开发〔2014〕12号"
    assert after.model_copy(update={"after_exit": before.after_exit}) == before
    assert moved_policy(before, 0) == before


@pytest.mark.parametrize("named", SHIPPED)
@given(years=st.integers(0, 60))
def test_a_policy_is_read_from_its_file_as_it_was(named: str, years: int) -> None:
    moved = moved_policy(policy(named), years)
    assert parse_policy(as_toml(moved)) == moved
