"""What a supervision is sent: read strictly, and what cannot be is refused (F6)."""

from typing import Any

import pytest
from pydantic import ValidationError

from models.base import faults
from models.offices import Office
from models.supervision.admission import RULES, SupervisionFacts, id_fault
from models.supervision.messages import (
    Findings,
    HouseholdCheck,
    Plea,
    SupervisionApplication,
    SupervisionOpening,
    VillageCheck,
)
from models.supervision.rules import Inspection
from models.supervision.sampling import Sample
from tests.models.samples import HENAN, beijing_time, county
from tests.models.test_supervision_rates import V1, V2, right, sample, village, wrong

VILLAGE = {
    "village": V1,
    "omitted_people": 0,
    "omitted_households": 0,
    "asked": 0,
    "recognising": 0,
}
FINDINGS = {"id": "f-1", "office": "A7/410000", "officer": "某乙"}
EVIDENCE = [{"name": "证明.pdf", "sha256": "0" * 64}]
PLEA = {"id": "p-1", "office": "A5/411523", "officer": "某甲", "about": "H001", "text": "已验收"}


def refused(kind: Any, **fields: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        kind.model_validate(fields)
    return faults(caught.value)


@pytest.mark.clause("F6", "S1")
@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"wrongly_exited": True}, "H001 was wrongly exited exactly where it fails a criterion"),
        ({"wrongly_exited": False, "failed": ["S1.housing"]}, "exactly where it fails a criterion"),
        ({"wrongly_exited": True, "failed": ["S2.road"]}, "S2.road is no criterion of S1"),
        ({"wrongly_exited": True, "failed": ["S1.food", "S1.food"]}, "is named twice"),
        ({"wrongly_exited": 1, "failed": ["S1.food"]}, "valid boolean"),
    ],
)
def test_a_finding_on_a_household_that_cannot_be(fields: dict[str, Any], said: str) -> None:
    assert said in refused(HouseholdCheck, household="H001", **fields)


@pytest.mark.clause("F6")
@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"asked": 9, "recognising": 10}, "recognising: 10 of 9 asked cannot be"),
        ({"omitted_people": 1, "omitted_households": 2}, "2 households of 1 people cannot be"),
        ({"omitted_people": 1}, "1 people live in at least one"),
        ({"omitted_people": -1}, "omitted_people"),
        ({"asked": "10"}, "asked"),
    ],
)
def test_a_finding_on_a_village_that_cannot_be(fields: dict[str, Any], said: str) -> None:
    assert said in refused(VillageCheck, **(VILLAGE | fields))


@pytest.mark.clause("F6")
def test_findings_are_on_something_and_on_each_once() -> None:
    assert "give at least one finding" in refused(Findings, **FINDINGS)
    twice = [{"household": "H001", "wrongly_exited": False}] * 2
    assert "H001 is found on twice" in refused(Findings, **FINDINGS, households=twice)


@pytest.mark.clause("F6")
def test_a_plea_brings_evidence() -> None:
    assert "evidence" in refused(Plea, **PLEA)
    assert "evidence" in refused(Plea, **PLEA, evidence=[])
    assert Plea.model_validate(PLEA | {"evidence": EVIDENCE}).about == "H001"


@pytest.mark.clause("F6")
@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "give one of the two"),
        ({"quarter": 1, "reason": "举报较多"}, "give one of the two"),
        ({"quarter": 5}, "quarter"),
        ({"reason": "举报较多", "seed": "a b"}, "seed"),
        ({"quarter": 1, "households": 0}, "households"),
        ({"quarter": 1, "villages": 201}, "villages"),
    ],
)
def test_an_application_that_cannot_be(fields: dict[str, Any], said: str) -> None:
    assert said in refused(SupervisionApplication, county="411523", year=2026, **fields)


