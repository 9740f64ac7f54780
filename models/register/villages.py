"""A village by the criteria of S2: what a survey found, and how it compares."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from models.base import Line, Reason, Record, Text

_Switch = Annotated[bool, Field(strict=True)]
_Heads = Annotated[int, Field(ge=0, le=10_000_000_000, strict=True)]


class Bus(StrEnum):
    """Bus service (客运班车), required where conditions allow."""

    YES = "yes"
    NO = "no"
    NOT_FEASIBLE = "not_feasible"


class Incidence(Record):
    """How many of a unit's people are registered as poor on a day (S5).

    Attributes:
        poor: Registered people still poor.
        population: Rural registered population.
        as_of: The day of the count.
    """

    poor: _Heads
    population: Annotated[int, Field(gt=0, le=10_000_000_000, strict=True)]
    as_of: date

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.poor > self.population:
            raise ValueError(
                f"poor: {self.poor} people still poor cannot be more than the population of "
                f"{self.population} (S5)"
            )
        return self


class Survey(Record):
    """What a survey of a village found (V1, S2).

    Attributes:
        paved_road: One paved road to the village (通村公路硬化).
        bus: Bus service, or conditions that do not allow one.
        bus_ground: Why they do not (不具备条件); needed then and only then.
        safe_water: Drinking water by 农村饮用水安全卫生评价指标体系.
        electricity: Enough of it for living and for producing (生产生活用电).
        broadcasting: Radio and television in every home (广播电视户户通).
        culture_centre, clinic, broadband: 综合性文化服务中心, 标准化卫生室, 宽带.
        doctor: A qualified village doctor, or a licensed (assistant) physician.
        industry, collective_income_yuan: Considered beside these (统筹考虑), no threshold.
    """

    paved_road: _Switch
    bus: Bus
    bus_ground: Reason | None = None
    safe_water: _Switch
    electricity: _Switch
    broadcasting: _Switch
    culture_centre: _Switch
    clinic: _Switch
    doctor: _Switch
    broadband: _Switch
    industry: Text | None = None
    collective_income_yuan: Annotated[int, Field(ge=0, le=10_000_000_000)] | None = None

    @model_validator(mode="after")
    def _with_a_ground(self) -> Self:
        fault = ground_fault(self.bus, self.bus_ground)
        if fault is not None:
            raise ValueError(f"bus_ground: {fault}")
        return self


def ground_fault(bus: Bus, ground: str | None) -> str | None:
    """What is wrong with the ground for a village without a bus; None if nothing is."""
    if (bus is Bus.NOT_FEASIBLE) is (ground is not None):
        return None
    if ground is None:
        return "say why conditions allow no bus (不具备条件)"
    return "the bus is not one that conditions do not allow (不具备条件), and needs no ground"


_Several = Field(min_length=1, max_length=50)


class FieldSurvey(Survey):
    """调查核实 (V1): what was found in the village, by whom and when.

    Attributes:
        departments: Departments that took part (相关部门).
        surveyors: Who went into the village.
        began_on, ended_on: Its first and its last day.
    """

    departments: Annotated[tuple[Line, ...], _Several]
    surveyors: Annotated[tuple[Line, ...], _Several]
    began_on: date
    ended_on: date

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.ended_on < self.began_on:
            raise ValueError(f"ended_on: {self.ended_on} lies before began_on, {self.began_on}")
        return self

    @property
    def made_zh(self) -> str:
        """When and by whom, as files and notices say it."""
        days = (
            f"{self.began_on}"
            if self.began_on == self.ended_on
            else (f"{self.began_on}至{self.ended_on}")
        )
        return f"{days}，{'、'.join(self.departments)}参加"
