"""Whatever the order of acts, consents, objections, resolutions and time: nobody is struck off who
must not be (H2, H3, T1, G1, G2), nobody twice, and the register adds up (S5).

What must hold is said by a reference that knows the regulation and nothing of the code: it hears
what was taken in, reads notices and register as anybody can, and looks at who has gone.
"""

import shutil
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlmodel import Session, col, select

from models.case.messages import Receipt
from models.offices import Division, SubjectKind
from models.periods import BEIJING
from models.register.households import PovertyLine
from models.roster.messages import RosterOpening
from registry.database.engine import upgrade, writing
from registry.desk import Registry
from registry.facts.incidence import village_incidence
from registry.register.lines import HouseholdLine, VillageLine
from registry.register.loading import load_households, load_villages
from registry.register.poverty_lines import add_line
from registry.tables import EpisodeRow, HouseholdRow, NoticeRow, PlanRow, RosterRow
from tests.fast.alone import Alone
from tests.models.samples import PROOF
from tests.registry.places import REGISTERED_ON
from tests.roster_stage import livelihood, meeting, roster_application
from tests.stage import YEAR, at, one_engine, settings_in
from tests.thorough import THOROUGH
from workers.limits import EVENTS
from workers.settings import Settings

VILLAGE, COUNTY = "410999200001", "410999"
HOUSEHOLDS = ("H-01", "H-02", "H-03", "H-04")
LATER = "H-05"
"""Registered, and not on the roster at first."""
POPULATION = 1_000
OFFICERS = {"A1": "某甲", "A2": "某丙", "A3": "某丁"}


@dataclass
class Objection:
    """An objection as people see it: to whom, and whether it has a result.

    Attributes:
        investigator: Who investigates it: the county, or the city if it is a review.
        may_be_reviewed: It was dismissed, and is no review (G1).
    """

    household: str | None
    investigator: str = f"A5/{COUNTY}"
    open: bool = True
    may_be_reviewed: bool = False


@dataclass
class Reference:
    """What the regulation wants to know of a roster."""

    consents: dict[str, bool] = field(default_factory=dict)
    verified: dict[str, set[str]] = field(default_factory=dict)
    since: dict[str, datetime] = field(default_factory=dict)
    """From when on what a notice shows of a household is its final content."""
    failing: set[str] = field(default_factory=set)
    """Whose house is not safe (S1)."""
    gone: set[str] = field(default_factory=set)
    objections: dict[str, Objection] = field(default_factory=dict)

    def may_leave(self, household: str) -> str | None:
        """Why a household must not have been struck off; None where it could be."""
        if self.consents.get(household) is not True:
            return "it did not consent (H2)"
        if self.verified.get(household) != set(OFFICERS):
            return "it was not verified by all three (H2)"
        if any(
            each.open and each.household in (None, household) for each in self.objections.values()
        ):
            return "an objection is open (G1, G2)"
        if household in self.failing:
            return "its housing is not safe (S1)"
        return None

    def sent_back(self, household: str, now: datetime) -> None:
        """What it was verified with and agreed to counts no more, and no notice of before (G1)."""
        self.verified.pop(household, None)
        self.consents.pop(household, None)
        self.since[household] = now


