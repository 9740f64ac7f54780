"""The register's side of a supervision: its frame, its draw, what its result concerns (F6)."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import col, select

from activities.ledger import RegistryActivities
from activities.supervision import SupervisionActivities
from models.base import canonical
from models.case.admission import Admission
from models.case.ledger import EntryKind, Ledger
from models.case.messages import Ending
from models.case.orders import CaseState
from models.identity import special_inspection_case
from models.offices import County
from models.periods import BEIJING
from models.supervision.admission import DrawSample
from models.supervision.messages import SupervisionOpening, SupervisionResult
from models.supervision.orders import OpenCases, ToldResults
from models.supervision.sampling import HOUSEHOLD, Frame, Sample, drawn
from registry.cases.supervision_frame import county_frame
from registry.database.engine import reading, writing
from registry.desk import Registry
from registry.errors import RegistryError, UnknownSubject
from registry.tables import (
    CaseRow,
    DivisionRow,
    SampleRow,
    Standing,
    SupervisionRow,
    VillageStatusRow,
)
from tests.activities.admitted import RUN, gate, known
from tests.activities.admitted import batch as kept_batch
from tests.activities.registry_cases import (
    POLICY,
    XIN,
    File,
    admission,
    at_once,
    ended,
    rows,
    run,
)
from tests.registry.places import (
    falls_back,
    leaves,
    put_households,
    put_village,
    village_leaves,
)

ON = date(2017, 10, 1)
NOW = datetime(2017, 10, 1, 1, 0, tzinfo=UTC)
FIRST, SECOND, OTHER = "411523100001", "411523100002", "411524100001"


def opening(county: County = XIN, number: int = 1, **changes: Any) -> SupervisionOpening:
    values: dict[str, Any] = {
        "case_id": special_inspection_case(county.code, 2017, number),
        "application": {"county": county.code, "year": 2017, "reason": "举报较多（合成）"},
        "subject": county,
        "policy": POLICY,
    }
    for name in set(changes) - set(values):
        values["application"][name] = changes.pop(name)
    return SupervisionOpening.model_validate(values | changes)


def state(case_id: str, county: County = XIN, **changes: Any) -> CaseState:
    given: dict[str, Any] = {
        "case_id": case_id,
        "procedure": "supervision",
        "subject_code": county.code,
        "subject_name": county.name,
        "year": 2017,
        "region": county.region_path,
        "step": "J1",
        "round": 1,
        "waiting_for": None,
        "deadline": None,
        "overdue": False,
        "open_objections": 0,
        "outcome": None,
    }
    return CaseState(**(given | changes))


def order(given: SupervisionOpening, now: datetime = NOW) -> DrawSample:
    return DrawSample(opening=given, now=now, state=state(given.case_id, given.subject), run=RUN)


@pytest.fixture
def supervision(engine: Engine, registry: Registry) -> SupervisionActivities:
    """The activities, on a register with Henan's counties."""
    return SupervisionActivities(engine, gate())


def frame(engine: Engine, on: date = ON) -> Frame:
    with reading(engine) as session:
        return county_frame(session, XIN.code, on)


# -- its day ----------------------------------------------------------------------------------


@pytest.mark.clause("F6")
@pytest.mark.parametrize(
    ("now", "said"),
    [
        (
            datetime(2017, 6, 30, 23, 50, tzinfo=BEIJING),
            "quarter: 2017-q3 begins on 2017-07-01, and it is 2017-06-30; its supervision begins "
            "then (F6)",
        ),
        (datetime(2017, 6, 30, 23, 56, tzinfo=BEIJING), None),  # clocks may differ by five minutes
        (datetime(2017, 9, 1, 9, tzinfo=BEIJING), None),
    ],
)
def test_a_quarter_is_not_supervised_before_its_day(
    engine: Engine, registry: Registry, now: datetime, said: str | None
) -> None:
    put_village(engine, FIRST, 100)
    case_id = "supervision/411523/2017-q3"
    given = opening(case_id=case_id, quarter=3, reason=None)
    asked = SupervisionActivities(engine, gate(clock=lambda: now))
    # The clock of the case does not help: what counts is the installation's.
    assert run(asked.draw_sample, order(given)).fault == said


# -- the frame --------------------------------------------------------------------------------


