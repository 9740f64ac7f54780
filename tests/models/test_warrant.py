"""Which kept file carries which order: the rule in worked values, right ones and each way of wrong.

What is left out, altered or dated otherwise in a file that would carry the order, one thing at a
time, leaves it without a warrant, and the sentence says why.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from models.case.file import CaseFile, read_file
from models.case.ledger import EntryKind
from models.county.orders import RegisterChange
from models.county.warrant import county_exit, county_notice
from models.identity import notice as notice_id
from models.notices import NoticeOrder, PostedCounty, PostedHousehold, PostedVillage
from models.offices import Office
from models.periods import Limit, LimitKind, LimitRequest
from models.policy import Body
from models.reentry.warrant import entry, reentry_notice
from models.register.counties import CountyFigures, ProvincialFindings
from models.register.households import Cause
from models.revocation.orders import RevocationChange
from models.revocation.warrant import revocation
from models.roster.file import filed_roster
from models.roster.warrant import looking_up, roster_notice, striking_off
from models.village.warrant import village_exit, village_notice
from tests.activities import reentry_cases, roster_cases, village_cases
from tests.activities.registry_cases import File, change, of_hundred
from tests.models import carrying, samples, village_samples
from tests.models.carrying import DAY, Carrying, Line
from tests.models.samples import HENAN

pytestmark = pytest.mark.clause("G7")

LATER = datetime.fromisoformat("2030-01-01T00:00:00+08:00")
"""The installation's clock: after everything here."""

POSTED = datetime.fromisoformat("2018-01-05T09:00:00+08:00")
CASE = "county-exit/411523/2017"
XIN = samples.county()


def closes(days: int = 7) -> Limit:
    """A period of so many days, posted on 5 January 2018; the day of posting is not counted."""
    due = datetime.fromisoformat("2018-01-06T00:00:00+08:00") + timedelta(days=days)
    return Limit(
        clause="T1",
        kind=LimitKind.MINIMUM,
        due=due,
        last_day=(due - DAY).date(),
        provisional=False,
        zh="T1 公示",
        en="T1",
        request=LimitRequest(clause="T1", start=POSTED),
    )


COUNTY_NOTICE = NoticeOrder(
    notice_id=notice_id(CASE, 12),
    case_id=CASE,
    seq=12,
    year=2017,
    publisher="河南省扶贫开发领导小组",
    basis=HENAN.basis,
    shows=PostedCounty(
        county=XIN,
        figures=CountyFigures.model_validate(samples.figure_values()),
        mean=samples.mean(),
        findings=ProvincialFindings.model_validate(samples.FINDINGS),
        counted=village_samples.incidence(),
    ),
    posted_at=POSTED,
    closes=closes(),
)
VILLAGE_NOTICE = NoticeOrder(
    notice_id=notice_id("village-exit/411523100901/2017", 12),
    case_id="village-exit/411523100901/2017",
    seq=12,
    year=2017,
    publisher="新县扶贫开发领导小组",
    basis=HENAN.basis,
    shows=PostedVillage(
        village=village_samples.village(),
        survey=village_samples.survey(),
        incidence=village_samples.incidence(),
    ),
    posted_at=POSTED,
    closes=closes(),
)
REENTRY_NOTICE = NoticeOrder(
    notice_id=notice_id("reentry/F000001/2018", 9),
    case_id="reentry/F000001/2018",
    seq=9,
    year=2018,
    publisher="合成村“两委”",
    basis=HENAN.basis,
    shows=PostedHousehold(
        village=village_samples.village(),
        name="张某某",
        group="一组",
        size=2,
        cause=Cause.FALLEN_BACK,
    ),
    posted_at=POSTED,
    closes=closes(),
)
REVOCATION = RevocationChange.model_validate(
    {
        "case_id": "revocation/411523/2017",
        "seq": 2,
        "subject": XIN,
        "year": 2017,
        "exited_on": "2018-08-02",
        "exit_case": CASE,
        "exit_document": "豫政文〔2018〕88号",
        "effective_on": "2019-06-01",
        "counted_on": "2019-06-01",
        "document_number": "合成〔X1〕号",
        "office": "A9/410000",
        "reason": "弄虚作假（合成）",
        "responsible": [],
        "policy": HENAN,
    }
)
VILLAGE_EXIT = village_cases.change(told=village_samples.incidence(poor=6))
JOINING = roster_cases.looking_up(
    "H-01", added=[{"household": "H-09", "in_favour": 30}]
).model_copy(update={"seq": 8})

