"""A kept case file (G7), read back: what its entries, in order, say of the case that wrote them.

The registry holds every change against it. Nothing here believes an order; all of it comes from
entries that form one whole chain.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from itertools import chain
from typing import Any

from pydantic import TypeAdapter

from models.case.ledger import Entry, EntryKind, told_by
from models.case.messages import Decision, Finding
from models.offices import AnySubject, Office
from models.periods import beijing
from models.policy import Policy
from models.procedures import Step

_SUBJECT: TypeAdapter[AnySubject] = TypeAdapter(AnySubject)


@dataclass(frozen=True)
class FiledAct:
    """An act that is in force, with its entry."""

    entry: Entry
    act: dict[str, Any]

    @property
    def office(self) -> str:
        """Who decided."""
        return str(self.act["office"])

    @property
    def approves(self) -> bool:
        """Whether it lets the procedure go on."""
        return bool(self.act["decision"] == Decision.APPROVE)

    @property
    def signed(self) -> datetime:
        """When it was signed; when it came in, where it does not say."""
        at = self.act.get("at")
        return datetime.fromisoformat(at) if at else self.entry.at

    @property
    def document_number(self) -> str | None:
        """The number of its document."""
        number = self.act.get("document_number")
        return None if number is None else str(number)


@dataclass
class FiledNotice:
    """A notice that is in force, with its entry.

    Attributes:
        due: The end of its period, as it was last computed.
        request: What that was computed from: a moved limit has the same.
        households: Whom it shows, where it is a roster's: name, group and head count.
        runs: Its days are counted: from its publishing, or from its posting, if the policy says so.
        posted: When it was first reported as posted (T1).
        cut_short: It was taken down before its days were over.
    """

    entry: Entry
    notice_id: str
    due: datetime
    request: Any
    households: dict[str, list[Any]]
    runs: bool = True
    posted: datetime | None = None
    cut_short: bool = False

    def is_over(self, at: datetime) -> bool:
        """Whether it had stood for all of its days by a moment (T1)."""
        return self.runs and not self.cut_short and self.due <= at


@dataclass
class FiledObjection:
    """An objection or a report.

    Attributes:
        household: Whom of a roster it concerns; None for everybody.
        finding: Its result, once there is one.
        resolved: The entry of that.
    """

    household: str | None
    finding: str | None = None
    resolved: int = 0


@dataclass
class CaseFile:
    """A file so far.

    Attributes:
        entries: All of them; the first opened the case. What was told otherwise follows the entry
            that keeps it: from there on, the number of each is its place here.
        route: The steps of its procedure.
        returned: The entry by which its present round began; 0 in the first.
        lapsed: Ids of acts that count no more.
        closed: Whether it has ended.
        begun: Entry by which each step was last opened in this round.
        done: Entry by which each step was finished or skipped, by step, as far as that holds still.
        acts: The acts in force, by step, in order.
        notices: By step, as acts.
    """

    entries: list[Entry]
    route: tuple[Step, ...]
    returned: int = 0
    lapsed: set[str] = field(default_factory=set)
    closed: bool = False
    begun: dict[str, Entry] = field(default_factory=dict)
    done: dict[str, Entry] = field(default_factory=dict)
    acts: dict[str, list[FiledAct]] = field(default_factory=dict)
    notices: dict[str, list[FiledNotice]] = field(default_factory=dict)
    objections: dict[str, FiledObjection] = field(default_factory=dict)

    @property
    def opened(self) -> dict[str, Any]:
        """What the case was opened with."""
        return self.entries[0].data

    @property
    def application(self) -> dict[str, Any]:
        """The application it began with; empty where it began without one."""
        found = self.opened.get("application")
        return found if isinstance(found, dict) else {}

    @cached_property
    def policy(self) -> Policy:
        """The policy it was opened under."""
        return Policy.model_validate(self.opened["policy"])

    @cached_property
    def subject(self) -> Any:
        """What it is about."""
        return subject_of(self.opened)

    def approval(self, step: Step, office: Office | None = None) -> FiledAct | None:
        """The last approval of a step that is in force, by its body, or by another office."""
        by = str(office or self.subject.office(step.body))
        return next(
            (
                each
                for each in reversed(self.acts.get(step.id, []))
                if each.approves and each.office == by
            ),
            None,
        )

    def last(self, kind: EntryKind, key: str) -> Entry | None:
        """The last entry of a kind that has something to say under a key."""
        return next(
            (each for each in reversed(self.entries) if each.kind is kind and key in each.data),
            None,
        )

    def notice(self, step: Step) -> FiledNotice | None:
        """The notice that is in force at a step."""
        return next(iter(reversed(self.notices.get(step.id, []))), None)

    def unsettled(self, since: int, household: str | None = None) -> str | None:
        """An objection without a result; or upheld, and not acted on since an entry.

        Args:
            since: The entry by which an upheld objection before it was acted on.
            household: Whose course is looked at; that of the subject itself if not named.
        """
        for key, each in self.objections.items():
            if each.household not in (None, household):
                continue
            if each.finding is None or (each.finding == Finding.UPHELD and each.resolved > since):
                return key
        return None


def subject_of(opened: dict[str, Any]) -> Any:
    """What a case is about, by what it was opened with."""
    return _SUBJECT.validate_python(opened["subject"])


def read_file(entries: Iterable[Entry], route: tuple[Step, ...]) -> CaseFile:
    """Read a file whose chain is whole.

    Raises:
        KeyError, TypeError, ValueError: if an entry does not say what one of its kind says.
    """
    file = CaseFile([], route)
    for entry in entries:
        for told in told_by(entry):
            place = len(file.entries) + 1
            placed = told if told.seq == place else told.model_copy(update={"seq": place})
            file.entries.append(placed)
            _read(file, placed)
    return file


def _read(file: CaseFile, entry: Entry) -> None:
    data: dict[str, Any] = entry.data
    match entry.kind:
        case EntryKind.STEP_OPENED:
            file.begun[entry.step] = entry
        case EntryKind.STEP_DONE | EntryKind.STEP_SKIPPED:
            file.done[entry.step] = entry
        case EntryKind.ACT:
            filed = FiledAct(entry, data["act"])
            file.acts.setdefault(filed.act["step"], []).append(filed)
        case EntryKind.LAPSED if "act" in data:
            _lapse(file, data["act"])
        case EntryKind.RETURNED:
            _go_back(file, entry)
        case EntryKind.NOTICE if "notice" in data:
            limit = data["limit"]
            file.notices.setdefault(entry.step, []).append(
                FiledNotice(
                    entry,
                    data["notice"]["notice_id"],
                    datetime.fromisoformat(limit["due"]),
                    limit["request"],
                    data.get("households", {}),
                    runs=not data.get("from_posting"),
                )
            )
        case EntryKind.POSTED:
            _post(file, entry)
        case EntryKind.LIMIT_MOVED:
            _move(file, data["limit"], data.get("notice_id"))
        case EntryKind.OBJECTION:
            objection = data["objection"]
            # One that was told twice may have its result already.
            file.objections.setdefault(objection["id"], FiledObjection(objection.get("household")))
        case EntryKind.RESOLUTION:
            resolution = data["resolution"]
            resolved = file.objections[resolution["objection_id"]]
            resolved.finding, resolved.resolved = resolution["finding"], entry.seq
        case EntryKind.CLOSED:
            file.closed = True
        case _:
            pass


def _lapse(file: CaseFile, act: str) -> None:
    file.lapsed.add(act)
    for acts in file.acts.values():
        acts[:] = [each for each in acts if each.act["id"] != act]


def undone_by(returned: Entry, route: tuple[Step, ...]) -> list[str]:
    """The steps that a return undoes (G3): from the earlier step on."""
    order = [step.id for step in route]
    return order[min(order.index(str(returned.data["to"])), order.index(returned.step)) :]


def _go_back(file: CaseFile, entry: Entry) -> None:
    """G3: what was done from the earlier step on holds no more."""
    for step in undone_by(entry, file.route):
        for kept in (file.begun, file.done):
            kept.pop(step, None)
        file.acts.pop(step, None)
        file.notices.pop(step, None)
    file.returned = entry.seq


def _post(file: CaseFile, entry: Entry) -> None:
    """T1: a notice was hung out, or taken down."""
    data: dict[str, Any] = entry.data
    report = data["posted"]
    at = datetime.fromisoformat(report["at"]) if report.get("at") else entry.at
    for notice in chain(*file.notices.values()):
        if notice.notice_id != data["notice_id"]:
            continue
        if report.get("removed"):
            notice.cut_short |= not notice.is_over(at)
        elif notice.posted is None:
            notice.posted = at


def _move(file: CaseFile, limit: dict[str, Any], posted: str | None) -> None:
    """A limit has another date: by the calendar, or as a notice was posted (T1)."""
    request = limit["request"]
    for notice in chain(*file.notices.values()):
        if posted is not None and (notice.notice_id, notice.runs) == (posted, False):
            # From the day of its posting, and of no other.
            from_day = beijing(datetime.fromisoformat(request["start"])).date()
            notice.runs = notice.posted is not None and beijing(notice.posted).date() == from_day
            notice.request = request
        if notice.request == request:
            notice.due = datetime.fromisoformat(limit["due"])
