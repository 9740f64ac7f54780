"""Delivered letters (送达回证, F15): what can be reported of which letter."""

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from models.case.documents import CaseDocument
from models.case.letter_delivery import (
    LetterDelivery,
    Reported,
    delivered_zh,
    in_force,
    not_so_delivered,
)
from models.case.reception import Reception
from models.offices import Office
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
COMMITTEES = Office.parse("A1/411523100001")
LEFT: dict[str, Any] = {
    "way": "left",
    "received_by": None,
    "refused_because": "本户拒绝签收（合成）",
    "witnesses": ["李某乙", "王某丙"],
}
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
            "that is reported once, and a correction names document-1"
        )),
        ({"letter": 14, "corrects": "document-1"}, None),
        ({"letter": 14, "corrects": "document-7"}, (
            "letter 14 to R001 is reported as delivered on 2018-01-09 (同住成年家属代收, 张某乙); "
            "that is reported once, and a correction names document-1"
        )),
        ({"corrects": "document-1"}, (
            "corrects: letter 9 to R001 is not reported as delivered; there is nothing to correct"
        )),
    ],
)  # fmt: skip
def test_what_can_have_been_delivered(changes: dict[str, Any], said: str | None) -> None:
    known = LetterDelivery.model_validate(
        delivery(letter=14, day="2018-01-09", way="adult", received_by="张某乙")
    )
    if "corrects" in changes:
        changes = {"day": "2018-01-09", "corrected_because": "日期误填（合成）"} | changes
    given = LetterDelivery.model_validate(delivery(**changes))
    before = {known.key: Reported(known, "document-1", COMMITTEES)}
    assert not_so_delivered(CASE, [given], COMMITTEES, WRITTEN, before, TODAY) == said


def corrected(**changes: Any) -> LetterDelivery:
    values = {"corrects": "document-1", "corrected_because": "签收人误填（合成）"} | changes
    return LetterDelivery.model_validate(delivery(**values))


@pytest.mark.parametrize(
    ("office", "said"),
    [
        ("A1/411523100001", None),
        ("A5/411523", None),
        ("A1/411523100002", (
            "office: document-1 is of A1/411523100001; that office corrects it, or one above it"
        )),
    ],
)  # fmt: skip
def test_who_reported_corrects_or_an_office_above(office: str, said: str | None) -> None:
    known = LetterDelivery.model_validate(delivery())
    before = {known.key: Reported(known, "document-1", COMMITTEES)}
    found = not_so_delivered(CASE, [corrected()], Office.parse(office), WRITTEN, before, TODAY)
    assert found == said


def test_of_a_letter_the_report_is_in_force_that_no_other_corrects() -> None:
    first = Reported(LetterDelivery.model_validate(delivery()), "document-1", COMMITTEES)
    other = Reported(first.delivery.model_copy(update={"letter": 14}), "document-1", COMMITTEES)
    second = Reported(corrected(), "document-2", COMMITTEES)
    third = Reported(corrected(corrects="document-2"), "document-3", COMMITTEES)
    # A supplement's number is no order: the tenth is listed before the second.
    found = in_force([third, first, other, second])
    assert found == {("R001", 9): third, ("R001", 14): other}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"received_by": None}, "received_by: name who signed for the letter"),
        ({"way": "posted"}, "nobody did if it was posted"),
        (LEFT | {"received_by": "张某甲"}, "nobody did if it was posted or left"),
        (LEFT | {"witnesses": []}, "say who saw it and why it was refused"),
        (LEFT | {"refused_because": None}, "say who saw it and why it was refused"),
        (LEFT | {"refused_because": "无"}, "says nothing"),
        ({"witnesses": ["李某乙"]}, "of a letter that was refused and left there, and of no other"),
        ({"refused_because": "本户不认可（合成）"}, "and of no other"),
        ({"corrects": "document-1"}, "name the report that is corrected and what was wrong"),
        ({"corrected_because": "误填"}, "name the report that is corrected and what was wrong"),
        ({"way": "mail"}, "Input should be 'household', 'adult', 'posted' or 'left'"),
        ({"letter": 0}, "greater than or equal to 1"),
    ],
)
def test_what_is_no_delivery(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        LetterDelivery.model_validate(delivery(**changes))


def test_who_refuses_a_letter_has_it_left_before_witnesses() -> None:
    left = LetterDelivery.model_validate(delivery(**LEFT))
    assert delivered_zh([left, corrected(letter=14)]) == (
        "告知书2份已送达：送达本户1份；拒收，留置送达1份；更正此前回证1份"
    )


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
