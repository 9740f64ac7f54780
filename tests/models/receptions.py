"""What the tests of the reception share: a publicity, refusals without a trace, no messages."""

import re
from datetime import datetime
from typing import Any

import pytest

from models.case.ledger import Entry
from models.case.reception import Reception
from models.case.state import Docket
from models.periods import LimitKind
from models.procedures import C4
from models.refusals import Refusal
from tests.models.samples import DAY, NOW, act_values, docket, limit, reception, snapshot

NAMES = {
    "C1": "新县扶贫开发领导小组 (A5/411523)",
    "C2": "信阳市扶贫开发领导小组 (A6/411500)",
    "C3": "河南省扶贫开发领导小组 (A7/410000)",
    "C5": "河南省扶贫开发领导小组 (A7/410000)",
    "C6": "国务院扶贫开发领导小组 (A8/100000)",
    "C7": "河南省人民政府 (A9/410000)",
}
CLOSES = NOW + 7 * DAY
NO_MESSAGES: list[Any] = [None, "text", 5, 1.5, True, [], [act_values("C3")], {}, {"id": "a"}]


def at_publicity() -> tuple[Docket, Reception]:
    """A case whose notice has just been posted."""
    case = docket(C4)
    case.posted = limit("T1", CLOSES, LimitKind.MINIMUM)
    return case, reception(case)


def refused(desk: Reception, case: Docket, kind: str, payload: Any, now: datetime = NOW) -> str:
    """Why a message is refused; that it is leaves no trace."""
    before = snapshot(case)
    with pytest.raises(Refusal) as caught:
        desk.check(kind, payload, now)
    with pytest.raises(Refusal, match=re.escape(str(caught.value))):
        desk.receive(kind, payload, now)
    assert snapshot(case) == before
    return str(caught.value)


def last(case: Docket) -> Entry:
    return case.ledger.entries[-1]
