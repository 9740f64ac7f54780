"""张贴: which report of a notice's posting a case takes in, and what it says (T1)."""

from datetime import timedelta
from typing import Any

import pytest

from models.case.ledger import EntryKind
from models.case.limits import Watched
from models.case.mailbox import OnBoard, Received
from models.case.messages import PostingReport
from models.case.reception import Reception
from models.case.state import Docket
from models.offices import Office
from models.periods import LimitKind
from models.procedures import C4
from tests.models.receptions import CLOSES, NAMES, last, refused
from tests.models.samples import DAY, HOUR, NOW, PROOF, docket, limit, reception

PROVINCE = Office.parse("A7/410000")
NOTICE = "county-exit/411523/2017/notice-5"


def report(**changes: Any) -> dict[str, Any]:
    """A report as JSON."""
    values = {
        "id": "p-1",
        "office": str(PROVINCE),
        "officer": "某己",
        "place": "省政府网站（合成）",
    }
    return values | changes


def posted(*, runs: bool = True, gone: bool = False, **changes: Any) -> tuple[Docket, Reception]:
    """A county whose notice is out."""
    case = docket(C4)
    closes = limit("T1", CLOSES, LimitKind.MINIMUM)
    case.posted = closes
    watched = Watched(C4.id, closes, PROVINCE, str(C4), NOW, runs=runs)
    case.notices[NOTICE] = OnBoard(NOTICE, C4.id, NOW, watched, **changes)
    desk = reception(case)
    if gone:
        desk.receive("posted", report(id="p-0", removed=True), NOW)
    return case, desk


def was(**changes: Any) -> Received[PostingReport]:
    return Received(PostingReport.model_validate(report(**changes)), NOW, 4)


@pytest.mark.clause("T1")
def test_a_report_names_place_day_and_person_and_what_it_lacks() -> None:
    case, desk = posted()
    desk.receive("posted", report(), NOW + HOUR)
    assert last(case).kind is EntryKind.POSTED
    said = f"公示 {NOTICE} 2018年1月5日张贴于省政府网站（合成），经办人某己，未附照片等材料"
    assert last(case).text == f"河南省扶贫开发领导小组报告：{said}"
    assert last(case).data["notice_id"] == NOTICE
    case.investigators["某己"] = "o-1"  # who investigated decides nothing, but may post
    down = report(id="p-2", removed=True, reason="期满", evidence=[PROOF])
    desk.receive("posted", down, CLOSES + HOUR)
    assert "自省政府网站（合成）撤下，经办人某己，理由：期满，附材料1份" in last(case).text
    assert not case.officers  # it decides nothing: who posts may investigate


REFUSED: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "of another office": (
        {},
        {"office": "A6/411500"},
        f"A6/411500 may not report a posting here; {NAMES['C3']} may",
    ),
    "of another notice": (
        {},
        {"notice": "county-exit/411524/2017/notice-5"},
        f"notice: county-exit/411524/2017/notice-5 is not in force in this case; {NOTICE} is",
    ),
    "before it was published": (
        {},
        {"at": (NOW - DAY).isoformat()},
        "lies before 2018-01-05, when",
    ),
    "of what came down before its end": (
        {"gone": True},
        {},
        "county-exit/411523/2017 has no notice that is in force; none can be posted (T1)",
    ),
    "of what has been reported a hundred times": (
        {"reports": 100},
        {},
        f"{NOTICE} has 100 reports of its posting, as many as are taken",
    ),
    "of what was taken down": ({"removed": was(removed=True)}, {}, "was taken down already, on"),
    "taken down before it was posted": (
        {"posted": was(at=(NOW + 2 * HOUR).isoformat())},
        {"removed": True},
        "when it was posted",
    ),
    "taken down and never posted": (
        {"runs": False},
        {"removed": True},
        f"removed: nobody has reported yet that {NOTICE} was posted (T1)",
    ),
}


@pytest.mark.clause("T1")
@pytest.mark.parametrize("why", REFUSED)
def test_a_report_that_cannot_be_is_refused(why: str) -> None:
    stands, changes, sentence = REFUSED[why]
    case, desk = posted(**stands)
    assert sentence in refused(desk, case, "posted", report(**changes), NOW + HOUR)


@pytest.mark.clause("T1")
def test_what_was_reported_a_hundred_times_can_be_taken_down() -> None:
    case, desk = posted()
    for number in range(100):
        desk.receive("posted", report(id=f"p-{number}"), NOW)
    assert "has 100 reports" in refused(desk, case, "posted", report(id="p-100"))
    desk.receive("posted", report(id="p-101", removed=True), NOW + HOUR)
    assert NOTICE not in case.notices  # its days were not over: it is published again


@pytest.mark.clause("T1", "G4")
def test_nobody_decides_while_days_wait_for_a_posting() -> None:
    case, desk = posted(runs=False)
    act = {"id": "a", "step": "C5", "decision": "approve", "office": "A7/410000", "officer": "某丙"}
    said = refused(desk, case, "act", act, CLOSES + timedelta(days=30))
    assert said == (
        f"C5 is not open; {C4} waits for {PROVINCE} to report that its notice is posted (T1)"
    )
    assert case.waiting_for == PROVINCE
