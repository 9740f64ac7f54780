"""The statement of a year for the assessment (F11 考核), and at which offices things gather (F13).

Counted when it is asked for: exits from the register, the rest from the files of the year's cases.
What was missed is an office's own; everything else belongs to the county whose case it stands in,
and to the office that did it: what was upheld to who published, or dismissed the objection.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import and_, or_
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from models.base import Record
from models.case.ledger import EntryKind
from models.case.messages import Decision, Finding
from models.policy import LEVELS, Level
from models.procedures import COUNTY_EXIT, HOUSEHOLD_EXIT, VILLAGE_EXIT
from models.register.office_records import RecordKind
from registry.facts.supervision import last_checks
from registry.places import county_in, last_divisions, lies_in
from registry.register.office_records import replaced_ids
from registry.reports.progress import progress
from registry.reports.records import Counted
from registry.tables import (
    CaseRow,
    DivisionRow,
    EntryRow,
    ObjectionRow,
    OfficeRecordRow,
    RevocationRow,
)

_EXITS = (COUNTY_EXIT.id, VILLAGE_EXIT.id, HOUSEHOLD_EXIT.id)
_OVERRIDES, _REJECTS = '"overrides":[', f'"decision":"{Decision.REJECT.value}"'
"""How they stand in an entry's canonical JSON, which leaves out what nobody said."""


class Happened(Record):
    """What happened in the cases of a year, of a county or at an office.

    Attributes:
        breaches: Limits that were missed (逾期).
        late: Acts that came behind their limit (逾期办理).
        overrides: Acts that approved in spite of a standard (原则上).
        returned, rejected: 退回, 不予通过.
        upheld: Objections, reviews and reports that were upheld.
    """

    breaches: int = 0
    late: int = 0
    overrides: int = 0
    returned: int = 0
    rejected: int = 0
    upheld: int = 0


class Statement(Happened):
    """A county or city in a year.

    Attributes:
        revoked: Exits of the year that were revoked (F7).
        wrongly_exited: Households that its supervisions found wrongly exited (错退).
        omitted: People whom they found left out (漏评).
        accounted: How often somebody was called to account (F10).
    """

    code: str
    name: str
    households: Counted
    villages: Counted
    counties: Counted
    revoked: int = 0
    wrongly_exited: int = 0
    omitted: int = 0
    accounted: int = 0


class OfficeHappened(Happened):
    """What gathers at an office (F13 苗头性、倾向性问题)."""

    office: str
    name: str


class Assessment(Record):
    """A year, county by county, then city by city; and the offices at which something happened."""

    year: int
    region: str | None
    counties: tuple[Statement, ...]
    cities: tuple[Statement, ...]
    total: Statement
    offices: tuple[OfficeHappened, ...]


def assessment(session: Session, year: int, region: str | None = None) -> Assessment:
    """Every county with a plan, a case, an exit or a finding in a year."""
    divisions = last_divisions(session)
    tally = _Tally()
    _count_entries(session, tally, year, region)
    _count_objections(session, tally, year, region)
    _count_revocations(session, tally, year, region)
    _count_findings(session, tally, year, region)
    _count_accounted(session, tally, year, region, divisions)
    left = progress(session, year, None, region)
    exits: dict[str, dict[str, Any]] = {
        each.code: {
            "households": each.households,
            "villages": each.villages,
            "counties": each.county,
        }
        for each in left.counties
    }
    counties = tuple(
        Statement(
            code=code,
            name=divisions[code].name if code in divisions else "",
            **exits.get(code, dict.fromkeys(("households", "villages", "counties"), Counted())),
            **dict[str, Any](tally.of_counties[code]),
        )
        for code in sorted({*exits, *tally.of_counties})
    )
    by_city: defaultdict[str, list[Statement]] = defaultdict(list)
    for code in tally.accounted_above:
        if divisions[code].level is Level.CITY:
            by_city[code] = []
    for each in counties:
        if each.code in divisions:
            by_city[divisions[each.code].parent or ""].append(each)
    return Assessment(
        year=year,
        region=region,
        counties=counties,
        cities=tuple(
            _sum(city, divisions[city].name, by_city[city], tally.accounted_above[city])
            for city in sorted(by_city)
            if city in divisions
        ),
        total=_sum("", "total", counties, tally.accounted_above.total()),
        offices=tuple(
            OfficeHappened(office=office, name=_place(divisions, office), **said)
            for office, said in sorted(tally.at_offices.items())
        ),
    )


