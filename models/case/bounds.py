"""How much a case takes in: of one message, and of what anybody may send to it.

No rule of the regulation says so. A case file lies in one history, is written out as a whole and
read by people; what has no bound can be filled up by anybody, and then nobody is heard any more.
"""

from collections.abc import Mapping
from typing import Any

from models.base import canonical
from models.case.messages import Decision
from models.refusals import Refusal, plain

_LONGEST = 100_000
"""Bytes of a message; the longest text takes 12 000, fifty documents of evidence 50 000."""

LONGEST: Mapping[str, int] = {
    "act": 300_000,  # a renewed appraisal names five hundred households
    "consent": 300_000,
    "amend": 300_000,
    "check": 300_000,
    "visit": 400_000,
}
"""Bytes of a message of a kind, in UTF-8, where one may be longer than others."""

LONGEST_OF_ALL = max(LONGEST.values())

MOST_OBJECTIONS = 3_000
"""Objections, reports and pleas of a case: every adult of a large village, each with one.

``python -m tests.bench_worst`` drives a case with as many; docs/operations.md has what it took.
"""

MOST_DOCUMENTS = 1_000
"""Documents filed with a case (F9); a county's has some dozens."""

MOST_MESSAGES = 5_000
"""Of a case, besides objections, their results and documents: acts, consents, visits, reports of
postings and the like. A roster of a thousand households can be verified and answer one by one."""

MOST_BEYOND = 500
"""Approvals, replies and reports of postings that are taken then, so that a case can come to its
end. A rejection and a withdrawal, which end it, are always taken."""

BOUNDED_APART = ("object", "plead", "resolve", "inspect", "file")
"""What does not count among these. Results of inspections come from other cases, one each."""

MOST_REPORTS = 100
"""Reports of one notice's posting (T1): a county posts in each of its townships. That it was taken
down is always taken in."""

MOST_REPEATED = 1_000
"""Repeated messages of a case that are answered with their receipt; senders repeat few."""

MOST_REFUSED = 200
"""Refused signals whose content stands in the file; a season's mistakes are a few."""

MOST_REFUSED_BYTES = 8_000_000
"""Of the content of all refused signals together."""

REFUSED_AT_ONCE = 1_000
"""Of what is refused beyond that, so many are told of in one entry."""


def longest(kind: str) -> int:
    """Bytes that a message of a kind may have as a whole."""
    return LONGEST.get(kind, _LONGEST)


def check_size(kind: str, content: Any) -> None:
    """Hold a message as a whole against its bound, however its parts are bounded.

    Raises:
        Refusal: saying how long it is and how long it may be.
    """
    size, most = size_of(content), longest(kind)
    if size > most:
        raise Refusal(f"'{kind}' takes at most {most:,} bytes, this has {size:,}")


def check_number(kind: str, message: Any, before: int) -> None:
    """Hold the number of a case's messages against its bound.

    Raises:
        Refusal: saying how many there are, and how the case can still end.
    """
    decision = getattr(message, "decision", None)
    if kind in (*BOUNDED_APART, "withdraw") or decision is Decision.REJECT:
        return
    # Days of a publicity may wait for the report of its posting (T1).
    goes_on = kind == "posted" or decision in (Decision.APPROVE, Decision.REPLY)
    if before >= MOST_MESSAGES + (MOST_BEYOND if goes_on else 0):
        raise Refusal(
            f"{kind}: the case has {before:,} messages, as many as it takes; approve or reject "
            "what is open, or withdraw the application"
        )


def size_of(content: Any) -> int:
    """Bytes of a message as it is sent, in UTF-8."""
    return len(plain(content if isinstance(content, str) else canonical(content)).encode())
