"""Citizen identity numbers (公民身份号码) by GB 11643: eighteen characters that check themselves.

Six digits of the place of first registration, eight of the date of birth, three in sequence, and a
check character (ISO 7064, MOD 11-2), which may be X.
"""

import re
from datetime import date

LENGTH = 18

_FORM = re.compile(r"[1-9][0-9]{16}[0-9X]")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
_FIRST_YEAR = 1850


class IdNumberError(ValueError):
    """Nobody has this number; the text says why, without the number (G8)."""


def check_character(first: str) -> str:
    """The character that follows the first seventeen digits.

    >>> check_character("11010519491231002")
    'X'
    """
    weighted = sum(int(digit) * weight for digit, weight in zip(first, _WEIGHTS, strict=True))
    return _CHECKS[weighted % 11]


def checked(text: str, today: date) -> str:
    """The number as it is kept: without blanks around it, with a capital X.

    Raises:
        IdNumberError: if its form, its date of birth or its check character is wrong.
    """
    number = text.strip().upper()
    if not _FORM.fullmatch(number):
        raise IdNumberError(
            f"is no ID number ({len(number)} characters); write 17 digits and a digit or X, as text"
        )
    try:
        born = born_on(number)
    except ValueError:
        born = date.min
    if born.year < _FIRST_YEAR:
        raise IdNumberError(
            "its 7th to 14th digits are no date of birth; copy it again from the identity card"
        )
    if born > today:
        raise IdNumberError(
            f"its date of birth, {born}, is still to come; copy it again from the identity card"
        )
    if check_character(number[:-1]) != number[-1]:
        raise IdNumberError(_wrong_check(number))
    return number


def born_on(number: str) -> date:
    """The date of birth that a number says.

    Raises:
        ValueError: if it is no date.
    """
    return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))


def is_one(text: str) -> bool:
    """Whether a text is such a number, whenever its bearer is born.

    >>> is_one("11010519491231002x"), is_one("110105194912310021")
    (True, False)
    """
    try:
        checked(text, date.max)
    except IdNumberError:
        return False
    return True


def _wrong_check(number: str) -> str:
    if number.endswith("000"):
        return (
            "its check digit is wrong and it ends in 000, as a number does that a spreadsheet "
            "program has rounded; copy it again from the identity card, into a cell of text"
        )
    return "its check digit is wrong (GB 11643); copy it again from the identity card"