class _Tally:
    """What was counted, by county and by office.

    Attributes:
        accounted_above: How often somebody of a city or province itself was called to account.
    """

    def __init__(self) -> None:
        self.accounted_above: Counter[str] = Counter()
        self.of_counties: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.at_offices: defaultdict[str, Counter[str]] = defaultdict(Counter)

    def add(self, what: str, county: str | None, office: str | None = None, many: int = 1) -> None:
        """So many more, of a county, at an office, or both."""
        if county is not None:
            self.of_counties[county][what] += many
        if office is not None:
            self.at_offices[office][what] += many


def _count_entries(session: Session, tally: _Tally, year: int, region: str | None) -> None:
    content, kind = col(EntryRow.content), col(EntryRow.kind)
    said = or_(
        content.contains(_OVERRIDES, autoescape=True), content.contains(_REJECTS, autoescape=True)
    )
    whole = (EntryKind.BREACH.value, EntryKind.LATE.value, EntryKind.RETURNED.value)
    entries = session.exec(
        select(CaseRow.case_id, CaseRow.region, EntryRow.kind, EntryRow.content)
        .join(EntryRow, col(EntryRow.case_id) == CaseRow.case_id)
        .where(
            *_of_year(year, region),
            or_(kind.in_(whole), and_(kind == EntryKind.ACT.value, said)),
        )
    )
    for case_id, path, what, text in entries:
        county, data = county_in(path), json.loads(text)["data"]
        match EntryKind(what):
            case EntryKind.BREACH:
                office = str(data["office"])
                own = office.partition("/")[2].startswith(county)
                tally.add("breaches", county if own else None, office)
            case EntryKind.LATE:
                act = session.get(EntryRow, (case_id, data["entry"])) if "entry" in data else None
                by = act.actor.partition(" ")[0] if act is not None else ""
                tally.add("late", county, by if "/" in by else None)
            case EntryKind.RETURNED:
                by = str(data["by"])
                tally.add("returned", county, by if "/" in by else None)
            case _:
                act = data["act"]
                if act.get("overrides"):
                    tally.add("overrides", county, act["office"])
                if act["decision"] == Decision.REJECT.value:
                    tally.add("rejected", county, act["office"])


def _count_objections(session: Session, tally: _Tally, year: int, region: str | None) -> None:
    reviewed = aliased(ObjectionRow)
    upheld = session.exec(
        select(CaseRow.procedure, CaseRow.region, reviewed.resolved_by)
        .join(ObjectionRow, col(ObjectionRow.case_id) == CaseRow.case_id)
        .join(
            reviewed,
            and_(
                col(reviewed.case_id) == ObjectionRow.case_id,
                col(reviewed.objection_id) == ObjectionRow.review_of,
            ),
            isouter=True,
        )
        .where(*_of_year(year, region), ObjectionRow.finding == Finding.UPHELD.value)
    )
    for procedure, path, dismissed_by in upheld:
        tally.add("upheld", county_in(path), dismissed_by or _publisher(procedure, path))


def _publisher(procedure: str, path: str) -> str:
    """Who posts the notice of a case, by the divisions it lies in, from the province down."""
    (publicity,) = (
        step
        for each in (COUNTY_EXIT, VILLAGE_EXIT, HOUSEHOLD_EXIT)
        if each.id == procedure
        for step in each.steps
        if step.posts is not None
    )
    places = path.strip("/").split("/")
    place = {Level.PROVINCE: places[0], Level.COUNTY: places[2], Level.VILLAGE: places[-1]}
    return f"{publicity.body}/{place[LEVELS[publicity.body]]}"


