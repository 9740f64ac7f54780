"""Signals that a case has refused: on file with all they said, as nobody hears their errors.

Nothing is lost to a bad character: people can read what the case cannot. Beyond what a file holds
they are counted; the server's history has them all.
"""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from models.base import canonical, in_a_line
from models.case import bounds
from models.case.ledger import EntryKind
from models.case.state import Docket
from models.refusals import Refusal, pieces
from models.texts.characters import visible_json

_PIECE = 100_000
"""Bytes of a refused message in one entry, which goes to the registry in one payload."""


@dataclass(frozen=True)
class Unreadable:
    """What came and is no JSON, as far as it can be shown.

    Attributes:
        key: Id of the key that it is sealed with, if it could not be opened for want of that key.
    """

    text: str
    key: str | None = None


class RefusedSignals:
    """The part of a file that keeps them.

    Attributes:
        number, bytes: How many there were, and how long what is on file of them.
    """

    def __init__(self, docket: Docket) -> None:
        self._docket = docket
        self.number = self.bytes = 0

    def keep(self, kind: str, payload: Any, refusal: Refusal, now: datetime) -> None:
        """Put one on file, word for word; beyond what a file holds, count it."""
        docket, name = self._docket, in_a_line(kind, 60)
        content = visible_json(as_text(payload))
        key = payload.key if isinstance(payload, Unreadable) else None
        size = len(content.encode())
        self.number += 1
        if self.number > bounds.MOST_REFUSED or self.bytes + size > bounds.MOST_REFUSED_BYTES:
            self._count(now)
            return
        self.bytes += size
        first, *more = pieces(content, _PIECE)
        entry = docket.record(
            EntryKind.REFUSED,
            now,
            f"不予接收（{name}）：{refusal}",
            {
                "message": name,
                "why": str(refusal),
                "content": first,
                "sha256": sha256(content.encode()).hexdigest(),
                **({"pieces": len(more) + 1} if more else {}),
                **({"key": key} if key else {}),
            },
            actor="sender",
        )
        for number, piece in enumerate(more, start=2):
            docket.record(
                EntryKind.REFUSED,
                now,
                f"不予接收（{name}）：案卷第{entry.seq}条内容之续（{number}/{len(more) + 1}）",
                {"message": name, "continues": entry.seq, "content": piece},
                actor="sender",
            )

    def _count(self, now: datetime) -> None:
        """One entry for many: a flood of what is refused anyway fills no file."""
        docket = self._docket
        docket.unfiled += 1
        if docket.unfiled % bounds.REFUSED_AT_ONCE == 1:
            docket.record(
                EntryKind.REFUSED,
                now,
                f"不予接收的信号已超出案卷容量，此后只计数（第{docket.unfiled}件起），"
                "内容见服务器中本案的历史",
                {"unfiled": docket.unfiled},
            )


def as_text(payload: Any) -> str:
    """A message as JSON; as people can read it if it is none."""
    if isinstance(payload, Unreadable):
        return payload.text
    try:
        return canonical(payload)
    except (TypeError, ValueError):
        return repr(payload)
    except RecursionError:
        return "a value nested too deeply"
