"""Cases as the registry has them, to be looked for on the server."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import Engine

from registry.checks.values import table_of
from registry.database.engine import reading
from registry.tables import CaseRow

_LOT = 500
_CASES = table_of(CaseRow)


class OpenFile(NamedTuple):
    """A case as the registry has it, to be looked for on the server.

    Attributes:
        head: Hash of the last entry that is kept; of the case id, where there is none.
        updated: Time of that entry.
        run: The first run of the workflow that was admitted.
    """

    case_id: str
    is_open: bool
    entries: int
    head: str
    updated: datetime
    run: str | None


def files_in(engine: Engine) -> Iterator[list[OpenFile]]:
    """Every case, in lots; ``RegistryError`` if the registry fails."""
    after = ""
    while lot := _read(engine, _CASES.c.case_id > after):
        after = lot[-1].case_id
        yield lot


def file_of(engine: Engine, case_id: str) -> OpenFile | None:
    """One case; None if the registry has none; ``RegistryError`` if it fails."""
    return next(iter(_read(engine, _CASES.c.case_id == case_id)), None)


def _read(engine: Engine, which: sa.ColumnElement[bool]) -> list[OpenFile]:
    names = ("case_id", "outcome", "entries", "head", "updated", "run")
    columns = (_CASES.c[name] for name in names)
    query = sa.select(*columns).where(which).order_by(_CASES.c.case_id).limit(_LOT)
    with reading(engine) as session:
        return [
            OpenFile(id, outcome is None, *rest)
            for id, outcome, *rest in session.connection().execute(query)
        ]
