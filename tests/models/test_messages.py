"""What can be sent to a case, and what is refused before any rule of a case is asked."""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

from models.base import Reason, faults
from models.case.messages import Act, Objection, Rates, Resolution, Withdrawal
from models.case.parts import Evidence
from models.county.messages import CountyApplication
from models.register.counties import CountyFigures
from tests.models.samples import (
    JUDGED,
    act_values,
    application_values,
    figure_values,
    objection_values,
    resolution_values,
    withdrawal_values,
)

MESSAGES: list[tuple[type[BaseModel], dict[str, Any]]] = [
    (CountyApplication, application_values()),
    (CountyFigures, figure_values()),
    (Act, act_values()),
    (Objection, objection_values()),
    (Resolution, resolution_values()),
    (Withdrawal, withdrawal_values()),
]
RATES = {"incidence": "1.5", "wrongly_exited": "0.3", "omitted": "0.4", "recognition": "95"}
RECTIFICATION = {"office": "A5/411523", "task": "补齐档案（合成）"}


def refusal(kind: type[BaseModel], values: dict[str, Any]) -> str:
    """Why a message is refused, in one line."""
    with pytest.raises(ValidationError) as caught:
        kind.model_validate(values)
    return faults(caught.value).removeprefix("value: ")


@pytest.mark.clause("C1", "G1", "G2", "G7")
@pytest.mark.parametrize(("kind", "values"), MESSAGES)
def test_messages_survive_the_wire(kind: type[BaseModel], values: dict[str, Any]) -> None:
    message = kind.model_validate(values)
    assert kind.model_validate_json(message.model_dump_json()) == message
    assert kind.model_validate(message.model_dump(mode="json")) == message


@pytest.mark.parametrize(("kind", "values"), MESSAGES)
def test_an_unknown_field_is_refused(kind: type[BaseModel], values: dict[str, Any]) -> None:
    assert refusal(kind, values | {"aproved": True}) == ("aproved: Extra inputs are not permitted")


@pytest.mark.parametrize(("kind", "values"), MESSAGES)
def test_every_needed_field_is_needed(kind: type[BaseModel], values: dict[str, Any]) -> None:
    for name in values:
        without = {key: value for key, value in values.items() if key != name}
        assert refusal(kind, without) == f"{name}: Field required"


@pytest.mark.parametrize(("kind", "values"), MESSAGES)
def test_a_message_cannot_be_changed(kind: type[BaseModel], values: dict[str, Any]) -> None:
    message = kind.model_validate(values)
    for name in values:
        with pytest.raises(ValidationError, match="frozen"):
            setattr(message, name, values[name])


@pytest.mark.clause("G5")
@pytest.mark.parametrize(
    ("kind", "values", "field"),
    [
        (CountyApplication, application_values(), "applied_at"),
        (Act, act_values(), "at"),
        (Objection, objection_values(), "at"),
        (Resolution, resolution_values(), "at"),
        (Withdrawal, withdrawal_values(), "at"),
    ],
)
def test_a_moment_without_an_offset_is_refused(
    kind: type[BaseModel], values: dict[str, Any], field: str
) -> None:
    said = refusal(kind, values | {field: "2018-01-05T09:00:00"})
    assert said == f"{field}: Input should have timezone info"
    aware = kind.model_validate(values | {field: "2018-01-05T09:00:00+08:00"})
    assert getattr(aware, field).utcoffset() == timedelta(hours=8)


@pytest.mark.clause("C1", "S3", "S5")
@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        pytest.param({"poor": -1}, "poor: Input should be greater than or equal to 0", id="poor<0"),
        pytest.param({"population": 0}, "population: Input should be greater than 0", id="nobody"),
        pytest.param({"population": -5}, "population: Input should be greater", id="population<0"),
        pytest.param(
            {"poor": 300_001},
            "poor: 300001 people still poor cannot be more than the population of 300000 (S5)",
            id="more poor than people",
        ),
        pytest.param({"poor": 4_600.0}, "poor: Input should be a valid integer", id="float"),
        pytest.param({"poor": "4600"}, "poor: Input should be a valid integer", id="text"),
        pytest.param({"poor": True}, "poor: Input should be a valid integer", id="true"),
        pytest.param({"income_growth_percent": "-100.1"}, "income_growth_percent: ", id="below 0"),
        pytest.param({"income_growth_percent": "1000.1"}, "income_growth_percent: ", id="tenfold"),
        pytest.param({"income_growth_percent": "NaN"}, "income_growth_percent: ", id="NaN"),
        pytest.param({"income_growth_percent": "1.2345"}, "income_growth_percent: ", id="4 places"),
        pytest.param({"education": JUDGED | {"met": "yes"}}, "education.met: ", id="yes"),
        pytest.param({"culture": JUDGED | {"met": 1}}, "culture.met: ", id="one"),
        pytest.param({"health": JUDGED | {"statement": " "}}, "health.statement: ", id="no reason"),
        pytest.param({"health": None}, "health: ", id="health is not judged (S3)"),
        pytest.param({"as_of": "2017-11-31"}, "as_of: ", id="31 November"),
        pytest.param({"as_of": "2017-11-15T10:00:00"}, "as_of: ", id="a moment for a day"),
    ],
)
def test_impossible_figures(changes: dict[str, Any], sentence: str) -> None:
    assert refusal(CountyFigures, figure_values(**changes)).startswith(sentence)
    inside = refusal(CountyApplication, application_values(figures=figure_values(**changes)))
    assert inside.startswith("figures")
    assert inside.endswith(refusal(CountyFigures, figure_values(**changes)))


