"""The columns of the files for the register, as models of their rows.

``docs/register-files.md`` holds the same in prose.
"""

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, ConfigDict, ValidationInfo, field_validator

from models.base import says_something
from models.register.households import MOST_SAID, Cause
from models.register.villages import Bus, ground_fault
from registry.files import cells
from registry.files.columns import (
    COUNTY,
    GROUP,
    HEAD,
    HEAD_ID,
    SIZE,
    TOWNSHIP,
    TOWNSHIP_NAME,
    VILLAGE_NAME,
    Cells,
    Group,
    Header,
    WrongCell,
)
from registry.register.lines import MemberLine

MOST_MEMBERS = 50
_MOST_PEOPLE, _MOST_YUAN = 1_000_000, 10_000_000_000

VILLAGE = Header("行政村代码", "村代码", "村编码", "行政村编码", key=True, wide=True)
POPULATION = Header("农村户籍人口", "户籍人口", example=1286)
POOR, POOR_SINCE = Header("贫困村"), Header("列入日期", "列入贫困村日期")

HOUSEHOLD = Header("户编号", "户编码", "户号", "贫困户编号", key=True, wide=True)
NAME = Header("姓名", "家庭成员姓名")
ID_NUMBER = Header(*("证件号码", "身份证号", "身份证号码", "公民身份号码"), private=True, wide=True)
RELATION = Header("与户主关系", "与户主的关系")
WITHOUT_ID = Header("无证件原因")
BORN = Header("无证件者出生日期")
REGISTERED_ON = Header("识别时间", "建档立卡时间", "识别日期")
_HEAD_OF_ROW = Header(*HEAD.names, *NAME.names)
_ID_OF_HEAD = Header(*HEAD_ID.names, *ID_NUMBER.names, private=True)
YEAR = Header("年度", "年份")


def _some(size: int) -> int:
    if size == 0:
        raise ValueError("write how many members the household has, the head among them")
    return size


# 无 and × may mean either of the two others.
_BUS = cells.OneOf(
    {"是": Bus.YES, "否": Bus.NO, "不具备条件": Bus.NOT_FEASIBLE}
    | dict.fromkeys(("有", "√", "✓", "✔", "☑"), Bus.YES)
)
_Stable = Annotated[bool, cells.yes_or_no("稳定/不稳定")]
_Joined = Annotated[bool, cells.yes_or_no("参加/未参加", "已参加/没参加")]
_Safe = Annotated[bool, cells.yes_or_no("安全/不安全")]
_CAUSE = cells.OneOf(
    {"登记": Cause.REGISTERED, "返贫": Cause.FALLEN_BACK, "撤销退出": Cause.REVOKED}
)
_Size = Annotated[int, BeforeValidator(cells.whole(MOST_MEMBERS, "4")), AfterValidator(_some)]
_Said = Annotated[str, BeforeValidator(cells.words(MOST_SAID))]
_Ground = Annotated[_Said, AfterValidator(says_something)]
_RegisteredOn = Annotated[cells.Day | None, REGISTERED_ON]
_Why = Annotated[Annotated[Cause, _CAUSE] | None, Header("致贫类别", "登记类别")]


