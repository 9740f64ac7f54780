"""The characters of a text: which may stand in one, and how the others are shown.

A text is read by people, on a terminal, in the Web UI, in a public notice. What steers a terminal,
turns the direction of writing, is invisible or means something to one computer only has no place
in it: with such signs a text says to its reader what is not true.

The tables are fixed: a case must judge a message in a replay as it was judged before, whatever
Python and Unicode have learnt since.
"""

import json
import re
import unicodedata
from functools import lru_cache

from models.texts.unassigned import UNASSIGNED

_CONTROL = "\x00-\x1f\x7f-\x9f"
_BREAKS = "\u2028\u2029"
_TURNING = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
# The other format characters, and what else is drawn as nothing at all (Default_Ignorable).
_INVISIBLE = (
    "\u00ad\u034f\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200d\u2060-\u2065\u206a-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U000110bd\U000110cd\U00013430-\U00013438\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000efffd"
)
_PRIVATE = "\ue000-\uf8ff\U000f0000-\U000ffffd\U00100000-\U0010fffd"
_HALVES = "\ud800-\udfff"
_BROKEN = "\ufffd"
_NO_CHARACTERS = "\ufdd0-\ufdef" + "".join(
    f"{chr(plane << 16 | 0xFFFE)}{chr(plane << 16 | 0xFFFF)}" for plane in range(17)
)
_NOT_YET = (
    "".join("-".join(chr(int(end, 16)) for end in span.split("-")) for span in UNASSIGNED.split())
    + "\U00040000-\U000dffff"
)

_KINDS = tuple(
    (re.compile(f"[{signs}]"), called)
    for signs, called in (
        (_CONTROL, "a control character"),
        (_BREAKS, "a line separator"),
        (_TURNING, "a sign that turns the direction of writing"),
        (_INVISIBLE, "an invisible sign"),
        (_PRIVATE, "a private sign, which other computers do not know"),
        (_HALVES, "half a character"),
        (_BROKEN, "what is left of a character that was decoded wrongly"),
    )
)
_NOT_SHOWN = (
    f"{_CONTROL}{_BREAKS}{_TURNING}{_INVISIBLE}{_PRIVATE}{_HALVES}{_NO_CHARACTERS}{_NOT_YET}"
)
# None of these is hidden. They are nearly all of a text, and passed over without a look at the
# hundreds of spans of the others: a message of a megabyte would take seconds otherwise.
_ORDINARY = "\x20-\x7e\u3001-\u3029\u4e00-\u9fef\uff01-\uff5e"
_HIDDEN = re.compile(f"(?![{_ORDINARY}])[{_NOT_SHOWN}]")
_EXTRAORDINARY = re.compile(f"[^{_ORDINARY}]")
_REFUSED = re.compile(f"(?![{_ORDINARY}])[{_NOT_SHOWN}{_BROKEN}]")

_RADICALS = (
    "⺁厂⺂乛⺃乚⺄乙⺅亻⺆冂⺇𠘨⺈刀⺉刂⺊卜⺋㔾⺌小⺍小⺎兀⺏尣⺐尢⺑𡯂⺒巳⺓幺⺔彑⺕彐⺖忄⺗心⺘扌⺙攵⺛旡⺜日⺝月⺞歺"
    "⺟母⺠民⺡氵⺢氺⺣灬⺤爫⺥爫⺦丬⺧牛⺨犭⺩王⺪𤴔⺫目⺬示⺭礻⺮𥫗⺯糹⺰纟⺱罓⺲罒⺳㓁⺴冗⺵𦉫⺶羊⺷𦍌⺸𦍋⺹耂⺺肀⺻聿⺼肉"
    "⺽𦥑⺾艹⺿艹⻀艹⻁虎⻂衤⻃覀⻄西⻅见⻆角⻇𧢲⻈讠⻉贝⻊𧾷⻋车⻌辶⻍辶⻎辶⻏邑⻐钅⻑長⻒镸⻓长⻔门⻕𨸏⻖阝⻗雨⻘青⻙韦⻚页"
    "⻛风⻜飞⻝食⻞𩙿⻟飠⻠饣⻡𩠐⻢马⻣骨⻤鬼⻥鱼⻦鸟⻧卤⻨麦⻩黄⻪黾⻫斉⻬齐⻭歯⻮齿⻯竜⻰龙⻱龜⻲亀⻳龟"
)
"""Radicals (Unicode's EquivalentUnifiedIdeograph), each before the ideograph that it looks like."""
_ALIKE = dict(zip(_RADICALS[::2], _RADICALS[1::2], strict=True))
_LOOK_ALIKE = re.compile(
    "[\xa0\u2000-\u200a\u202f\u205f\u2e80-\u2fd5\uf900-\ufad9\U0002f800-\U0002fa1d]"
)

