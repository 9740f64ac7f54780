"""Cases whose own file says otherwise than the one that is kept (G7): noted, until mended."""

from collections.abc import Iterator
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy import Engine
from sqlmodel import Session, select

from models.checks.findings import Finding
from models.identity import is_case
from registry.checks.values import place, read_rows, shown, table_of
from registry.database.engine import writing
from registry.records import ContradictionRecord
from registry.tables import ContradictionRow

STANDS = "the kept file stands"
"""How a batch that contradicts the kept file is refused."""


def note(engine: Engine, case_id: str, seq: int, said: str) -> None:
    """Note that a case contradicts its kept file from an entry on; the first note stands.

    Raises:
        RegistryError: if the registry cannot be written now.
    """
    with writing(engine) as session:
        if session.get(ContradictionRow, case_id) is None:
            session.add(
                ContradictionRow(case_id=case_id, seq=seq, since=datetime.now(UTC), said=said)
            )


def clear(session: Session, case_id: str) -> None:
    """The case has gone on with its kept file: nothing is contradicted any more."""
    noted = session.get(ContradictionRow, case_id)
    if noted is not None:
        session.delete(noted)


def contradictions(session: Session) -> dict[str, ContradictionRecord]:
    """All that are noted, by case."""
    rows = session.exec(select(ContradictionRow)).all()
    return {row.case_id: ContradictionRecord(**row.model_dump()) for row in rows}


def contradiction(session: Session, case_id: str) -> ContradictionRecord | None:
    """What is noted of a case."""
    row = session.get(ContradictionRow, case_id)
    return ContradictionRecord(**row.model_dump()) if row is not None else None


def findings(session: Session) -> Iterator[Finding]:
    """Each that is noted, as what is wrong with a file."""
    table = table_of(ContradictionRow)
    query = sa.select(table).order_by(table.c.case_id)
    for row in read_rows(session.connection(), query):
        id = row["case_id"]
        yield Finding(
            part="files",
            where=place(table, (id,)),
            what=f"from entry {shown('seq', row['seq'])} on, the case's own file is another than "
            f"the registry keeps (G7); noted {shown('since', row['since'])}",
            mend=mend(id)
            if is_case(id)
            else "no case has such an id: find out who put it there, then take it out.",
        )


def mend(case_id: str) -> str:
    """What ends a contradiction, for a finding."""
    return f"let it go on with the kept file: exitflow mend {case_id} --officer NAME --reason WHY."
