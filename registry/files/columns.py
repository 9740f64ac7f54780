"""How a model of a row says what its columns are called, and how that is found in a sheet.

A field of such a model says how its column is called, and its type how the cell is read and written
(``registry.files.cells``)::

    class VisitCells(Cells):
        model_config = ConfigDict(title="table of visits")

        household: Annotated[cells.HouseholdCode, HOUSEHOLD]
        made_on: Annotated[cells.Day, Header("回访日期", "走访日期")]
        note: Annotated[cells.Text | None, Header("回访情况")] = None

A field without a default is a column that must be there. With ``| None`` its cell may be empty. A
field that is such a model itself is a group: a sheet has all of its columns or none, a row fills in
all of them or none. A field of the type ``Any`` is written, and never read. With ``extra="ignore"``
columns that the model does not know are read over.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, NamedTuple, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationInfo, field_validator

from models.base import Record
from registry.files.faults import place
from registry.files.sheet_cells import Cell, kept_apart, sound

V = TypeVar("V")

_UNITS = re.compile(r"\((元|人|万人|是/否|是否|年|岁|年月日)\)$")


class Header:
    """How a column is called here, and how offices call it too.

    Attributes:
        key: A row that names this column is the header of its sheet.
        private: What stands there is shown masked (G8).
        wide: It is written as a wide column.
        example: What a template shows there, in place of what its type would show.
    """

    def __init__(
        self,
        name: str,
        *also: str,
        key: bool = False,
        private: bool = False,
        wide: bool = False,
        example: Any = None,
    ) -> None:
        self.name, self.also, self.names = name, also, (name, *also)
        self.key, self.private, self.wide = key, private, wide
        self.example = example


class Hint(NamedTuple):
    """What a template says of a column, in Chinese, and an example of what stands there."""

    say: str = ""
    example: Any = None


VILLAGE_NAME = Header("行政村", "村名", "行政村名称", example="甲村")
TOWNSHIP = Header("乡镇代码", "乡镇编码")
TOWNSHIP_NAME = Header("乡镇", "乡镇名称", example="甲乡")
COUNTY = Header("县代码", "县编码", "县区代码")
GROUP = Header("村民小组", "组", "村组", "小组")
HEAD = Header("户主姓名", "户主")
HEAD_ID = Header("户主证件号码", "户主身份证号", "户主身份证号码", private=True)
SIZE = Header("家庭人口", "人口数", "家庭人口数", "家庭人数", example=1)

_KEPT_IN_SOME = (VILLAGE_NAME, TOWNSHIP, TOWNSHIP_NAME, COUNTY, GROUP, HEAD, HEAD_ID, SIZE)
NOT_KEPT = {
    *("序号", "省", "市", "县", "县市区", "县(市、区)", "乡", "村", "自然村", "家庭住址", "地址"),
    *("性别", "民族", "年龄", "出生日期", "文化程度", "学历", "政治面貌", "健康状况", "残疾证号"),
    *("劳动技能", "劳动能力", "务工地点", "务工时间", "在校生状况", "电话", "联系电话", "手机"),
    *("手机号", "手机号码", "银行账号", "银行卡号", "开户银行", "开户行", "致贫原因"),
    *("主要致贫原因", "贫困户属性", "帮扶责任人", "帮扶人", "村支书", "村主任", "面积", "备注"),
    *(name for header in _KEPT_IN_SOME for name in header.names),
}
"""Columns that offices often have: read over, and never kept, in a sheet that needs none (G8)."""


class Group(Record):
    """The model of columns that belong together."""

    model_config = ConfigDict(validate_default=True)

    @field_validator("*", mode="before")
    @classmethod
    def _shows_no_error(cls, cell: Any) -> Any:
        return sound(cell)


class Cells(Group):
    """The model of a row; ``sheet`` and ``row`` say where it stands (no sheet in CSV).

    Attributes:
        foreign: Columns by which a sheet is shown to be of another kind: they are not read over.
    """

    foreign: ClassVar[tuple[Header, ...]] = ()

    sheet: str = ""
    row: int = 0


def given(info: ValidationInfo, name: str) -> Any:
    """What the reader of a table was given to hold cells against, as ``today``."""
    assert info.context is not None
    return info.context[name]


def once(value: V, info: ValidationInfo) -> V:
    """Make sure that a value stands in one row of a file (for ``AfterValidator``).

    Raises:
        ValueError: naming the other row.
    """
    here = given(info, "place")
    sheet, row = first = given(info, "first").setdefault((info.field_name, value), here)
    if first != here:
        raise ValueError(f"stands in {place(sheet, row, here[0])} already; keep one")
    return value


class WrongCell(ValueError):
    """A fault that belongs to another cell of the row than the one that is being read."""

    def __init__(self, field: str, right: str) -> None:
        super().__init__(right)
        self.path = (field,)


@dataclass(frozen=True, eq=False)
class Column:
    """A column as a model declares it.

    Attributes:
        group, field: The fields of its group, if it belongs to one, and of itself.
        required: It must be there; in a group, if another column of the group is.
        may_be_empty: An empty cell says None.
        is_read: What stands there is taken.
        hint: What a template says of it.
        choices: The words of which one is written there, if there are any.
    """

    group: str
    field: str
    header: Header
    required: bool
    may_be_empty: bool
    is_read: bool
    value: TypeAdapter[Any]
    hint: Hint
    choices: tuple[str, ...]

    @property
    def is_always_there(self) -> bool:
        """Whether every sheet has it."""
        return self.required and not self.group


@cache
def columns_of(model: type[BaseModel], group: str = "") -> tuple[Column, ...]:
    """The columns of a row, in the order in which they are written."""
    found: list[Column] = []
    for name, field in model.model_fields.items():
        kinds = (field.annotation, *get_args(field.annotation))
        said = [*_said_within(field.annotation), *field.metadata]
        hints = [each for each in said if isinstance(each, Hint)]
        words = [each.choices for each in said if hasattr(each, "choices")]
        for header in field.metadata:
            if isinstance(header, Header):
                column = Column(
                    group=group,
                    field=name,
                    header=header,
                    required=field.is_required(),
                    may_be_empty=type(None) in kinds,
                    is_read=field.annotation is not Any,
                    value=TypeAdapter(field.rebuild_annotation()),
                    hint=_hint(header, hints[-1] if hints else Hint()),
                    choices=words[-1] if words else (),
                )
                found.append(column)
        for kind in kinds:
            if isinstance(kind, type) and issubclass(kind, Group):
                found += columns_of(kind, name)
    return tuple(found)


def _hint(header: Header, of_type: Hint) -> Hint:
    return of_type if header.example is None else of_type._replace(example=header.example)


def _said_within(kind: Any) -> Iterable[Any]:
    """What a type says beside itself, at any depth."""
    for inner in get_args(kind):
        yield from _said_within(inner)
        yield inner


@cache
def column_of(model: type[BaseModel], *path: str) -> Column:
    """The column of a field; of one in a group, behind the group's field."""
    *group, field = path
    known = {(column.group, column.field): column for column in columns_of(model)}
    return known["".join(group), field]