@pytest.mark.clause("F6")
def test_in_the_frame_is_whose_exit_holds_on_the_day(engine: Engine, registry: Registry) -> None:
    put_village(engine, FIRST, 100)
    put_village(engine, SECOND, 50)
    put_village(engine, OTHER, 50)
    gone, later, back, poor = put_households(engine, FIRST, [3, 4, 5, 6])
    (elsewhere,) = put_households(engine, OTHER, [2])
    (last,) = put_households(engine, SECOND, [1])
    for household, on in (
        (gone, date(2016, 12, 31)),
        (later, date(2017, 10, 2)),
        (back, date(2016, 12, 31)),
        (elsewhere, date(2016, 12, 31)),
        (last, ON),
    ):
        leaves(engine, household, on)
    falls_back(engine, back, date(2017, 5, 1))
    village_leaves(engine, SECOND, ON)
    village_leaves(engine, FIRST, date(2017, 10, 2))

    found = frame(engine)
    assert [(each.code, each.village, each.size) for each in found.households] == sorted(
        [(gone, FIRST, 3), (last, SECOND, 1)]
    )
    assert [(each.code, each.population, each.registered) for each in found.villages] == [
        (SECOND, 50, 1)
    ]
    # Poor: 4, 5 and 6 of 150. Ever registered: 18 in the first, 1 in the second village.
    assert found.people.model_dump() == {
        "population": 150, "poor": 15, "exited": 4, "unregistered": 82 + 49
    }  # fmt: skip
    # A day later two more are out, and the first village.
    after = frame(engine, date(2017, 10, 2))
    assert len(after.households) == 3
    assert [each.code for each in after.villages] == [FIRST, SECOND]
    assert poor not in [each.code for each in after.households]
    # Before the return of the one that fell back, its exit held.
    assert back in [each.code for each in frame(engine, date(2017, 4, 30)).households]


@pytest.mark.clause("F6", "F7")
def test_a_village_whose_exit_was_revoked_is_not_in_the_frame(
    engine: Engine, registry: Registry
) -> None:
    put_village(engine, FIRST, 100)
    village_leaves(engine, FIRST, date(2017, 1, 1))
    with writing(engine) as session:
        session.add(VillageStatusRow(code=FIRST, since=date(2017, 9, 1), status=Standing.REVOKED))
    assert [each.code for each in frame(engine, date(2017, 8, 31)).villages] == [FIRST]
    assert not frame(engine).villages


@pytest.mark.clause("F6")
def test_where_more_were_registered_than_live_there_nobody_was_left_out(
    engine: Engine, registry: Registry
) -> None:
    put_village(engine, FIRST, 5)
    put_village(engine, SECOND, 50)
    for household in put_households(engine, FIRST, [4, 4]):
        leaves(engine, household, date(2016, 12, 31))
    # 8 of 5 in the one do not make up for the 50 of the other.
    assert frame(engine).people.unregistered == 50


@pytest.mark.clause("F6")
def test_a_county_without_villages_has_an_empty_frame(engine: Engine, registry: Registry) -> None:
    found = frame(engine)
    assert (found.households, found.villages, found.people.population) == ((), (), 0)


# -- the draw ---------------------------------------------------------------------------------


@pytest.fixture
def left(engine: Engine, registry: Registry) -> list[str]:
    """Twenty households that have left, and their village."""
    put_village(engine, FIRST, 1000)
    codes = put_households(engine, FIRST, [2] * 20)
    for code in codes:
        leaves(engine, code, date(2016, 12, 31))
    village_leaves(engine, FIRST, date(2016, 12, 31))
    return codes


@pytest.mark.clause("F6", "G7")
def test_a_sample_is_drawn_once_for_a_case(
    supervision: SupervisionActivities, engine: Engine, left: list[str]
) -> None:
    asked = order(opening(households=5))
    first = run(supervision.draw_sample, asked)
    # Asked again: on another day, after somebody has fallen back. It is what was drawn.
    falls_back(engine, left[0], date(2017, 10, 2))
    later = asked.model_copy(update={"now": datetime(2017, 10, 9, tzinfo=UTC)})
    assert run(supervision.draw_sample, later) == first
    (kept,) = rows(engine, SampleRow)
    assert kept["seed"] == known(first).seed
    assert len(kept["seed"]) == 32
    found = Registry(engine).supervision.sample(asked.opening.case_id)
    assert found.sample == known(first)
    assert canonical(found.frame.model_dump(mode="json")) == kept["frame"]
    assert len(found.frame.households) == 20
    (listed,) = rows(engine, CaseRow)
    assert (listed["case_id"], listed["procedure"]) == (asked.opening.case_id, "supervision")


@pytest.mark.clause("F6")
def test_a_sample_of_a_seed_is_the_same_anywhere(
    supervision: SupervisionActivities, left: list[str]
) -> None:
    given = order(opening(households=5, seed="s1"))
    sample = known(run(supervision.draw_sample, given))
    assert [each.code for each in sample.households] == drawn("s1", HOUSEHOLD, left, 5)
    assert (sample.as_of, sample.households_in_frame) == (ON, 20)


