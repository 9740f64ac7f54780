"""Case files that carry an order, entry by entry: what a case would have on file when it gives it.

Made from the order itself, so that a test can alter the one or the other.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any

from models import identity
from models.case.ledger import Entry, EntryKind, Ledger
from models.counts import unmet_counts
from models.county.orders import RegisterChange
from models.notices import (
    NoticeOrder,
    PostedCounty,
    PostedHousehold,
    PostedRoster,
    PostedVillage,
)
from models.offices import County, Household, Office, Village
from models.periods import BEIJING
from models.policy import Body, Policy
from models.procedures import (
    C3,
    C6,
    COUNTY_EXIT,
    HOUSEHOLD_EXIT,
    REENTRY,
    X1,
    Step,
    skipped,
    taken_by,
    village_steps,
)
from models.reentry.orders import EntryOrder
from models.register.counties import CountyCounted
from models.register.villages import Incidence
from models.revocation.orders import RevocationChange
from models.roster.messages import LookUpOrder, RosterChange
from models.standards import StandardFinding, incidence_finding
from models.village.orders import VillageRegisterChange
from tests.models.roster_samples import livelihood
from tests.models.samples import FINDINGS, HENAN, mean
from tests.models.village_samples import survey

DAY = timedelta(days=1)


@dataclass
class Line:
    """An entry to be."""

    kind: EntryKind
    at: datetime
    step: str
    data: dict[str, Any] = field(default_factory=dict)
    round: int = 1


@dataclass
class Carrying:
    """A file that carries an order; its lines may be altered before it is written."""

    case_id: str
    subject: County | Village | Household
    year: int
    procedure: str
    route: tuple[Step, ...]
    lines: list[Line]
    seq: int

    def entries(self) -> list[Entry]:
        """The file, as long as the order says."""
        ledger = Ledger(self.case_id)
        last = self.lines[-1]
        spare = [Line(EntryKind.NOTIFIED, last.at, last.step, round=last.round)]
        for line in self.lines + spare * (self.seq - len(self.lines)):
            ledger.record(
                line.kind,
                line.at,
                text=line.kind.value,
                step=line.step,
                round=line.round,
                data=line.data,
            )
        return ledger.entries

    def line(self, kind: EntryKind, step: str) -> Line:
        """The first line of a kind at a step."""
        return next(each for each in self.lines if (each.kind, each.step) == (kind, step))

    def without(self, kind: EntryKind, step: str) -> None:
        """Leave a line out."""
        self.lines.remove(self.line(kind, step))


def opened(at: datetime, step: str, policy: Policy, **data: Any) -> Line:
    """The first line."""
    data["policy"] = policy.model_dump(mode="json", exclude_unset=True)
    return Line(EntryKind.OPENED, at, step, data)


def act(at: datetime, step: str, office: object, **more: Any) -> Line:
    """An approval."""
    values = {"id": step, "step": step, "decision": "approve", "office": str(office)}
    return Line(EntryKind.ACT, at, step, {"act": values | {"officer": "某乙"} | more})


def step_opened(at: datetime, step: str) -> Line:
    """A step is begun."""
    return Line(EntryKind.STEP_OPENED, at, step)


def done(at: datetime, step: str) -> Line:
    """A step is finished."""
    return Line(EntryKind.STEP_DONE, at, step)


def posted(at: datetime, step: str, case_id: str, due: datetime, **more: Any) -> Line:
    """A notice is out."""
    limit = {"due": due.isoformat(), "request": {"clause": "T1", "start": at.isoformat()}}
    notice = {"notice_id": identity.notice(case_id, 1)}
    return Line(EntryKind.NOTICE, at, step, {"notice": notice, "limit": limit, **more})


def _signed(order: Any) -> datetime:
    return datetime.combine(order.effective_on, time(10), BEIJING)


def _number(order: Any) -> dict[str, Any]:
    return {"document_number": order.document_number} if order.document_number else {}


def announcement(
    order: dict[str, Any], subject: County | Village, publishes: Body
) -> dict[str, Any]:
    """What an order to leave says of its announcement, on the day from which it holds."""
    on, by = order["effective_on"], order["approved_by"]

    def name(office: Office) -> str:
        return HENAN.name_of(office.body, subject.place_name(office), on)

    return {
        "notice_id": identity.notice(order["case_id"], order["seq"]),
        "ordered_by": name(by),
        "publisher": name(subject.office(publishes)),
        "basis": HENAN.basis,
        "posted_at": datetime.combine(on, time(10), BEIJING),
    }


def leaves_county(order: dict[str, Any]) -> RegisterChange:
    """The order to take a county off the list, with what follows from its other values."""
    county = order["county"]
    own = announcement(order, county, Body.PROVINCIAL_GROUP) | {"told": CountyCounted()}
    if C6 not in skipped(county):
        own["inspected_by"] = "国务院扶贫开发领导小组"
    return RegisterChange.model_validate(own | order)


def leaves_village(order: dict[str, Any]) -> VillageRegisterChange:
    """The same of a village; 4 of 300 are poor."""
    told = Incidence(poor=4, population=300, as_of=order["effective_on"])
    own = announcement(order, order["village"], Body.COUNTY_GROUP) | {"told": told}
    return VillageRegisterChange.model_validate(own | order)


def _county_to_c3(county: County, year: int, at: datetime, figures: dict[str, Any]) -> list[Line]:
    lines = [
        opened(
            at,
            "C1",
            HENAN,
            subject=county.content(),
            application={"year": year, "figures": figures},
            mean=mean(year=year).content(),
        ),
        done(at, "C1"),
    ]
    for step in COUNTY_EXIT.steps[1:3]:
        lines += _passed(county, step, at)
    return lines


def _passed(county: County, step: Step, at: datetime) -> list[Line]:
    if step in skipped(county):
        return [Line(EntryKind.STEP_SKIPPED, at, step.id)]
    more = {"findings": FINDINGS} if step == C3 else {}
    return [act(at, step.id, county.office(step.body), **more), done(at, step.id)]


def county_exit(order: RegisterChange) -> Carrying:
    """Seven steps up to C7; what the count fails that was told there is overridden."""
    overrides = _overriding(unmet_counts(order.told, HENAN.standards))
    signed, county = _signed(order), order.county
    lines = _county_to_c3(county, order.year, signed - 20 * DAY, {})
    lines += [
        step_opened(signed - 12 * DAY, "C4"),
        posted(signed - 12 * DAY, "C4", order.case_id, signed - 4 * DAY),
        done(signed - 4 * DAY, "C4"),
    ]
    for step in COUNTY_EXIT.steps[4:6]:
        lines += _passed(county, step, signed - 2 * DAY)
    approval = act(signed, "C7", order.approved_by, **_number(order), **overrides)
    lines += [step_opened(signed, "C7"), _counted(signed, "C7", order.told), approval]
    return _carrying(order, county, "county", COUNTY_EXIT.steps, lines)


def _counted(at: datetime, step: str, told: CountyCounted) -> Line:
    found = told.incidence
    data = {"incidence": found and found.content(), "villages": told.villages.content()}
    return Line(EntryKind.FINDINGS, at, step, data)


def _overriding(unmet: Sequence[StandardFinding]) -> dict[str, Any]:
    return {"overrides": [each.id for each in unmet]} if unmet else {}


def posting(order: NoticeOrder) -> Carrying:
    """Up to the opening of the publicity."""
    match order.shows:
        case PostedCounty() as shown:
            return county_notice(order, shown)
        case PostedVillage() as shown:
            return village_notice(order, shown)
        case PostedRoster() as shown:
            return roster_notice(order, shown)
        case PostedHousehold() as shown:
            return reentry_notice(order, shown)


def county_notice(order: NoticeOrder, shown: PostedCounty) -> Carrying:
    """Up to the opening of C4."""
    at, county = order.posted_at, shown.county
    lines = _county_to_c3(county, order.year, at - DAY, shown.figures.content())
    if shown.counted is not None:
        counted = CountyCounted(incidence=shown.counted, villages=shown.villages)
        lines.insert(-1, _counted(at - DAY, "C3", counted))
    lines.append(step_opened(at, "C4"))
    return _carrying(order, county, "county", COUNTY_EXIT.steps, lines)


def _village_to_v1(village: Village, year: int, at: datetime, found: Any) -> list[Line]:
    return [
        opened(at, "V1", HENAN, subject=village.content(), application={"year": year}),
        act(at, "V1", village.office(Body.COUNTY_GROUP), survey=found.content()),
        done(at, "V1"),
    ]


def village_exit(order: VillageRegisterChange) -> Carrying:
    """Three steps up to V3; if the count that was told there fails, it is overridden."""
    signed, village = _signed(order), order.village
    finding = incidence_finding("S2.incidence", order.told, HENAN.standards)
    overrides = _overriding(() if finding.met else (finding,))
    told = {"incidence": order.told.content()}
    lines = [
        *_village_to_v1(village, order.year, signed - 20 * DAY, survey()),
        step_opened(signed - 12 * DAY, "V2"),
        posted(signed - 12 * DAY, "V2", order.case_id, signed - 4 * DAY),
        done(signed - 4 * DAY, "V2"),
        step_opened(signed - DAY, "V3"),
        act(signed - DAY, "V3", village.office(Body.COUNTY_GROUP)),
        Line(EntryKind.FINDINGS, signed - DAY, "V3", told),
        act(signed, "V3", order.approved_by, **_number(order), **overrides),
    ]
    return _carrying(order, village, "village", village_steps(village, HENAN), lines)


def village_notice(order: NoticeOrder, shown: PostedVillage) -> Carrying:
    """Up to the opening of V2."""
    at, village = order.posted_at, shown.village
    lines = _village_to_v1(village, order.year, at - DAY, shown.survey)
    counted = {"incidence": shown.incidence.content()}
    lines += [Line(EntryKind.FINDINGS, at - DAY, "V1", counted), step_opened(at, "V2")]
    return _carrying(order, village, "village", village_steps(village, HENAN), lines)


def _facts(code: str, name: str, group: str, size: int, revision: int) -> dict[str, Any]:
    return {
        "code": code,
        "head": name,
        "group": group,
        "size": size,
        "livelihood": livelihood().model_dump(mode="json"),
        "revision": revision,
    }


def _roster_to_h2(
    village: Village, year: int, at: datetime, facts: Sequence[dict[str, Any]]
) -> list[Line]:
    codes = [each["code"] for each in facts]
    answers = [{"household": code, "agreed": True} for code in codes]
    return [
        opened(at, "H1", HENAN, subject=village.content(), application={"year": year}),
        Line(
            EntryKind.ROSTER_CHANGED,
            at,
            "H1",
            {"households": list(facts), "courses": {code: ["drafted", None] for code in codes}},
        ),
        done(at, "H1"),
        act(at, "H2", village.office(Body.VILLAGE_COMMITTEES)),
        Line(
            EntryKind.CONSENTS,
            at,
            "H2",
            {
                "consents": {"answers": answers},
                "courses": {code: ["agreed", None] for code in codes},
            },
        ),
        done(at, "H2"),
    ]


def striking_off(order: RosterChange) -> Carrying:
    """Households posted, their publicity over, and approved."""
    signed, village = _signed(order), order.village
    facts = [
        _facts(each.code, each.shown_as, each.group, each.size, each.revision)
        for each in order.households
    ]
    codes = [each["code"] for each in facts]
    shown = {each.code: [each.shown_as, each.group, each.size] for each in order.households}
    lines = [
        *_roster_to_h2(village, order.year, signed - 20 * DAY, facts),
        step_opened(signed - 12 * DAY, "H3"),
        posted(
            signed - 12 * DAY,
            "H3",
            order.case_id,
            signed - 4 * DAY,
            households=shown,
            courses={code: ["posted", None] for code in codes},
        ),
        done(signed - 4 * DAY, "H3"),
        step_opened(signed, "H4"),
        act(signed, "H4", village.office(Body.COUNTY_GROUP), households=codes, **_number(order)),
    ]
    return _carrying(order, village, "household", HOUSEHOLD_EXIT.steps, lines)


def roster_notice(order: NoticeOrder, shown: PostedRoster) -> Carrying:
    """Households verified and agreeing, up to the opening of H3."""
    at = order.posted_at
    facts = [
        _facts(f"H-{number}", each.name, each.group, each.size, 1)
        for number, each in enumerate(shown.households, start=1001)
    ]
    lines = [*_roster_to_h2(shown.village, order.year, at - DAY, facts), step_opened(at, "H3")]
    return _carrying(order, shown.village, "household", HOUSEHOLD_EXIT.steps, lines)


def looking_up(order: LookUpOrder) -> Carrying:
    """A roster, and the amendment that names who is added."""
    facts = [_facts(code, "张某", "一组", 3, 1) for code in order.households]
    added = [{"household": each.household} for each in order.added]
    lines = [
        *_roster_to_h2(order.village, order.year, order.now, facts),
        Line(EntryKind.AMENDMENT, order.now, "H2", {"amendment": {"households": added}}),
    ]
    return _carrying(order, order.village, "household", HOUSEHOLD_EXIT.steps, lines)


def _reentry_to_r2(
    order: Any, household: Household, at: datetime, facts: dict[str, Any], cause: str
) -> list[Line]:
    application = {"year": order.year if hasattr(order, "year") else at.year}
    committees = household.village.office(Body.VILLAGE_COMMITTEES)
    return [
        opened(at, "R1", HENAN, subject=household.content(), application=application),
        Line(EntryKind.FINDINGS, at, "R1", {"facts": facts, "cause": cause}),
        done(at, "R1"),
        act(at, "R2", committees),
        done(at, "R2"),
    ]


def entry(order: EntryOrder) -> Carrying:
    """Four steps up to R4."""
    signed, household = _signed(order), order.household
    facts = _facts(household.code, "张某某", "一组", 2, order.revision)
    lines = [
        *_reentry_to_r2(order, household, signed - 20 * DAY, facts, "fallen_back"),
        step_opened(signed - 12 * DAY, "R3"),
        posted(signed - 12 * DAY, "R3", order.case_id, signed - 4 * DAY),
        done(signed - 4 * DAY, "R3"),
        step_opened(signed, "R4"),
        act(signed, "R4", household.office(Body.COUNTY_GROUP), **_number(order)),
    ]
    return _carrying(order, household, "reentry", REENTRY.steps, lines)


def reentry_notice(order: NoticeOrder, shown: PostedHousehold) -> Carrying:
    """Up to the opening of R3."""
    at = order.posted_at
    household = Household(code=order.case_id.split("/")[1], village=shown.village)
    facts = _facts(household.code, shown.name, shown.group, shown.size, 1)
    lines = _reentry_to_r2(order, household, at - DAY, facts, shown.cause.value)
    lines.append(step_opened(at, "R3"))
    return _carrying(order, household, "reentry", REENTRY.steps, lines)


def revocation(order: RevocationChange) -> Carrying:
    """The act itself."""
    signed, subject = _signed(order), order.subject
    kind = {6: "county", 12: "village"}.get(len(subject.code), "household")
    application = {
        "year": order.year,
        "kind": kind,
        "office": str(order.office),
        "reason": order.reason,
    }
    exit = {"exited_on": order.exited_on.isoformat(), "case_id": order.exit_case or None}
    if order.exit_document is not None:
        exit["document"] = order.exit_document
    x1 = taken_by(X1, order.office, subject)
    revoking = act(signed, "X1", order.office, **_number(order))
    revoking.data |= {
        "exit": exit,
        "responsible": [each.content() for each in order.responsible],
    }
    lines = [
        opened(signed, "X1", order.policy, application=application, subject=subject.content()),
        revoking,
    ]
    return _carrying(order, subject, "revocation", (x1,), lines)


def _carrying(
    order: Any, subject: Any, procedure: str, route: tuple[Step, ...], lines: list[Line]
) -> Carrying:
    year = lines[0].data["application"]["year"]
    return Carrying(order.case_id, subject, year, procedure, route, lines, order.seq)


CARRYING: dict[type, Callable[[Any], Carrying]] = {
    RegisterChange: county_exit,
    NoticeOrder: posting,
    VillageRegisterChange: village_exit,
    RosterChange: striking_off,
    LookUpOrder: looking_up,
    EntryOrder: entry,
    RevocationChange: revocation,
}
"""What makes a file that carries an order of a kind."""
