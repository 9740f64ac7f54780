"""Whether a supervision may begin (F6): the same rules for the desk and for the case itself."""

from datetime import date

from models.case.admission import AdmitOrder, Matter, Rules, SubjectFacts, in_province
from models.identity import is_case, special_inspection_case, supervision_case
from models.offices import County
from models.periods import beijing
from models.policy import Body
from models.procedures import SUPERVISION
from models.supervision.messages import SupervisionApplication, SupervisionOpening
from models.supervision.sampling import Sample


class SupervisionFacts(SubjectFacts[County]):
    """What the register knows of a county that is to be inspected.

    Attributes:
        attempt: Which special inspection of the county's year the next one is, from 1.
        open_case: A special inspection of the same office that has not ended: a second one is most
            likely a slip (G9).
    """


_Matter = Matter[SupervisionApplication, SupervisionFacts]


def quarter_fault(opening: SupervisionOpening, today: date) -> str | None:
    """Why the supervision of a quarter cannot begin yet; None where it can.

    Args:
        today: By the installation's clock.
    """
    first, application = first_day(opening), opening.application
    if first is None or first <= today:
        return None
    return (
        f"quarter: {application.year}-q{application.quarter} begins on {first}, and it is {today}; "
        "its supervision begins then (F6)"
    )


def first_day(opening: SupervisionOpening) -> date | None:
    """The day for which the round of a quarter is called; None for a special inspection."""
    application = opening.application
    if application.quarter is None:
        return None
    return date(application.year, opening.policy.supervision.months[application.quarter - 1], 1)


def id_fault(opening: SupervisionOpening, case_id: str) -> str | None:
    """Why an opening cannot stand under an id, in one sentence; None where it can."""
    county, application = opening.subject.code, opening.application
    if application.quarter is not None:
        expected = supervision_case(county, application.year, application.quarter)
        right = case_id == expected
    else:
        expected = special_inspection_case(county, application.year, 1)
        right = case_id.startswith(expected[:-1]) and is_case(case_id)
    if right and opening.case_id == case_id and application.county == county:
        return None
    return f"the id of this case is not {case_id} but of the form {expected} (F6)"


def _no_open_inspection(matter: _Matter) -> str | None:
    facts = matter.facts
    if facts.open_case is None:
        return None
    return f"{facts.name} already has an open special inspection: {facts.open_case} (G9)"


def _in_its_year(matter: _Matter) -> str | None:
    year, on = matter.application.year, beijing(matter.now).date()
    if on.year - 1 <= year <= on.year:
        return None
    return (
        f"year: {year} is not the year of a supervision that begins on {on}; it is of its own year "
        f"or, begun late, of the year before ({on.year - 1}, F6)"
    )


def _by_who_supervises(matter: _Matter) -> str | None:
    county, office = matter.facts.subject, matter.application.office
    if county is None or office is None:
        return None
    wanted = [Body.PROVINCIAL_GROUP, Body.STATE_COUNCIL_GROUP]
    wanted += [] if county.directly_administered else [Body.CITY_GROUP]
    offices = [county.office(body) for body in wanted]
    if office in offices:
        return None
    return (
        f"office: {county.name} is inspected by {', '.join(map(str, offices))}, not by {office} "
        "(A8, F6, F14)"
    )


def _case_id(application: SupervisionApplication, number: int) -> str:
    county, year = application.county, application.year
    if application.quarter is not None:
        return supervision_case(county, year, application.quarter)
    return special_inspection_case(county, year, number)


RULES = Rules[SupervisionApplication, SupervisionFacts](
    procedure=SUPERVISION,
    named=lambda application: f"county {application.county}",
    case_id=_case_id,
    checks=(in_province, _by_who_supervises, _no_open_inspection, _in_its_year),
)


class DrawSample(AdmitOrder[SupervisionOpening, Sample]):
    """A sample to draw (J1), of the register as of a moment of the case's clock.

    It is drawn once for a case, however often ordered.
    """

    activity = "draw_sample"
