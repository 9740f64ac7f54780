"""Whether a village's case may be opened (V1, S5, G5, G6, G9)."""

from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import pytest

from models.policy_file import parse_policy
from models.village.admission import RULES, VillageFacts
from tests.models.samples import HENAN, beijing_time, day
from tests.models.village_samples import application, incidence, village

GANSU = parse_policy(
    (Path(__file__).parents[2] / "policies" / "gansu-2016.toml").read_text(encoding="utf-8")
)
ADDITION = {"reason": "应退则退（合成）", "document_number": "合成〔2〕号"}


def facts(**changes: Any) -> VillageFacts:
    values: dict[str, Any] = {
        "subject": village(),
        "listed": True,
        "planned": True,
        "incidence": incidence(),
    }
    return VillageFacts(**(values | changes))


def said(
    received: str = "2017-11-20 09:00", known: VillageFacts | None = None, **changes: Any
) -> str | None:
    """What is wrong with an application that is received at a moment."""
    return RULES.fault(application(**changes), known or facts(), HENAN, beijing_time(received))


@pytest.mark.clause("V1", "S5", "G6", "G9")
def test_a_planned_village_on_the_list_is_admitted() -> None:
    assert said() is None


@pytest.mark.clause("V1")
def test_an_unknown_village() -> None:
    known = VillageFacts(subject=None, code_note="the register knows no village with this code")
    assert said(known=known) == (
        "village 411523100901: the register knows no village with this code"
    )


@pytest.mark.clause("V1")
def test_a_village_of_another_province() -> None:
    found = RULES.fault(application(), facts(), GANSU, beijing_time("2017-11-20 09:00"))
    assert found == (
        "合成村 (411523100901) is not in the province of the policy gansu-2016 (620000)"
    )


@pytest.mark.clause("V1")
def test_only_a_poor_village_leaves_the_list_and_only_once() -> None:
    assert said(known=facts(listed=False)) == (
        "合成村 (411523100901) is not on the list of poor villages, and never was"
    )
    left = facts(listed=False, exited_on=day("2017-10-31"))
    assert said(known=left) == (
        "合成村 (411523100901) is not on the list of poor villages: it left on 2017-10-31"
    )


@pytest.mark.clause("G9", "G3")
def test_one_open_case_per_village_and_year() -> None:
    case = "village-exit/411523100901/2017"
    assert said(known=facts(open_case=case)) == (
        f"合成村 (411523100901) already has an open case for 2017: {case} (G9)"
    )
    assert said(known=facts(refused_case=case)) == (
        f"合成村 (411523100901) was not exited in 2017 ({case}); it may be taken up again next "
        "year (G3)"
    )


@pytest.mark.clause("G6")
def test_no_exit_outside_the_plan() -> None:
    outside = facts(planned=False)
    assert said(known=outside) == (
        "合成村 (411523100901) is not in the plan of 2017 (G6); to add it, give a plan_addition "
        "with reason and document_number"
    )
    assert said(known=outside, plan_addition=ADDITION) is None
    assert said(plan_addition=ADDITION) is None


@pytest.mark.clause("S5")
def test_without_a_population_nothing_can_be_judged() -> None:
    found = said(known=facts(incidence=None))
    assert found is not None
    assert "has no population in the register, so its incidence cannot be computed (S5)" in found


@pytest.mark.clause("S2", "S6")
def test_a_failed_standard_is_for_the_survey_to_judge() -> None:
    assert said(known=facts(incidence=incidence(poor=300))) is None


@pytest.mark.clause("G5", "V1")
@pytest.mark.parametrize(
    ("received", "year", "in_order"),
    [
        ("2017-01-01 00:00:00", 2017, True),
        ("2016-12-31 23:59:59", 2017, False),  # not before its year
        ("2018-01-01 00:00:00", 2017, True),
        ("2018-12-31 23:59:59", 2017, True),
        ("2019-01-01 00:00:00", 2017, False),
    ],
)
def test_the_year_of_a_case(received: str, year: int, in_order: bool) -> None:
    reason = "排查遗漏（合成）" if received.startswith("2018-12") else None  # after T6
    found = said(received, year=year, late_reason=reason)
    if in_order:
        assert found is None
    else:
        assert found is not None
        assert found.startswith(f"year: {year} is not the year of an application of ")
    # New Year comes to Beijing while it is the old year in London.
    moment = beijing_time(received).astimezone(UTC)
    again = application(year=year, late_reason=reason)
    assert RULES.fault(again, facts(), HENAN, moment) == found


@pytest.mark.clause("T6", "G5", "V1")
@pytest.mark.parametrize(
    ("received", "signed", "breach", "late"),
    [
        ("2018-01-31 23:59:59", None, "limit", False),
        ("2018-02-01 00:00:00", None, "limit", True),
        ("2018-02-01 09:00:00", "2018-01-31T23:59:59+08:00", "limit", False),
        ("2017-12-31 23:59:59", None, "target", False),
        ("2018-01-01 00:00:00", None, "target", True),
    ],
)
def test_a_village_that_comes_after_the_date_says_why(
    received: str, signed: str | None, breach: str, late: bool
) -> None:
    dates = HENAN.register_change.model_copy(update={"breach": breach})
    policy, now = HENAN.model_copy(update={"register_change": dates}), beijing_time(received)
    day = "2018-01-31" if breach == "limit" else "2017-12-31"
    without, reasoned = (
        RULES.fault(application(applied_at=signed, late_reason=reason), facts(), policy, now)
        for reason in (None, "排查遗漏（合成）")
    )
    if late:
        assert without == f"the village comes after {day} 24:00 (T6); give a late_reason (G5)"
        assert reasoned is None
    else:
        assert without is None
        assert reasoned == f"late_reason: the village is in time (T6, {day} 24:00) and needs none"


@pytest.mark.clause("V1")
def test_an_application_is_not_signed_tomorrow() -> None:
    now = beijing_time("2017-11-20 09:00")
    for seconds, in_order in ((0, True), (300, True), (301, False)):  # clocks differ a little
        signed = now + timedelta(seconds=seconds)
        found = RULES.fault(application(applied_at=signed), facts(), HENAN, now)
        assert (found is None) is in_order
        assert found is None or "lies in the future" in found
