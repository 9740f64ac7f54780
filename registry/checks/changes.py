"""Exits, entries and revocations in the register against the files that ordered them, both ways."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

import sqlalchemy as sa
from pydantic import TypeAdapter, ValidationError

from models.base import canonical
from models.case.ledger import Entry, EntryKind
from models.checks.findings import Finding
from models.offices import County, Household, Village
from models.procedures import (
    COUNTY_EXIT,
    HOUSEHOLD_EXIT,
    REENTRY,
    REVOCATION,
    VILLAGE_EXIT,
    Procedure,
)
from models.register.households import Cause
from models.revocation.admission import FiledAct
from models.revocation.messages import Revocable
from registry.checks.replay import identity_of
from registry.checks.values import DONE_AGAIN, Row, column_differences, key_of, place
from registry.tables import EpisodeRow, RevocationRow, Standing, StatusRow, Table, VillageStatusRow

_SUBJECT: TypeAdapter[Revocable] = TypeAdapter(Revocable)
_ACTS: TypeAdapter[tuple[FiledAct, ...]] = TypeAdapter(tuple[FiledAct, ...])


class Change(NamedTuple):
    """A row that an entry says was written.

    Attributes:
        entry: Which entry says so.
        key: Columns by which the row is known.
        values: What they and others hold.
        document: In the entry's sentence, where the row's document is named in no other way.
    """

    row: type[Table]
    entry: int
    key: Mapping[str, Any]
    values: Mapping[str, Any]
    document: str | None = None


def changes_of(case_id: str, entries: Iterable[Entry]) -> list[Change]:
    """What the entries of a file say was done in the register."""
    said = identity_of(case_id)
    found: list[Change] = []
    for entry in entries:
        if entry.kind is not EntryKind.REGISTER_CHANGE:
            continue
        try:
            if said.procedure in (COUNTY_EXIT, VILLAGE_EXIT):
                found.append(_exit(case_id, said.procedure, entry))
            elif said.procedure is HOUSEHOLD_EXIT:
                found += _struck_off(case_id, said.year, entry)
            elif said.procedure is REENTRY:
                found.append(_entered(case_id, entry))
            elif said.procedure is REVOCATION:
                found += _revoked(entry)
        except (ValidationError, KeyError, TypeError, ValueError):
            continue  # of another version: what it changed is then found as of no entry
    return found


def _exit(case_id: str, procedure: Procedure, entry: Entry) -> Change:
    change: Any = entry.data["change"]
    code, since = change[procedure.id]["code"], date.fromisoformat(change["effective_on"])
    values = {
        "status": Standing.EXITED,
        "exit_year": change["year"],
        "document": change.get("document_number"),
        "case_id": case_id,
        "seq": change["seq"],
    }
    row = StatusRow if procedure is COUNTY_EXIT else VillageStatusRow
    return Change(row, entry.seq, {"code": code, "since": since}, values)


def _struck_off(case_id: str, year: int, entry: Entry) -> Iterator[Change]:
    households: Any = entry.data["households"]
    on = date.fromisoformat(str(entry.data["effective_on"]))
    for code in households:
        values = {"exited_on": on, "exit_year": year, "case_id": case_id}
        yield Change(EpisodeRow, entry.seq, {"household_code": code}, values, entry.text)


def _entered(case_id: str, entry: Entry) -> Change:
    data: Any = entry.data
    values = {
        "cause": Cause(data["cause"]),
        "registered_on": date.fromisoformat(data["registered_on"]),
        "opening_document": data.get("document_number"),
        "opened_by": case_id,
    }
    key = {"household_code": data["household"], "number": data["number"]}
    return Change(EpisodeRow, entry.seq, key, values)


def _revoked(entry: Entry) -> Iterator[Change]:
    change: Any = entry.data["change"]
    subject = _SUBJECT.validate_python(change["subject"])
    on = date.fromisoformat(change["effective_on"])
    case_id, seq, document = change["case_id"], change["seq"], change["document_number"]
    match subject:
        case County() | Village():
            row = StatusRow if isinstance(subject, County) else VillageStatusRow
            values = {"status": Standing.REVOKED, "exit_year": None, "document": document}
            key = {"code": subject.code, "since": on}
            yield Change(row, entry.seq, key, values | {"case_id": case_id, "seq": seq})
        case Household():
            values = {
                "cause": Cause.REVOKED,
                "opening_document": document,
                "opened_by": case_id,
                "opened_seq": seq,
            }
            key = {"household_code": subject.code, "registered_on": on}
            yield Change(EpisodeRow, entry.seq, key, values)
    yield Change(
        RevocationRow,
        entry.seq,
        {"case_id": case_id},
        {
            "seq": seq,
            "kind": subject.kind,
            "subject_code": subject.code,
            "exit_year": change["year"],
            "exited_on": date.fromisoformat(change["exited_on"]),
            "exit_document": change.get("exit_document"),
            "exit_case": change["exit_case"],
            "revoked_on": on,
            "office": change["office"],
            "document": document,
            "reason": change["reason"],
            "responsible": canonical(
                [each.content() for each in _ACTS.validate_python(change["responsible"])]
            ),
        },
    )


def held_against(
    table: sa.Table, expected: Sequence[Change], kept: Sequence[Row], file: str
) -> tuple[list[Finding], list[Row]]:
    """Rows against the entries that ordered them.

    Returns:
        What differs or is missing, and the rows that no entry speaks of.
    """
    found: list[Finding] = []
    left = {key_of(table, row): row for row in kept}
    for change in expected:
        row = next(
            (row for row in left.values() if _fits(row, change.key) and _is_of(row, change)), None
        )
        if row is None:
            found.append(
                Finding(
                    part="files",
                    where=place(table, change.key.values()),
                    what=f"entry {change.entry} of {file} says that it was done, and the register "
                    "does not have it",
                    mend=DONE_AGAIN,
                )
            )
            continue
        del left[key_of(table, row)]
        found += column_differences(table, {**change.key, **change.values}, row, file)
        document = row.get("document")
        if change.document is not None and f"（{document}）" not in change.document:
            found += column_differences(
                table, {"document": "another in its sentence"}, row, f"{file}, entry {change.entry}"
            )
    return found, list(left.values())


def _fits(row: Row, key: Mapping[str, Any]) -> bool:
    return all(row[name] == value for name, value in key.items())


def _is_of(row: Row, change: Change) -> bool:
    """An episode that one case ended may be the one that another began."""
    if change.row is not EpisodeRow:
        return True
    by = "opened_by" if "opened_by" in change.values else "case_id"
    return bool(row[by] == change.values[by])
