"""Villages of a list, held against the register and against each other, then kept."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from models.base import Record
from models.policy import Level
from registry.files.faults import Fault, place
from registry.register.bulk import Writer, found, table_of
from registry.register.lines import VillageLine
from registry.tables import (
    DivisionRow,
    Standing,
    VillagePastRow,
    VillageRow,
    VillageStatusRow,
    VillageYearRow,
)

_FACTS = {
    "code",
    "name",
    "township_code",
    "township_name",
    "county_code",
    "population",
    "population_as_of",
    "work_team",
    "first_secretary",
}


class VillagesLoaded(Record):
    """What became of a list of villages.

    Attributes:
        listed: How many are new on the list of poor villages.
        counties: Codes of the counties that it is about.
    """

    new: int
    changed: int
    unchanged: int
    listed: int
    counties: tuple[str, ...] = ()


class VillagesLoading:
    """One list, batch by batch; what is wrong with it gathers in ``faults``."""

    def __init__(self, connection: Connection, source: str) -> None:
        self.faults: list[Fault] = []
        self._connection = connection
        self._source = source
        self._counties = _counties(connection)
        self._first: dict[str, tuple[str, int]] = {}
        self._township_of: dict[str, VillageLine] = {}
        self._new = self._changed = self._unchanged = self._listed = 0

    def loaded(self) -> VillagesLoaded:
        """What was done."""
        return VillagesLoaded(
            new=self._new, changed=self._changed, unchanged=self._unchanged, listed=self._listed
        )

    def add(self, lines: Sequence[VillageLine]) -> None:
        """Keep lines that contradict nothing."""
        codes = [line.code for line in lines]
        known = {row["code"]: row for row in found(self._connection, VillageRow, "code", codes)}
        surveyed = {
            (row["village_code"], row["year"]): row
            for row in found(self._connection, VillageYearRow, "village_code", codes)
        }
        listed: dict[str, date] = {}
        for row in found(self._connection, VillageStatusRow, "code", codes):
            listed[row["code"]] = min(row["since"], listed.get(row["code"], row["since"]))
        past: dict[str, date] = {}
        for row in found(self._connection, VillagePastRow, "village_code", codes):
            past[row["village_code"]] = max(row["until"], past.get(row["village_code"], date.min))
        earlier_people = Writer(VillagePastRow)
        villages, years = Writer(VillageRow), Writer(VillageYearRow)
        statuses = Writer(VillageStatusRow)
        for line in lines:
            before = len(self.faults)
            self._check(line, known.get(line.code), listed.get(line.code))
            self._check_people(line, known.get(line.code), past.get(line.code))
            if len(self.faults) > before:
                continue
            there, since = known.get(line.code), past.get(line.code)
            if there is not None and _counts_anew(line, there, since):
                earlier_people.put(_people_before(line, there, since), None)
            changed = villages.put(line.model_dump(include=_FACTS), there)
            if line.survey is not None and line.survey_year is not None:
                year = {
                    "village_code": line.code,
                    "year": line.survey_year,
                    "source": self._source,
                    **line.survey.model_dump(),
                }
                earlier = surveyed.get((line.code, line.survey_year))
                changed = years.put(year, earlier, aside=["source"]) or changed
            if line.poor_since is not None and line.code not in listed:
                status = {"code": line.code, "since": line.poor_since, "status": Standing.LISTED}
                changed = statuses.put(status, None)
                self._listed += 1
            self._count(is_new=line.code not in known, changed=changed)
        for writer in (villages, years, statuses, earlier_people):
            writer.write(self._connection)

    def _count(self, *, is_new: bool, changed: bool) -> None:
        if is_new:
            self._new += 1
        elif changed:
            self._changed += 1
        else:
            self._unchanged += 1

    def _check(self, line: VillageLine, known: Any, listed: date | None) -> None:
        if line.code in self._first:
            said = f"stands in {place(*self._first[line.code], line.sheet)} too; keep one"
            self._fault(line, "行政村代码", line.code, said)
            return
        self._first[line.code] = (line.sheet, line.row)
        if line.county_code not in self._counties:
            self._fault(
                line,
                "县代码",
                line.county_code,
                "the register knows no county with this code; load its county first, or correct it",
            )
        if not line.township_code.startswith(line.county_code):
            self._fault(
                line,
                "乡镇代码",
                line.township_code,
                f"lies outside the county {line.county_code}; write a code that begins with it",
            )
        elif not line.code.startswith(line.township_code):
            self._fault(
                line,
                "行政村代码",
                line.code,
                f"lies outside the township {line.township_code}; write a code that begins with it",
            )
        other = self._township_of.setdefault(line.township_code, line)
        if other.township_name != line.township_name:
            self._fault(
                line,
                "乡镇",
                line.township_name,
                f"{line.township_code} is called {other.township_name} in "
                f"{place(other.sheet, other.row, line.sheet)}; write one name for one code",
            )
        if (line.survey is None) != (line.survey_year is None):
            self._fault(line, "年度", "", "a survey and its year belong together; give both")
        if listed is not None and line.poor_since not in (None, listed):
            self._fault(
                line,
                "列入日期",
                str(line.poor_since),
                f"the register has the village on the list of poor villages since {listed}; write "
                "that day",
            )
        if known is None:
            return
        if known["gone_on"] is not None:
            right = f"the code expired on {known['gone_on']}; use {known['successor']}"
            self._fault(line, "行政村代码", line.code, right)
            return
        for field, column in (("township_code", "乡镇代码"), ("county_code", "县代码")):
            if known[field] != getattr(line, field):
                self._fault(
                    line,
                    column,
                    getattr(line, field),
                    f"the register has the village {line.code} in {known[field]}; correct the list",
                )

    def _check_people(self, line: VillageLine, known: Any, since: date | None) -> None:
        """The people of an earlier day are not those of today (S5)."""
        if known is None or since is None or line.population == known["population"]:
            return
        if line.population_as_of < since:
            self._fault(
                line,
                "统计日期",
                str(line.population_as_of),
                f"the register has {known['population']} people in the village since {since}, and "
                "keeps the days before; write the people of that day or a later one",
            )

    def _fault(self, line: VillageLine, column: str, said: str, right: str) -> None:
        self.faults.append(
            Fault(sheet=line.sheet, row=line.row, column=column, found=said, right=right)
        )


def _counts_anew(line: VillageLine, known: Any, since: date | None) -> bool:
    """Whether a list has the people of a later day: the days before it stay as they were (S5)."""
    later = line.population_as_of > max(known["population_as_of"], since or date.min)
    return later and bool(line.population != known["population"])


def _people_before(line: VillageLine, known: Any, since: date | None) -> dict[str, Any]:
    return {
        "village_code": line.code,
        "until": line.population_as_of,
        "since": since,
        "population": known["population"],
    }


def _counties(connection: Connection) -> set[str]:
    divisions = table_of(DivisionRow)
    query = sa.select(divisions.c.code).where(divisions.c.level == Level.COUNTY)
    return set(connection.scalars(query).all())
