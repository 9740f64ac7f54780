"""One cell of a table: what it says, or a ``ValueError`` that says what would be right.

The types at the end are for the models of rows (``registry.files.columns``): how a cell is read,
and how it is written. ``day`` and ``id_number`` need ``today`` in the context.

Numbers in a workbook are binary floats of which fifteen digits count. So amounts are read from
these digits, and a longer number, such as that of an identity card, is damaged already.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    BeforeValidator,
    GetCoreSchemaHandler,
    PlainSerializer,
    ValidationInfo,
)
from pydantic_core import core_schema

from models.base import says_something
from models.texts.characters import called, fault, is_ideograph, one_line, several_lines
from models.texts.id_numbers import checked, is_one
from registry.files.columns import Hint, given
from registry.files.sheet_cells import SUM, Cell, is_blank, is_mistaken

FORMULA_SIGNS = "=+-@\t\r＝＋－＠"  # noqa: RUF001
"""What a cell begins with that some spreadsheet program takes for a formula."""

HEAD = "户主"
_NO_NAMES = frozenset(
    word
    for words in (
        "无 暂无 没有 空 空白 以下空白 未知 不详 不明 不清 待定 待补 待查 同上 同左",
        "汇总 总数 平均 人数 户数 序号 姓名 户主 户主姓名 备注 说明 填表人 制表人 审核人",
        "n/a #n/a na null none nil nan true false",
    )
    for word in words.split()
)
_HEADS = ("户主", "本人或户主", "本人")
_DIGITS = 15
_NAME_LENGTH, _TEXT_LENGTH, _LONGEST = 100, 1000, 4000
_DAY = re.compile(
    r"(\d{4})(?:[-/.年])(\d{1,2})(?:[-/.月])(\d{1,2})日?|(\d{4})(\d{2})(\d{2})", re.ASCII
)
_DASHES = re.compile("[\u2010-\u2015\u2212\ufe58]")
_COMPATIBLE = ("<wide>", "<narrow>", "<noBreak>", "<compat>", "<small>", "<vertical>")
_SERIAL_FROM, _SERIALS = date(1899, 12, 30), range(29_221, 73_051)
"""How Excel counts days, here those of 1980 to 2099."""
_AMOUNT = re.compile(r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d{1,2})?", re.ASCII)
_MOST_FEN = 10_000_000_000
_EARLIEST = 1980

V = TypeVar("V")


def text(cell: Cell) -> str:
    """What somebody wrote; a number without fraction counts as its digits."""
    return _text(cell, _TEXT_LENGTH)


def words(most: int) -> Callable[[Cell], str]:
    """The same in so many characters at most."""

    def read(cell: Cell) -> str:
        return _text(cell, most)

    return read


def line(cell: Cell) -> str:
    """What somebody wrote in one line, as long as ``models.base.Line`` lets it be."""
    return _text(cell, _LONGEST)


def lines(cell: Cell) -> str:
    """What somebody wrote, in as many lines as ``models.base.Text`` lets it have."""
    return several_lines(_bare(cell, _LONGEST))


def name(cell: Cell) -> str:
    """What somebody or something is called, with the blanks and dots that a name has."""
    return one_line(called(_bare(cell, _NAME_LENGTH)))


def proper_name(cell: Cell) -> str:
    """What a person or a place is called: no number, no remark, and no word for a sum."""
    said = name(cell)
    check_name(said)
    return said


def check_name(said: str) -> None:
    """Make sure that a text can be the name of a person or a place.

    >>> check_name("阿依古丽·买买提"), check_name("𬀩㛃")
    (None, None)

    Raises:
        ValueError: saying what would be right.
    """
    bare = "".join(unicodedata.normalize("NFKC", said).split()).casefold().strip(":;,.、。*-_/")
    if bare in _NO_NAMES or SUM.match(bare):
        raise ValueError("is no name; write the name, or take the row out where it is a sum")
    if not any(sign.isalpha() or is_ideograph(sign) for sign in said):
        raise ValueError("is no name; write the name")
    if re.search(r"[<>{}\\|`]|://", said):
        raise ValueError("holds a sign that no name has; write the name alone")


def code(digits: int) -> Callable[[Cell], str]:
    """A code of so many digits."""

    def read(cell: Cell) -> str:
        said = plain(cell)
        if not re.fullmatch(rf"[0-9]{{{digits}}}", said):
            raise ValueError(f"write a code of {digits} digits")
        return said

    return read


def household_code(cell: Cell) -> str:
    """A household's number (户编号)."""
    said = plain(cell)
    if not re.fullmatch(r"[0-9A-Za-z][0-9A-Za-z-]{3,29}", said):
        raise ValueError("write the household's number: 4 to 30 letters, digits and hyphens")
    if is_one(said):
        # It would stand in the ids of cases, which everybody who sees the server can read (G8).
        raise ValueError("is the number of an identity card; write the household's own number (G8)")
    return said


