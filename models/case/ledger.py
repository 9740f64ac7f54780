"""The case file (档案, G7): entries in order, each bound to the one before by its hash."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any

from pydantic import JsonValue

from models.base import Moment, Record, canonical
from models.errors import ExitflowError, ExitStatus

MOST_ENTRIES = 1_000_000
"""More than any case file can have: what names an entry beyond names none."""


class LedgerError(ExitflowError, ValueError):
    """A case file whose entries do not form one unbroken chain."""

    status = ExitStatus.REFUSED


class EntryKind(StrEnum):
    """What an entry tells of."""

    OPENED = "opened"
    PLAN_ADDITION = "plan_addition"
    STEP_OPENED = "step_opened"
    STEP_DONE = "step_done"
    STEP_SKIPPED = "step_skipped"
    FINDINGS = "findings"
    LIMIT_SET = "limit_set"
    LIMIT_MOVED = "limit_moved"
    BREACH = "breach"
    ACT = "act"
    LATE = "late"
    TARGET_PASSED = "target_passed"
    REFUSED = "refused"
    LAPSED = "lapsed"
    RETURNED = "returned"
    NOTICE = "notice"
    POSTED = "posted"
    UNPOSTED = "unposted"
    OBJECTION = "objection"
    OBJECTION_ACCEPTED = "objection_accepted"
    RESOLUTION = "resolution"
    WITHDRAWAL = "withdrawal"
    CONSENTS = "consents"
    AMENDMENT = "amendment"
    ROSTER_CHANGED = "roster_changed"
    NOTIFIED = "notified"
    NOT_NOTIFIED = "not_notified"
    REGISTER_CHANGE = "register_change"
    ALARM = "alarm"
    DOCUMENT = "document"
    SAMPLE = "sample"
    CHECKS = "checks"
    RATES = "rates"
    SUPERVISION = "supervision"
    RISK = "risk"
    CONTRADICTED = "contradicted"
    CLOSED = "closed"


class Entry(Record):
    """One line of a case file.

    Attributes:
        seq: Position, from 1; with the case id it is the key of everything the entry causes.
        at: When the case recorded it.
        actor: Who caused it: an office, a person, or ``case`` for the procedure itself.
        text: One sentence in Chinese, as it stands in the file.
        data: The whole content, as JSON.
        previous: Hash of the entry before; of the case id, for the first.
        hash: SHA-256 of all the other fields, canonical JSON.
    """

    seq: int
    kind: EntryKind
    at: Moment
    step: str
    round: int
    actor: str
    text: str
    data: dict[str, JsonValue]
    previous: str
    hash: str


def told_by(entry: Entry) -> Iterator[Entry]:
    """An entry, and behind it what a case had told otherwise: that goes on counting, from there on.

    Raises:
        KeyError, TypeError, ValueError: if what it keeps are no entries.
    """
    yield entry
    if entry.kind is EntryKind.CONTRADICTED:
        for each in list[Any](entry.data["entries"]):  # type: ignore[arg-type]
            yield from told_by(Entry.model_validate(each).model_copy(update={"seq": entry.seq}))


def root(case_id: str) -> str:
    """What the first entry of a case is bound to."""
    return sha256(case_id.encode()).hexdigest()


def digest(entry: Entry) -> str:
    """The hash an entry must carry."""
    content = entry.model_dump(mode="json", exclude={"hash"})
    return sha256(canonical(content).encode()).hexdigest()


def first_of(entries: Sequence[Entry], size: int) -> tuple[Entry, ...]:
    """The first entries that are at most so many bytes together; one, where it is larger."""
    taken: list[Entry] = []
    left = size
    for entry in entries:
        left -= len(entry.model_dump_json().encode())
        if taken and left < 0:
            break
        taken.append(entry)
    return tuple(taken)


class Ledger:
    """The file of one case, growing at its end and nowhere else.

    Attributes:
        base: How many entries a run of the case no longer has: they were kept in the registry when
            an earlier run handed the case over (``models.case.handover``).
        base_head: Hash of the last of those; None if there are none.
        entries: All entries after them.
    """

    def __init__(self, case_id: str, base: int = 0, base_head: str | None = None) -> None:
        self.case_id = case_id
        self.base, self.base_head = base, base_head
        self.entries: list[Entry] = []

    @property
    def count(self) -> int:
        """Number of the last entry."""
        return self.base + len(self.entries)

    @property
    def head(self) -> str:
        """Hash of the last entry."""
        return self.head_at(self.count)

    def head_at(self, seq: int) -> str:
        """Hash of an entry, not before the last one that an earlier run had."""
        if seq > self.base:
            return self.entries[seq - self.base - 1].hash
        return self.base_head or root(self.case_id)

    def after(self, seq: int, most: int) -> list[Entry]:
        """The entries after one, at most so many; from ``base`` on, if that is later."""
        first = max(seq - self.base, 0)
        return self.entries[first : first + most]

    def record(
        self,
        kind: EntryKind,
        at: datetime,
        *,
        text: str,
        step: str = "",
        round: int = 1,
        actor: str = "case",
        data: dict[str, JsonValue] | None = None,
    ) -> Entry:
        """Add an entry and bind it to the one before.

        It is made of what the case has read already, and is not read once more: a long case is
        played from its beginning wherever a worker starts. What is no JSON has no hash.
        """
        unbound = Entry.model_construct(
            seq=self.count + 1,
            kind=kind,
            at=at,
            step=step,
            round=round,
            actor=actor,
            text=text,
            data=data or {},
            previous=self.head,
            hash="",
        )
        entry = unbound.model_copy(update={"hash": digest(unbound)})
        self.entries.append(entry)
        return entry


def verify(case_id: str, entries: Iterable[Entry], after: tuple[int, str] | None = None) -> int:
    """Check that entries are a whole, unaltered file of a case; return how many there are.

    Args:
        after: Number and hash of the entry that these follow, if it is not the whole file; the
            entries up to there are counted too.

    Raises:
        LedgerError: naming the first entry that is missing, altered or out of order.
    """
    seq, previous = after or (0, root(case_id))
    for entry in entries:
        seq += 1
        if entry.seq != seq:
            raise LedgerError(f"{case_id}: entry {seq} is missing (found {entry.seq})")
        if entry.previous != previous:
            raise LedgerError(f"{case_id}: entry {seq} does not follow the one before it")
        if entry.hash != digest(entry):
            raise LedgerError(f"{case_id}: entry {seq} was altered after it was recorded")
        previous = entry.hash
    return seq
