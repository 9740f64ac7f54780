"""The outbox as activities use it: who is taken in, and how its deliveries are set going."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Engine
from sqlmodel import Session

from activities.warrants import Clock, stranger
from models.case.orders import Delivered, Delivery, Notification, Recipient, Telling
from registry.cases import outbox
from registry.cases.outbox import NO_CHANNEL, Waiting, Way
from registry.database.engine import claim, reading, writing

Ring = Callable[[Delivery, timedelta], Sequence[Delivered] | None]
"""Sets a delivery going that is tried for so long, if it is not under way.

It answers what came of one that the server remembers as done.
"""


class Outbox:
    """What has to be told, in the registry.

    Args:
        reached_by: Names of the channels that a recipient is reached by.
        ring: Sets deliveries going, once what they deliver is kept.
    """

    def __init__(
        self,
        engine: Engine,
        reached_by: Callable[[Recipient], Sequence[str]],
        clock: Clock,
        ring: Ring,
    ) -> None:
        self._engine = engine
        self._reached_by = reached_by
        self.now = clock
        self._ring = ring

    def take_in(self, session: Session, telling: Telling, at: datetime) -> None:
        """Take in what was told at a moment; whom a case may not tell never hears it (G7)."""
        outbox.take_in(session, telling, lambda each: self._ways(session, each), at)

    def _ways(self, session: Session, notification: Notification) -> Iterator[Way]:
        why = stranger(session, notification)
        if why is not None:
            yield Way(NO_CHANNEL, why)
            return
        names = self._reached_by(notification.recipient)
        if not names:
            yield Way(NO_CHANNEL, "no channel reaches this recipient")
        yield from map(Way, names)

    def deliver(self, tellings: Iterable[Telling]) -> None:
        """Set the deliveries going of what was taken in, unless all of it is settled.

        What a restored registry has forgotten, the server may know as delivered: it is noted then,
        and nobody is told again.

        Raises:
            RegistryError: if the registry cannot be used now.
            RPCError, TimeoutError: if the server does not answer.
        """
        for telling in tellings:
            if not self.waiting(telling.case_id, telling.seq):
                continue
            known = self._ring(Delivery.of(telling), telling.tried_for)
            if known is not None:
                self.settle(telling.case_id, telling.seq, known)
                self.settle(telling.case_id, telling.seq, self._newer(telling))

    def _newer(self, telling: Telling) -> list[Delivered]:
        """What was on no channel when the server delivered it: nobody is told so long after."""
        return [
            Delivered(
                number=each.notification.number,
                channel=each.channel,
                at=self.now(),
                error="the channel is newer than what was delivered on the others",
            )
            for each in self.waiting(telling.case_id, telling.seq)
        ]

    def left(self) -> list[Telling]:
        """Everything that is still to be delivered."""
        with reading(self._engine) as session:
            return outbox.left(session)

    def waiting(self, case_id: str, seq: int) -> list[Waiting]:
        """What is still to be delivered of an entry."""
        with reading(self._engine) as session:
            return outbox.waiting(session, case_id, seq)

    def settle(self, case_id: str, seq: int, results: Iterable[Delivered]) -> None:
        """Note what came of notifications, in a transaction of its own."""
        with writing(self._engine) as session:
            claim(session, f"outbox {case_id}")
            outbox.settle(session, case_id, seq, results)

    def settled(self, case_id: str, seq: int) -> tuple[Delivered, ...]:
        """What came of those of an entry; empty if the outbox has none of it."""
        with reading(self._engine) as session:
            return outbox.settled(session, case_id, seq)