Rule = Callable[[Any, Any, datetime], str | None]
CARRIED: dict[str, tuple[Any, Rule]] = {
    "a county leaves": (change(File(), told=of_hundred(2)), county_exit),
    "a provincial county leaves": (
        change(File(samples.county("provincial", direct=True))),
        county_exit,
    ),
    "a county's notice": (COUNTY_NOTICE, county_notice),
    "a village leaves": (VILLAGE_EXIT, village_exit),
    "a village's notice": (VILLAGE_NOTICE, village_notice),
    "households leave": (roster_cases.change(), striking_off),
    "a roster's notice": (roster_cases.posting(), roster_notice),
    "households join": (JOINING, looking_up),
    "a household enters": (reentry_cases.entry(), entry),
    "its notice": (REENTRY_NOTICE, reentry_notice),
    "an exit is revoked": (REVOCATION, revocation),
}


def said_of(
    order: Any, rule: Rule, alter: Callable[[Carrying], None] = lambda file: None, now: Any = LATER
) -> str | None:
    """What the rule says of an order, held against an altered file that would carry it."""
    return rule(read_altered(order, alter), order, now)


def read_altered(order: Any, alter: Callable[[Carrying], None]) -> CaseFile:
    """What an altered file says that would carry an order."""
    file = carrying.CARRYING[type(order)](order)
    alter(file)
    return read_file(file.entries(), file.route)


@pytest.mark.parametrize("name", CARRIED)
def test_a_file_carries_what_its_case_has_come_to(name: str) -> None:
    assert said_of(*CARRIED[name]) is None


# -- the file says otherwise -------------------------------------------------------------------


def without(kind: EntryKind, step: str) -> Callable[[Carrying], None]:
    return lambda file: file.without(kind, step)


def other_act(step: str, **changes: Any) -> Callable[[Carrying], None]:
    """The last act of a step says something else."""

    def alter(file: Carrying) -> None:
        last = [each for each in file.lines if (each.kind, each.step) == (EntryKind.ACT, step)][-1]
        last.data = {**last.data, "act": last.data["act"] | changes}

    return alter


def behind(kind: EntryKind, step: str, **data: Any) -> Callable[[Carrying], None]:
    """Another entry behind all others."""

    def alter(file: Carrying) -> None:
        file.lines.append(Line(kind, file.lines[-1].at, step, data))

    return alter


def all_of(*those: Callable[[Carrying], None]) -> Callable[[Carrying], None]:
    def alter(file: Carrying) -> None:
        for each in those:
            each(file)

    return alter


def told_otherwise(file: Carrying) -> None:
    """All but its opening stands in the entry of a mending."""
    _, *own = file.entries()
    told = [each.model_dump(mode="json") for each in own]
    del file.lines[1:]
    file.lines.append(Line(EntryKind.CONTRADICTED, own[-1].at, own[-1].step, {"entries": told}))


def publicity_until(step: str, days: int) -> Callable[[Carrying], None]:
    """The publicity of a step ends so many days after the last entry."""

    def alter(file: Carrying) -> None:
        notice = file.line(EntryKind.NOTICE, step)
        due = (file.lines[-1].at + days * DAY).isoformat()
        notice.data = {**notice.data, "limit": notice.data["limit"] | {"due": due}}

    return alter


def moved(file: Carrying) -> None:
    """The guessed end of a roster's publicity was moved on, past the act."""
    notice = file.line(EntryKind.NOTICE, "H3")
    limit = notice.data["limit"] | {"due": (file.lines[-1].at + DAY).isoformat()}
    where = file.lines.index(notice) + 1
    file.lines.insert(where, Line(EntryKind.LIMIT_MOVED, notice.at, "H3", {"limit": limit}))


def report(file: Carrying, step: str, **report: Any) -> None:
    """Right behind its notice, a report of its posting."""
    notice = file.line(EntryKind.NOTICE, step)
    data = {"posted": report, "notice_id": notice.data["notice"]["notice_id"]}
    where = file.lines.index(notice) + 1
    file.lines.insert(where, Line(EntryKind.POSTED, notice.at, step, data))


