"""The alarms (预警, F5) of a village, or of a county and the villages in it."""

from sqlmodel import Session, col, or_, select

from registry.records import AlarmRecord
from registry.tables import AlarmRow, VillageRow


def alarms_in(session: Session, code: str) -> tuple[AlarmRecord, ...]:
    """Every alarm that there was under the code of a village or county, the earliest first."""
    rows = session.exec(
        select(AlarmRow, VillageRow.name)
        .join(VillageRow, col(VillageRow.code) == AlarmRow.subject_code, isouter=True)
        .where(or_(AlarmRow.subject_code == code, VillageRow.county_code == code))
        .order_by(col(AlarmRow.as_of), col(AlarmRow.case_id), col(AlarmRow.seq))
    )
    return tuple(AlarmRecord(name=name, **row.model_dump()) for row, name in rows)
