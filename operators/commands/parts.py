"""What a file holds, in messages that a case takes: as many as it takes, none too large."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

from models.base import Record
from models.case import bounds
from operators.commands.sending import given

R = TypeVar("R", bound=Record)

_SHARE = 2
"""A part fills half of a message: the rest of it has room for fifty documents of evidence."""

MOST_IN_ONE = 500
"""Items in a message, however short."""


def in_parts(kind: str, items: Sequence[R], id: str | None) -> Iterator[tuple[str, tuple[R, ...]]]:
    """What goes into each message of a kind, in the order of the items, with the message's id.

    Args:
        id: The sender's own id; where there are several messages, their numbers stand behind it.
    """
    parts = list(_parts(items, bounds.longest(kind) // _SHARE))
    for number, part in enumerate(parts, start=1):
        yield given(id if id is None or len(parts) == 1 else f"{id}.{number}"), part


def _parts(items: Sequence[R], most: int) -> Iterator[tuple[R, ...]]:
    part: list[R] = []
    size = 0
    for item in items:
        more = bounds.size_of(item.content()) + 1
        if part and (size + more > most or len(part) == MOST_IN_ONE):
            yield tuple(part)
            part, size = [], 0
        part.append(item)
        size += more
    if part:
        yield tuple(part)
