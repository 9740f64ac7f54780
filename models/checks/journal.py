"""The registry's journal as data: its kinds of lines, and the hash that binds one to the next."""

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any

from models.base import Record, canonical

BEGINNING = sha256(b"exitflow journal").hexdigest()
"""What the first line is bound to."""


class JournalKind(StrEnum):
    """What a line tells of.

    The first six are of a case, which is their subject; the last of a part of the register.
    """

    ADMITTED = "admitted"
    ENTRIES = "entries"
    LISTED = "listed"
    CHANGED = "changed"
    NOTICE = "notice"
    SAMPLE = "sample"
    REGISTER = "register"


class JournalHead(Record):
    """How far the journal went at a moment: who keeps it can prove what came before it."""

    number: int
    hash: str


def line_hash(
    number: int, kind: str, subject: str, at: datetime, content: str, previous: str
) -> str:
    """The hash that a line must carry."""
    said = [number, kind, subject, at.isoformat(), content, previous]
    return sha256(canonical(said).encode()).hexdigest()


def short(value: Any) -> str:
    """A digest of one value, short: it stands in a line whose own hash is long."""
    return sha256(repr(value).encode()).hexdigest()[:16]


def column_digests(values: Mapping[str, Any]) -> dict[str, str]:
    """A digest of each column of a row: what is kept of it is told by name where it differs."""
    return {name: short(_plain(value)) for name, value in values.items()}


def _plain(value: Any) -> Any:
    """A value as every database gives it back."""
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if value is None or isinstance(value, bool | int):
        return value
    return str(value).replace("\x00", "\ufffd")
