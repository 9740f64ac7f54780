"""A county as a case sees it: what it is measured by (S3, S5)."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from models.base import Line, Reason, Record
from models.case.parts import Count
from models.periods import Year
from models.register.villages import Incidence

Growth = Annotated[Decimal, Field(ge=-100, le=1000, max_digits=7, decimal_places=3)]
"""A yearly growth in percent."""


class ProvincialMean(Record):
    """全省农民人均可支配收入增幅: the one number that a province published of a year (S3)."""

    province: Annotated[str, Field(pattern=r"^[0-9]{2}0000$")]
    year: Year
    income_growth_percent: Growth
    source: Line


class Judgement(Record):
    """Whether a standard is met that no formula decides (S3 达到或接近), and the reason."""

    met: Annotated[bool, Field(strict=True)]
    statement: Reason


SERVICES = {"education": "教育", "culture": "文化", "health": "卫生医疗"}
"""The main fields of basic services (基本公共服务主要领域), each judged by itself (S3)."""


class ProvincialFindings(Record):
    """What the province's own check found, standard by standard (C3, S3)."""

    incidence: Judgement
    income: Judgement
    education: Judgement
    culture: Judgement
    health: Judgement


class CountyFigures(Incidence):
    """What a county is measured by (S3, S5): a snapshot, taken on a day.

    Attributes:
        income_growth_percent: Growth of farmers' disposable income over the year before.
        education, culture, health: Whether the main indicators of each are at or near the
            provincial mean (达到或接近).
    """

    income_growth_percent: Growth
    education: Judgement
    culture: Judgement
    health: Judgement


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
