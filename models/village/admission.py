"""Whether a village's case may be opened (V1, S5, T6, G5, G6, G9, F7), and surveyed (V1)."""

from datetime import datetime
from typing import ClassVar

from models.case.admission import (
    AdmitOrder,
    Matter,
    PlaceFacts,
    Rules,
    in_its_year,
    in_province,
    late_with_a_reason,
    no_open_case,
    not_refused,
    on_the_list,
    planned,
    signed_by_now,
)
from models.identity import village_case
from models.offices import Village
from models.periods import LimitRequest, beijing, register_change
from models.procedures import VILLAGE_EXIT
from models.register.villages import FieldSurvey
from models.village.messages import VillageApplication, VillageOpening


class VillageFacts(PlaceFacts[Village]):
    """What the register knows of a village; its incidence is that of the day."""

    list_name: ClassVar[str] = "the list of poor villages"


def _has_a_population(matter: Matter[VillageApplication, VillageFacts]) -> str | None:
    if matter.facts.incidence is not None:
        return None
    return (
        f"{matter.facts.name} has no population in the register, so its incidence cannot be "
        "computed (S5); import the village with its population"
    )


def _in_time_or_with_a_reason(matter: Matter[VillageApplication, VillageFacts]) -> str | None:
    """T6: who opens it after the day by which the village had to leave says why (G5)."""
    limit = register_change(LimitRequest(clause="T6", year=matter.application.year), matter.policy)
    return late_with_a_reason(matter, "T6", limit.due, "the village")


def survey_fault(survey: FieldSurvey, year: int, signed: datetime) -> str | None:
    """Why a survey that was signed then cannot be one of its year (V1); None if it can."""
    if survey.began_on.year < year:
        return f"survey.began_on: {survey.began_on} lies before {year}, the year of the case"
    signed_on = beijing(signed).date()
    if survey.ended_on > signed_on:
        return f"survey.ended_on: {survey.ended_on} lies after {signed_on}, when it was signed"
    return None


RULES = Rules[VillageApplication, VillageFacts](
    procedure=VILLAGE_EXIT,
    named=lambda application: f"village {application.village}",
    case_id=lambda application, attempt: village_case(
        application.village, application.year, attempt
    ),
    checks=(
        in_province,
        no_open_case,
        not_refused,
        on_the_list,
        planned,
        _has_a_population,
        signed_by_now,
        in_its_year,
        _in_time_or_with_a_reason,
    ),
)


class AdmitVillage(AdmitOrder[VillageOpening, VillageFacts]):
    """A village's application to hold against the register."""

    activity = "admit_village"
