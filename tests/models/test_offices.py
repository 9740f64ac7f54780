"""A5-A9: who acts for which place, who stands above whom, which steps a county passes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from models.offices import CountyCode, Office
from models.policy import Body
from models.procedures import COUNTY_EXIT, skipped
from tests.models.samples import OFFICES, county

COUNTIES = [
    (tier, direct) for tier in ("national", "provincial") for direct in (False, True)
]  # every kind there is


def above(tier: str, office: str, *, direct: bool) -> str | None:
    superior = county(tier, direct=direct).superior(Office.parse(office))
    return str(superior) if superior else None


@pytest.mark.clause("A5", "A6", "A7", "A8", "A9")
def test_every_office_is_that_of_the_countys_own_line() -> None:
    place = county()
    offices = {step.id: str(place.office(step.body)) for step in COUNTY_EXIT.steps}
    assert offices == OFFICES
    assert place.region_path == ("410000", "411500", "411523")


@pytest.mark.clause("A6")
def test_two_cities_have_two_offices() -> None:
    xinyang, zhoukou = Office.parse("A6/411500"), Office.parse("A6/411600")
    assert xinyang != zhoukou
    assert county().office(Body.CITY_GROUP) == xinyang


@pytest.mark.clause("C1", "C2", "C3", "C4", "C5", "C6", "C7")
def test_the_seven_steps_are_those_of_the_regulation() -> None:
    assert [(step.id, step.title, step.body.value, step.decided) for step in COUNTY_EXIT.steps] == [
        ("C1", "县级申请", "A5", True),
        ("C2", "市级初审", "A6", True),
        ("C3", "省级核查", "A7", True),
        ("C4", "公告公示", "A7", False),
        ("C5", "上报审批", "A7", True),
        ("C6", "接受检查", "A8", True),
        ("C7", "批准退出", "A9", True),
    ]


@pytest.mark.clause("C2", "C6")
@pytest.mark.parametrize(
    ("tier", "direct", "without"),
    [
        ("national", False, []),
        ("national", True, ["C2"]),
        ("provincial", False, ["C6"]),
        ("provincial", True, ["C2", "C6"]),
    ],
)
def test_steps_that_a_county_does_not_pass(tier: str, direct: bool, without: list[str]) -> None:
    found = skipped(county(tier, direct=direct))
    assert [step.id for step in found] == without
    assert all("县" in reason for reason in found.values())


@pytest.mark.clause("G4", "A5", "A6", "A7", "A8", "A9")
@pytest.mark.parametrize(
    ("tier", "direct", "office", "superior"),
    [
        ("national", False, "A5/411523", "A6/411500"),
        ("provincial", False, "A5/411523", "A6/411500"),
        ("national", True, "A5/411523", "A7/410000"),
        ("provincial", True, "A5/411523", "A7/410000"),
        ("national", False, "A6/411500", "A7/410000"),
        ("provincial", False, "A6/411500", "A7/410000"),
        ("national", False, "A7/410000", "A8/100000"),
        ("national", True, "A7/410000", "A8/100000"),
        ("provincial", False, "A7/410000", "A9/410000"),
        ("provincial", True, "A7/410000", "A9/410000"),
        ("national", False, "A8/100000", None),
        ("national", False, "A9/410000", None),
        ("provincial", False, "A9/410000", None),
    ],
)
def test_the_office_above(tier: str, direct: bool, office: str, superior: str | None) -> None:
    assert above(tier, office, direct=direct) == superior


@pytest.mark.clause("G4")
@pytest.mark.parametrize(("tier", "direct"), COUNTIES)
@pytest.mark.parametrize("step", sorted(OFFICES))
def test_going_up_always_comes_to_an_end(tier: str, direct: bool, step: str) -> None:
    passed: list[str] = []
    office: str | None = OFFICES[step]
    while office is not None:
        assert office not in passed
        passed.append(office)
        office = above(tier, office, direct=direct)
    top = "A8/100000" if tier == "national" else "A9/410000"
    # The two at the top answer to nobody here.
    assert passed[-1] == (top if step not in ("C6", "C7") else OFFICES[step])


@pytest.mark.clause("A5", "A6", "A7", "A8", "A9")
@pytest.mark.parametrize(
    ("office", "name"),
    [
        ("A5/411523", "新县"),
        ("A6/411500", "信阳市"),
        ("A7/410000", "河南省"),
        ("A9/410000", "河南省"),
        ("A8/100000", "国家"),
        ("A6/411600", "411600"),  # another line of divisions: only the code is known
    ],
)
def test_places_are_called_by_their_names(office: str, name: str) -> None:
    assert county().place_name(Office.parse(office)) == name


@pytest.mark.clause("G3", "A5", "A6", "A7")
@pytest.mark.parametrize(
    ("office", "concerned"),
    [
        ("A5/411523", True),
        ("A6/411500", True),
        ("A7/410000", True),
        ("A1/411523001", True),  # a township of the county
        ("A1/411523001002", True),
        ("A5/411524", False),
        ("A1/411524001", False),
        ("A6/411600", False),
        ("A7/420000", False),
        ("A8/100000", False),
    ],
)
def test_offices_that_a_county_concerns(office: str, concerned: bool) -> None:
    assert county().concerns(Office.parse(office)) is concerned


@pytest.mark.clause("G3", "A6", "A7")
def test_a_city_has_no_part_in_a_directly_administered_county() -> None:
    direct = county(direct=True)
    assert not direct.concerns(Office.parse("A6/411500"))
    assert direct.concerns(Office.parse("A7/410000"))


@pytest.mark.parametrize(
    "text",
    ["", "A6", "A6/", "A0/411500", "A10/411500", "B6/411500", "a6/411500", "A6-411500", "A6/信阳市",
     "A6/41150", "A6/4115001", "A6/4115000000001", "A6/411500/1", "新县"],
)  # fmt: skip
def test_what_is_no_office(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not an office; write body/place|String should match"):
        Office.parse(text)


@given(st.sampled_from(Body), st.from_regex(r"[0-9]{6}([0-9]{3}|[0-9]{6})?", fullmatch=True))
def test_an_office_is_written_and_read_back(body: Body, place: str) -> None:
    office = Office(body=body, place=place)
    assert str(office) == f"{body.value}/{place}"
    assert Office.parse(f" {office} ") == office
    assert Office.model_validate_json(office.model_dump_json()) == office
    assert office.model_dump_json() == f'"{office}"'


CODE: TypeAdapter[str] = TypeAdapter(CountyCode)


@pytest.mark.clause("C1")
@pytest.mark.parametrize("code", ["", "41152", "4115230", "41152a", "411523\n", "411523001"])
def test_what_is_no_county_code(code: str) -> None:
    with pytest.raises(ValidationError):
        CODE.validate_python(code)
    assert CODE.validate_python("411523") == "411523"


def test_a_code_is_written_in_ascii() -> None:
    with pytest.raises(ValidationError):
        CODE.validate_python("411523".translate({digit: digit + 0xFEE0 for digit in range(48, 58)}))
