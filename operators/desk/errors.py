"""What comes back in place of an answer: the rules refuse, or nobody answers."""

from models.errors import ExitflowError, ExitStatus


class Refused(ExitflowError):
    """The rules do not allow it; the text says why, and what would be right."""

    status = ExitStatus.REFUSED


class NoCase(Refused):
    """There is no such case, or it has ended."""


class Contradicted(Refused):
    """The case's own file says otherwise than the kept one: no receipt of it would hold (G7)."""


class NoAnswer(ExitflowError, ConnectionError):
    """The case did not answer in time: most likely no worker runs."""

    status = ExitStatus.UNREACHABLE


class Busy(NoAnswer):
    """Others are served first; the same message can be sent again."""
