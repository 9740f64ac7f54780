"""A county as a case sees it: what it is measured by (S3, S5)."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Self

from pydantic import Field, model_validator

from models.base import Record, Text
from models.case.parts import LARGEST, Count
from models.register.villages import Incidence

Growth = Annotated[Decimal, Field(ge=-100, le=1000, max_digits=7, decimal_places=3)]
"""A yearly growth in percent."""


class CountyFigures(Record):
    """What a county is measured by (S3, S5): a snapshot, taken on a day.

    Attributes:
        poor: Registered people still poor.
        population: Rural registered population.
        as_of: The day of the snapshot.
        income_growth_percent: Growth of farmers' disposable income over the year before.
        provincial_income_growth_percent: The province's mean of the same.
        services_near_mean: Whether education, culture and health are at or near the provincial
            mean (达到或接近): a judgement, whose written reason is ``services_statement``.
    """

    poor: Count
    population: Annotated[int, Field(gt=0, le=LARGEST, strict=True)]
    as_of: date
    income_growth_percent: Growth
    provincial_income_growth_percent: Growth
    services_near_mean: Annotated[bool, Field(strict=True)]
    services_statement: Text

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.poor > self.population:
            raise ValueError(
                f"poor: {self.poor} people still poor cannot be more than the population of "
                f"{self.population} (S5)"
            )
        return self


class PoorVillages(Record):
    """How many villages of a county are on the list of poor villages (贫困村), and off it (S3)."""

    listed: Count = 0
    exited: Count = 0


class CountyCounted(Record):
    """What the register itself counts of a county on a day (S3).

    Attributes:
        incidence: None if it holds no village of the county with people.
    """

    incidence: Incidence | None = None
    villages: PoorVillages = PoorVillages()
