"""Whether a roster may open a case, and who was voted onto it (H1, S7, G5, G6, G9)."""

from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from models.appraisals import MOST_HOUSEHOLDS, Appraisal
from models.case.admission import Admission
from models.policy import Policy
from models.policy_file import parse_policy
from models.register.households import MOST_SAID
from models.roster.admission import (
    RULES,
    AdmittedRoster,
    KnownHousehold,
    RosterFacts,
    told_in_one,
)
from models.roster.messages import RosterApplication
from tests.models.roster_samples import (
    CODES,
    LINE,
    VILLAGE,
    application,
    household,
    meeting,
    votes,
)
from tests.models.samples import HENAN, beijing_time
from tests.models.village_samples import village
from workers.limits import PAYLOAD

GANSU = parse_policy(
    (Path(__file__).parents[2] / "policies" / "gansu-2016.toml").read_text(encoding="utf-8")
)
RECEIVED = "2017-12-05 09:00"
ADDITION = {"reason": "应退则退（合成）", "document_number": "合成〔2〕号"}


def known(code: str = "H-01", **changes: Any) -> KnownHousehold:
    """A household in the register that may be on a roster."""
    values: dict[str, Any] = {
        "village": VILLAGE,
        "registered": True,
        "planned": True,
        "facts": household(code),
    }
    return KnownHousehold.model_validate(values | changes)


def facts(**changes: Any) -> RosterFacts:
    """A register that knows village, line and households."""
    values: dict[str, Any] = {
        "subject": village(),
        "line": LINE,
        "households": {code: known(code) for code in CODES},
    }
    return RosterFacts.model_validate(values | changes)


def said(
    applied: RosterApplication | None = None,
    register: RosterFacts | None = None,
    *,
    received: str = RECEIVED,
    policy: Policy = HENAN,
) -> str | None:
    """What is wrong with a roster that is received at a moment."""
    return RULES.fault(
        applied or application(), register or facts(), policy, beijing_time(received)
    )


def of_households(**changes: Any) -> str | None:
    """What is wrong where the register says something else of the first household."""
    return said(register=facts(households=facts().households | {"H-01": known(**changes)}))


@pytest.mark.clause("H1", "G6", "G9", "S7")
def test_a_roster_in_order_is_admitted() -> None:
    assert said() is None


@pytest.mark.clause("H1")
def test_a_village_that_is_not_known_or_of_another_province() -> None:
    unknown = RosterFacts(subject=None, code_note="the register knows no village with this code")
    assert said(register=unknown) == (
        f"village {VILLAGE}: the register knows no village with this code"
    )
    assert said(policy=GANSU) == (
        f"合成村 ({VILLAGE}) is not in the province of the policy gansu-2016 (620000)"
    )


@pytest.mark.clause("S7")
def test_a_year_without_a_line() -> None:
    assert said(register=facts(line=None)) == (
        "year: no national poverty line of 2017 is loaded (S7), so no household can be judged; "
        "load it with `exitflow registry line 2017 --yuan N --source TEXT`"
    )


# -- the meeting ------------------------------------------------------------------------------


@pytest.mark.clause("H1")
@pytest.mark.parametrize(
    ("present", "entitled", "quorum"),
    [
        pytest.param(20, 30, True, id="exactly two thirds"),
        pytest.param(19, 30, False, id="one fewer"),
        pytest.param(2, 3, True, id="two of three"),
        pytest.param(1, 2, False, id="half"),
        # 66.67 % would be two thirds in whole hundredths; 6666 of 10000 are not.
        pytest.param(6_666, 10_000, False, id="a little less"),
        pytest.param(6_667, 10_000, True, id="a little more"),
        pytest.param(1, 1, True, id="all of one"),
    ],
)
def test_the_quorum(present: int, entitled: int, quorum: bool) -> None:
    record = meeting(present=present, entitled=entitled)
    found = said(application(appraisal={"meeting": record, "households": votes(in_favour=0)}))
    assert found == (
        None
        if quorum
        else f"meeting.present: {present} of {entitled} are less than the quorum of 2/3 (H1); the "
        "meeting has to be held again"
    )


@pytest.mark.clause("H1")
@pytest.mark.parametrize(
    ("in_favour", "present", "majority"),
    [
        pytest.param(10, 20, False, id="exactly half"),
        pytest.param(11, 20, True, id="one more than half"),
        pytest.param(10, 21, False, id="less than half"),
        pytest.param(11, 21, True, id="the smallest majority of an odd number"),
        pytest.param(0, 1, False, id="nobody"),
        pytest.param(1, 1, True, id="all of one"),
    ],
)
def test_the_majority(in_favour: int, present: int, majority: bool) -> None:
    assert HENAN.appraisal.has_majority(in_favour, present) is majority