@pytest.mark.clause("F6")
@pytest.mark.parametrize(
    ("case_id", "fields", "said"),
    [
        ("supervision/411523/2026-q1", {"quarter": 1}, None),
        ("supervision/411523/2026-s1", {"reason": "举报"}, None),
        ("supervision/411523/2026-s12", {"reason": "举报"}, None),
        (
            "supervision/411523/2026-q2",
            {"quarter": 1},
            "but of the form {}q1",
        ),
        (
            "supervision/411523/2026-q1",
            {"reason": "举报"},
            "of the form {}s1",
        ),
        (
            "supervision/411524/2026-s1",
            {"reason": "举报"},
            "of the form {}s1",
        ),
        ("supervision/411523/2026-s", {"reason": "举报"}, "of the form {}s1"),
        # Digits, but not those of an id: its result could not be written.
        ("supervision/411523/2026-s\u0663", {"reason": "举报"}, "of the form {}s1"),
    ],
)
def test_the_id_says_what_it_is(case_id: str, fields: dict[str, Any], said: str | None) -> None:
    opening = SupervisionOpening(
        case_id=case_id,
        application=SupervisionApplication(county="411523", year=2026, **fields),
        subject=county(),
        policy=HENAN,
    )
    found = id_fault(opening, case_id)
    assert (found is None) == (said is None)
    assert said is None or said.format("supervision/411523/2026-") in (found or "")


@pytest.mark.clause("F6")
def test_whoever_opens_it_the_supervision_of_a_quarter_has_the_id_of_that() -> None:
    asked = {"county": "411523", "year": 2026}
    special = SupervisionApplication.model_validate(asked | {"reason": "举报"})
    assert RULES.case_id(special, 2) == "supervision/411523/2026-s2"
    quarter = SupervisionApplication.model_validate(asked | {"quarter": 4})
    assert RULES.case_id(quarter, 2) == "supervision/411523/2026-q4"


def fault(facts: SupervisionFacts, **changes: Any) -> str | None:
    """Why a supervision cannot begin on 1 October 2026, by what the register knows."""
    values = {"county": "411523", "year": 2026, "reason": "举报"} | changes
    application = SupervisionApplication.model_validate(values)
    return RULES.fault(application, facts, HENAN, beijing_time("2026-10-01 09:00"))


@pytest.mark.clause("F6")
@pytest.mark.parametrize(("year", "allowed"), [(2024, False), (2025, True), (2027, False)])
def test_the_year_of_a_supervision(year: int, allowed: bool) -> None:
    found = fault(SupervisionFacts(subject=county()), year=year)
    assert (found is None) is allowed
    assert allowed or "is not the year of a supervision that begins on 2026-10-01" in (found or "")


@pytest.mark.clause("F6", "G9")
def test_one_special_inspection_of_a_county_at_a_time() -> None:
    open_case = "supervision/411523/2026-s1"
    assert fault(SupervisionFacts(subject=county(), open_case=open_case)) == (
        f"新县 (411523) already has an open special inspection: {open_case} (G9)"
    )
    unknown = SupervisionFacts(subject=None, code_note="the register knows no such code")
    assert fault(unknown) == "county 411523: the register knows no such code"


@pytest.mark.clause("A8", "F6", "F14")
@pytest.mark.parametrize(
    ("office", "directly", "allowed"),
    [
        ("A7/410000", False, True),
        ("A8/100000", False, True),
        ("A6/411500", False, True),
        ("A6/411600", False, False),
        ("A6/411500", True, False),
        ("A5/411523", False, False),
    ],
)
def test_the_city_the_province_and_the_nation_inspect(
    office: str, directly: bool, allowed: bool
) -> None:
    subject = county(direct=directly)
    found = fault(SupervisionFacts(subject=subject), office=Office.parse(office))
    assert found is None if allowed else f"not by {office} (A8, F6, F14)" in (found or "")


def findings(*checks: HouseholdCheck | VillageCheck) -> Findings:
    return Findings.model_validate(
        FINDINGS
        | {
            "households": [each for each in checks if isinstance(each, HouseholdCheck)],
            "villages": [each for each in checks if isinstance(each, VillageCheck)],
        }
    )


