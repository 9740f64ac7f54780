"""What a case has answered: the same message sent again counts once, and has the same receipt."""

from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256
from typing import Any

from models.base import Record, canonical
from models.case.handover import KnownMessage
from models.case.ledger import Entry
from models.case.messages import Receipt
from models.refusals import AlreadyReceived, Refusal

USED = "was already used for a different content"
"""What a refusal says of an id under which something else is on file."""

_KNOWN_BY = 16
"""Characters of a hash by which the content of a message is known to be the same."""


class Receipts:
    """Receipts of a case, by kind and id of the message.

    Those that earlier runs of the case have given are on file, and known by their entries.
    """

    def __init__(self, case_id: str) -> None:
        self._case_id = case_id
        self._given: dict[tuple[str, str], tuple[str, Receipt]] = {}
        self._before: dict[tuple[str, str], KnownMessage] = {}

    def __contains__(self, key: tuple[str, str]) -> bool:
        return key in self._given

    def of(self, kind: str, message: Any) -> Receipt | None:
        """The receipt of a message; None if it was not received yet.

        Raises:
            AlreadyReceived: if an earlier run has received it.
            Refusal: if its id was used for another content.
        """
        key = kind, message.id
        before, given = self._before.get(key), self._given.get(key)
        if before is not None:
            self._compare(message, before.sha256)
            raise AlreadyReceived(f"{kind} {message.id}", before.seq)
        if given is not None:
            self._compare(message, given[0])
            return given[1]
        return None

    def _compare(self, message: Any, known_by: str) -> None:
        if _known_by(message) != known_by:
            raise Refusal(f"id: {message.id} {USED}")

    def give(self, kind: str, message: Any, entry: Entry, now: datetime) -> Receipt:
        """The receipt of a message that is on file now."""
        receipt = self._receipt(entry).model_copy(update={"received_at": now})
        self._given[kind, message.id] = _known_by(message), receipt
        return receipt

    def move(self, key: tuple[str, str], entry: Entry) -> None:
        """A message stands under another entry than its receipt says."""
        self._given[key] = self._given[key][0], self._receipt(entry)

    def move_all_after(self, seq: int, entry: Entry) -> None:
        """What stood behind an entry is kept by another one now (``models.case.mending``)."""
        for key, (_, receipt) in self._given.items():
            if receipt.seq > seq:
                self.move(key, entry)

    def forget(self, kind: str, identifier: str) -> None:
        """A message that counts no more: under its id another one can be sent."""
        self._given.pop((kind, identifier), None)
        self._before.pop((kind, identifier), None)

    def known(self) -> tuple[KnownMessage, ...]:
        """Every message that was received, to be handed over."""
        now = (
            KnownMessage(kind=kind, id=id, sha256=content, seq=receipt.seq)
            for (kind, id), (content, receipt) in self._given.items()
        )
        return (*self._before.values(), *now)

    def take_over(self, known: Iterable[KnownMessage]) -> None:
        """Know what earlier runs of the case have received."""
        self._before = {(each.kind, each.id): each for each in known}

    def _receipt(self, entry: Entry) -> Receipt:
        return Receipt(
            case_id=self._case_id,
            seq=entry.seq,
            hash=entry.hash,
            received_at=entry.at,
            text=entry.text,
        )


def _known_by(message: Record) -> str:
    return sha256(canonical(message.content()).encode()).hexdigest()[:_KNOWN_BY]