def id_number(cell: Cell, today: date) -> str:
    """The number of an identity card (GB 11643) of somebody born by ``today``."""
    if isinstance(cell, (int, float)):
        raise ValueError(
            "is stored as a number, of which only 15 digits are kept: it is damaged; copy it "
            "again from the identity card, into a cell of text"
        )
    said = plain(cell).removeprefix("'")
    if re.fullmatch(r"\d(\.\d+)?[Ee]\+?\d+", said, re.ASCII):
        raise ValueError(
            "is in scientific notation, because a spreadsheet program took it for a number: it "
            "is damaged; copy it again from the identity card, into a cell of text"
        )
    return checked(said, today)


def relation(cell: Cell) -> str:
    """The relation to the head (与户主关系); the head's own is 户主."""
    said = name(cell)
    return HEAD if said in _HEADS else said


def fen(cell: Cell) -> int:
    """An amount in yuan with at most two decimals, in fen."""
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        amount = Decimal(f"{cell:.{_DIGITS}g}")
    elif is_blank(cell):
        raise ValueError("is empty; write an amount in yuan, 0 where there was none")
    elif isinstance(cell, str) and _AMOUNT.fullmatch(said := plain(cell)):
        amount = Decimal(said.replace(",", ""))
    else:
        raise ValueError("write an amount in yuan, for example 3500 or 3500.50")
    found = amount * 100 if amount.is_finite() else Decimal(-1)
    if not 0 <= found <= _MOST_FEN:
        raise ValueError("write an amount in yuan from 0 to 100 million")
    if found != found.to_integral_value():
        raise ValueError("write an amount in yuan with at most two decimals")
    return int(found)


def whole(most: int, example: str) -> Callable[[Cell], int]:
    """A number of people, years or yuan."""

    def read(cell: Cell) -> int:
        wrong = f"write a whole number, for example {example}"
        if isinstance(cell, float) and not cell.is_integer():
            raise ValueError(wrong)
        said = plain(cell)
        if not re.fullmatch(r"\d{1,12}", said, re.ASCII) or int(said) > most:
            raise ValueError(wrong)
        return int(said)

    return read


def year(cell: Cell) -> int:
    """A year of the register."""
    said = plain(cell).removesuffix("年")
    if not re.fullmatch(r"20\d\d|2100", said, re.ASCII) or int(said) < 2014:
        raise ValueError("write a year from 2014 on, for example 2018")
    return int(said)


def day(cell: Cell, today: date | None = None) -> date:
    """A day, up to ``today`` if that is given."""
    found = cell if isinstance(cell, date) else _day(plain(cell))
    if found.year < _EARLIEST or (today is not None and found > today):
        until = f"to {today}" if today is not None else "on"
        raise ValueError(f"write a day from {_EARLIEST} {until}, for example 2014-03-31")
    return found


def escaped(said: str) -> str:
    """A text as a cell may hold it: no spreadsheet program takes it for a formula.

    >>> escaped("=1+1"), escaped("'=1+1"), escaped("张某")
    ("'=1+1", "''=1+1", '张某')
    """
    return f"'{said}" if said.lstrip("'")[:1] in tuple(FORMULA_SIGNS) else said


def _text(cell: Cell, length: int) -> str:
    return one_line(_bare(cell, length))


def _bare(cell: Cell, length: int) -> str:
    """A text without the apostrophe before what would be taken for something else."""
    if isinstance(cell, str) and cell[:1] in tuple(FORMULA_SIGNS):
        raise ValueError(
            "begins with a sign of a formula or a control character; write a name or a word"
        )
    said = _written(cell)
    behind = said.lstrip("'")
    if behind != said and (behind[:1] in tuple(FORMULA_SIGNS) or is_mistaken(behind)):
        said = said[1:]
    if len(said) > length:
        raise ValueError(f"is longer than {length} characters; shorten it")
    return said


def _written(cell: Cell) -> str:
    """A cell as its digits or letters, without blanks around it."""
    if is_blank(cell):
        raise ValueError("is empty; write it")
    if isinstance(cell, str):
        return cell.strip()
    if isinstance(cell, (bool, date)):
        raise ValueError("is no text; write it as text")
    if not float(cell).is_integer() or abs(cell) >= 10**_DIGITS:
        raise ValueError(
            "is a number with a fraction or of more than 15 digits, which a workbook does not "
            "keep; write it as text"
        )
    return str(int(cell))


def plain(cell: Cell) -> str:
    """What is no text but a code, a number, a day or one of a few words: in plain signs (NFKC).

    A sign that would become another value, as ² or ①, stays what it is.

    Raises:
        ValueError: naming a sign that nobody sees, and that no code or number has.
    """
    said = _written(cell)
    if said.isascii() and said.isprintable():
        return said
    wrong = fault(said)
    if wrong is not None:
        raise ValueError(wrong)
    return _DASHES.sub("-", "".join(map(_plain_sign, said)).strip())


