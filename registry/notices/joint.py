"""One notice, many subjects (C4, V2, H3): everything of a year that is in publicity, on one sheet.

It adds nothing to the single notices and replaces none: every subject keeps its own period (T1), so
that an objection to one stops only that one. Of persons it shows what a roster's notice does (G8).
"""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import NamedTuple

from sqlmodel import Session, col, select

from models.base import Record
from models.offices import SubjectKind, Tier
from models.periods import beijing, chinese
from models.policy import Body, Policy
from models.roster.households import State
from models.standards import Counted, differ
from registry.errors import UnknownSubject
from registry.notices.postings import Posting, counts, postings
from registry.notices.texts import incidence, rendered
from registry.places import last_divisions
from registry.tables import CaseRow, DivisionRow, IndicatorRow, RosterRow, VillageRow

_TIERS = {Tier.NATIONAL: "国定", Tier.PROVINCIAL: "省定", None: ""}
_COLUMNS = {
    SubjectKind.COUNTY: ("序号", "县名", "所属", "类别", "贫困发生率", "公示时间", "公示编号"),
    SubjectKind.VILLAGE: ("序号", "村名", "乡镇", "贫困发生率", "公示时间", "公示编号"),
    SubjectKind.HOUSEHOLD: ("序号", "户主姓名", "村民小组", "家庭人口"),
}


class JointNotice(Record):
    """The sheet: its text in Markdown, and how many subjects stand on it."""

    title: str
    markdown: str
    subjects: int


class _Table(NamedTuple):
    """Rows of one kind, and what is said above them."""

    rows: Sequence[tuple[str, ...]]
    above: str = ""


class _Section(NamedTuple):
    """Everything that one office has published."""

    heading: str
    publisher: str
    tables: list[_Table]


class _Sheet(NamedTuple):
    """What every section needs to know."""

    session: Session
    year: int
    policy: Policy
    now: datetime
    region: str | None
    divisions: dict[str, DivisionRow]

    def office(self, body: Body, place: str) -> str:
        """What a body of a place is called today."""
        return self.policy.name_of(body, place, beijing(self.now).date())


def joint_notice(
    session: Session,
    kind: SubjectKind,
    year: int,
    policy: Policy,
    now: datetime,
    region: str | None = None,
) -> JointNotice | None:
    """Everything of one kind that is in publicity at a moment; None where nothing is.

    Raises:
        UnknownSubject: if the register knows no division under the region's code.
    """
    sheet = _Sheet(session, year, policy, now, region, last_divisions(session))
    if region is not None and region not in sheet.divisions:
        raise UnknownSubject(f"--region: the register knows no division with the code {region}")
    posted = postings(session, kind, year, region)
    sections = _SECTIONS[kind](sheet, posted)
    subjects = sum(len(table.rows) for section in sections for table in section.tables)
    if not subjects:
        return None
    called, measure = f"贫困{kind.zh}", kind.zh
    counted = measure if kind is SubjectKind.HOUSEHOLD else f"个{measure}"
    place = "" if region is None else sheet.divisions[region].name
    title = f"关于{place or policy.province_name}{year}年度拟退出{called}的联合公示"
    text = rendered(
        "joint_notice.md.j2",
        title=title,
        basis="、".join(policy.basis),
        many=f"{subjects}{counted}",
        year=year,
        called=called,
        measure=measure,
        sections=sections,
        columns=_COLUMNS[kind],
        mark="和户主姓名" if kind is SubjectKind.HOUSEHOLD else "",
        compiler=_compiler(sheet, kind),
        compiled_on=chinese(beijing(now).date()),
    )
    return JointNotice(title=title, markdown=text, subjects=subjects)


def _compiler(sheet: _Sheet, kind: SubjectKind) -> str:
    """The leading group of the place whose notices are put together; the province's for counties.

    C4 is the province's alone: no county signs a notice of its own exit.
    """
    region = sheet.region
    if kind is SubjectKind.COUNTY or region is None or region == sheet.policy.province:
        return sheet.office(Body.PROVINCIAL_GROUP, sheet.policy.province_name)
    body = Body.CITY_GROUP if region.endswith("00") else Body.COUNTY_GROUP
    return sheet.office(body, sheet.divisions[region].name)


def _rate(counted: Counted) -> str:
    """S5 in a cell."""
    rate = incidence(counted.poor, counted.population)
    return f"{counted.poor}/{counted.population}，{rate}（{chinese(counted.as_of)}）"


def _of_county(stated: Counted, counted: Counted | None) -> str:
    """S3 in a cell: the register's count, and what the county states otherwise."""
    if counted is None or not differ(stated, counted):
        return _rate(counted or stated)
    return f"{_rate(counted)}；县级申报{_rate(stated)}"