@pytest.mark.clause("S5")
@given(st.integers(0, 10**9), st.integers(1, 10**9))
def test_figures_are_possible_or_refused(poor: int, population: int) -> None:
    values = figure_values(poor=poor, population=population)
    if poor <= population:
        assert CountyFigures.model_validate(values).poor == poor
    else:
        assert "(S5)" in refusal(CountyFigures, values)


@pytest.mark.clause("S3")
def test_growth_keeps_its_digits() -> None:
    figures = CountyFigures.model_validate_json(
        CountyFigures.model_validate(figure_values(income_growth_percent=0.1)).model_dump_json()
    )
    assert figures.income_growth_percent == Decimal("0.1")


@pytest.mark.clause("C1", "G6", "G9")
@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        pytest.param({"year": 2013}, "year: Input should be greater than or equal to 2014", id="-"),
        pytest.param({"year": 2101}, "year: Input should be less than or equal to 2100", id="+"),
        pytest.param({"year": "2017"}, "year: Input should be a valid integer", id="text"),
        pytest.param({"county": "4115"}, "county: String should match", id="a city's digits"),
        pytest.param({"county": "411523001"}, "county: String should match", id="a township"),
        pytest.param({"county": 411523}, "county: Input should be a valid string", id="number"),
        pytest.param({"tier": "国定"}, "tier: Input should be 'national' or 'provincial'", id="zh"),
        pytest.param({"document_number": ""}, "document_number: ", id="no number"),
        pytest.param({"officer": " "}, "officer: ", id="nobody signs"),
        pytest.param({"late_reason": ""}, "late_reason: ", id="an empty reason (G5)"),
        pytest.param(
            {"plan_addition": {"reason": "应退则退"}},
            "plan_addition.document_number: Field required",
            id="an addition without its document",
        ),
        pytest.param(
            {"plan_addition": {"reason": " ", "document_number": "1"}},
            "plan_addition.reason: ",
            id="an addition without a reason",
        ),
    ],
)
def test_impossible_applications(changes: dict[str, Any], sentence: str) -> None:
    assert refusal(CountyApplication, application_values(**changes)).startswith(sentence)


@pytest.mark.clause("G9")
@pytest.mark.parametrize("year", [2014, 2100])
def test_first_and_last_year(year: int) -> None:
    assert CountyApplication.model_validate(application_values(year=year)).year == year


