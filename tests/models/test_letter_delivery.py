"""Delivered letters (送达回证, F15): what can be reported of which letter."""

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from models.case.documents import CaseDocument
from models.case.letter_delivery import LetterDelivery, not_so_delivered
from models.case.reception import Reception
from models.procedures import C2
from tests.models.document_samples import document
from tests.models.receptions import refused
from tests.models.samples import docket, reception

pytestmark = pytest.mark.clause("F15")

CASE = "household-exit/411523100001/2017/1"
WRITTEN = {
    ("R001", 9): date(2018, 1, 5),
    ("R002", 9): date(2018, 1, 5),
    ("R001", 14): date(2018, 1, 8),
}
TODAY = date(2018, 1, 10)
GIVEN = {
    "household": "R001",
    "letter": 9,
    "day": "2018-01-06",
    "way": "household",
    "received_by": "张某甲",
}


def delivery(**changes: Any) -> dict[str, Any]:
    return GIVEN | changes


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, None),
        ({"day": "2018-01-05"}, None),
        ({"day": "2018-01-10", "way": "posted", "received_by": None}, None),
        ({"household": "R003"}, (
            f"household R003: {CASE} has no letter 9; no letter was written to it"
        )),
        ({"letter": 10}, f"household R001: {CASE} has no letter 10; its letters are 9, 14"),
        ({"household": "R002", "letter": 14}, (
            f"household R002: {CASE} has no letter 14; its letters are 9"
        )),
        ({"day": "2018-01-04"}, (
            "day: 2018-01-04 lies before 2018-01-05, when letter 9 to R001 was written"
        )),
        ({"day": "2018-01-11"}, (
            "day: 2018-01-11 is still to come; letter 9 to R001 cannot be delivered yet"
        )),
        ({"letter": 14, "day": "2018-01-08"}, (
            "letter 14 to R001 is reported as delivered on 2018-01-09 (同住成年家属代收, 张某乙); "
            "that is reported once"
        )),
    ],
)  # fmt: skip
def test_what_can_have_been_delivered(changes: dict[str, Any], said: str | None) -> None:
    known = LetterDelivery.model_validate(
        delivery(letter=14, day="2018-01-09", way="adult", received_by="张某乙")
    )
    given = LetterDelivery.model_validate(delivery(**changes))
    assert not_so_delivered(CASE, [given], WRITTEN, {known.key: known}, TODAY) == said


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"received_by": None}, "received_by: name who signed for the letter"),
        ({"way": "posted"}, "nobody did if it was posted"),
        ({"way": "mail"}, "Input should be 'household', 'adult' or 'posted'"),
        ({"letter": 0}, "greater than or equal to 1"),
    ],
)
def test_what_is_no_delivery(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        LetterDelivery.model_validate(delivery(**changes))


def test_a_report_names_a_letter_once_and_only_a_delivery_names_any() -> None:
    twice = document(kind="delivery", deliveries=[delivery(), delivery(day="2018-01-07")])
    with pytest.raises(ValidationError, match="letter 9 to R001 stands in it twice"):
        CaseDocument.model_validate(twice)
    with pytest.raises(ValidationError, match="a delivery names letters, and nothing else does"):
        CaseDocument.model_validate(document(deliveries=[delivery()]))


def test_a_delivery_is_reported_beside_the_file_and_not_into_it() -> None:
    case = docket(C2)
    desk: Reception = reception(case)
    given = document(kind="delivery", deliveries=[delivery()])
    assert "reported beside it, with `exitflow delivered` (F15)" in refused(
        desk, case, "file", given
    )
