"""Forms as workbooks: each is written, filled in as somebody does it, and read back."""

import re
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from registry.errors import LoadError
from registry.files.columns import columns_of
from registry.files.table import TableFile
from registry.forms.rosters import AnswerCells, read_consents, read_roster
from registry.forms.single_rows import (
    CountyApplicationCells,
    MeetingCells,
    SurveyedCells,
    VillageApplicationCells,
    read_single,
)
from registry.forms.templates import SHEETS, Form, write_form
from registry.forms.visits import read_visits
from registry.register.columns import HOUSEHOLD, PersonCells
from tests.filled_forms import filled

TODAY = date(2026, 12, 1)


@pytest.mark.parametrize("form", Form)
def test_a_form_with_its_examples_has_no_fault(tmp_path: Path, form: Form) -> None:
    path = filled(tmp_path / "表.xlsx", form)
    models = SHEETS[form]
    table = TableFile(path, *models.values(), today=TODAY, present=30)
    found = [type(line) for sheet in table.sheets() for _, line in sheet.lines()]
    assert table.faults == ()
    assert found == list(models.values())


@pytest.mark.parametrize("form", Form)
def test_a_form_has_words_to_choose_from_and_a_note_at_each_column(
    tmp_path: Path, form: Form
) -> None:
    path = tmp_path / "表.xlsx"
    write_form(path, form)
    with zipfile.ZipFile(path) as archive:
        for number, model in enumerate(SHEETS[form].values(), start=1):
            part = archive.read(f"xl/worksheets/sheet{number}.xml").decode()
            columns = columns_of(model)
            rules = re.findall(r"<dataValidation [^>]*", part)
            assert len(rules) == len(columns)
            for column, rule in zip(columns, rules, strict=True):
                assert "prompt=" in rule
                assert ('type="list"' in rule) is bool(column.choices), column.header.name


def test_an_empty_form_says_nothing(tmp_path: Path) -> None:
    path = tmp_path / "表.xlsx"
    for form, models in SHEETS.items():
        write_form(path, form)
        table = TableFile(path, *models.values(), today=TODAY, present=30)
        assert list(table.lines()) == []
        assert table.faults == ()


@pytest.mark.clause("G8")
def test_a_long_number_typed_into_a_form_keeps_its_digits(tmp_path: Path) -> None:
    """Its column is one of text: 18 digits in any other become a number of 15."""
    path = tmp_path / "表.xlsx"
    write_form(path, Form.HOUSEHOLDS)
    with zipfile.ZipFile(path) as archive:
        styles = archive.read("xl/styles.xml").decode()
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
    formats = re.findall(r'<xf numFmtId="(\d+)"', styles.split("<cellXfs")[1])
    names = [column.header.name for column in columns_of(PersonCells)]
    at = names.index("证件号码") + 1
    style = next(
        style
        for first, last, style in re.findall(
            r'<col min="(\d+)" max="(\d+)"[^>]*?style="(\d+)"', sheet
        )
        if int(first) <= at <= int(last)
    )
    assert formats[int(style)] == "49"  # Excel's own number of the format of text


# -- what comes of each ------------------------------------------------------------------------


@pytest.mark.clause("C1", "S3")
def test_a_county_s_application_says_what_toml_says(tmp_path: Path) -> None:
    path = filled(
        tmp_path / "表.xlsx",
        Form.APPLICATION,
        教育达到或接近全省平均="未达到",
        追加计划理由="应退则退",
        追加计划文号="扶组〔2026〕2号",
        附件="方案.pdf、数据.xlsx",
    )
    row = read_single(path, CountyApplicationCells, TODAY)
    assert isinstance(row, CountyApplicationCells)
    said = row.content()
    assert str(said["figures"].pop("income_growth_percent")) == "9.8"
    assert said == {
        "tier": "national",
        "officer": "张某甲",
        "document_number": "扶组〔2026〕1号",
        "plan_addition": {"reason": "应退则退", "document_number": "扶组〔2026〕2号"},
        "evidence": [{"path": "方案.pdf"}, {"path": "数据.xlsx"}],
        "figures": {
            "education": {"met": False, "statement": "入学率同全省"},
            "culture": {"met": True, "statement": "村村有文化室"},
            "health": {"met": True, "statement": "村村有卫生室"},
        },
    }