def from_posting(step: str, *, posted: bool, days: int = 0) -> Callable[[Carrying], None]:
    """Its days wait for its posting, and are said to count from so many days later."""

    def alter(file: Carrying) -> None:
        notice = file.line(EntryKind.NOTICE, step)
        start = notice.at + days * DAY
        if posted:
            report(file, step, at=notice.at.isoformat())
        request = {"clause": "T1", "start": start.isoformat()}
        limit = notice.data["limit"] | {"request": request}
        moved = {"limit": limit, "notice_id": notice.data["notice"]["notice_id"]}
        file.lines.insert(
            file.lines.index(notice) + 1 + posted,
            Line(EntryKind.LIMIT_MOVED, notice.at, step, moved),
        )
        notice.data = {**notice.data, "from_posting": True}

    return alter


def taken_down(step: str, days: int) -> Callable[[Carrying], None]:
    """A notice was taken down so many days after the end of its period."""

    def alter(file: Carrying) -> None:
        due = datetime.fromisoformat(file.line(EntryKind.NOTICE, step).data["limit"]["due"])
        report(file, step, at=(due + days * DAY).isoformat(), removed=True)

    return alter


def lapsed(step: str) -> Callable[[Carrying], None]:
    """The last act of a step counts no more."""

    def alter(file: Carrying) -> None:
        act = file.line(EntryKind.ACT, step).data["act"]
        behind(EntryKind.LAPSED, step, act=act["id"])(file)

    return alter


objected = behind(EntryKind.OBJECTION, "C7", objection={"id": "o-1"})
dismissed = behind(
    EntryKind.RESOLUTION, "C7", resolution={"objection_id": "o-1", "finding": "dismissed"}
)
upheld = behind(EntryKind.RESOLUTION, "C7", resolution={"objection_id": "o-1", "finding": "upheld"})
closed = behind(EntryKind.CLOSED, "C7")


def objected_of(household: str | None) -> Callable[[Carrying], None]:
    return behind(EntryKind.OBJECTION, "H4", objection={"id": "o-1", "household": household})


COUNTY, VILLAGE, ROSTER = "a county leaves", "a village leaves", "households leave"
ENTRY, REVOKED = "a household enters", "an exit is revoked"
POSTING = "a county's notice"

