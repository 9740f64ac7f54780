"""Excel and CSV of one row: an application, the record of a meeting, the survey of a village.

They say what the same documents say in TOML, and are read as such: what comes of them is checked
in one place.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict

from models.appraisals import Meeting
from models.offices import Tier
from models.register.counties import SERVICES
from models.register.villages import FieldSurvey, Survey
from registry.errors import LoadError
from registry.files import cells
from registry.files.columns import COUNTY, Cells, Header, Hint
from registry.files.sheet_cells import Cell
from registry.files.table import TableFile
from registry.register.columns import VILLAGE, YEAR, SurveyCells

_MOST = 10_000_000_000
_TIERS = cells.OneOf(
    {"国定贫困县": Tier.NATIONAL, "省定贫困县": Tier.PROVINCIAL, "国家级": Tier.NATIONAL}
)


def _percent(cell: Cell) -> Decimal:
    said = str(cell) if isinstance(cell, float) else cells.plain(cell)
    try:
        return Decimal(said.removesuffix("%"))
    except InvalidOperation:
        raise ValueError("write a number in percent, for example 9.8") from None


def _several(cell: Cell) -> tuple[str, ...]:
    """What stands in one cell, one behind the other (、) or below it."""
    return tuple(each.strip() for each in re.split("[、;；\n]", cells.lines(cell)) if each.strip())


_Number = Annotated[int, BeforeValidator(cells.whole(_MOST, "1286")), Hint("整数", 1286)]
_Some = Annotated[int, BeforeValidator(cells.whole(100_000, "30")), Hint("整数", 30)]
_Percent = Annotated[Decimal, BeforeValidator(_percent), Hint("百分数，不写百分号", 9.8)]
_Files = Annotated[
    tuple[str, ...],
    BeforeValidator(_several),
    Hint("附件的文件名，从本文件所在文件夹算起，用顿号分开"),
]
_Names = Annotated[
    tuple[str, ...], BeforeValidator(_several), Hint("多个用顿号分开", "张某甲、李某乙")
]
_Met = Annotated[bool, cells.yes_or_no("达到/未达到")]

_EVIDENCE = Header("附件", "佐证材料", wide=True)
_OFFICER = Header("经办人", "签字人", key=True, example="张某甲")
_DOCUMENT = Header("文号", example="扶组〔2026〕1号")
_LATE = Header("逾期理由", wide=True)
_ADDED, _ADDED_BY = Header("追加计划理由", wide=True), Header("追加计划文号")


class _SignedCells(Cells):
    """What every application says of itself."""

    officer: Annotated[cells.ProperName, _OFFICER]
    document_number: Annotated[cells.Line, _DOCUMENT]
    late_reason: Annotated[cells.Reason | None, _LATE] = None
    reason: Annotated[cells.Reason | None, _ADDED] = None
    document: Annotated[cells.Line | None, _ADDED_BY] = None
    evidence: Annotated[_Files | None, _EVIDENCE] = None

    def signed(self) -> dict[str, Any]:
        """The same as an application holds it; what the row leaves out is left out."""
        said = _given(self, "officer", "document_number", "late_reason") | _evidence(self.evidence)
        added = {"reason": self.reason, "document_number": self.document}
        if any(added.values()):
            said["plan_addition"] = {name: each for name, each in added.items() if each}
        return said


class CountyApplicationCells(_SignedCells):
    """An application of a county (C1)."""

    model_config = ConfigDict(title="county's application")

    county: Annotated[cells.CountyCode | None, COUNTY] = None
    year: Annotated[cells.Year | None, YEAR] = None
    tier: Annotated[Tier, _TIERS, Header("贫困县类别", key=True)]
    poor: Annotated[_Number | None, Header("未脱贫人口", "贫困人口", example="")] = None
    population: Annotated[_Number | None, Header("农村户籍人口", "户籍人口", example="")] = None
    as_of: Annotated[cells.Day | None, Header("统计日期", "统计时点", example="")] = None
    figures_reason: Annotated[cells.Reason | None, Header("与登记不符理由", wide=True)] = None
    income_growth_percent: Annotated[_Percent, Header("农民人均可支配收入增幅", key=True)]
    education: Annotated[_Met, Header("教育达到或接近全省平均")]
    education_ground: Annotated[cells.Reason, Header("教育依据", wide=True, example="入学率同全省")]
    culture: Annotated[_Met, Header("文化达到或接近全省平均")]
    culture_ground: Annotated[cells.Reason, Header("文化依据", wide=True, example="村村有文化室")]
    health: Annotated[_Met, Header("卫生医疗达到或接近全省平均")]
    health_ground: Annotated[
        cells.Reason, Header("卫生医疗依据", wide=True, example="村村有卫生室")
    ]

    def content(self) -> dict[str, Any]:
        """The application as TOML holds it."""
        figures = _given(self, "poor", "population", "as_of", "income_growth_percent")
        for name in SERVICES:
            statement = getattr(self, f"{name}_ground")
            figures[name] = {"met": getattr(self, name), "statement": statement}
        said = _given(self, "county", "year", "tier", "figures_reason")
        return said | self.signed() | {"figures": figures}


class VillageApplicationCells(_SignedCells):
    """Which village is taken up for its exit (V1)."""

    model_config = ConfigDict(title="village taken up")

    village: Annotated[cells.VillageCode | None, VILLAGE] = None
    year: Annotated[cells.Year | None, YEAR] = None

    def content(self) -> dict[str, Any]:
        """The application as TOML holds it."""
        return _given(self, "village", "year") | self.signed()


class MeetingCells(Cells):
    """The record of an appraisal meeting (H1)."""

    model_config = ConfigDict(title="record of a meeting")

    held_on: Annotated[cells.Day, Header("会议日期", "评议日期", key=True)]
    place: Annotated[cells.Name, Header("会议地点", "地点", example="村委会会议室")]
    chair: Annotated[cells.ProperName, Header("主持人")]
    recorder: Annotated[cells.ProperName, Header("记录人", example="李某乙")]
    entitled: Annotated[_Some, Header("应到人数", "应到代表", key=True)]
    present: Annotated[_Some, Header("实到人数", "实到代表", key=True)]
    minutes: Annotated[cells.Lines, Header("会议纪要", "会议记录", wide=True, example="逐户评议")]
    evidence: Annotated[_Files | None, _EVIDENCE] = None

    def content(self) -> dict[str, Any]:
        """The record as TOML holds it."""
        fields = [name for name in Meeting.model_fields if name != "evidence"]
        return _given(self, *fields) | _evidence(self.evidence)


class SurveyedCells(Cells):
    """What the survey of a village found (V1), by whom and when.

    The criteria of S2 are left out where the register has the survey of the year.
    """

    model_config = ConfigDict(title="survey of a village")

    village: Annotated[cells.VillageCode | None, VILLAGE] = None
    departments: Annotated[
        _Names, Header("参加部门", "调查部门", key=True, example="县扶贫办、县交通局")
    ]
    surveyors: Annotated[_Names, Header("调查人员", "调查人", key=True)]
    began_on: Annotated[cells.Day, Header("调查开始日期")]
    ended_on: Annotated[cells.Day, Header("调查结束日期")]
    survey: SurveyCells | None = None

    def content(self) -> dict[str, Any]:
        """The survey as TOML holds it, with the village and the year to hold against its case."""
        own = [name for name in FieldSurvey.model_fields if name not in Survey.model_fields]
        said = _given(self, "village", *own)
        if self.survey is not None:
            said |= _given(self.survey, *Survey.model_fields) | {"survey_year": self.survey.year}
        return said


Single = CountyApplicationCells | VillageApplicationCells | MeetingCells | SurveyedCells
"""What a file of one row may hold."""


def read_single(path: Path, model: type[Single], today: date) -> Single:
    """The one row of a file.

    Args:
        today: No day in it lies after it.

    Raises:
        LoadError: if it is no such file, with its faults, or if it has no row or several.
    """
    table = TableFile(path, model, today=today)
    found = list(table.lines())
    table.refuse()
    if len(found) != 1:
        title = model.model_config.get("title")
        said = f"{len(found)} rows" if found else "no row"
        raise LoadError([f"{path} holds {said}; write one {title}, in one row"])
    return found[0]


def _given(cells: Any, *fields: str) -> dict[str, Any]:
    said: Mapping[str, Any] = {name: getattr(cells, name) for name in fields}
    return {name: each for name, each in said.items() if each is not None}


def _evidence(files: Iterable[str] | None) -> dict[str, Any]:
    return {"evidence": [{"path": each} for each in files]} if files else {}
