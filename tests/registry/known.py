"""What the register knows of a county or a village, asked for by its code."""

from datetime import date
from typing import Any

from models.county.admission import CountyFacts
from models.village.admission import VillageFacts
from registry.desk import Registry
from tests.models import samples, village_samples


def county_facts(registry: Registry, code: str, year: int, on: date, **figures: Any) -> CountyFacts:
    """Of a county on a day, for an application of a year."""
    applied = samples.application(county=code, year=year, figures=samples.figure_values(**figures))
    found = registry.facts(applied, on)
    assert isinstance(found, CountyFacts)
    return found


def village_facts(registry: Registry, code: str, year: int, on: date) -> VillageFacts:
    """Of a village on a day, for an application of a year."""
    found = registry.facts(village_samples.application(village=code, year=year), on)
    assert isinstance(found, VillageFacts)
    return found
