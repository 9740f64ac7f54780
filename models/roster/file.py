"""What a roster's kept file says of its households: where each is, who has agreed (H2)."""

from dataclasses import dataclass, field
from typing import Any

from models.case.file import CaseFile, undone_by
from models.case.ledger import Entry, EntryKind
from models.case.messages import Finding
from models.procedures import H2
from models.roster.households import State


@dataclass
class FiledRoster:
    """The households of a roster, as its file has them.

    Attributes:
        facts: What the register said of a household when its entry was last taken, by code, with
            the number of the entry that has it.
        courses: Where each household is.
        agreed: Who has agreed since it was first drafted, or sent back to H2.
    """

    facts: dict[str, tuple[int, dict[str, Any]]] = field(default_factory=dict)
    courses: dict[str, str] = field(default_factory=dict)
    agreed: set[str] = field(default_factory=set)


def filed_roster(file: CaseFile) -> FiledRoster:
    """Read what a file says of the households of its roster.

    Raises:
        KeyError, TypeError, ValueError: if an entry does not say what one of its kind says.
    """
    roster = FiledRoster()
    for entry in file.entries:
        _read(roster, entry, file)
    return roster


def _read(roster: FiledRoster, entry: Entry, file: CaseFile) -> None:
    data: dict[str, Any] = entry.data
    match entry.kind:
        case EntryKind.RETURNED if H2.id in undone_by(entry, file.route):
            roster.agreed.clear()  # every household is asked again
        case EntryKind.RESOLUTION:
            result = data["resolution"]
            if result["finding"] == Finding.UPHELD and result.get("return_to") == H2.id:
                objection = file.objections[result["objection_id"]]
                roster.agreed.discard(objection.household or "")
        case EntryKind.CONSENTS:
            for answer in data["consents"]["answers"]:
                change = roster.agreed.add if answer["agreed"] else roster.agreed.discard
                change(answer["household"])
        case EntryKind.ROSTER_CHANGED:
            for facts in data.get("households", []):
                if isinstance(facts, dict):
                    roster.facts[facts["code"]] = (entry.seq, facts)
        case _:
            pass
    for code, (state, _) in data.get("courses", {}).items():
        before, roster.courses[code] = roster.courses.get(code), state
        # Whom an objection held before its notice goes on where it was: it was not sent back, and
        # may have agreed before everybody had verified it.
        if state == State.DRAFTED and before != State.HELD_UNPOSTED:
            roster.agreed.discard(code)
