"""Numbers of persons (G8): hidden in whatever way they are written, and no ids of messages."""

from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from models.base import faults
from models.case.messages import Objection
from models.case.parts import Key
from models.identity import content_id
from models.texts.personal_numbers import HIDDEN, hide, stands_in_id

pytestmark = pytest.mark.clause("G8")

CARD, OLD, PHONE = "11010519491231002X", "110105491231002", "13812345678"


@pytest.mark.parametrize(
    "number",
    [
        *(CARD, CARD.lower(), OLD, PHONE),
        *("110105 19491231 002X", "110105-19491231-002x", "110105.19491231.002X"),
        *("1101 0519 4912 3100 2X", "1 1 0 1 0 5 1 9 4 9 1 2 3 1 0 0 2 X", "110105—19491231—002X"),
        *("１１０１０５１９４９１２３１００２Ｘ", "１１０１０５１９４９１２３１００２ｘ"),  # noqa: RUF001
        *("110105 491231 002", "110105-491231-002", "110105\u3000491231\u3000002"),
        *("138 1234 5678", "138-1234-5678", "138.1234.5678", "138·1234·5678", "1381234 5678"),
        *("+8613812345678", "+86 138 1234 5678", "008613812345678", "0086-138-1234-5678"),
        *("(+86)13812345678", "（86）13812345678", "86-13812345678", "8613812345678"),
        *("１３８１２３４５６７８", "＋８６ １３８ １２３４ ５６７８", "1.3.8.1.2.3.4.5.6.7.8"),  # noqa: RUF001
        *("6217001234567890123", "6217 0012 3456 7890 123", "6217-0012-3456-7890"),
    ],
)
def test_a_number_is_hidden_however_it_is_written(number: str) -> None:
    assert hide(f"张某，{number}，一组") == f"张某，{HIDDEN}，一组"
    assert hide(number) == HIDDEN


@pytest.mark.parametrize(
    "text",
    [
        "人口312500人，2016 2017 2018三年，投入1380万元",
        "代码411523，电话0376-2951234",
        "411523100201",
        "household-exit/411523100201/2026/1",
        "示例〔2026〕1号，2026-11-29 10:00",
        "3500.50元，12 345 678元",
        "第1.3.5条",
    ],
)
def test_other_numbers_stay(text: str) -> None:
    assert hide(text) == text


@given(st.text(max_size=80))
def test_what_is_hidden_changes_nothing_else(text: str) -> None:
    assert hide(text) == text or HIDDEN in hide(text)
    assert hide(hide(text)) == hide(text)


@pytest.mark.parametrize(
    "identifier",
    [
        *(CARD, CARD.lower(), OLD, PHONE),
        *(f"objection-{CARD}", f"{PHONE}-1", f"tel{PHONE}", f"x:{CARD}:1", "138-1234-5678"),
        *("110105-19491231-002X", "110105.491231.002", "obj_86-13812345678", "138.1234.5678"),
        # Mistyped: the check digit is wrong.
        *(
            "110105194912310021",
            "obj-110105-19491231-0021",
            "110105 1949 1231 0021".replace(" ", "_"),
        ),
        *("0371-65512345", "037165512345", "tel-0376.2951234", "010-6551-2345"),
    ],
)
def test_a_number_of_a_person_is_no_id(identifier: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Objection.model_validate({"id": identifier, "text": "某"})
    said = faults(refused.value)
    assert said.startswith("id: holds the number of an identity card or a telephone")
    assert identifier not in said


@pytest.mark.parametrize(
    "identifier",
    [
        "objection-1",
        "act-2026-11-29-001",
        "411523100201",
        "411523-2026-q4",
        "1764460000000",
        "411523100201-2026-1",
        "act-010-20261129",
        "objection-0371-001",
        "2026-0371-0012",
        "00000000-0371-4551-8345-000000000000",
    ],
)
def test_other_ids_are_ids(identifier: str) -> None:
    assert TypeAdapter(Key).validate_python(identifier) == identifier


@given(st.text(max_size=20))
def test_no_derived_id_is_taken_for_a_number(content: str) -> None:
    assert not stands_in_id(content_id("objection", content))


@given(st.uuids(version=4))
def test_no_random_id_is_taken_for_a_number(drawn: UUID) -> None:
    assert not stands_in_id(f"act-{drawn.hex[:20]}")
    assert not stands_in_id(str(uuid4()))
