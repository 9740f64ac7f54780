"""预警 (F5): an exited village or county is above the threshold of incidence again."""

from collections.abc import Iterable

from models.alarms import Alarm
from models.case.ledger import EntryKind
from workflows.case import Case


def raise_alarms(case: Case, alarms: Iterable[Alarm]) -> None:
    """Put every alarm, or its end, on file, and tell the offices above; nothing else changes."""
    for alarm in alarms:
        said = alarm.sentence(case.docket.policy.standards)
        case.record(EntryKind.ALARM, said, {"alarm": alarm.content()})
        for office in alarm.tell:
            what = "预警解除" if alarm.ended else "预警"
            case.clerk.notify("预警", office, f"{alarm.name}贫困发生率{what}", said)
