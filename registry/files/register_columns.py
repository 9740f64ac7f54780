"""The columns of the files for the register, as they are called here, and as offices call them.

``docs/register-files.md`` is this table in prose.
"""

import re
from enum import Enum
from typing import NamedTuple

VILLAGE_CODE = "行政村代码"
HOUSEHOLD_CODE = "户编号"
HEAD_NAME, HEAD_ID = "户主姓名", "户主证件号码"
NAME, ID_NUMBER, RELATION = "姓名", "证件号码", "与户主关系"
GROUP, SIZE = "村民小组", "家庭人口"
REGISTERED_ON, CAUSE = "识别时间", "致贫类别"
YEAR = "年度"
INCOME = {
    "wages": "工资性收入",
    "business": "生产经营性收入",
    "assets": "财产性收入",
    "transfers": "转移性收入",
    "costs": "生产经营性支出",
}
CONDITIONS = {
    "food_and_clothing": "吃穿不愁",
    "schooling": "义务教育有保障",
    "insurance": "参加新农合",
    "illness_aid": "大病有救助",
    "housing": "住房安全",
    "livelihood": "收入来源稳定",
}
VILLAGE = {
    "name": "行政村",
    "township_code": "乡镇代码",
    "township_name": "乡镇",
    "county_code": "县代码",
    "population": "农村户籍人口",
    "population_as_of": "统计日期",
    "work_team": "驻村工作队",
    "first_secretary": "第一书记",
}
POOR, POOR_SINCE = "贫困村", "列入日期"
SURVEY = {
    "paved_road": "通村公路硬化",
    "bus": "客运班车",
    "safe_water": "饮用水安全",
    "electricity": "生活用电",
    "broadcasting": "广播电视户户通",
    "culture_centre": "文化服务中心",
    "clinic": "标准化卫生室",
    "doctor": "合格医生",
    "broadband": "宽带",
}
CONSIDERED = {"industry": "产业", "collective_income_yuan": "集体经济收入"}


class Kind(Enum):
    """What a file is: a list of villages, or a roster (花名册) with a row a household or person."""

    VILLAGES = "list of villages"
    HOUSEHOLDS = "roster with one row a household"
    PERSONS = "roster with one row a person"


class Layout(NamedTuple):
    """Columns of a kind: such that must be there, such that may, and groups of all or none."""

    required: tuple[str, ...]
    optional: tuple[str, ...]
    group: tuple[str, ...]


LIVELIHOOD = (YEAR, *INCOME.values(), *CONDITIONS.values())
LAYOUTS = {
    Kind.VILLAGES: Layout(
        (VILLAGE_CODE, *VILLAGE.values()),
        (POOR, POOR_SINCE, *CONSIDERED.values()),
        (YEAR, *SURVEY.values()),
    ),
    Kind.HOUSEHOLDS: Layout(
        (VILLAGE_CODE, HOUSEHOLD_CODE, HEAD_NAME, HEAD_ID, GROUP, SIZE, REGISTERED_ON),
        (CAUSE,),
        LIVELIHOOD,
    ),
    Kind.PERSONS: Layout(
        (VILLAGE_CODE, HOUSEHOLD_CODE, NAME, ID_NUMBER, RELATION, GROUP, REGISTERED_ON),
        (HEAD_NAME, SIZE, CAUSE),
        LIVELIHOOD,
    ),
}

OTHER_NAMES = {
    "村代码": VILLAGE_CODE,
    "村编码": VILLAGE_CODE,
    "行政村编码": VILLAGE_CODE,
    "户编码": HOUSEHOLD_CODE,
    "户号": HOUSEHOLD_CODE,
    "贫困户编号": HOUSEHOLD_CODE,
    "户主": HEAD_NAME,
    "户主身份证号": HEAD_ID,
    "户主身份证号码": HEAD_ID,
    "家庭成员姓名": NAME,
    "身份证号": ID_NUMBER,
    "身份证号码": ID_NUMBER,
    "公民身份号码": ID_NUMBER,
    "与户主的关系": RELATION,
    "组": GROUP,
    "村组": GROUP,
    "小组": GROUP,
    "人口数": SIZE,
    "家庭人口数": SIZE,
    "家庭人数": SIZE,
    "建档立卡时间": REGISTERED_ON,
    "识别日期": REGISTERED_ON,
    "登记类别": CAUSE,
    "年份": YEAR,
    "不愁吃穿": CONDITIONS["food_and_clothing"],
    "义务教育": CONDITIONS["schooling"],
    "新农合": CONDITIONS["insurance"],
    "参加新型农村合作医疗": CONDITIONS["insurance"],
    "大病救助": CONDITIONS["illness_aid"],
    "住房安全有保障": CONDITIONS["housing"],
    "有稳定收入来源": CONDITIONS["livelihood"],
    "村名": VILLAGE["name"],
    "行政村名称": VILLAGE["name"],
    "乡镇编码": VILLAGE["township_code"],
    "乡镇名称": VILLAGE["township_name"],
    "县编码": VILLAGE["county_code"],
    "县区代码": VILLAGE["county_code"],
    "户籍人口": VILLAGE["population"],
    "统计时点": VILLAGE["population_as_of"],
    "有驻村工作队": VILLAGE["work_team"],
    "有第一书记": VILLAGE["first_secretary"],
    "列入贫困村日期": POOR_SINCE,
    "通客运班车": SURVEY["bus"],
    "安全饮水": SURVEY["safe_water"],
    "通生活用电": SURVEY["electricity"],
    "综合性文化服务中心": SURVEY["culture_centre"],
    "通宽带": SURVEY["broadband"],
    "村集体经济收入": CONSIDERED["collective_income_yuan"],
}
"""What offices call a column, and what it is called here."""

NOT_KEPT = re.compile(
    r"序号|省|市|县|县市区|县\(市、区\)|县代码|乡|乡镇|乡镇代码|村|"
    r"行政村|自然村|家庭住址|地址|性别|民族|年龄|出生日期|文化程度|学历|"
    r"政治面貌|健康状况|残疾证号|劳动技能|劳动能力|务工地点|务工时间|"
    r"在校生状况|电话|联系电话|手机|手机号|手机号码|银行账号|银行卡号|"
    r"开户银行|开户行|户主证件号码|致贫原因|主要致贫原因|贫困户属性|"
    r"帮扶责任人|帮扶人|村支书|村主任|面积|备注"
)
"""Columns that rosters often have and the register does not need: read over, never kept (G8)."""