NOT_CARRIED: dict[str, tuple[str, Callable[[Carrying], None], str]] = {
    "ended": (COUNTY, closed, "the case has ended"),
    "no act": (
        COUNTY,
        without(EntryKind.ACT, "C7"),
        "no approval of C7 批准退出 by A9/410000 is in force",
    ),
    "rejected": (
        COUNTY,
        other_act("C7", decision="reject"),
        "no approval of C7 批准退出 by A9/410000 is in force",
    ),
    "of another office": (
        COUNTY,
        other_act("C7", office="A7/410000"),
        "no approval of C7 批准退出 by A9/410000 is in force",
    ),
    "of another province": (
        COUNTY,
        other_act("C7", office="A9/420000"),
        "no approval of C7 批准退出 by A9/410000 is in force",
    ),
    "under another number": (
        COUNTY,
        other_act("C7", document_number="2"),
        "the file has another document_number",
    ),
    "of another day": (
        COUNTY,
        other_act("C7", at="2018-08-01T10:00:00+08:00"),
        "the file has another effective_on",
    ),
    "lapsed": (COUNTY, lapsed("C7"), "no approval of C7 批准退出 by A9/410000 is in force"),
    "another exception was made": (
        POSTING,
        other_act("C3", overrides=["S3.income"], reason="受灾减收（合成）"),
        "the file has another overridden",
    ),
    "an earlier step lapsed": (
        COUNTY,
        lapsed("C3"),
        "no approval of C3 省级核查 by A7/410000 is in force",
    ),
    "a step is missing": (
        COUNTY,
        without(EntryKind.STEP_DONE, "C5"),
        "C5 上报审批 is not done in this round",
    ),
    "an act before is missing": (
        COUNTY,
        without(EntryKind.ACT, "C6"),
        "no approval of C6 接受检查 by A8/100000 is in force",
    ),
    "no publicity": (
        COUNTY,
        without(EntryKind.STEP_DONE, "C4"),
        "C4 公告公示 is not done in this round",
    ),
    "no notice": (
        COUNTY,
        without(EntryKind.NOTICE, "C4"),
        "no notice of C4 公告公示 is on file in this round",
    ),
    "its days have not run": (
        COUNTY,
        publicity_until("C4", 1),
        "C4 公告公示 was ended before its publicity was over (T1)",
    ),
    "taken down before its end": (
        COUNTY,
        taken_down("C4", -1),
        "C4 公告公示 was ended before its publicity was over (T1)",
    ),
    "its days wait for its posting": (
        COUNTY,
        from_posting("C4", posted=False),
        "C4 公告公示 was ended before its publicity was over (T1)",
    ),
    "its days count from another day": (
        COUNTY,
        from_posting("C4", posted=True, days=-2),
        "C4 公告公示 was ended before its publicity was over (T1)",
    ),
    "returned since": (
        COUNTY,
        behind(EntryKind.RETURNED, "C7", to="C5"),
        "C5 上报审批 is not done in this round",
    ),
    "an objection is open": (COUNTY, objected, "objection o-1 is not settled (G1, G2)"),
    "one was upheld": (COUNTY, all_of(objected, upheld), "objection o-1 is not settled (G1, G2)"),
    "another county": (
        COUNTY,
        lambda file: file.lines[0].data.update(subject=XIN.content() | {"code": "411524"}),
        "the file has another county",
    ),
    "a village's survey is missing": (
        VILLAGE,
        without(EntryKind.ACT, "V1"),
        "no approval of V1 调查核实 by A5/411523 is in force",
    ),
    "a village is reported, not approved": (
        VILLAGE,
        lambda file: file.lines.remove(file.lines[-1]),
        "no approval of V3 批准退出 by A6/411500 is in force",
    ),
    "a county's count is not overridden": (
        COUNTY,
        other_act("C7", overrides=["S3.villages"]),
        "S3.incidence is not met, and the approval of C7 does not override it (S6)",
    ),
    "a county was told another count at C7": (
        COUNTY,
        lambda file: file.line(EntryKind.FINDINGS, "C7").data["incidence"].update(poor=3),
        "the file has another told",
    ),
    "another count of a county is shown": (
        POSTING,
        lambda file: file.line(EntryKind.FINDINGS, "C3").data["incidence"].update(poor=7),
        "the file has another counted",
    ),
    "another mean is shown": (
        POSTING,
        lambda file: file.lines[0].data.update(mean=samples.mean("8.6").content()),
        "the file has another mean",
    ),
    "other findings of the province are shown": (
        POSTING,
        other_act("C3", findings=samples.FINDINGS | {"health": samples.NOT_MET}),
        "the file has another findings",
    ),
    "a count that is not on file is shown": (
        POSTING,
        without(EntryKind.FINDINGS, "C3"),
        "the file has another counted",
    ),
    "a village's count is not overridden": (
        VILLAGE,
        other_act("V3", overrides=[]),
        "S2.incidence is not met, and the approval of V3 does not override it (S6)",
    ),
    "a village was told another count": (
        VILLAGE,
        lambda file: file.line(EntryKind.FINDINGS, "V3").data["incidence"].update(poor=7),
        "the file has another told",
    ),
    "a village was not counted": (
        VILLAGE,
        without(EntryKind.FINDINGS, "V3"),
        "the file has no count of the village's poor (S5)",
    ),
    "a household is not named": (
        ROSTER,
        other_act("H4", households=["H-02"]),
        "the approval of H4 脱贫销号 (entry {last}) does not name household H-01",
    ),
    "a household has not agreed": (
        ROSTER,
        lambda file: (
            file.line(EntryKind.CONSENTS, "H2").data["consents"]["answers"].pop(0) and None
        ),
        "household H-01 has not agreed to its exit (H2)",
    ),
    "it refused later": (
        ROSTER,
        behind(
            EntryKind.CONSENTS, "H2", consents={"answers": [{"household": "H-01", "agreed": False}]}
        ),
        "household H-01 has not agreed to its exit (H2)",
    ),
    "it was sent back": (
        ROSTER,
        behind(EntryKind.ROSTER_CHANGED, "H4", courses={"H-01": ["drafted", None]}),
        "household H-01 has not agreed to its exit (H2)",
    ),
    "it left": (
        ROSTER,
        behind(EntryKind.ROSTER_CHANGED, "H4", courses={"H-01": ["out", "x"]}),
        "household H-01 stands in no notice that is in force (H3)",
    ),
    "its days were moved on": (
        ROSTER,
        moved,
        "household H-01: H4 脱贫销号 was approved before its publicity was over (T1)",
    ),
    "it is objected to": (
        ROSTER,
        objected_of("H-01"),
        "household H-01: objection o-1 is not settled (G1)",
    ),
    "all are objected to": (
        ROSTER,
        objected_of(None),
        "household H-01: objection o-1 is not settled (G1)",
    ),
    "its entry was taken anew": (
        ROSTER,
        behind(
            EntryKind.ROSTER_CHANGED,
            "H4",
            households=[{"code": "H-01", "head": "张H-01", "revision": 2}],
        ),
        "household H-01 was not posted again after its entry was taken again (G1)",
    ),
    "who is posted was not verified": (
        "a roster's notice",
        lambda file: file.line(EntryKind.CONSENTS, "H2").data["courses"].popitem() and None,
        "1 of the list are no households that are verified and agree (H2, H3)",
    ),
    "a household was not voted for": (
        ENTRY,
        without(EntryKind.ACT, "R2"),
        "no approval of R2 民主评议 by A1/411523100901 is in force",
    ),
    "another revision was posted": (
        ENTRY,
        lambda file: file.line(EntryKind.FINDINGS, "R1").data["facts"].update(revision=2),
        "the file has another revision",
    ),
    "R3 is not open": (
        "its notice",
        without(EntryKind.STEP_OPENED, "R3"),
        "R3 公示 is not open in this round",
    ),
    "a household of another name is shown": (
        "its notice",
        lambda file: file.line(EntryKind.FINDINGS, "R1").data["facts"].update(head="李某某"),
        "the file has another name",
    ),
    "a larger household is shown": (
        "its notice",
        lambda file: file.line(EntryKind.FINDINGS, "R1").data["facts"].update(size=9),
        "the file has another size",
    ),
    "it entered for another cause": (
        "its notice",
        lambda file: file.line(EntryKind.FINDINGS, "R1").data.update(cause="newly_poor"),
        "the file has another cause",
    ),
    "a village's V2 is not open": (
        "a village's notice",
        without(EntryKind.STEP_OPENED, "V2"),
        "V2 公示公告 is not open in this round",
    ),
    "another exception of a village was made": (
        "a village's notice",
        other_act("V1", overrides=["S2.clinic"], reason="卫生室已开工建设（合成）"),
        "the file has another overridden",
    ),
    "another survey is shown": (
        "a village's notice",
        lambda file: file.line(EntryKind.ACT, "V1").data["act"]["survey"].update(clinic=False),
        "the file has another survey",
    ),
    "another count is shown": (
        "a village's notice",
        lambda file: file.line(EntryKind.FINDINGS, "V1").data["incidence"].update(poor=7),
        "the file has another incidence",
    ),
    "no act revokes": (
        REVOKED,
        without(EntryKind.ACT, "X1"),
        "no approval of X1 撤销退出 by A9/410000 is in force",
    ),
    "another exit": (
        REVOKED,
        lambda file: file.line(EntryKind.ACT, "X1").data["exit"].update(exited_on="2018-08-03"),
        "the file has another exited_on",
    ),
    "nobody amended": (
        "households join",
        without(EntryKind.AMENDMENT, "H2"),
        "household H-09 is in no amendment, and not on the roster",
    ),
    "C4 is not open": (
        POSTING,
        without(EntryKind.STEP_OPENED, "C4"),
        "C4 公告公示 is not open in this round",
    ),
    "C3 is not done": (
        POSTING,
        without(EntryKind.ACT, "C3"),
        "no approval of C3 省级核查 by A7/410000 is in force",
    ),
    "other figures": (
        POSTING,
        lambda file: file.lines[0].data["application"]["figures"].update(poor=1),
        "the file has another figures",
    ),
    "C4 is over": (POSTING, behind(EntryKind.STEP_DONE, "C4"), "C4 公告公示 is over in this round"),
}