class LivelihoodCells(Group):
    """How a household lived in a year (S1): what ``Livelihood`` holds."""

    year: Annotated[cells.Year, YEAR]
    wages: Annotated[cells.Fen, Header("工资性收入")]
    business: Annotated[cells.Fen, Header("生产经营性收入")]
    assets: Annotated[cells.Fen, Header("财产性收入")]
    transfers: Annotated[cells.Fen, Header("转移性收入")]
    costs: Annotated[cells.Fen, Header("生产经营性支出")]
    income_sources: Annotated[
        _Ground | None, Header("增收渠道和收入来源", "收入来源", wide=True, example="茶园务工")
    ]
    livelihood: Annotated[_Stable, Header("收入来源稳定", "有稳定收入来源")]
    stable_because: Annotated[
        _Ground | None,
        Header("稳定增收依据", "稳定超过标准依据", wide=True, example="签有三年用工合同"),
    ]
    food_and_clothing: Annotated[cells.YesNo, Header("吃穿不愁", "不愁吃穿")]
    schooling: Annotated[cells.YesNo, Header("适龄儿童接受义务教育", "义务教育有保障", "义务教育")]
    deferral: Annotated[_Said | None, Header("缓学休学批准文书", wide=True)] = None
    no_dropouts: Annotated[cells.YesNo, Header("无因贫辍学学生", "家庭无因贫辍学学生")]
    insurance: Annotated[_Joined, Header("参加新农合", "新农合", "参加新型农村合作医疗")]
    illness_aid: Annotated[cells.HasOne, Header("大病有救助", "大病救助")]
    housing_improved: Annotated[cells.YesNo, Header("住房条件明显改善", "住房条件有明显改善")]
    housing: Annotated[_Safe, Header("住房安全", "住房安全有保障")]


class _Identified(Cells):
    """Who a person is: by the ID number, or why there is none, and since when there is somebody."""

    @field_validator("born", check_fields=False)
    @classmethod
    def _one_or_the_other(cls, born: date | None, info: ValidationInfo) -> date | None:
        if not {"id_number", "without_id"} <= info.data.keys():
            return born
        number, why = info.data["id_number"], info.data["without_id"]
        if number is None and why is None:
            right = f"is empty; write it, or in {WITHOUT_ID.name} why there is none"
            raise WrongCell("id_number", right)
        if number is not None and (why or born):
            right = f"says why there is no ID number, and {ID_NUMBER.name} has one; write one"
            raise WrongCell("without_id", right)
        if number is None and born is None:
            raise WrongCell("born", "write the day of birth of who has no ID number")
        return born


class _RosterCells(Cells):
    """What every row of a roster (花名册) names first."""

    village_code: Annotated[cells.VillageCode, VILLAGE]
    code: Annotated[cells.HouseholdCode, HOUSEHOLD]
    group: Annotated[cells.Name, GROUP]

    @field_validator("why", check_fields=False)
    @classmethod
    def _with_a_day(cls, cause: Cause | None, info: ValidationInfo) -> Cause | None:
        if cause is not None and info.data.get("registered_on", cause) is None:
            raise ValueError(
                f"says why the household was registered, and {REGISTERED_ON.name} is empty; write "
                "both or neither"
            )
        return cause


class HouseholdCells(_RosterCells):
    """A household in one row, which names its head alone."""

    model_config = ConfigDict(title="roster with one row a household")

    head: Annotated[cells.ProperName, _HEAD_OF_ROW]
    id_number: Annotated[cells.IdNumber, _ID_OF_HEAD]
    size: Annotated[_Size, SIZE]
    registered_on: _RegisteredOn
    why: _Why = None
    livelihood: LivelihoodCells | None = None

    @property
    def cause(self) -> Cause:
        """Why the household is in the register."""
        return self.why or Cause.REGISTERED

    @property
    def members(self) -> tuple[MemberLine, ...]:
        """The head."""
        head = MemberLine(
            row=self.row, id_number=self.id_number, name=self.head, relation=cells.HEAD
        )
        return (head,)


class MemberCells(_Identified):
    """What a row a person says of its person."""

    name: Annotated[cells.ProperName, NAME]
    id_number: Annotated[cells.IdNumber | None, ID_NUMBER]
    relation: Annotated[cells.Relation, RELATION]
    without_id: Annotated[cells.Reason | None, WITHOUT_ID] = None
    born: Annotated[cells.Day | None, BORN] = None