class RosterMachine(RuleBasedStateMachine):
    """People and time do what they like."""

    template: Path
    folder: Path
    numbers = count(1)
    gone_in_all = 0

    def __init__(self) -> None:
        super().__init__()
        self.ids = count(1)
        self.reference = Reference()
        self.sizes = dict.fromkeys((*HOUSEHOLDS, LATER), 3)

    @initialize(
        outsider=st.booleans(),
        come=st.sampled_from(["opened", "verified", "posted", "over", "over"]),
        long_after=st.sampled_from([1, 40, EVENTS]),
    )
    def opens(self, outsider: bool, come: str, long_after: int) -> None:
        """A roster of four, come so far already; with ``outsider`` one of them had no majority.

        It goes on in a new run at every wait, now and then, or never: nobody can tell.
        """
        home = self.folder / str(next(self.numbers))
        shutil.copytree(self.template, home)
        self.settings = settings_in(home)
        self.engine = one_engine(self.settings)
        village = Registry(self.engine).known_households(VILLAGE, YEAR, at(11, 1).date(), [])[0]
        assert village is not None
        application = roster_application(VILLAGE, HOUSEHOLDS)
        if outsider:
            content = application.model_dump()
            content["appraisal"]["households"][0]["in_favour"] = 10  # of 20: not more than half
            application = type(application).model_validate(content)
            self.reference.gone.add(HOUSEHOLDS[0])
        opening = RosterOpening(
            case_id=f"household-exit/{VILLAGE}/{YEAR}/1",
            application=application,
            subject=village,
            policy=self.settings.load_policy(),
        )
        self.case = Alone(self.settings, opening, at(11, 16), long_after)
        if come != "opened":
            for body in OFFICERS:
                self.verify(body, set())
        if come in ("posted", "over"):
            self.everybody_agrees()
        if come == "over":
            self.time_passes(24 * 8)

    def teardown(self) -> None:
        if hasattr(self, "case"):
            self.case.close()
            self.engine.dispose()

    # -- what people do -----------------------------------------------------------------------

    def send(self, kind: str, **fields: Any) -> Receipt | None:
        """Send it; None where the rules refuse it."""
        message = {"id": f"m-{next(self.ids)}", "officer": "某甲"} | fields
        if kind == "object":
            del message["officer"]
        return self.case.send(kind, message)

    @rule(
        body=st.sampled_from(["A1", "A2", "A3"]),
        those=st.sets(st.sampled_from([*HOUSEHOLDS, LATER])),
    )
    def verify(self, body: str, those: set[str]) -> None:
        """Somebody verifies some, or all who wait."""
        waiting = {
            course.household
            for course in self.courses()
            if body not in course.verified_by and course.state not in ("out", "struck_off")
        }
        taken = self.send(
            "act",
            step="H2",
            decision="approve",
            office=f"{body}/{VILLAGE}",
            officer=OFFICERS[body],
            households=sorted(those),
        )
        if taken:
            for household in those or waiting:
                self.reference.verified.setdefault(household, set()).add(body)

    @rule(body=st.sampled_from(["A1", "A2", "A3"]))
    def verify_everybody(self, body: str) -> None:
        """The ordinary course, so that sequences come far."""
        self.verify(body, set())

    @rule(body=st.sampled_from(["A1", "A2", "A3"]), household=st.sampled_from(HOUSEHOLDS))
    def reject(self, body: str, household: str) -> None:
        """Somebody finds that a household must not leave."""
        taken = self.send(
            "act",
            step="H2",
            decision="reject",
            reason="收入不实（合成）",
            office=f"{body}/{VILLAGE}",
            officer=OFFICERS[body],
            households=[household],
        )
        if taken:
            self.reference.gone.add(household)

    @rule(
        those=st.sets(st.sampled_from([*HOUSEHOLDS, LATER]), min_size=1),
        agreed=st.sampled_from([True, True, True, False]),
    )
    def consent(self, those: set[str], agreed: bool) -> None:
        """Households answer."""
        reason = {} if agreed else {"reason": "不愿退出（合成）"}
        answers = [
            {"household": code, "agreed": agreed, "signed_by": f"张{code}", **reason}
            for code in sorted(those)
        ]
        if self.send("consent", answers=answers):
            self.reference.consents |= dict.fromkeys(those, agreed)

    @rule()
    def everybody_agrees(self) -> None:
        """The ordinary course again."""
        waiting = {
            course.household
            for course in self.courses()
            if not course.agreed and course.state not in ("out", "struck_off")
        }
        if waiting:
            self.consent(waiting, True)

    @rule(household=st.sampled_from([None, *HOUSEHOLDS, LATER]))
    def object(self, household: str | None) -> None:
        """Somebody objects to one, or to all of it."""
        whom = {} if household is None else {"household": household}
        receipt = self.send("object", text="收入不实（合成）", objector="某癸", **whom)
        if receipt:
            self.reference.objections[f"m-{next(self.ids) - 1}"] = Objection(household)

    @rule(which=st.integers(0, 5))
    @precondition(lambda self: any(o.may_be_reviewed for o in self.reference.objections.values()))
    def ask_for_review(self, which: int) -> None:
        """Who objected does not believe a dismissal (G1 复核)."""
        known = self.reference.objections
        dismissed = [key for key, each in known.items() if each.may_be_reviewed]
        key = dismissed[which % len(dismissed)]
        if self.send("object", text="未入户（合成）", objector="某癸", review_of=key):
            known[key].may_be_reviewed = False
            review = Objection(known[key].household, f"A6/{COUNTY[:4]}00")
            known[f"m-{next(self.ids) - 1}"] = review

    @rule(
        upheld=st.booleans(),
        return_to=st.sampled_from([None, "H2", "H3"]),
        which=st.integers(0, 5),
    )
    @precondition(lambda self: any(each.open for each in self.reference.objections.values()))
    def resolve(self, upheld: bool, return_to: str | None, which: int) -> None:
        """The county ends an investigation."""
        waiting = [key for key, each in self.reference.objections.items() if each.open]
        key = waiting[which % len(waiting)]
        target = self.reference.objections[key].household
        back = {"return_to": return_to} if upheld and return_to else {}
        taken = self.send(
            "resolve",
            objection_id=key,
            finding="upheld" if upheld else "dismissed",
            reason="经调查（合成）",
            office=self.reference.objections[key].investigator,
            officer="某辛" if self.reference.objections[key].investigator[1] == "5" else "某壬",
            evidence=[PROOF],
            **back,
        )
        if taken:
            known = self.reference.objections[key]
            known.open = False
            known.may_be_reviewed = not upheld and known.investigator == f"A5/{COUNTY}"
            those = [target] if target else [*HOUSEHOLDS, LATER]
            if upheld and return_to == "H2":
                for household in those:
                    self.reference.sent_back(household, self.case.now)
            elif upheld and return_to == "H3":
                for household in those:
                    self.reference.since[household] = self.case.now
            elif upheld and return_to is None:
                self.reference.gone |= set(those)

    @rule(
        household=st.sampled_from([*HOUSEHOLDS, LATER]),
        size=st.integers(1, 6),
        safe=st.sampled_from([True, True, False]),
        told=st.booleans(),
    )
    def register_changes(self, household: str, size: int, safe: bool, told: bool) -> None:
        """The register says something else; the committees amend the roster, or forget to."""
        if self.is_off(household):
            return
        if (self.sizes[household], household not in self.reference.failing) != (size, safe):
            self.reference.since[household] = self.case.now
        with writing(self.engine) as session:
            load_households(session, [line(household, size, safe)], "合成更正")
        self.sizes[household] = size
        (self.reference.failing.discard if safe else self.reference.failing.add)(household)
        if told:
            self.send(
                "amend",
                office=f"A1/{VILLAGE}",
                reason="人口更正（合成）",
                households=[{"household": household, "in_favour": 18}],
                meeting=meeting(),
            )

    @rule()
    def post_now(self) -> None:
        """The committees do not wait for the rest."""
        self.send("act", step="H3", decision="approve", office=f"A1/{VILLAGE}")

    @rule(
        decision=st.sampled_from(["approve", "approve", "approve", "reject", "return"]),
        those=st.sets(st.sampled_from([*HOUSEHOLDS, LATER])),
    )
    def strike_off(self, decision: str, those: set[str]) -> None:
        """The county decides on some, or on all who wait for it."""
        more: dict[str, Any] = {"document_number": "合成〔H4〕号"}
        if decision != "approve":
            more["reason"] = "需复核（合成）"
        if decision == "return":
            more["return_to"] = "H2"
        if decision != "approve" and not those:
            return  # a rule of its own
        taken = self.send(
            "act",
            step="H4",
            decision=decision,
            office=f"A5/{COUNTY}",
            households=sorted(those),
            **more,
        )
        if taken and decision == "return":
            for household in those:
                self.reference.sent_back(household, self.case.now)
        if taken and decision == "reject":
            self.reference.gone |= those

    @rule(
        decision=st.sampled_from(["return", "return", "return", "reject"]),
        return_to=st.sampled_from(["H1", "H2", "H3"]),
    )
    @precondition(lambda self: self.before_the_county())
    def county_turns_back(self, decision: str, return_to: str) -> None:
        """The county names nobody: it means all it has before it, or the roster itself."""
        those, everybody = self.before_the_county(), self.on_the_way()
        back = {"return_to": return_to} if decision == "return" else {}
        if back and return_to in ("H1", "H3"):
            those = everybody  # only the whole of a roster is voted on, or posted, again
        if decision == "reject" and those == everybody:
            return  # too blunt to reach anything after it
        taken = self.send(
            "act",
            step="H4",
            decision=decision,
            office=f"A5/{COUNTY}",
            reason="需复核（合成）",
            **back,
        )
        if taken and decision == "reject":
            self.reference.gone |= those
        for household in those if taken and back else ():
            if return_to == "H3":
                self.reference.since[household] = self.case.now
            else:
                self.reference.sent_back(household, self.case.now)

    @rule(those=st.sets(st.sampled_from([*HOUSEHOLDS, LATER])), everybody=st.booleans())
    @precondition(lambda self: self.case.step() == "H1")
    def vote_again(self, those: set[str], everybody: bool) -> None:
        """The meeting is held again; who is not voted for leaves."""
        waiting = self.on_the_way()
        voted = waiting if everybody else waiting & those
        record = meeting(held_on=self.case.now.astimezone(BEIJING).date().isoformat())
        votes = [{"household": code, "in_favour": 18} for code in sorted(voted)]
        taken = self.send(
            "act",
            step="H1",
            decision="approve",
            office=f"A1/{VILLAGE}",
            appraisal={"meeting": record, "households": votes},
        )
        if taken:
            self.reference.gone |= waiting - voted

    @rule()
    def all_cleared_are_struck_off(self) -> None:
        """The ordinary course."""
        self.strike_off("approve", set())

    @rule(hours=st.sampled_from([1, 14, 24, 24 * 7, 24 * 8, 24 * 9, 24 * 40]))
    def time_passes(self, hours: int) -> None:
        """And nothing else."""
        self.case.pass_time(timedelta(hours=hours))

    # -- what must hold -----------------------------------------------------------------------

    @invariant()
    def nobody_left_who_must_not(self) -> None:
        """Everybody who has newly left could: by the reference, the notices and the register."""
        if not hasattr(self, "case"):
            return
        with Session(self.engine) as session:
            for episode in session.exec(
                select(EpisodeRow).where(col(EpisodeRow.exited_on).is_not(None))
            ).all():
                household = episode.household_code
                if household in self.left:
                    # Struck off once: neither the day nor the entry that ordered it changes.
                    assert self.left[household] == (episode.exited_on, episode.seq)
                    continue
                type(self).gone_in_all += 1
                assert episode.exited_on is not None
                self.left[household] = (episode.exited_on, episode.seq)
                why = self.reference.may_leave(household)
                assert why is None, f"{household} was struck off: {why}"
                assert household not in self.reference.gone
                self.was_posted(session, household)

    def was_posted(self, session: Session, household: str) -> None:
        """Seven full days, after the day of posting, with the content it left with (T1, G1)."""
        row = session.get(HouseholdRow, household)
        assert row is not None
        shown = f"| {row.head} | {row.village_group} | {row.size} |"
        notices = session.exec(
            select(NoticeRow).where(col(NoticeRow.closes_at) > NoticeRow.posted_at)
        )
        since = self.reference.since.get(household, at(1, 1))
        posted = [
            notice.posted_at
            for notice in notices
            if shown in notice.markdown and notice.posted_at >= since
        ]
        full = [
            each
            for each in posted
            if self.case.now >= end_of_day(each.astimezone(BEIJING).date() + timedelta(days=7))
        ]
        assert full, f"{household} left without seven days of {shown}"

    @invariant()
    def the_register_adds_up(self) -> None:
        """Incidence is the sum over the households that have not left (S5)."""
        if not hasattr(self, "case"):
            return
        today = self.case.now.astimezone(BEIJING).date()
        with Session(self.engine) as session:
            counted = village_incidence(session, VILLAGE, today)
            listed = {
                row.household_code: row.state for row in session.exec(select(RosterRow)).all()
            }
        assert counted is not None
        staying = sum(size for household, size in self.sizes.items() if not self.is_off(household))
        assert (counted.poor, counted.population) == (staying, POPULATION)
        # The registry's list of the roster says what the case says.
        assert listed == {course.household: course.state.value for course in self.courses()}

    # -- looking ------------------------------------------------------------------------------

    @property
    def left(self) -> dict[str, tuple[date, int | None]]:
        if not hasattr(self, "_left"):
            self._left: dict[str, tuple[date, int | None]] = {}
        return self._left

    def courses(self) -> list[Any]:
        """How the case says that everybody stands."""
        return self.case.households()

    def on_the_way(self) -> set[str]:
        """Who has neither left the register nor the roster."""
        return {
            course.household
            for course in self.courses()
            if course.state not in ("out", "struck_off")
        }

    def before_the_county(self) -> set[str]:
        """Whose notice has ended, and whom nothing holds back."""
        return {
            course.household
            for course in self.courses()
            if course.state == "posted" and course.closes <= self.case.now
        }

    def is_off(self, household: str) -> bool:
        """Whether the register has struck it off."""
        with Session(self.engine) as session:
            episode = session.get(EpisodeRow, (household, 1))
            assert episode is not None
            return episode.exited_on is not None