def _plain_sign(sign: str) -> str:
    kind = unicodedata.decomposition(sign).partition(" ")[0]
    alike = not kind.startswith("<") or kind in _COMPATIBLE
    # A character that stands in brackets or has a point, ⑴ or ⒈, is compatible by name alone.
    plain = unicodedata.normalize("NFKC", sign) if alike else sign
    return plain if len(plain) == 1 else sign


def _day(said: str) -> date:
    if re.fullmatch(r"\d{5}(\.\d+)?", said, re.ASCII) and int(said[:5]) in _SERIALS:
        shown = _SERIAL_FROM + timedelta(days=int(said[:5]))
        raise ValueError(
            f"is the number by which a spreadsheet program keeps {shown}; format the cell as a "
            f"date, or write {shown} if that is the day"
        )
    match = _DAY.fullmatch(said)
    try:
        if match is None:
            raise ValueError
        return date(*(int(part) for part in match.groups() if part is not None))
    except ValueError:
        raise ValueError("write a day as 2014-03-31, or as a date cell") from None


def yuan(fen: int) -> float:
    """An amount as a workbook keeps it: two decimals stay exact to a hundred million yuan."""
    return float(Decimal(fen) / 100)


class OneOf:
    """How one of a few words is read and written; of two for one value, the first is written."""

    def __init__(self, words: Mapping[str, Any]) -> None:
        self._words = {plain(word): value for word, value in words.items()}
        self._written: dict[Any, str] = {}
        for word, value in words.items():
            self._written.setdefault(value, word)
        self.choices = tuple(self._written.values())

    def read(self, cell: Cell) -> Any:
        """The value that a cell names.

        Raises:
            ValueError: naming the words.
        """
        if isinstance(cell, str) and cell in self._words:  # as it is nearly always
            return self._words[cell]
        said = plain(cell) if isinstance(cell, str) and not is_blank(cell) else ""
        if said not in self._words:
            *most, last = self.choices
            raise ValueError(f"write {'、'.join(most)} or {last}")
        return self._words[said]

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        written = core_schema.plain_serializer_function_ser_schema(self._written.__getitem__)
        return core_schema.no_info_before_validator_function(
            self.read, handler(source), serialization=written
        )


_YES_OR_NO = {"是": True, "否": False} | dict.fromkeys("√✓✔☑", True) | dict.fromkeys("×✗✘✕✖", False)


def yes_or_no(*pairs: str) -> OneOf:
    """是 or 否, and marks; with pairs of words that mean the same in this column alone, 有/无.

    No pair belongs to a column in which it may mean either: 无 of 无因贫辍学学生.
    """
    words = dict(_YES_OR_NO)
    for pair in pairs:
        yes, no = pair.split("/")
        words |= {yes: True, no: False}
    return OneOf(words)


def _by_today(read: Callable[[Cell, date], V]) -> BeforeValidator:
    def read_now(cell: Any, info: ValidationInfo) -> V:
        return read(cell, given(info, "today"))

    return BeforeValidator(read_now)


CountyCode = Annotated[str, BeforeValidator(code(6)), Hint("六位代码", "411523")]
TownshipCode = Annotated[str, BeforeValidator(code(9)), Hint("九位代码", "411523100")]
VillageCode = Annotated[str, BeforeValidator(code(12)), Hint("十二位代码", "411523100001")]
HouseholdCode = Annotated[
    str, BeforeValidator(household_code), Hint("4至30个字母、数字、连字符", "H-0001")
]
IdNumber = Annotated[str, _by_today(id_number), Hint("十八位，文本格式", "11010519491231002X")]
Text = Annotated[str, BeforeValidator(text), Hint("一行文字")]

Reason = Annotated[Text, AfterValidator(says_something), Hint("写明理由")]
Line = Annotated[str, BeforeValidator(line), Hint("一行文字")]
Lines = Annotated[str, BeforeValidator(lines), Hint("文字，可分行")]
Name = Annotated[str, BeforeValidator(name), Hint("名称", "一组")]
ProperName = Annotated[str, BeforeValidator(proper_name), Hint("姓名或名称", "张某甲")]
Relation = Annotated[str, BeforeValidator(relation), Hint("户主本人写户主", HEAD)]
Year = Annotated[int, BeforeValidator(year), Hint("四位年份", 2026)]
Day = Annotated[date, _by_today(day), Hint("日期，如2026-11-30", date(2026, 11, 30))]
Fen = Annotated[int, BeforeValidator(fen), PlainSerializer(yuan), Hint("元，至多两位小数", 3500)]
YesNo = Annotated[bool, yes_or_no()]
HasOne = Annotated[bool, yes_or_no("有/无", "有/没有")]