@pytest.mark.clause("V1")
def test_what_takes_a_village_up_says_what_toml_says(tmp_path: Path) -> None:
    path = filled(tmp_path / "表.xlsx", Form.VILLAGE_APPLICATION, 行政村代码="411523100001")
    row = read_single(path, VillageApplicationCells, TODAY)
    assert isinstance(row, VillageApplicationCells)
    assert row.content() == {
        "village": "411523100001",
        "officer": "张某甲",
        "document_number": "扶组〔2026〕1号",
    }


MEETING: dict[str, Any] = {
    "held_on": date(2026, 11, 30),
    "place": "村委会会议室",
    "chair": "张某甲",
    "recorder": "李某乙",
    "entitled": 30,
    "present": 30,
    "minutes": "逐户评议",
}


@pytest.mark.clause("H1")
def test_the_record_of_a_meeting_says_what_toml_says(tmp_path: Path) -> None:
    row = read_single(filled(tmp_path / "表.xlsx", Form.MEETING), MeetingCells, TODAY)
    assert isinstance(row, MeetingCells)
    assert row.content() == MEETING


@pytest.mark.clause("H1")
def test_a_roster_has_its_meeting_beside_it(tmp_path: Path) -> None:
    roster = read_roster(filled(tmp_path / "表.xlsx", Form.ROSTER), TODAY)
    assert roster.meeting is not None
    assert roster.meeting.content() == MEETING
    assert [(each.household, each.in_favour) for each in roster.households] == [("H-0001", 20)]


@pytest.mark.clause("H1")
def test_more_votes_than_were_present_are_a_fault_of_their_cell(tmp_path: Path) -> None:
    path = filled(tmp_path / "表.xlsx", Form.ROSTER, 实到人数=19)
    with pytest.raises(
        LoadError, match=r"sheet 名单, row 2, column 赞成票数 \(E\): '20': more votes"
    ):
        read_roster(path, TODAY)


@pytest.mark.clause("S2", "V1")
def test_a_survey_says_what_toml_says(tmp_path: Path) -> None:
    path = filled(
        tmp_path / "表.xlsx", Form.SURVEY, 客运班车="不具备条件", 不具备条件理由="山路未通"
    )
    row = read_single(path, SurveyedCells, TODAY)
    assert isinstance(row, SurveyedCells)
    yes = ("paved_road", "safe_water", "electricity", "broadcasting", "culture_centre", "clinic")
    assert row.content() == {
        "departments": ("县扶贫办", "县交通局"),
        "surveyors": ("张某甲", "李某乙"),
        "began_on": date(2026, 11, 30),
        "ended_on": date(2026, 11, 30),
        "survey_year": 2026,
        "bus": "not_feasible",
        "bus_ground": "山路未通",
        **dict.fromkeys((*yes, "doctor", "broadband"), True),
    }


@pytest.mark.clause("H2")
def test_who_has_not_answered_yet_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "表.xlsx"
    known: dict[str, Any] = {"household": "H-0002", "head": "王某丙", "group": "一组"}
    named = AnswerCells.model_construct(**known)
    answered = named.model_copy(
        update={"household": "H-0001", "agreed": True, "signed_by": "张某甲"}
    )
    write_form(path, Form.CONSENTS, [named, answered])
    assert [(each.household, each.signed_by) for each in read_consents(path)] == [
        ("H-0001", "张某甲")
    ]


@pytest.mark.clause("F5")
def test_visits_are_read_back(tmp_path: Path) -> None:
    (visit,) = read_visits(filled(tmp_path / "表.xlsx", Form.VISITS), TODAY)
    assert (visit.household, visit.made_on, visit.stable) == ("H-0001", date(2026, 11, 30), True)


@pytest.mark.parametrize("rows", [0, 2])
def test_a_form_of_one_row_has_one(tmp_path: Path, rows: int) -> None:
    path = tmp_path / "表.xlsx"
    said = MeetingCells.model_construct(**MEETING)
    write_form(path, Form.MEETING, [said] * rows)
    with pytest.raises(LoadError, match=r"write one record of a meeting, in one row"):
        read_single(path, MeetingCells, TODAY)


def test_what_a_form_names_for_reading_only_is_in_no_answer() -> None:
    """The head's name stands there for those who fill it in: a wrong one changes nothing."""
    unread = {column.header.name for column in columns_of(AnswerCells) if not column.is_read}
    assert unread == {"户主姓名", "村民小组"}
    assert HOUSEHOLD.name not in unread
