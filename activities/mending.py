"""The registry's side of mending: what it keeps of a case that contradicts its kept file (G7)."""

from sqlalchemy import Engine
from sqlmodel import select
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.warrants import asked_by
from models.case.ledger import Entry, LedgerError, first_of, verify
from models.case.mending import KNOWN_BY, Kept, KeptOrder
from registry.checks.contradictions import clear
from registry.database.engine import reading, writing
from registry.tables import EntryRow

_ANSWER = 500_000
"""Bytes of entries in one answer."""


class Contradictions:
    """The registry's side of mending; synchronous, for the worker's thread pool."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @activity.defn
    def kept_file(self, order: KeptOrder) -> Kept:
        """What the registry keeps of a case behind the last entry that both have alike.

        Where that is nothing, the case does not contradict it, whatever was noted.

        Raises:
            ApplicationError: ``BrokenFile`` where the kept file is itself not one whole chain:
                then it is the registry that has to be mended. ``NotWarranted`` if it is not the
                case itself that asks.
            RegistryError: if the registry cannot be read now.
        """
        asked_by(order.case_id)
        with reading(self._engine) as session:
            rows = session.exec(
                select(EntryRow.content)
                .where(EntryRow.case_id == order.case_id)
                .order_by(EntryRow.seq)  # type: ignore[arg-type]
            ).all()
        entries = [Entry.model_validate_json(content) for content in rows]
        try:
            verify(order.case_id, entries)
        except LedgerError as error:
            raise ApplicationError(
                f"the registry's copy is not whole ({error}): restore the registry first",
                type="BrokenFile",
                non_retryable=True,
            ) from None
        after = order.after
        if after is None:
            after = order.base + _alike(order.heads, entries[order.base :])
        if after == len(entries):
            with writing(self._engine) as session:
                clear(session, order.case_id)
        page = first_of(entries[after:], _ANSWER)
        return Kept(after=after, entries=page, total=len(entries))


def _alike(heads: tuple[str, ...], kept: list[Entry]) -> int:
    """How many entries at the beginning are the same."""
    for count, (own, theirs) in enumerate(zip(heads, kept, strict=False)):
        if own != theirs.hash[:KNOWN_BY]:
            return count
    return min(len(heads), len(kept))
