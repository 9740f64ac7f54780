"""What a check of the installation finds: what is wrong, where, and the mend."""

from typing import Literal

from models.base import Moment, Record
from models.checks.journal import JournalHead

MOST_SHOWN = 1000
"""Findings that a report lists; it says how many there are beyond."""

Part = Literal["files", "register", "journal", "server", "schedules", "notices", "alarms"]


class Finding(Record):
    """One thing that is not as it should be.

    Attributes:
        where: Table and key, case or schedule.
        what: One sentence: what is there, and what should be.
        mend: One sentence: what to do.
    """

    part: Part
    where: str
    what: str
    mend: str


class CheckReport(Record):
    """One check.

    Attributes:
        begun, ended: By the clock of the machine that checked.
        cases: How many files were looked at.
        entries: How many entries they have together.
        under_way: Changes of the last hour that open cases have not put on file yet: no finding.
        server: What of the server was looked at, or why nothing was.
        journal: The journal's last line; keep it elsewhere, and give it to ``--since``.
        total: How many findings there are; ``findings`` has the first thousand.
    """

    begun: Moment
    ended: Moment
    cases: int
    entries: int
    under_way: int
    server: str
    journal: JournalHead
    total: int
    findings: tuple[Finding, ...]