def end_of_day(day: date) -> datetime:
    """24:00, by the calendar."""
    return datetime.combine(day + timedelta(days=1), time.min, BEIJING)


def line(household: str, size: int, safe: bool = True) -> HouseholdLine:
    """A household as a file of the offices has it."""
    return HouseholdLine(
        code=household,
        village_code=VILLAGE,
        group="一组",
        head=f"张{household}",
        size=size,
        livelihood=livelihood(wages=3_000_000, housing=safe),
        registered_on=REGISTERED_ON,
    )


def prepared(folder: Path) -> Settings:
    """A registry with one village, to be copied."""
    made = settings_in(folder)
    engine = made.engine()
    upgrade(engine)
    policy = made.load_policy()
    Registry(engine).load_counties(
        [
            {
                "code": COUNTY,
                "name": "合成县",
                "city": "合成市",
                "tier": "national",
                "directly_administered": "false",
                "exit_year": str(YEAR),
                "approved_on": f"{YEAR + 1}-04-01",
                "townships": "1",
                "villages": "1",
            }
        ],
        date(2014, 1, 1),
        "合成计划",
        Division(code=policy.province, name=policy.province_name),
    )
    village = VillageLine(
        code=VILLAGE,
        name="合成村",
        township_code=VILLAGE[:9],
        township_name="合成镇",
        county_code=COUNTY,
        population=POPULATION,
        population_as_of=date(YEAR - 1, 12, 31),
        work_team=True,
        first_secretary=True,
    )
    with writing(engine) as session:
        load_villages(session, [village], "合成名单")
        add_line(session, PovertyLine(year=YEAR, yuan=3_000, source="合成标准"))
        load_households(session, [line(code, 3) for code in (*HOUSEHOLDS, LATER)], "合成花名册")
        session.add_all(
            PlanRow(year=YEAR, subject_code=code, kind=SubjectKind.HOUSEHOLD, source="合成计划")
            for code in (*HOUSEHOLDS, LATER)
        )
    engine.dispose()
    return made


@pytest.fixture
def machine(tmp_path_factory: pytest.TempPathFactory) -> type[RosterMachine]:
    folder = tmp_path_factory.mktemp("sequences")  # another one for each try
    prepared(folder / "template")
    RosterMachine.template, RosterMachine.folder = folder / "template", folder
    return RosterMachine


@pytest.mark.clause("H2", "H3", "H4", "T1", "G1", "G2", "S5")
@pytest.mark.timeout(900)
def test_whatever_the_order(machine: type[RosterMachine]) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=400 if THOROUGH else 100,
            stateful_step_count=30,
            deadline=None,
            # A sequence of forty is shrunk for minutes; as it is it shows enough.
            phases=(Phase.explicit, Phase.generate),
            suppress_health_check=list(HealthCheck),
        ),
    )
    # Sequences that never come to the register would prove nothing.
    assert machine.gone_in_all > 20, machine.gone_in_all