@pytest.mark.clause("H1")
@given(st.integers(1, 200), st.integers(0, 200), st.integers(1, 9), st.integers(1, 9))
def test_parts_are_compared_exactly(whole: int, part: int, above: int, below: int) -> None:
    above, below = min(above, below), max(above, below)
    rule = HENAN.appraisal.model_copy(
        update={"quorum": f"{above}/{below}", "majority": f"{above}/{below}"}
    )
    share = Fraction(above, below)
    assert rule.has_quorum(part, whole) is (part >= whole * share)
    assert rule.has_majority(part, whole) is (part > whole * share)


@pytest.mark.clause("H1")
@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"present": 31}, "present: 31 cannot be more than the 30 entitled (H1)"),
        ({"present": 0}, "present: Input should be greater than or equal to 1"),
        ({"entitled": 0}, "entitled: Input should be greater than or equal to 1"),
        ({"minutes": " "}, "minutes: String should have at least 1 character"),
        ({"held_on": "2017-13-01"}, "held_on: Input should be a valid date"),
    ],
)
def test_a_meeting_that_cannot_have_been(changes: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Appraisal.model_validate({"meeting": meeting(**changes), "households": votes()})
    found = caught.value.errors()[0]
    where = ".".join(str(part) for part in found["loc"])
    assert why in f"{where}: {found['msg']}"


@pytest.mark.clause("H1")
@pytest.mark.parametrize(
    ("households", "why"),
    [
        (votes("H-01", in_favour=21), "21 votes for H-01 are more than the 20 present (H1)"),
        (votes("H-01", "H-02", "H-01"), "H-01 stands on the roster twice; keep one"),
        ([], "should have at least 1 item"),
        (votes("H-01", in_favour=-1), "greater than or equal to 0"),
        (votes("x y"), "should match pattern"),
        (votes(*(f"H-{n:04}" for n in range(MOST_HOUSEHOLDS + 1))), "at most 1000 items"),
    ],
    ids=["votes", "twice", "empty", "negative", "number", "too many"],
)
def test_votes_that_cannot_be(households: list[dict[str, Any]], why: str) -> None:
    with pytest.raises(ValidationError, match="households") as caught:
        application(appraisal={"meeting": meeting(), "households": households})
    assert why in str(caught.value)


@pytest.mark.clause("H1")
@pytest.mark.parametrize(
    ("held_on", "applied_at", "why"),
    [
        ("2017-12-05", None, None),
        ("2017-12-06", None, "2017-12-06 lies after 2017-12-05, when it was handed in"),
        ("2017-01-01", None, None),
        ("2016-12-31", None, "2016-12-31 lies before 2017, the year of the roster"),
        ("2017-12-02", "2017-12-02T00:00:00+08:00", None),
        # In Beijing it is the second already.
        ("2017-12-02", "2017-12-01T16:00:00+00:00", None),
        (
            "2017-12-02",
            "2017-12-01T23:59:59+08:00",
            "2017-12-02 lies after 2017-12-01, when it was handed in",
        ),
    ],
)
def test_the_day_of_the_meeting(held_on: str, applied_at: str | None, why: str | None) -> None:
    record = {"meeting": meeting(held_on=held_on), "households": votes()}
    found = said(application(appraisal=record, applied_at=applied_at))
    assert found == (why and f"meeting.held_on: {why}")


# -- its time ---------------------------------------------------------------------------------


@pytest.mark.clause("G5")
@pytest.mark.parametrize(
    ("received", "changes", "why"),
    [
        ("2017-12-31 23:59", {}, None),
        ("2018-01-01 00:00", {}, "the roster comes after 2017 has ended; give a late_reason (G5)"),
        ("2018-01-01 00:00", {"late_reason": "名单遗漏（合成）"}, None),
        ("2018-01-01 00:00", {"applied_at": "2017-12-31T23:59:59+08:00"}, None),
        ("2018-12-31 23:59", {"late_reason": "名单遗漏（合成）"}, None),
        (
            "2017-12-31 23:59",
            {"late_reason": "名单遗漏（合成）"},
            "late_reason: the roster comes in its year and needs none (G5)",
        ),
        (
            "2019-01-01 00:00",
            {"late_reason": "名单遗漏（合成）"},
            "year: 2017 is not the year of an application of 2019-01-01; a case is opened in its "
            "year, or late in the year after it (G5)",
        ),
        (
            "2016-12-31 23:59",
            {},
            "year: 2017 is not the year of an application of 2016-12-31; a case is opened in its "
            "year, or late in the year after it (G5)",
        ),
    ],
)
def test_a_roster_comes_in_its_year_or_late(
    received: str, changes: dict[str, Any], why: str | None
) -> None:
    assert said(application(**changes), received=received) == why


@pytest.mark.clause("G5")
def test_it_is_not_signed_in_the_future() -> None:
    assert said(application(applied_at="2017-12-05T09:05:00+08:00")) is None
    found = said(application(applied_at="2017-12-05T09:05:01+08:00"))
    assert found == "applied_at: 2017-12-05 09:05:01+08:00 lies in the future"


# -- its households ---------------------------------------------------------------------------


@pytest.mark.clause("H1", "S1", "G6", "G9")
@pytest.mark.parametrize(
    ("changes", "why"),
    [
        (
            {"village": "411523100902"},
            f"is registered in the village 411523100902, not in {VILLAGE}",
        ),
        (
            {"registered": False, "exited_on": date(2016, 12, 20)},
            "is not in the register as poor: it left on 2016-12-20",
        ),
        (
            {"registered": False},
            "is not in the register as poor: that begins later",
        ),
        (
            {"open_roster": "household-exit/411523100901/2017/1"},
            "is on an open roster of 2017 already: household-exit/411523100901/2017/1 (G9)",
        ),
        (
            {"facts": None},
            "has no livelihood of 2017 in the register (S1); import it first",
        ),
        (
            {"planned": False},
            "is not in the plan of 2017 (G6); to add it, give a plan_addition with reason and "
            "document_number",
        ),
    ],
)
def test_a_household_that_cannot_be_on_it(changes: dict[str, Any], why: str) -> None:
    assert of_households(**changes) == f"household H-01 {why}"


@pytest.mark.clause("H1")
def test_a_household_that_nobody_knows() -> None:
    register = facts(households={"H-02": known("H-02"), "H-03": known("H-03")})
    assert said(register=register) == "household H-01 is not in the register; import it first"


@pytest.mark.clause("G6")
def test_a_household_outside_the_plan_is_added_to_it() -> None:
    unplanned = facts(households={code: known(code, planned=False) for code in CODES})
    added = [*votes("H-01", plan_addition=ADDITION), *votes("H-02", "H-03")]
    found = said(application(appraisal={"meeting": meeting(), "households": added}), unplanned)
    assert found is not None
    assert "H-01" not in found
    assert found.count("is not in the plan of 2017 (G6)") == 2
    everybody = votes(plan_addition=ADDITION)
    record = {"meeting": meeting(), "households": everybody}
    assert said(application(appraisal=record), unplanned) is None


@pytest.mark.clause("H1")
def test_a_roster_that_no_case_could_carry() -> None:
    wordy = {"reason": "应退" * 2_000, "document_number": "合成〔2〕号"}
    codes = [f"H-{number:04}" for number in range(60)]
    record = {"meeting": meeting(), "households": votes(*codes, plan_addition=wordy)}
    found = said(application(appraisal=record))
    assert found is not None
    assert found.endswith(
        "bytes, and a case takes at most 600000; shorten the reasons, or make two rosters of it"
    )
    record["households"] = votes(*codes[:45], plan_addition=wordy)
    assert "bytes" not in str(said(application(appraisal=record)))


@pytest.mark.clause("H1", "H2")
def test_a_roster_of_whom_the_register_says_more_than_fits_into_an_answer() -> None:
    codes = [f"H-{number:03}" for number in range(300)]
    many = tuple("张" * 60 for _ in range(20))
    there = {code: known(facts=household(code)) for code in codes}
    assert said(application(*codes), facts(households=there)) is None
    there = {
        code: known(facts=household(code).model_copy(update={"members": many})) for code in codes
    }
    large = facts(households=there)
    assert said(application(*codes), large) == (
        "the register says more of its households than a case takes; make two rosters of it"
    )


@pytest.mark.clause("H1", "G9", "S1")
def test_what_the_case_is_told_of_the_largest_roster_fits_into_an_answer() -> None:
    codes = [f"H-{number:028}" for number in range(MOST_HOUSEHOLDS)]
    usual = {code: known(code) for code in codes}
    assert said(application(*codes), facts(households=usual)) is None
    words: dict[str, Any] = dict.fromkeys(
        ("income_sources", "stable_because", "deferral"), "字" * MOST_SAID
    )
    longest = {"head": "张" * 100, "group": "组" * 100, "children": "童" * MOST_SAID}
    wordy = {code: household(code, **words).model_copy(update=longest) for code in codes}
    there = {code: known(facts=wordy[code]) for code in codes}
    assert "make two rosters of it" in str(said(application(*codes), facts(households=there)))
    most = dict(list(there.items())[: told_in_one(wordy.values())])
    assert said(application(*most), facts(households=most)) is None
    answer = Admission(token="0" * 64, known=AdmittedRoster.of(facts(households=most)))
    assert len(answer.model_dump_json().encode()) < 0.95 * PAYLOAD


@pytest.mark.clause("H1")
def test_every_household_that_cannot_be_on_it_is_counted() -> None:
    codes = [f"H-{number:02}" for number in range(10, 17)]
    found = said(application(*codes), facts(households={}))
    assert found is not None
    assert found.count("is not in the register; import it first") == 5
    assert found.endswith("; and 2 more")
