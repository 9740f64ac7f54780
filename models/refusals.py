"""The refusal of a message, whose sentence may go on file."""

from models.base import shortened

_LONGEST = 600
"""In characters. Whatever is sent, what goes on file stays small enough for every payload."""


class Refusal(ValueError):
    """A message the rules do not allow; its text says who may do what now."""

    def __init__(self, why: str) -> None:
        super().__init__(shortened(plain(why), _LONGEST))


def plain(text: str) -> str:
    """Text that every encoder can write: half a surrogate pair is spelt out."""
    return text.encode(errors="backslashreplace").decode()
