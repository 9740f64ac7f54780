"""Changing what the registry keeps behind its back, as somebody with the file could."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, text

from models.base import canonical
from models.case.ledger import EntryKind, Ledger
from registry.database.engine import writing
from registry.tables import CaseRow, EntryRow
from tests.crew import Theatre
from workers.settings import Settings


@contextmanager
def tampering(settings: Settings) -> Iterator[Connection]:
    """A connection to a SQLite registry, whose triggers keep nothing any more."""
    engine = settings.engine()
    with engine.begin() as connection:
        query = text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for name in connection.scalars(query).all():
            connection.execute(text(f"DROP TRIGGER {name}"))
        yield connection
    engine.dispose()


def foreign_entry(stage: Theatre, case_id: str) -> None:
    """Somebody writes an entry into the kept file, behind the back of the case."""
    with writing(stage.settings.engine()) as session:
        row = session.get(CaseRow, case_id)
        assert row is not None
        ledger = Ledger(case_id)
        ledger.entries = stage.registry.ledger(case_id)
        entry = ledger.record(EntryKind.FINDINGS, ledger.entries[-1].at, text="合成的外来记载")
        row.entries, row.head = entry.seq, entry.hash
        session.flush()
        values = entry.model_dump(exclude={"data", "kind"})
        content = canonical(entry.model_dump(mode="json"))
        session.add(EntryRow(case_id=case_id, content=content, kind=entry.kind.value, **values))
