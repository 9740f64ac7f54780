"""Numbers of persons in a text (G8): of identity cards, bank accounts and mobile phones.

They are found as people write them: with blanks, dots or dashes anywhere, in full width, with a
country code, with fifteen digits as identity cards had until 1999.
"""

import re

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
_DATE = "(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])"
_AREA = "0(?:10|2[0-9]|[3-9][0-9]{2})"
_LANDLINE = rf"{_AREA}[ .-]?(?!{_DATE})[2-8][0-9]{{2,3}}[ .-]?[0-9]{{4}}"
"""A counter and a date look like one: act-010-20261129."""
_ACCOUNT = r"[0-9]{15,19}|62[0-9]{2}(?:[ .-][0-9]{4}){3}(?:[ .-][0-9]{1,3})?"

_PERSONAL = re.compile(rf"(?<![0-9])(?:{_CARD}|{_ACCOUNT}|{_OLD_CARD}|{_PHONE})(?![0-9])")
# In an id a letter from a to f beside a digit belongs to a digest, which is nobody's number.
_OF_AN_ID = re.compile(rf"(?<![0-9a-f])(?:{_CARD}|{_OLD_CARD}|{_PHONE}|{_LANDLINE})(?![0-9a-f])")
_UUID = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
"""Drawn, and so nobody's number, whatever digits it has."""


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


def stands_in_id(identifier: str) -> bool:
    """Whether an id of a message holds the number of an identity card or a telephone.

    Also one that was mistyped: whose it is can be told from the rest. Ids of cases and codes of
    divisions are none.

    >>> stands_in_id("objection-110105194912310021"), stands_in_id("act-2026-11-29-001")
    (True, False)
    """
    return _OF_AN_ID.search(_UUID.sub("-", identifier.translate(_AS_ASCII))) is not None