def _counties(sheet: _Sheet, posted: Sequence[Posting]) -> list[_Section]:
    """C4: the province publishes all of them."""
    codes = [posting.case_id for posting in posted]
    figures: dict[tuple[str, int], IndicatorRow] = {
        (row.case_id, row.seq): row
        for row in sheet.session.exec(
            select(IndicatorRow).where(col(IndicatorRow.case_id).in_(codes))
        )
    }
    counted = counts(sheet.session, SubjectKind.COUNTY, sheet.year, sheet.region, posted)
    rows = []
    for number, posting in enumerate(posted, start=1):
        county = sheet.divisions[posting.subject]
        given = max(key for key in figures if key[0] == posting.case_id and key[1] < posting.seq)
        city = sheet.divisions[county.parent or ""].name
        rows.append(
            (
                str(number),
                county.name,
                "省直管" if county.directly_administered else city,
                _TIERS[county.tier],
                _of_county(figures[given], counted.get(posting.notice_id)),
                posting.period,
                posting.notice_id,
            )
        )
    publisher = sheet.office(Body.PROVINCIAL_GROUP, sheet.policy.province_name)
    return [_Section("拟退出的贫困县", publisher, [_Table(rows)])]


def _villages(sheet: _Sheet, posted: Sequence[Posting]) -> list[_Section]:
    """V2: each county publishes its own."""
    places = _places(sheet.session, posted)
    counted = counts(sheet.session, SubjectKind.VILLAGE, sheet.year, sheet.region, posted)
    sections = []
    for county_code, those in groupby(posted, lambda each: places[each.subject].county_code):
        county = sheet.divisions[county_code].name
        rows = [
            (
                str(number),
                places[posting.subject].name,
                places[posting.subject].township_name,
                _rate(counted[posting.notice_id]),
                posting.period,
                posting.notice_id,
            )
            for number, posting in enumerate(those, start=1)
        ]
        publisher = sheet.office(Body.COUNTY_GROUP, county)
        sections.append(_Section(county, publisher, [_Table(rows)]))
    return sections


def _households(sheet: _Sheet, posted: Sequence[Posting]) -> list[_Section]:
    """H3: each village's committees publish their own; name, group and head count, no more (G8)."""
    places = _places(sheet.session, posted)
    standing = _standing(sheet)
    last = {(each.case_id, code): each for each in posted for code in each.households}
    sections = []
    for village_code, those in groupby(posted, lambda each: each.subject):
        tables = []
        for posting in those:
            shown = [
                as_posted
                for code, as_posted in posting.households.items()
                if (posting.case_id, code) in standing
                and last[posting.case_id, code] is posting
                and (
                    posting.closes_at is None
                    or posting.closes_at > sheet.now
                    # Publicity does not end while an objection is open (G1).
                    or standing[posting.case_id, code] is State.HELD
                )
            ]
            rows = [
                (str(number), name, group, str(size))
                for number, (name, group, size) in enumerate(shown, start=1)
            ]
            if rows:
                tables.append(_Table(rows, f"公示编号 {posting.notice_id}，{posting.period}。"))
        village = places[village_code]
        county = sheet.divisions[village.county_code].name
        publisher = sheet.office(Body.VILLAGE_COMMITTEES, village.name)
        if tables:
            heading = f"{county}{village.township_name}{village.name}"
            sections.append(_Section(heading, publisher, tables))
    return sections


def _standing(sheet: _Sheet) -> dict[tuple[str, str], State]:
    """Who stands posted, by case and household; whom an objection holds meanwhile goes on standing.

    Whom one holds without a notice that stands is not among them: it was not posted yet, or was
    sent back since.
    """
    rows = sheet.session.exec(
        select(RosterRow.case_id, RosterRow.household_code, RosterRow.state)
        .join(CaseRow, col(CaseRow.case_id) == col(RosterRow.case_id))
        .where(
            col(CaseRow.year) == sheet.year,
            col(CaseRow.outcome).is_(None),
            col(RosterRow.state).in_([State.POSTED.value, State.HELD.value]),
        )
    )
    return {(case_id, code): State(state) for case_id, code, state in rows}


def _places(session: Session, posted: Sequence[Posting]) -> dict[str, VillageRow]:
    wanted = {posting.subject for posting in posted}
    if not wanted:
        return {}
    rows = session.exec(
        select(VillageRow).where(
            col(VillageRow.code) >= min(wanted), col(VillageRow.code) <= max(wanted)
        )
    )
    return {row.code: row for row in rows}


_SECTIONS = {
    SubjectKind.COUNTY: _counties,
    SubjectKind.VILLAGE: _villages,
    SubjectKind.HOUSEHOLD: _households,
}
