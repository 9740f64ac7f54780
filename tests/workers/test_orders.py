"""Every order has its activity: one that takes it, and answers what the order says."""

from pathlib import Path
from typing import get_type_hints

import pytest

from workers.carried_out import ADMISSIONS, AGAIN, BRINGING
from workers.catalogue import ORDERS, activities
from workers.settings import Settings


def test_every_order_is_taken_by_its_activity_and_answered_as_it_says(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    served = {each.__name__: get_type_hints(each) for each in activities(settings)}
    assert served.keys() == ORDERS.keys()
    for name, hints in served.items():
        answer = hints.pop("return")
        assert (list(hints.values()), answer) == (
            [ORDERS[name]],
            type(None) if ORDERS[name].answer() is None else ORDERS[name].answer(),
        ), name


@pytest.mark.clause("G7")
def test_what_a_restored_registry_is_given_again() -> None:
    assert sorted(ADMISSIONS) == [
        "admit_county",
        "admit_reentry",
        "admit_revocation",
        "admit_roster",
        "admit_supplement",
        "admit_village",
        "draw_sample",
        "open_follow_up",
        "open_watch",
    ]
    assert sorted(BRINGING) == [  # and what entries these have brought along
        "county_counted",
        "enter_household",
        "look_up_households",
        "publish_notice",
        "revoke_exit",
        "strike_off_county",
        "strike_off_households",
        "strike_off_village",
        "village_incidence",
    ]
    assert sorted(AGAIN - ADMISSIONS) == sorted([*BRINGING, "write_ledger"])