_OF_GBK = dict(
    zip(
        range(0xE815, 0xE865),
        "⺁𠂇𠂉𠃌⺄㑳㑇⺈⺋龴㖞㘚㘎⺌⺗㥮㤘龵㧏㧟㩳㧐龶龷㭎㱮㳠⺧𡗗龸⺪䁖䅟⺮䌷⺳⺶⺷𢦏䎱"
        "䎬⺻䏝䓖䙡䙌龹䜣䜩䝼䞍⻊䥇䥺䥽䦂䦃䦅䦆䦟䦛䦷䦶龺𤇾䲣䲟䲠䲡䱷䲢䴓䴔䴕䴖䴗䴘䴙䶮龻",
        strict=True,
    )
) | {0xE7C7: "ḿ", 0xE7C8: "ǹ"}
"""Private signs by which GBK held what Unicode had not yet (FE50 to FEA0), as GB 18030-2022 maps
them: old programs still write 䶮 as U+E863."""

_IN_ONE_WAY = re.compile("[\u3400-\u9fff]+")
_BLANKS = re.compile("[ \xa0\u1680\u2000-\u200a\u202f\u205f\u3000]+")
_BETWEEN = re.compile(
    "(?<=[\u3007\u3400-\u9fff\U00020000-\U0003ffff]) (?=[\u3007\u3400-\u9fff\U00020000-\U0003ffff])"
)
_DOTS = re.compile("[\u0387\u16eb\u2022\u2027\u2219\u22c5\u2e31\u30fb\uff65]")

_TEXT_LENGTH = 4000


def unified(text: str) -> str:
    """A text with radicals and compatibility ideographs as the ideographs that they look like.

    Blanks that look like the plain one, as U+00A0, are the plain one.

    Two names that look the same are the same then. Documents in PDF give 民 as U+2EA0.

    >>> unified("\\u2ea0政"), unified("\\uf9dc"), unified("１号")
    ('民政', '隆', '１号')
    """
    return _LOOK_ALIKE.sub(
        lambda found: _ALIKE.get(found[0]) or unicodedata.normalize("NFKC", found[0]), text
    )


def called(name: str) -> str:
    """What somebody is called, in the one way in which it is kept and compared.

    Blanks of any kind count as one plain blank, between ideographs as none (张　某); the dot of a
    name (买买提·吐尔逊) is U+00B7, whichever dot was typed.

    >>> called("张\\u3000某\\xa0"), called("阿依古丽 • 买买提"), called("John\\xa0 Smith")
    ('张某', '阿依古丽·买买提', 'John Smith')
    """
    if _IN_ONE_WAY.fullmatch(name):  # as most are
        return name
    said = _DOTS.sub("·", _BLANKS.sub(" ", unified(name)).strip(" "))
    return _BETWEEN.sub("", said.replace(" ·", "·").replace("· ", "·"))


def is_ideograph(sign: str) -> bool:
    """Whether a character is a Chinese one, of those too that an older Unicode does not know."""
    return "\u3400" <= sign <= "\u4dbf" or "\u4e00" <= sign <= "\u9fff" or sign >= "\U00020000"


def one_line(text: str) -> str:
    """A text of one line, unified.

    Raises:
        ValueError: naming the first character that may not stand in it.
    """
    return _checked(unified(text), text)


def several_lines(text: str) -> str:
    """A text that may have several lines and tabs, unified.

    Raises:
        ValueError: naming the first character that may not stand in it.
    """
    text = unified(text.replace("\r\n", "\n"))
    return _checked(text, text.replace("\n", " ").replace("\t", " "))


