"""Numbers of persons in a text (G8): of identity cards, bank accounts and mobile phones.

They are found as people write them: with blanks, dots or dashes anywhere, in full width, with a
country code, with fifteen digits as identity cards had until 1999.
"""

import re

from models.id_numbers import is_one

HIDDEN = "（已隐去）"

# Each sign for one sign, so that a place in the one text is the same place in the other.
_AS_ASCII = str.maketrans(
    "０１２３４５６７８９Ｘｘ＋（）．·•・‧－—–‐‑‒−＿_\u00a0\u2002\u2003\u2009\u202f\u3000\t",  # noqa: RUF001
    "0123456789XX+().....-------" + "--" + "       ",
)


def _apart(*parts: str) -> str:
    """Parts that may have a blank, a dot or a dash between them."""
    return "[ .-]?".join(parts)


def _digits(count: int) -> str:
    return _apart(*["[0-9]"] * count)


_MONTH = "(?:0[ .-]?[1-9]|1[ .-]?[0-2])"
_DAY = "(?:0[ .-]?[1-9]|[12][ .-]?[0-9]|3[ .-]?[01])"
_CARD = _apart(
    "[1-9]",
    _digits(5),
    "(?:1[ .-]?[89]|2[ .-]?0)",
    _digits(2),
    _MONTH,
    _DAY,
    _digits(3),
    "[0-9Xx]",
)
_OLD_CARD = _apart("[1-9]", _digits(5), _digits(2), _MONTH, _DAY, _digits(3))
_PHONE = r"(?:\(?(?:\+|00)?86\)?[ .-]{0,2})?" + _apart("1", "[3-9]", _digits(9))
_ACCOUNT = r"[0-9]{15,19}|62[0-9]{2}(?:[ .-][0-9]{4}){3}(?:[ .-][0-9]{1,3})?"

_PERSONAL = re.compile(rf"(?<![0-9])(?:{_CARD}|{_ACCOUNT}|{_OLD_CARD}|{_PHONE})(?![0-9])")
# In an id a letter from a to f beside a digit belongs to a digest, which is nobody's number.
_OF_AN_ID = re.compile(rf"(?<![0-9a-f])(?:{_CARD}|{_OLD_CARD}|{_PHONE})(?![0-9a-f])")


def hide(text: str) -> str:
    """A text in which no number of a person can be read.

    >>> hide("电话+86 138.1234.5678，身份证４１１５２３１９９００１０１１２３ｘ")
    '电话（已隐去），身份证（已隐去）'
    """
    ends, shown = 0, []
    for found in _PERSONAL.finditer(text.translate(_AS_ASCII)):
        shown += [text[ends : found.start()], HIDDEN]
        ends = found.end()
    return "".join([*shown, text[ends:]])


def stands_in(text: str) -> bool:
    """Whether a text holds such a number."""
    return _PERSONAL.search(text.translate(_AS_ASCII)) is not None


def stands_in_id(identifier: str) -> bool:
    """Whether an id holds the number of an identity card or a mobile phone.

    Eighteen digits whose check character is wrong are the number of no card.

    >>> stands_in_id("objection-11010519491231002X"), stands_in_id("act-2026-11-29-001")
    (True, False)
    """
    for found in _OF_AN_ID.finditer(identifier.translate(_AS_ASCII)):
        bare = re.sub("[^0-9Xx]", "", found[0])
        if len(bare) != 18 or is_one(bare):
            return True
    return False