@pytest.fixture
def drawn() -> Sample:
    return sample({"H001": 3, "H002": 4}, {V1: (100, 40)})


@pytest.mark.clause("F6")
def test_findings_outside_the_sample_are_refused_by_name(drawn: Sample) -> None:
    inspection = Inspection(drawn)
    assert inspection.fault(findings(right("H001"), village(V1, 60))) is None
    said = inspection.fault(findings(right("H001"), right("H003")))
    assert said is not None
    assert said.startswith("household H003 is not in the sample of this supervision, which drew 2")
    said = inspection.fault(findings(village(V2)))
    assert said is not None
    assert f"village {V2} is not in the sample" in said


@pytest.mark.clause("F6")
def test_a_rate_above_one_is_refused(drawn: Sample) -> None:
    said = Inspection(drawn).fault(findings(village(V1, 61)))
    assert said is not None
    assert "61 omitted people are more than the 60 who were never registered there" in said


@pytest.mark.clause("F6")
def test_no_more_are_asked_than_live_in_a_village(drawn: Sample) -> None:
    everybody = VillageCheck.model_validate(VILLAGE | {"asked": 100, "recognising": 100})
    assert Inspection(drawn).fault(findings(everybody)) is None
    more = VillageCheck.model_validate(VILLAGE | {"asked": 101})
    said = Inspection(drawn).fault(findings(more))
    assert said is not None
    assert "101 people asked are more than the 100 who lived there as of" in said


@pytest.mark.clause("F6")
def test_a_later_finding_replaces_an_earlier_one(drawn: Sample) -> None:
    inspection = Inspection(drawn)
    assert list(inspection.missing) == ["H001", "H002", V1]
    inspection.take(findings(wrong("H001"), right("H002")))
    assert list(inspection.missing) == [V1]
    assert inspection.rates.wrongly_exited.part == 3
    inspection.take(findings(right("H001"), village(V1)))
    assert not list(inspection.missing)
    assert inspection.rates.wrongly_exited.part == 0


@pytest.mark.clause("F6")
def test_a_finding_set_aside_counts_nowhere_until_another_takes_its_place(drawn: Sample) -> None:
    inspection = Inspection(drawn)
    inspection.take(findings(wrong("H001"), right("H002"), village(V1, 3)))
    inspection.set_aside("H001")
    inspection.set_aside(V1)
    assert list(inspection.missing) == ["H001", V1]
    assert inspection.rates.wrongly_exited.whole == 4
    assert inspection.rates.omitted.whole == 0
    inspection.take(findings(right("H001"), village(V1, 2)))
    assert not list(inspection.missing)
    assert not dict(inspection.aside)


@pytest.mark.clause("F6")
@pytest.mark.parametrize(
    ("before", "after", "allowed"),
    [
        (wrong("H001"), wrong("H001"), True),
        (wrong("H001"), right("H001"), True),
        (right("H001", False), wrong("H001"), False),
        (right("H001", True), right("H001", False), False),
        (right("H001", True), right("H001"), False),
        (right("H001"), right("H001", False), False),
        (right("H001", False), right("H001", True), True),
        (village(V1, 3), village(V1, 3), True),
        (village(V1, 3), village(V1, 4), False),
        (village(V1, 0, 10, 5), village(V1, 0, 20, 10), True),
        (village(V1, 0, 10, 5), village(V1, 0, 20, 9), False),
        (village(V1, 0, 10, 5), village(V1, 0, 0, 0), False),
    ],
)
def test_what_takes_its_place_says_nothing_worse(
    drawn: Sample,
    before: HouseholdCheck | VillageCheck,
    after: HouseholdCheck | VillageCheck,
    allowed: bool,
) -> None:
    inspection = Inspection(drawn)
    inspection.take(findings(before))
    inspection.set_aside(before.household if isinstance(before, HouseholdCheck) else before.village)
    said = inspection.fault(findings(after))
    assert (said is None) is allowed
    assert allowed or "申诉不加重" in (said or "")
