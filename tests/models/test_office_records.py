"""Records of offices (台账): who may correct whose, and whom each is about."""

import pytest

from models.offices import Office, may_follow
from models.register.office_records import FORMS, RecordKind


@pytest.mark.clause("F10", "F13", "G7")
@pytest.mark.parametrize(
    ("office", "earlier", "may"),
    [
        ("A5/411523", "A5/411523", True),
        ("A6/411500", "A5/411523", True),
        ("A7/410000", "A6/411500", True),
        ("A9/410000", "A7/410000", True),
        ("A8/100000", "A7/410000", True),
        ("A8/100000", "A9/410000", True),
        ("A5/411523", "A1/411523100201", True),
        ("A7/410000", "A9/410000", False),
        ("A6/411500", "A7/410000", False),
        ("A5/411523", "A7/410000", False),
        ("A5/411523", "A6/411500", False),
        ("A9/410000", "A8/100000", False),
        ("A2/411523100201", "A1/411523100201", False),
        ("A5/411524", "A5/411523", False),
        ("A6/411600", "A6/411500", False),
    ],
)
def test_an_office_follows_up_its_own_and_what_one_below_it_put_down(
    office: str, earlier: str, may: bool
) -> None:
    assert may_follow(Office.parse(office), Office.parse(earlier)) is may


@pytest.mark.clause("F10", "F11", "F12", "F13", "F14")
def test_what_can_be_about_a_city_or_province() -> None:
    of_regions = {kind.value for kind, form in FORMS.items() if form.regions or form.of_place}
    assert of_regions == {
        *("measure", "assessment", "accountability", "outcome", "inspection"),
        *("programme", "annual-plan", "scheme", "reward-policy"),
    }
    exits_of_counties = {RecordKind.REGISTRATION, RecordKind.REWARD}
    assert set(FORMS) - {RecordKind(each) for each in of_regions} == exits_of_counties
