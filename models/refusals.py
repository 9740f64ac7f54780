"""The refusal of a message, whose sentence may go on file."""

import json
from typing import NamedTuple

from models.base import shortened

_LONGEST = 600
"""In characters. Whatever is sent, what goes on file stays small enough for every payload."""


class Said(NamedTuple):
    """One sentence twice: for the file, which offices read, and for whoever gave a command."""

    zh: str
    en: str


class Refusal(ValueError):
    """A message the rules do not allow; its text says who may do what now."""

    def __init__(self, why: str) -> None:
        super().__init__(shortened(plain(why), _LONGEST))


class NotYet(Refusal):
    """A message that comes at a wrong moment, as before its case is admitted; to be sent again."""


class AlreadyReceived(Refusal):
    """A message that the case has, under an entry; its receipt is read from that (G7)."""

    def __init__(self, what: str, seq: int) -> None:
        super().__init__(f"{what} was received already, as entry {seq}")
        self.seq = seq


def plain(text: str) -> str:
    """Text that every encoder can write: half a surrogate pair is spelt out."""
    return text.encode(errors="backslashreplace").decode()


def pieces(text: str, size: int) -> list[str]:
    """A text in pieces that have at most so many bytes as JSON; one piece, where it is empty."""
    found, begin = [], 0
    while begin < len(text):
        end = begin + size
        while end > begin + 1 and (needs := _bytes(text[begin:end])) > size:
            end = begin + max(1, (end - begin) * size // (needs + 1))
        found.append(text[begin:end])
        begin = end
    return found or [""]


def _bytes(text: str) -> int:
    return len(json.dumps(text, ensure_ascii=False).encode())
