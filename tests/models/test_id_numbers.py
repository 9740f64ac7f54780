"""Identity numbers (GB 11643): form, date of birth, check character."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.texts.id_numbers import IdNumberError, check_character, checked

TODAY = date(2018, 12, 1)


def iso_7064(number: str) -> int:
    """MOD 11-2 by the recursive method of ISO 7064; 1 for a number whose check is right."""
    product = 0
    for sign in number:
        product = (product + (10 if sign == "X" else int(sign))) * 2 % 11
    # The last sign is added and not doubled: 2 * 6 = 1 (mod 11).
    return product * 6 % 11


births = st.dates(date(1900, 1, 1), TODAY).map(lambda day: f"{day:%Y%m%d}")
firsts = st.builds("{}{}{:03}".format, st.integers(100_000, 999_999), births, st.integers(0, 999))


@pytest.mark.parametrize("number", ["11010519491231002X", "440524188001010014"])
def test_the_examples_of_the_standard_are_right(number: str) -> None:
    assert checked(number, TODAY) == number
    assert iso_7064(number) == 1


@given(firsts)
def test_the_check_character_is_that_of_iso_7064(first: str) -> None:
    number = first + check_character(first)
    assert iso_7064(number) == 1
    assert checked(number, TODAY) == number
    assert checked(f" {number.lower()} ", TODAY) == number


@given(firsts, st.integers(0, 17), st.sampled_from("0123456789X"))
def test_one_wrong_sign_is_always_found(first: str, place: int, sign: str) -> None:
    number = first + check_character(first)
    wrong = number[:place] + sign + number[place + 1 :]
    if wrong == number:
        return
    with pytest.raises(IdNumberError):
        checked(wrong, TODAY)


@given(firsts, st.integers(0, 16))
def test_two_neighbours_in_each_others_place_are_always_found(first: str, place: int) -> None:
    number = first + check_character(first)
    signs = list(number)
    signs[place], signs[place + 1] = signs[place + 1], signs[place]
    if "".join(signs) == number:
        return
    with pytest.raises(IdNumberError):
        checked("".join(signs), TODAY)


def numbered(first: str) -> str:
    """Seventeen digits with the character that belongs to them."""
    return first + check_character(first)


@pytest.mark.parametrize(
    ("number", "said"),
    [
        ("", "0 characters"),
        ("411523700101001", "15 characters"),
        ("41152319700101001Y", "write 17 digits and a digit or X"),
        ("４１１５２３１９７００１０１００１Ｘ", "write 17 digits"),  # noqa: RUF001
        ("0" + numbered("11523197001010010")[:17], "write 17 digits"),
        (numbered("41152319700230001"), "no date of birth"),
        (numbered("41152319001301001"), "no date of birth"),
        (numbered("41152300010101001"), "no date of birth"),
        (numbered("41152320181202001"), "2018-12-02, is still to come"),
        ("411523197001010011", "check digit is wrong (GB 11643)"),
        ("411523197001011000", "ends in 000, as a number does that a spreadsheet"),
    ],
)
def test_a_wrong_number_is_explained_without_repeating_it(number: str, said: str) -> None:
    with pytest.raises(IdNumberError) as caught:
        checked(number, TODAY)
    assert said in str(caught.value)
    assert not number or number not in str(caught.value)


def test_somebody_born_today_has_a_number() -> None:
    number = numbered("41152320181201001")
    assert checked(number, TODAY) == number