@pytest.mark.parametrize("why", NOT_CARRIED)
def test_a_file_that_says_otherwise_carries_nothing(why: str) -> None:
    name, alter, sentence = NOT_CARRIED[why]
    # What a mending has told otherwise stands behind the entry of that.
    for then, last in ((all_of(), 11), (told_otherwise, 12)):
        said = said_of(*CARRIED[name], all_of(alter, then))
        assert said == sentence.format(last=last)


@pytest.mark.parametrize("name", CARRIED)
def test_what_a_mended_case_had_told_otherwise_still_carries(name: str) -> None:
    assert said_of(*CARRIED[name], told_otherwise) is None


def test_an_objection_told_twice_keeps_its_result() -> None:
    def told_again(file: Carrying) -> None:
        again = [each.model_dump(mode="json") for each in file.entries()[-2:-1]]
        behind(EntryKind.CONTRADICTED, "C7", entries=again)(file)

    order, rule = CARRIED[COUNTY]
    assert said_of(order, rule, all_of(objected, dismissed, told_again)) is None


def test_what_is_settled_does_not_hinder() -> None:
    order, rule = CARRIED[COUNTY]
    assert said_of(order, rule, all_of(objected, dismissed)) is None
    order, rule = CARRIED[ROSTER]
    assert said_of(order, rule, objected_of("H-99")) is None  # of a household that stays