class PersonCells(_RosterCells, _Identified):
    """The head of a household in a row a person; what is said of the household stands there."""

    model_config = ConfigDict(title="roster with one row a person")

    name: Annotated[cells.ProperName, NAME]
    id_number: Annotated[cells.IdNumber | None, ID_NUMBER]
    relation: Annotated[cells.Relation, RELATION]
    size: Annotated[_Size | None, SIZE] = None
    registered_on: _RegisteredOn
    why: _Why = None
    livelihood: LivelihoodCells | None = None
    head: Annotated[cells.ProperName | None, HEAD] = None
    without_id: Annotated[cells.Reason | None, WITHOUT_ID] = None
    born: Annotated[cells.Day | None, BORN] = None

    @property
    def cause(self) -> Cause:
        """Why the household is in the register."""
        return self.why or Cause.REGISTERED

    @field_validator("head")
    @classmethod
    def _one_name(cls, head: str | None, info: ValidationInfo) -> str | None:
        if head is not None and info.data.get("name", head) != head:
            raise ValueError(f"{NAME.name} in this row is {info.data['name']}; write one")
        return head


class SurveyCells(Group):
    """What a survey of a village found in a year (S2): what ``Survey`` holds."""

    year: Annotated[cells.Year, YEAR]
    paved_road: Annotated[cells.YesNo, Header("通村公路硬化")]
    bus: Annotated[Bus, _BUS, Header("客运班车", "通客运班车")]
    safe_water: Annotated[_Safe, Header("饮用水安全", "安全饮水")]
    electricity: Annotated[cells.YesNo, Header("生产生活用电", "生产生活用电需求")]
    broadcasting: Annotated[cells.YesNo, Header("广播电视户户通")]
    culture_centre: Annotated[cells.HasOne, Header("文化服务中心", "综合性文化服务中心")]
    clinic: Annotated[cells.HasOne, Header("标准化卫生室")]
    doctor: Annotated[cells.HasOne, Header("合格医生", "合格乡村医生或执业医师")]
    broadband: Annotated[cells.HasOne, Header("宽带", "通宽带")]
    industry: Annotated[cells.Text | None, Header("产业")] = None
    collective_income_yuan: Annotated[
        Annotated[int, BeforeValidator(cells.whole(_MOST_YUAN, "50000"))] | None,
        Header("集体经济收入", "村集体经济收入"),
    ] = None
    bus_ground: Annotated[cells.Reason | None, Header("不具备条件理由")] = None

    @field_validator("bus_ground")
    @classmethod
    def _with_a_ground(cls, ground: str | None, info: ValidationInfo) -> str | None:
        fault = ground_fault(info.data["bus"], ground) if "bus" in info.data else None
        if fault is not None:
            raise ValueError(fault)
        return ground


class VillageCells(Cells):
    """A village of a list."""

    model_config = ConfigDict(title="list of villages")
    foreign = (HEAD, GROUP, SIZE)

    code: Annotated[cells.VillageCode, VILLAGE]
    name: Annotated[cells.ProperName, VILLAGE_NAME]
    township_code: Annotated[cells.TownshipCode, TOWNSHIP]
    township_name: Annotated[cells.ProperName, TOWNSHIP_NAME]
    county_code: Annotated[cells.CountyCode, COUNTY]
    population: Annotated[int, BeforeValidator(cells.whole(_MOST_PEOPLE, "1286")), POPULATION]
    population_as_of: Annotated[cells.Day, Header("统计日期", "统计时点")]
    work_team: Annotated[cells.HasOne, Header("驻村工作队", "有驻村工作队")]
    first_secretary: Annotated[cells.HasOne, Header("第一书记", "有第一书记")]
    poor: Annotated[cells.YesNo | None, POOR] = None
    poor_since: Annotated[cells.Day | None, POOR_SINCE] = None
    survey: SurveyCells | None = None

    @field_validator("poor_since")
    @classmethod
    def _if_poor(cls, since: date | None, info: ValidationInfo) -> date | None:
        poor = info.data.get("poor")
        if poor and since is None:
            right = f"a poor village was listed some day; write it in {POOR_SINCE.name}"
            raise ValueError(right)
        if poor is False and since is not None:
            right = f"the village has a day of listing, but {POOR.name} says 否; correct one of "
            raise ValueError(right + "them")
        return since

    @property
    def survey_year(self) -> int | None:
        """The year of the survey."""
        return self.survey.year if self.survey is not None else None
