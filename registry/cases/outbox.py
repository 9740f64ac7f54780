"""The outbox: what has to be told, kept with the entry that says so, until it was told."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, func, or_
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from models.case.orders import Delivered, Notification, Telling
from registry.records import UnreachedRecord
from registry.tables import DeliveryRow, OutboxRow

NO_CHANNEL = "—"
"""In place of a channel: nobody is reached so."""


class Way(NamedTuple):
    """A channel that a notification goes out on; or why it goes out on none."""

    channel: str
    error: str | None = None


class Waiting(NamedTuple):
    """What has to be delivered, and until when it is tried."""

    notification: Notification
    channel: str
    until: datetime


def take_in(
    session: Session, telling: Telling, ways: Callable[[Notification], Iterable[Way]], at: datetime
) -> None:
    """Take notifications into the outbox, once; what no channel reaches is settled at once."""
    if session.exec(_rows(telling.case_id, telling.seq).limit(1)).first() is not None:
        return
    for each in telling.notifications:
        for way in ways(each):
            session.add(
                OutboxRow(
                    case_id=each.case_id,
                    seq=each.seq,
                    number=each.number,
                    channel=way.channel,
                    topic=each.topic,
                    recipient=each.recipient.on_file,
                    content=each.model_dump_json(),
                    at=at,
                    until=at + telling.tried_for,
                )
            )
            if way.error is not None:
                result = Delivered(number=each.number, channel=way.channel, at=at, error=way.error)
                session.add(_row(each.case_id, each.seq, result))


def waiting(session: Session, case_id: str, seq: int) -> list[Waiting]:
    """What is still to be delivered of an entry."""
    rows = session.exec(_unsettled(_rows(case_id, seq)))
    return [
        Waiting(Notification.model_validate_json(row.content), row.channel, row.until)
        for row in rows
    ]


def settle(session: Session, case_id: str, seq: int, results: Iterable[Delivered]) -> None:
    """Note what came of notifications; what is noted already stays as it is."""
    for each in results:
        if session.get(DeliveryRow, (case_id, seq, each.number, each.channel)) is None:
            session.add(_row(case_id, seq, each))


def settled(session: Session, case_id: str, seq: int) -> tuple[Delivered, ...]:
    """What came of those of an entry so far."""
    rows = session.exec(
        select(DeliveryRow)
        .where(DeliveryRow.case_id == case_id, DeliveryRow.seq == seq)
        .order_by(col(DeliveryRow.number), col(DeliveryRow.channel))
    )
    return tuple(
        Delivered(number=row.number, channel=row.channel, at=row.at, error=row.error)
        for row in rows
    )


def left(session: Session) -> list[Telling]:
    """Everything that is still to be delivered, as it was taken in."""
    rows = session.exec(_unsettled(select(OutboxRow)).order_by(*_ORDER))
    tellings: dict[tuple[str, int], dict[int, OutboxRow]] = {}
    for row in rows:
        tellings.setdefault((row.case_id, row.seq), {})[row.number] = row
    return [_telling(list(those.values())) for those in tellings.values()]


def unreached(
    session: Session, case_id: str | None = None, limit: int | None = None
) -> list[UnreachedRecord]:
    """What has not arrived, of one case or of all: still tried, or given up; the first, or all."""
    query = (
        select(OutboxRow, DeliveryRow)
        .join(DeliveryRow, _same(), isouter=True)
        .where(*_not_arrived(case_id))
        .order_by(*_ORDER)
        .limit(limit)
    )
    return [
        UnreachedRecord(
            **row.model_dump(exclude={"number", "content"}),
            error=result.error if result else None,
        )
        for row, result in session.exec(query)
    ]


def count_unreached(session: Session) -> int:
    """How much has not arrived, of all cases."""
    query = select(func.count(col(OutboxRow.seq))).join(DeliveryRow, _same(), isouter=True)
    return session.exec(query.where(*_not_arrived(None))).one()


def _not_arrived(case_id: str | None) -> list[ColumnElement[bool]]:
    given_up = col(DeliveryRow.error).is_not(None)
    of_case = [col(OutboxRow.case_id) == case_id] if case_id is not None else []
    return [or_(col(DeliveryRow.at).is_(None), given_up), *of_case]


_ORDER = (
    col(OutboxRow.case_id),
    col(OutboxRow.seq),
    col(OutboxRow.number),
    col(OutboxRow.channel),
)


def _row(case_id: str, seq: int, result: Delivered) -> DeliveryRow:
    return DeliveryRow(case_id=case_id, seq=seq, **result.model_dump())


def _same() -> ColumnElement[bool]:
    return and_(
        col(DeliveryRow.case_id) == OutboxRow.case_id,
        col(DeliveryRow.seq) == OutboxRow.seq,
        col(DeliveryRow.number) == OutboxRow.number,
        col(DeliveryRow.channel) == OutboxRow.channel,
    )


def _rows(case_id: str, seq: int) -> SelectOfScalar[OutboxRow]:
    return (
        select(OutboxRow)
        .where(OutboxRow.case_id == case_id, OutboxRow.seq == seq)
        .order_by(*_ORDER)
    )


def _unsettled(query: SelectOfScalar[OutboxRow]) -> SelectOfScalar[OutboxRow]:
    return query.join(DeliveryRow, _same(), isouter=True).where(col(DeliveryRow.at).is_(None))


def _telling(rows: Sequence[OutboxRow]) -> Telling:
    return Telling(
        notifications=tuple(Notification.model_validate_json(row.content) for row in rows),
        tried_for=rows[0].until - rows[0].at,
    )
