"""What a case takes in again of its kept file (G7): as it came, in pieces, and nothing between."""

from typing import Any

import pytest

from models.case import bounds, reception
from models.case.ledger import Entry, EntryKind
from models.case.mending import Mending, adopt
from models.case.reception import Reception
from models.case.state import Docket
from models.procedures import C7
from models.refusals import NotYet, Refusal
from tests.models.samples import DAY, NOW, act_values, docket, objection_values
from tests.models.samples import reception as reception_of

pytestmark = pytest.mark.clause("G2", "G7")

ASKED = Mending(officer="某己", reason="服务器自较旧备份恢复（合成）")


def kept_objections(number: int) -> list[Entry]:
    """A file that has so many objections."""
    case = docket(C7)
    desk = reception_of(case)
    for each in range(number):
        desk.receive("object", objection_values(f"o-{each}"), NOW)
    return case.ledger.entries


def forgotten() -> tuple[Docket, Reception]:
    """A case at its last change that knows nothing of them."""
    case = docket(C7)
    desk = reception_of(case)
    desk.receive("object", objection_values("own"), NOW)
    case.changing = True
    return case, desk


def mends(case: Docket, kept: list[Entry]) -> int:
    """Mend it; return in how many turns."""
    entry = adopt(case, 0, kept, ASKED, NOW)
    case.mending = True
    turns = 1 + sum(1 for _ in case.mended(0, kept, entry, NOW))
    case.mending = False
    return turns


def test_what_was_forgotten_is_not_too_late_for_a_change_that_is_not_made() -> None:
    case, _ = forgotten()
    kept = kept_objections(2)
    mends(case, kept)
    assert [each.received.message.id for each in case.unresolved] == ["own", "o-0", "o-1"]
    assert not case.changing
    assert EntryKind.REFUSED not in [entry.kind for entry in case.ledger.entries]


def test_it_takes_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reception, "AGAIN_AT_ONCE", 3)
    for number, turns in ((1, 1), (3, 1), (4, 2), (7, 3)):
        case, _ = forgotten()
        kept = kept_objections(number)
        assert mends(case, kept) == turns
        assert len(case.unresolved) == number + 1


def test_it_had_its_room_when_it_came(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = kept_objections(2)
    case, desk = forgotten()
    monkeypatch.setattr(bounds, "MOST_OBJECTIONS", 1)
    mends(case, kept)
    assert len(case.unresolved) == 3
    with pytest.raises(Refusal, match="as many as a case takes"):
        desk.receive("object", objection_values("another"), NOW)


@pytest.mark.parametrize(
    ("kind", "payload"),
    [("object", objection_values("o-2")), ("act", act_values("C7"))],
)
def test_between_two_turns_nothing_is_judged_and_nothing_lost(
    monkeypatch: pytest.MonkeyPatch, kind: str, payload: dict[str, Any]
) -> None:
    monkeypatch.setattr(reception, "AGAIN_AT_ONCE", 1)
    kept = kept_objections(3)
    case, desk = forgotten()
    entry = adopt(case, 0, kept, ASKED, NOW)
    case.mending = True
    turns = case.mended(0, kept, entry, NOW)
    next(turns)
    length = len(case.ledger.entries)
    # What it has forgotten may be this very message.
    with pytest.raises(NotYet, match="is being mended; try again in a moment"):
        desk.check(kind, payload, NOW)
    desk.hear(kind, payload, NOW + DAY)
    assert len(case.ledger.entries) == length
    assert not case.is_early_due()
    for _ in turns:
        pass
    case.mending = False
    assert case.is_early_due()
    case.opened()
    if kind == "object":
        assert len(case.ledger.entries) == length  # it was received already, as kept
        assert desk.receive(kind, payload, NOW).seq == 3
    else:
        assert case.waiting_acts(C7)