@pytest.mark.clause("G3", "S6", "G7")
@pytest.mark.parametrize(
    ("decision", "changes", "sentence"),
    [
        pytest.param("return", {"return_to": "C1"}, "reason: 'return' needs a reason", id="return"),
        pytest.param("reject", {}, "reason: 'reject' needs a reason", id="reject"),
        pytest.param(
            "rectify",
            {"rectification": RECTIFICATION},
            "reason: 'rectify' needs a reason",
            id="rectify",
        ),
        pytest.param(
            "approve",
            {"overrides": ["S3.incidence"]},
            "reason: an override needs a reason",
            id="override",
        ),
        pytest.param("reject", {"reason": "  "}, "reason: String should have", id="blank"),
        pytest.param("return", {"reason": "缺页"}, "return_to: name the step", id="to nowhere"),
        pytest.param(
            "approve", {"return_to": "C1"}, "return_to: name the step to go back to", id="and back"
        ),
        pytest.param(
            "rectify", {"reason": "缺页"}, "rectification: name office and task", id="no task"
        ),
        pytest.param(
            "approve", {"rectification": RECTIFICATION}, "rectification: name", id="a task beside"
        ),
        pytest.param(
            "rectify",
            {"reason": "缺页", "rectification": {"office": "A5/411523", "task": ""}},
            "rectification.task: ",
            id="an empty task",
        ),
        pytest.param("pass", {}, "decision: Input should be 'approve', 'return'", id="unknown"),
        pytest.param("approve", {"step": "C8"}, "step: String should match", id="no such step"),
        pytest.param("approve", {"office": "A6"}, "office: 'A6' is not an office", id="no place"),
        pytest.param("approve", {"round": 0}, "round: ", id="round 0"),
        pytest.param("approve", {"round": "1"}, "round: ", id="a round in words"),
        pytest.param("approve", {"id": ""}, "id: ", id="no id"),
        pytest.param("approve", {"id": "一号"}, "id: ", id="an id of another alphabet"),
        pytest.param("approve", {"id": "a/b"}, "id: ", id="an id with a slash"),
        pytest.param("approve", {"id": "a" * 101}, "id: ", id="a long id"),
        pytest.param("approve", {"reason": "字" * 4001}, "reason: ", id="a long reason"),
        pytest.param(
            "approve",
            {"evidence": [{"name": "a.pdf", "sha256": "ABC"}]},
            "evidence.0.sha256: ",
            id="no hash",
        ),
        pytest.param(
            "approve", {"rates": RATES | {"omitted": "100.1"}}, "rates.omitted: ", id="over 100 %"
        ),
        pytest.param("approve", {"rates": RATES | {"omitted": -1}}, "rates.omitted: ", id="below"),
    ],
)
def test_incomplete_acts(decision: str, changes: dict[str, Any], sentence: str) -> None:
    assert refusal(Act, act_values("C6", decision) | changes).startswith(sentence)


@pytest.mark.clause("G3", "S6")
@pytest.mark.parametrize(
    ("decision", "changes"),
    [
        ("approve", {}),
        ("approve", {"overrides": ["S3.incidence"], "reason": "统筹考虑（合成）"}),
        ("return", {"return_to": "C1", "reason": "缺页"}),
        ("reject", {"reason": "不符合"}),
        ("rectify", {"rectification": RECTIFICATION, "reason": "档案不全"}),
        ("reply", {}),
    ],
)
def test_complete_acts(decision: str, changes: dict[str, Any]) -> None:
    assert Act.model_validate(act_values("C6", decision, **changes)).decision == decision


@pytest.mark.clause("S4")
def test_all_four_rates_or_none() -> None:
    for name in RATES:
        without = {key: value for key, value in RATES.items() if key != name}
        assert refusal(Rates, without) == f"{name}: Field required"


@pytest.mark.clause("G1")
def test_a_dismissed_objection_sends_nothing_back() -> None:
    said = refusal(Resolution, resolution_values(return_to="C2"))
    assert said == "return_to: a dismissed objection sends nothing back"
    upheld = Resolution.model_validate(resolution_values(finding="upheld", return_to="C2"))
    assert upheld.return_to == "C2"
    assert refusal(Resolution, resolution_values(reason=" ")).startswith("reason: ")


@pytest.mark.clause("G1", "G8")
def test_an_objector_needs_no_name() -> None:
    anonymous = Objection.model_validate(objection_values())
    assert (anonymous.objector, anonymous.contact) == (None, None)


@pytest.mark.clause("G7")
@given(
    st.binary(min_size=32, max_size=32).map(bytes.hex)
    | st.binary(min_size=32, max_size=32).map(bytes.hex).map(str.upper)
    | st.text("0123456789abcdefABCDEFg", min_size=60, max_size=68)
)
def test_evidence_is_bound_by_a_whole_hash(digest: str) -> None:
    if re.fullmatch("[0-9a-f]{64}", digest):
        assert Evidence(name="a.pdf", sha256=digest).sha256 == digest
    else:
        with pytest.raises(ValidationError):
            Evidence(name="a.pdf", sha256=digest)


@pytest.mark.clause("S6", "S2", "G1")
@pytest.mark.parametrize("text", ["x", "无", "。。。", "无无无", " - "])
def test_a_statement_of_one_sign_says_nothing(text: str) -> None:
    with pytest.raises(ValidationError, match="says nothing: write what a reader of the file"):
        TypeAdapter(Reason).validate_python(text)


@pytest.mark.parametrize("text", ["同意", "已按B2号文件办理"])
def test_a_short_statement_is_one(text: str) -> None:
    assert TypeAdapter(Reason).validate_python(text) == text