@pytest.mark.clause("T1")
@pytest.mark.parametrize("alter", [taken_down("C4", 0), from_posting("C4", posted=True)])
def test_a_notice_that_stood_for_its_days_hinders_nothing(
    alter: Callable[[Carrying], None],
) -> None:
    assert said_of(*CARRIED[COUNTY], alter) is None


def goes(*states: str) -> Callable[[Carrying], None]:
    """Where a household of a roster comes, one after the other."""
    return all_of(
        *(
            behind(EntryKind.ROSTER_CHANGED, "H4", courses={"H-01": [state, None]})
            for state in states
        )
    )


def upheld_of(back: str) -> Callable[[Carrying], None]:
    """An objection to the household that was upheld."""
    resolution = {"objection_id": "o-1", "finding": "upheld", "return_to": back}
    return all_of(objected_of("H-01"), behind(EntryKind.RESOLUTION, "H4", resolution=resolution))


@pytest.mark.clause("H2", "G1")
def test_whom_an_objection_held_back_need_not_agree_again() -> None:
    """It agreed while somebody still had to verify it, and goes back to where it was (H2)."""
    assert said_of(*CARRIED[ROSTER], goes("held_unposted", "drafted", "agreed", "posted")) is None


@pytest.mark.clause("H2", "G1", "G3")
@pytest.mark.parametrize(
    "back",
    [
        all_of(goes("held"), upheld_of("H2"), goes("drafted", "agreed", "posted")),
        all_of(goes("held"), behind(EntryKind.RETURNED, "H4", to="H2"), goes("drafted", "posted")),
        goes("held", "drafted", "agreed", "posted"),
    ],
    ids=["an objection was upheld", "a new round", "its notice stands no more"],
)
def test_who_was_sent_back_agrees_again(back: Callable[[Carrying], None]) -> None:
    file = read_altered(CARRIED[ROSTER][0], back)
    assert "H-01" not in filed_roster(file).agreed


def test_a_skipped_step_is_one_that_may_be_skipped() -> None:
    def skip(file: Carrying) -> None:
        file.line(EntryKind.STEP_DONE, "C6").kind = EntryKind.STEP_SKIPPED

    said = said_of(*CARRIED[COUNTY], skip)
    assert said is not None
    assert "C6 接受检查 cannot be skipped" in said


# -- the order says otherwise ------------------------------------------------------------------