def sheet_columns(columns: Iterable[Column]) -> list[tuple[str, int]]:
    """The headers of a sheet that is written, each with its width in characters."""
    return [(column.header.name, 22 if column.header.wide else 14) for column in columns]


def written(line: BaseModel, columns: Iterable[Column]) -> list[Any]:
    """A row as it is written; what the model does not say stays empty."""
    said = line.model_dump()
    groups = {"": said, **{name: each for name, each in said.items() if isinstance(each, dict)}}
    return [kept_apart(groups.get(column.group, {}).get(column.field)) for column in columns]


class Names(NamedTuple):
    """What the cells of a row name.

    Attributes:
        said: What each cell says, without what makes no difference.
        columns: The column of the model that each cell names; None if it names none.
    """

    said: list[str]
    columns: list[Column | None]


def names_in(cells: Sequence[Cell], model: type[BaseModel]) -> Names:
    """Hold a row against the columns of a model.

    Blanks in a header, its unit behind it, 工资性收入（元）, and 是否 before it make no difference.
    """
    known = {name: column for column in columns_of(model) for name in column.header.names}
    said = ["".join(unicodedata.normalize("NFKC", str(cell)).split()) for cell in cells]
    said = [_UNITS.sub("", each) for each in said]
    return Names(said, [known.get(each) or known.get(each.removeprefix("是否")) for each in said])
