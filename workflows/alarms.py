"""预警 (F5): an exited village or county is above the threshold of incidence again."""

from collections.abc import Iterable

from models.alarms import Alarm
from models.case.ledger import EntryKind
from workflows.case import Case


def raise_alarms(case: Case, alarms: Iterable[Alarm]) -> None:
    """Put every alarm on file, and tell the offices above the unit; nothing changes by itself."""
    for alarm in alarms:
        said = alarm.sentence(case.docket.policy.standards)
        case.record(EntryKind.ALARM, said, {"alarm": alarm.content()})
        for office in alarm.tell:
            case.clerk.notify("预警", office, f"{alarm.name}贫困发生率预警", said)