def _count_revocations(session: Session, tally: _Tally, year: int, region: str | None) -> None:
    revoked = session.exec(
        select(CaseRow.region)
        .join(RevocationRow, col(RevocationRow.case_id) == CaseRow.case_id)
        .where(RevocationRow.exit_year == year, *_within(region))
    )
    for path in revoked:
        tally.add("revoked", county_in(path))


def _count_findings(session: Session, tally: _Tally, year: int, region: str | None) -> None:
    for each in last_checks(session, year, region):
        wrongly = sum(check.wrongly_exited for check in each.households)
        tally.add("wrongly_exited", each.county, many=wrongly)
        omitted = sum(check.omitted_people for check in each.villages)
        tally.add("omitted", each.county, many=omitted)


def _count_accounted(
    session: Session,
    tally: _Tally,
    year: int,
    region: str | None,
    divisions: dict[str, DivisionRow],
) -> None:
    row, replaced = OfficeRecordRow, replaced_ids(session)
    within = [lies_in(row.place, region)] if region else []
    called = select(row.id, row.place).where(
        row.kind == RecordKind.ACCOUNTABILITY, row.year == year, *within
    )
    for id, place in session.exec(called):
        if id in replaced:
            continue
        if divisions[place].level is Level.COUNTY:
            tally.add("accounted", place)
        else:
            tally.accounted_above[place] += 1


def _of_year(year: int, region: str | None) -> tuple[Any, ...]:
    return (col(CaseRow.procedure).in_(_EXITS), CaseRow.year == year, *_within(region))


def _within(region: str | None) -> list[Any]:
    if region is None:
        return []
    return [col(CaseRow.region).contains(f"/{region}/", autoescape=True)]


def _sum(code: str, name: str, those: Iterable[Statement], accounted: int) -> Statement:
    """The sum of counties, and how often somebody above them was called to account."""
    counted, numbers = (
        list(those),
        [field for field, kind in Statement.model_fields.items() if kind.annotation is int],
    )

    def exits(what: str) -> Counted:
        each = [getattr(one, what) for one in counted]
        return Counted(
            planned=sum(one.planned for one in each),
            under_way=sum(one.under_way for one in each),
            exited=sum(one.exited for one in each),
        )

    return Statement(
        code=code,
        name=name,
        households=exits("households"),
        villages=exits("villages"),
        counties=exits("counties"),
        **{
            field: sum(getattr(one, field) for one in counted)
            + (accounted if field == "accounted" else 0)
            for field in numbers
        },
    )


def _place(divisions: dict[str, DivisionRow], office: str) -> str:
    place = office.partition("/")[2]
    known = divisions.get(place) or divisions.get(place[:6])
    return known.name if known else ""


HEADERS = (
    ("编码", 10),
    ("名称", 14),
    *((f"{who}{what}", 12) for who in ("户", "村", "县") for what in ("计划", "退出")),
    ("逾期", 8),
    ("逾期办理", 10),
    ("原则上例外", 12),
    ("退回", 8),
    ("不予通过", 10),
    ("异议成立", 10),
    ("撤销退出", 10),
    ("错退户", 8),
    ("漏评人", 8),
    ("追责", 8),
)
OFFICE_HEADERS = (("单位", 18), ("所在地", 14), *HEADERS[8:14])
"""Of the statement as sheets."""


def statement_rows(found: Assessment) -> Iterator[tuple[str | int, ...]]:
    """Counties, cities and the sum as rows of a sheet."""
    for each in (*found.counties, *found.cities, found.total):
        three = (each.households, each.villages, each.counties)
        yield (
            each.code,
            "合计" if each is found.total else each.name,
            *(number for one in three for number in (one.planned, one.exited)),
            *_numbers(each),
            each.revoked,
            each.wrongly_exited,
            each.omitted,
            each.accounted,
        )


def office_rows(found: Assessment) -> Iterator[tuple[str | int, ...]]:
    """The offices as rows of a sheet."""
    for each in found.offices:
        yield each.office, each.name, *_numbers(each)


def _numbers(each: Happened) -> tuple[int, ...]:
    return tuple(getattr(each, field) for field in Happened.model_fields)
