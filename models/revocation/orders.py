"""What a revocation orders from the world outside it (F7).

As in ``models.case.orders``: case id and ledger sequence number are the key of every change.
"""

from datetime import date

from models.alarms import Alarm
from models.base import Line, Record, Text
from models.case.orders import Change
from models.offices import Office
from models.periods import Year
from models.policy import Policy
from models.revocation.admission import FiledAct
from models.revocation.messages import Revocable


class Revoked(Record):
    """Since when the subject is on the list again; ``alarms`` of units that had left (F5)."""

    since: date
    alarms: tuple[Alarm, ...] = ()


class RevocationChange(Change[Revoked]):
    """Putting a county, a village or a household on the list again (F7).

    Attributes:
        year, exited_on: Of the exit that is revoked.
        effective_on: The first day on the list again: when the act was signed.
        counted_on: The day as of which the incidence is counted afterwards.
        policy: Whose threshold an exited village and county are held against.
    """

    activity = "revoke_exit"
    subject: Revocable
    year: Year
    exited_on: date
    exit_case: str
    exit_document: Line | None
    effective_on: date
    counted_on: date
    document_number: Line
    office: Office
    reason: Text
    responsible: tuple[FiledAct, ...]
    policy: Policy

    @property
    def summary(self) -> str:
        return f"X1 {self.subject.name}撤销退出"