def fault(text: str) -> str | None:
    """What is wrong with the first character that may not stand in a line; None without one.

    >>> fault("新县") is None, fault("新县\\u200b")
    (True, 'U+200B, an invisible sign, stands as character 3; take it out')
    """
    found = _REFUSED.search(text)
    if found is None:
        return None
    sign = found[0]
    what = next((called for kind, called in _KINDS if kind.match(sign)), "no character at all")
    if sign in "\n\r":
        what = "the end of a line"
    right = "write the right one" if sign == _BROKEN else "take it out"
    if ord(sign) in _OF_GBK:
        right = f"write {_OF_GBK[ord(sign)]} (U+{ord(_OF_GBK[ord(sign)]):04X})"
    return f"U+{ord(sign):04X}, {what}, stands as character {found.start() + 1}; {right}"


def legible(text: str) -> str:
    """What anybody may write, so that it can be read: nothing of it is refused, or lost.

    What may not stand in a text is spelt out. Where it would be too long by that, 〓 stands in its
    place, as printers set it for a type they do not have.

    >>> legible("\\x1b[2K 好"), legible("一\\r\\n二")
    ('\\\\x1b[2K 好', '一\\n二')
    """
    text = text.replace("\r\n", "\n")
    return _legible(text, "\n\t")


def legible_line(text: str) -> str:
    """The same, in one line."""
    return _legible(text, "")


def _legible(text: str, kept: str) -> str:
    text = unified(text)
    shown = visible(text, lines="\n" in kept).replace(_BROKEN, "〓")
    if len(shown) <= max(_TEXT_LENGTH, len(text)):
        return shown
    return _REFUSED.sub(lambda sign: sign[0] if sign[0] in kept else "〓", text)


def visible(text: str, *, lines: bool = False) -> str:
    """A text as a terminal may get it: what steers it, or would not be seen, is spelt out.

    Args:
        lines: Leave the ends of lines and tabs as they are.

    >>> visible("a\\x1b[31m\\nb\\u202e"), visible("a\\nb", lines=True)
    ('a\\\\x1b[31m\\\\nb\\\\u202e', 'a\\nb')
    """
    if _EXTRAORDINARY.search(text) is None:  # as nearly all, and seen in a third of the time
        return text
    return _HIDDEN.sub(lambda sign: sign[0] if lines and sign[0] in "\n\t" else _spelt(sign), text)


def visible_json(text: str) -> str:
    """JSON that people can read as it stands: what would not be seen is spelt as JSON spells it."""
    return _HIDDEN.sub(_spelt_in_json, text)


def indented(text: str, margin: str = "  ") -> str:
    """A text as a terminal may get it, every line but its first behind a margin.

    So no line of it can be taken for one of ours.
    """
    return visible(text, lines=True).replace("\n", f"\n{margin}")


_SYNTAX = re.compile(r"([\\`*_\[\]<>#~|&!{}$])")


@lru_cache(maxsize=4096)  # a case says the same of itself at every turn, and again in a replay
def markdown(text: str) -> str:
    """A text as one line of Markdown that shows it as it is, without markup, pictures or links.

    >>> markdown("<img src=x> **a**|b\\n# c")
    '\\\\<img src=x\\\\> \\\\*\\\\*a\\\\*\\\\*\\\\|b \\\\# c'
    """
    return _SYNTAX.sub(r"\\\1", visible(" ".join(text.split())))


def _checked(text: str, looked_at: str) -> str:
    wrong = fault(looked_at)
    if wrong is not None:
        raise ValueError(wrong)
    return text


def _spelt_in_json(sign: re.Match[str]) -> str:
    return "\\u007f" if sign[0] == "\x7f" else json.dumps(sign[0])[1:-1]


def _spelt(sign: re.Match[str]) -> str:
    code = ord(sign[0])
    short = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(sign[0])
    if short is not None:
        return short
    return (
        f"\\x{code:02x}"
        if code < 0x100
        else f"\\u{code:04x}"
        if code < 0x10000
        else f"\\U{code:08x}"
    )