@pytest.mark.clause("F6")
def test_two_workers_draw_one_sample(
    supervision: SupervisionActivities, engine: Engine, left: list[str]
) -> None:
    asked = order(opening(households=5))
    found: list[Admission[Sample]] = at_once([lambda: run(supervision.draw_sample, asked)] * 4)
    assert all(each == found[0] for each in found)
    assert len(rows(engine, SampleRow)) == 1


@pytest.mark.clause("F6")
def test_cases_draw_by_lots_of_their_own(
    supervision: SupervisionActivities, left: list[str]
) -> None:
    lots = [known(run(supervision.draw_sample, order(opening(number=n)))) for n in (1, 2)]
    assert len({each.seed for each in lots}) == 2


@pytest.mark.clause("F6")
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"case_id": "supervision/411523/2017-q4"}, "of the form supervision/411523/2017-s1"),
        (
            {"year": 2015, "case_id": "supervision/411523/2015-s1"},
            "year: 2015 is not the year of a supervision that begins on 2017-10-01",
        ),
        (
            {"county": XIN.model_copy(update={"name": "旧县"})},
            "name '旧县' for '新县'",
        ),
        (
            {
                "county": XIN.model_copy(update={"code": "419999"}),
                "case_id": "supervision/419999/2017-s1",
            },
            "county 419999: the register knows no such code",
        ),
        (
            {"policy": POLICY.model_copy(update={"province": "620000"})},
            "is not in the province of the policy",
        ),
    ],
)
def test_what_cannot_begin_keeps_nothing(
    supervision: SupervisionActivities,
    engine: Engine,
    left: list[str],
    changes: dict[str, Any],
    said: str,
) -> None:
    found = run(supervision.draw_sample, order(opening(**changes)))
    assert found.known is None
    assert said in (found.fault or "")
    assert not rows(engine, SampleRow)


@pytest.mark.clause("F6")
def test_a_county_that_was_renamed_since_its_round_was_called_for_is_supervised(
    supervision: SupervisionActivities, engine: Engine, left: list[str]
) -> None:
    """The round of the fourth quarter named it as of 1 October, and is begun late."""
    with writing(engine) as session:
        here = col(DivisionRow.code) == XIN.code
        before = session.exec(select(DivisionRow).where(here)).one()
        before.valid_until = date(2017, 10, 10)
        after = before.model_dump() | {"name": "新市", "valid_from": date(2017, 10, 10)}
        session.add(DivisionRow(**(after | {"valid_until": None})))
    late = datetime(2017, 10, 20, tzinfo=UTC)
    round_of_autumn = opening(case_id="supervision/411523/2017-q4", quarter=4, reason=None)
    assert run(supervision.draw_sample, order(round_of_autumn, late)).fault is None
    special = run(supervision.draw_sample, order(opening(), late)).fault
    assert "name '新县' for '新市'" in (special or "")


@pytest.mark.clause("F6", "S5")
def test_an_impossible_register_is_waited_for(
    supervision: SupervisionActivities, engine: Engine
) -> None:
    put_village(engine, FIRST, 5)
    put_households(engine, FIRST, [4, 4])
    with pytest.raises(RegistryError, match="8 poor people"):
        run(supervision.draw_sample, order(opening()))
    assert not rows(engine, CaseRow)


@pytest.mark.clause("F6")
def test_what_is_kept_of_a_sample_is_found_by_its_case(
    supervision: SupervisionActivities, engine: Engine, left: list[str]
) -> None:
    given = opening(households=3)
    desk = Registry(engine).supervision

    def number(year: int) -> int:
        application = given.application.model_copy(update={"year": year})
        return Registry(engine).facts(application, ON).attempt

    assert number(2017) == 1
    run(supervision.draw_sample, order(given))
    assert (number(2017), number(2018)) == (2, 1)
    lists = desk.check_lists(given.case_id)
    assert [(each.head, each.size, each.group) for each in lists.households] == [
        ("张某", 2, "一组")
    ] * 3
    (village,) = lists.villages
    # 1000 people, of whom twenty households of two were registered.
    assert (village.code, village.population, village.unregistered) == (FIRST, 1000, 960)
    exported = json.loads(json.dumps(desk.sample(given.case_id).exported()))
    assert set(exported["frame"]) == {"county", "as_of", "people", "households", "villages"}
    assert len(exported["drawn"]["household"]) == 3
    with pytest.raises(UnknownSubject, match="no sample is kept of supervision/411523/2017-s2"):
        desk.sample("supervision/411523/2017-s2")


# -- the result, and whom it concerns -----------------------------------------------------------

