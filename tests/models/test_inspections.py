"""Which rates of supervision stand against a county (F6, S4, C7)."""

from datetime import UTC, datetime, timedelta

import pytest

from models.county.inspections import Inspections
from models.ratios import ExactRates, Ratio
from models.supervision.messages import SupervisionResult

GOOD, UNKNOWN = Ratio(part=0, whole=100), Ratio(part=0, whole=0)
BEGUN = datetime(2026, 1, 5, tzinfo=UTC)


def result(
    number: int,
    *failed: str,
    wrong: Ratio = GOOD,
    omitted: Ratio = GOOD,
    day: int | None = None,
    office: str = "A7/410000",
) -> SupervisionResult:
    """The result of the special inspection of a number, decided on a day: that of its number."""
    rates = ExactRates(incidence=GOOD, wrongly_exited=wrong, omitted=omitted, recognition=GOOD)
    return SupervisionResult.model_validate(
        {
            "id": f"r-{number}",
            "office": office,
            "supervision": f"supervision/411523/2026-s{number}",
            "county": "411523",
            "year": 2026,
            "rates": rates,
            "failed": failed,
            "at": BEGUN + timedelta(days=number if day is None else day),
        }
    )


BAD = Ratio(part=3, whole=100)


def having(*results: SupervisionResult) -> Inspections:
    inspections = Inspections()
    for each in results:
        assert inspections.take(each)
    return inspections


@pytest.mark.clause("F6", "S4", "C7")
def test_the_latest_result_counts_in_whatever_order_they_come() -> None:
    failed, passed = result(1, "S4.wrong", wrong=BAD), result(2)
    for order in ((failed, passed), (passed, failed)):
        assert having(*order).block() is None
    later = result(3, "S4.omitted", omitted=BAD)
    said = having(failed, later, passed).block()
    assert said is not None
    assert said.startswith("S4.omitted failed in supervision/411523/2026-s3 (omitted 3/100): ")


@pytest.mark.clause("F6", "S4", "C7")
def test_a_rate_that_could_not_be_computed_lifts_no_block_and_makes_none() -> None:
    failed, unknown = result(1, "S4.omitted", omitted=BAD), result(2, omitted=UNKNOWN)
    assert list(having(failed, unknown).failing()) == ["S4.omitted"]
    assert having(unknown).block() is None
    assert having(failed, unknown, result(3)).block() is None


@pytest.mark.clause("F6", "F14", "A8", "C7")
@pytest.mark.parametrize(
    ("found", "passed", "blocks"),
    [
        ("A7/410000", "A6/411500", True),
        ("A7/410000", "A8/100000", False),
        ("A6/411500", "A6/411500", False),
        ("A6/411500", "A7/410000", False),
    ],
)
def test_what_the_province_has_found_no_city_lifts(found: str, passed: str, blocks: bool) -> None:
    failed = result(1, "S4.wrong", wrong=BAD, office=found)
    assert (having(failed, result(2, office=passed)).block() is not None) is blocks
    assert list(having(result(0, office=passed), failed).failing()) == ["S4.wrong"]


@pytest.mark.clause("F6", "C7")
def test_the_same_result_twice_is_one() -> None:
    inspections = having(result(1, "S4.wrong", wrong=BAD))
    unharmed = inspections.unharmed()
    assert not inspections.take(result(1, "S4.wrong", wrong=BAD))
    assert unharmed()
    assert inspections.take(result(2, "S4.wrong", wrong=BAD))
    assert not unharmed()


@pytest.mark.clause("F6", "C7")
def test_what_was_harmed_stays_harmed_though_the_block_is_lifted() -> None:
    inspections = having()
    unharmed = inspections.unharmed()
    inspections.take(result(1, "S4.wrong", wrong=BAD))
    inspections.take(result(2))
    assert inspections.block() is None
    assert not unharmed()
    assert inspections.lifted_at() == BEGUN + timedelta(days=2)


@pytest.mark.clause("F6", "C7")
def test_a_result_that_was_none_has_harmed_nothing() -> None:
    inspections = having(result(1))
    unharmed = inspections.unharmed()
    inspections.take(result(2, "S4.wrong", wrong=BAD))
    assert not unharmed()
    inspections.drop(result(2).supervision)
    assert unharmed()
    assert inspections.block() is None


@pytest.mark.clause("F6", "C7")
def test_a_result_that_was_none_had_covered_an_older_failure() -> None:
    inspections = having(result(1, "S4.wrong", wrong=BAD), result(9))
    unharmed = inspections.unharmed()
    assert unharmed()
    inspections.drop(result(9).supervision)
    assert not unharmed()


@pytest.mark.clause("F6", "C7")
def test_a_good_result_harms_nothing_beside_one_that_was_none() -> None:
    inspections = having(result(1))
    unharmed = inspections.unharmed()
    inspections.take(result(2, "S4.wrong", wrong=BAD))
    inspections.take(result(3, omitted=UNKNOWN))
    inspections.drop(result(2).supervision)
    assert unharmed()


@pytest.mark.clause("F6", "C7")
def test_a_result_that_was_none_has_covered_nothing() -> None:
    inspections = having(result(9))
    unharmed = inspections.unharmed()
    inspections.take(result(1, "S4.wrong", wrong=BAD))  # told late: covered by the false one
    assert unharmed()
    inspections.drop(result(9).supervision)
    assert not unharmed()
    assert inspections.block() is not None


@pytest.mark.clause("F6", "C7")
def test_a_block_was_lifted_when_the_last_rate_was_met_whatever_passed_after_it() -> None:
    both = result(1, "S4.wrong", "S4.omitted", wrong=BAD, omitted=BAD)
    half = result(2, "S4.omitted", omitted=BAD)
    inspections = having(result(4), both, half, result(3))
    assert inspections.lifted_at() == BEGUN + timedelta(days=3)


@pytest.mark.clause("F6", "C7")
def test_nothing_was_lifted_where_nothing_failed() -> None:
    assert having(result(1), result(2)).lifted_at() is None
    assert having(result(1, "S4.wrong", wrong=BAD)).lifted_at() is None
