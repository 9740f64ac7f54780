"""What a list of villages or a roster of households (花名册) says, line by line, before it is kept.

``sheet`` and ``row`` are where a line stands in its file: no sheet in CSV, row 0 where it comes
from no file.
"""

from datetime import date
from typing import Annotated

from pydantic import Field

from models.base import ProperName, Record, Text
from models.offices import CountyCode, VillageCode
from models.periods import Year
from models.register.households import Cause, HouseholdCode, Livelihood
from models.register.villages import Survey

TownshipCode = Annotated[str, Field(pattern=r"^[0-9]{9}$")]
Row = Annotated[int, Field(ge=0)]


class VillageLine(Record):
    """A village of a list, with what is known of its year.

    Attributes:
        population: Rural registered population (农村户籍人口) on ``population_as_of``.
        poor_since: First day on the list of poor villages (贫困村), None for any other village.
        survey, survey_year: What S2 asks for, and of which year; both or neither.
    """

    row: Row = 0
    sheet: str = ""
    code: VillageCode
    name: ProperName
    township_code: TownshipCode
    township_name: ProperName
    county_code: CountyCode
    population: Annotated[int, Field(ge=0, le=10_000_000, strict=True)]
    population_as_of: date
    work_team: bool
    first_secretary: bool
    poor_since: date | None = None
    survey: Survey | None = None
    survey_year: Year | None = None


class MemberLine(Record):
    """A member of a household, under the number of the identity card (GB 11643).

    Attributes:
        without_id: Why there is no such number (无证件原因), with the day of birth; else None.
    """

    row: Row = 0
    id_number: Annotated[str, Field(pattern=r"^[0-9]{17}[0-9X]$")] | None
    name: ProperName
    relation: ProperName
    without_id: Text | None = None
    born: date | None = None


class HouseholdLine(Record):
    """A household of a roster.

    ``members`` are all ``size`` of them, or fewer where the roster does not name all: then only
    the head (户主), as a rule.

    Attributes:
        registered_on: Since when it is in the register as poor; None for a household that is known
            and never was (F5).
    """

    row: Row = 0
    sheet: str = ""
    code: HouseholdCode
    village_code: VillageCode
    group: ProperName
    head: ProperName
    size: Annotated[int, Field(ge=1, le=50, strict=True)]
    members: tuple[MemberLine, ...] = ()
    livelihood: Livelihood | None = None
    registered_on: date | None = None
    cause: Cause = Cause.REGISTERED