RESULT = {
    "id": "r-1",
    "office": "A7/410000",
    "supervision": "supervision/411523/2017-s1",
    "county": "411523",
    "year": 2017,
    "rates": {
        "incidence": {"part": 1, "whole": 300},
        "wrongly_exited": {"part": 2, "whole": 100},
        "omitted": {"part": 0, "whole": 0},
        "recognition": {"part": 9, "whole": 10},
    },
    "failed": ["S4.wrong"],
    "document": "合成〔4〕号",
    "at": "2017-10-20T02:00:00Z",
}


def write(registry: RegistryActivities, case_id: str, entry: dict[str, Any]) -> None:
    """A file of one entry, as a case would write it."""
    ledger = Ledger(case_id)
    ledger.record(EntryKind.OPENED, NOW, text="启动督导")
    ledger.record(EntryKind.SUPERVISION, NOW, text="督导结果", data=entry)
    batch = kept_batch(case_id, ledger.entries, state(case_id))
    run(registry.write_ledger, batch)


@pytest.mark.clause("F6", "S4", "C7")
def test_a_result_is_kept_and_told_to_a_case_that_opens_later(
    asked: RegistryActivities, engine: Engine, registry: Registry
) -> None:
    write(asked, "supervision/411523/2017-s1", {"supervision": RESULT})
    (row,) = rows(engine, SupervisionRow)
    assert (row["county_code"], row["document"]) == ("411523", "合成〔4〕号")
    assert (row["decided_at"], row["failed"]) == (
        datetime(2017, 10, 20, 2, tzinfo=UTC),
        '["S4.wrong"]',
    )
    (told,) = known(run(asked.admit_county, admission())).inspections
    assert told.failed == ("S4.wrong",)
    assert told.rates.model_dump(mode="json") == RESULT["rates"]
    assert (told.supervision, told.at) == (RESULT["supervision"], row["decided_at"])


@pytest.mark.clause("F6", "C7")
@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"at": "2016-12-31T15:59:59Z"}, False),  # 31 December 23:59:59 in Beijing
        ({"at": "2016-12-31T16:00:00Z"}, True),
        ({"at": "2017-11-20T01:00:00Z"}, True),  # when the application came
        ({"at": "2017-11-20T01:00:01Z"}, True),  # before it could be told: it was not listed
        ({"county": "411524"}, False),
    ],
)
def test_told_is_what_was_decided_since_the_year_of_the_case_began(
    asked: RegistryActivities,
    registry: Registry,
    changes: dict[str, Any],
    told: bool,
) -> None:
    write(asked, "supervision/411523/2017-s1", {"supervision": RESULT | changes})
    assert bool(known(run(asked.admit_county, admission())).inspections) is told


@pytest.mark.clause("F6")
@pytest.mark.parametrize(
    "entry",
    [
        {},
        {"supervision": "x"},
        {"supervision": {"county": "411523"}},
        {"supervision": RESULT | {"supervision": "supervision/411523/2017-s2"}},
    ],
)
def test_an_entry_that_is_no_result_of_its_case_is_kept_and_listed_nowhere(
    asked: RegistryActivities, engine: Engine, entry: dict[str, Any]
) -> None:
    write(asked, "supervision/411523/2017-s1", entry)
    assert not rows(engine, SupervisionRow)


@pytest.mark.clause("F6", "C7")
def test_told_results_are_held_against_what_is_kept_of_the_county(
    supervision: SupervisionActivities, asked: RegistryActivities
) -> None:
    first, unknown = "supervision/411523/2017-s1", "supervision/411523/2017-s2"
    write(asked, first, {"supervision": RESULT})
    other = "supervision/411524/2017-s1"
    write(asked, other, {"supervision": RESULT | {"supervision": other, "county": "411524"}})
    order = ToldResults(county="411523", supervisions=(unknown, other, first))
    (found,) = run(supervision.told_results, order)
    # As the case was told, but for the message's own id, whatever offset a moment was written in.
    told = SupervisionResult.model_validate(RESULT | {"at": "2017-10-20T10:00:00+08:00"})
    assert found == told.model_copy(update={"id": found.id})


@pytest.mark.clause("F6", "C7")
def test_the_open_cases_of_a_county_of_whatever_year(
    supervision: SupervisionActivities, asked: RegistryActivities, registry: Registry
) -> None:
    for year, outcome in ((2016, None), (2017, None), (2018, Ending.WITHDRAWN)):
        file = File(year=year)
        file.open()
        changes = ended(outcome) if outcome else {}
        run(asked.write_ledger, file.batch(**changes))
    other = File(county=XIN.model_copy(update={"code": "411524"}))
    other.open()
    run(asked.write_ledger, other.batch())
    write(asked, "supervision/411523/2017-s1", {"supervision": RESULT})
    assert run(supervision.open_county_cases, OpenCases(county=XIN.code)) == (
        "county-exit/411523/2016",
        "county-exit/411523/2017",
    )