ORDERED: dict[str, tuple[str, dict[str, Any], str]] = {
    "for another year": (COUNTY, {"year": 2018}, "the file has another year"),
    "on another day": (COUNTY, {"effective_on": "2018-08-03"}, "the file has another effective_on"),
    "by another office": (COUNTY, {"approved_by": "A7/410000"}, "the file has another approved_by"),
    "of another county": (
        COUNTY,
        {"county": XIN.model_copy(update={"name": "某县"})},
        "the file has another county",
    ),
    "a household more": (
        ROSTER,
        {"households": [roster_cases.striking_off("H-99")]},
        "the approval of H4 脱贫销号 (entry 11) does not name household H-99",
    ),
    "another revision": (
        ROSTER,
        {"households": [roster_cases.striking_off("H-01", revision=2)]},
        "the file has another revision of H-01",
    ),
    "inspected by a stranger": (
        COUNTY,
        {"inspected_by": "某某"},
        "the file has another inspected_by",
    ),
    "a village's exit announced by a stranger": (
        VILLAGE,
        {"publisher": "某某"},
        "the file has another publisher",
    ),
    "a county's announced on no basis": (
        COUNTY,
        {"basis": ["某某"]},
        "the file has another basis",
    ),
    "announced before it was approved": (
        COUNTY,
        {"posted_at": "2018-08-02T09:59:59+08:00"},
        "posted_at: 2018-08-02T09:59:59+08:00 lies before the approval (entry 16)",
    ),
    "announced by a stranger": (ROSTER, {"publisher": "某某"}, "the file has another publisher"),
    "published by a stranger": (POSTING, {"publisher": "某某"}, "the file has another publisher"),
    "on no basis": (POSTING, {"basis": ["某某"]}, "the file has another basis"),
    "under another number": (
        POSTING,
        {"notice_id": notice_id(CASE, 3)},
        "the file has another notice_id",
    ),
    "in place of another case's": (
        POSTING,
        {"replaces": notice_id("county-exit/411524/2017", 3)},
        "replaces: county-exit/411524/2017/notice-3 is no notice of this case",
    ),
    "for six days": (
        POSTING,
        {"closes": closes(6)},
        "closes: 2018-01-12T00:00:00+08:00 lies before 2018-01-13T00:00:00+08:00 (T1)",
    ),
    "before its step": (
        POSTING,
        {"posted_at": POSTED - DAY},
        "posted_at: 2018-01-04T09:00:00+08:00 lies before C4 公告公示 was opened",
    ),
    "counted on another day": (
        REVOKED,
        {"counted_on": "2019-05-31"},
        "counted_on: 2019-05-31 does not lie between 2019-06-01 and 2030-01-01",
    ),
    "told another count": (
        VILLAGE,
        {"told": village_samples.incidence(poor=5)},
        "the file has another told",
    ),
    "a county was told better": (COUNTY, {"told": of_hundred(1)}, "the file has another told"),
    "a county was told of more villages": (
        COUNTY,
        {"told": of_hundred(2, exited=1)},
        "the file has another told",
    ),
    "for another reason": (REVOKED, {"reason": "某某"}, "the file has another reason"),
}


@pytest.mark.parametrize("why", ORDERED)
def test_an_order_says_what_the_file_says(why: str) -> None:
    name, changes, sentence = ORDERED[why]
    order, rule = CARRIED[name]
    file = carrying.CARRYING[type(order)](order)
    other = type(order).model_validate({**dict(order), **changes})
    said = rule(read_file(file.entries(), file.route), other, LATER)
    assert said == sentence


@pytest.mark.parametrize("name", [COUNTY, VILLAGE, ROSTER, ENTRY, REVOKED, POSTING])
def test_nothing_happens_ahead_of_the_installations_clock(name: str) -> None:
    order, rule = CARRIED[name]
    file = carrying.CARRYING[type(order)](order)
    moments = [each.at for each in file.lines]
    early = said_of(order, rule, now=max(moments) - timedelta(minutes=6))
    assert early is not None
    assert "lies ahead of this installation's clock" in early
    assert said_of(order, rule, now=max(moments) - timedelta(minutes=4)) is None


def test_a_directly_administered_village_is_approved_by_whom_the_policy_says() -> None:
    province = Office(body=Body.PROVINCIAL_GROUP, place="410000")
    direct = village_samples.village(direct=True)
    name = {"ordered_by": "河南省扶贫开发领导小组"}
    order = VILLAGE_EXIT.model_copy(update={"village": direct, "approved_by": province, **name})
    assert said_of(order, village_exit) is None
    city = Office(body=Body.CITY_GROUP, place="411500")
    wrong = said_of(order.model_copy(update={"approved_by": city}), village_exit)
    assert wrong is not None
    assert "no approval of V3" in wrong


def test_a_county_of_another_tier_is_another_county() -> None:
    order = change(File(samples.county("provincial")))
    assert isinstance(order, RegisterChange)
    file = carrying.county_exit(order)
    other = order.model_copy(update={"county": XIN})
    said = county_exit(read_file(file.entries(), file.route), other, LATER)
    assert said == "the file has another county"


def test_a_household_may_be_posted_while_others_are_struck_off() -> None:
    """Its notice stands in the file under the step that the case is at by then."""

    def alter(file: Carrying) -> None:
        notice = file.line(EntryKind.NOTICE, "H3")
        facts = file.lines[1].data["households"][0] | {"revision": 1}
        again = Line(EntryKind.ROSTER_CHANGED, notice.at, "H3", {"households": [facts]})
        later = Line(EntryKind.NOTICE, notice.at, "H4", notice.data)
        where = file.lines.index(notice) + 1
        file.lines[where:where] = [again, later]

    order, rule = CARRIED[ROSTER]
    assert said_of(order, rule, alter) is None
