"""Reading one case, or its file."""

from collections.abc import Sequence

from activities.records import ContradictionRecord, RevokedRecord
from models.ledger import Entry, LedgerError, verify
from models.roster import Course
from models.status import CaseStatus, ObjectionStatus
from operators.case_sheet import (
    print_case,
    print_contradicted,
    print_entry,
    print_ledger,
    print_objections,
    print_revoked,
)
from operators.desk import open_desk
from operators.documents_sheet import print_documents
from operators.inputs import InputError
from operators.options import Json
from operators.printing import as_json, console, heading
from operators.registry import open_registry, utc_now
from operators.roster_sheet import print_households
from workers.connection import run


def case(
    case: str,
    /,
    *,
    ledger: bool = False,
    households: bool = False,
    documents: bool = False,
    objections: bool = False,
    entry: int | None = None,
    json: Json = False,
) -> None:
    """Show how a case stands: steps, limits in force, who is waited for, objections, outcome.

    Args:
        case: Id of the case, for example county-exit/411523/2026.
        ledger: Show the case file instead, entry by entry, after verifying its chain of hashes and
            the registry's copy of it.
        households: Show every household of a roster instead: state, reason, until when it is
            posted, which criteria of S1 it fails.
        documents: Show what was filed with the case instead (F9), also after its end, with the
            SHA-256 of the evidence; as the registry has it: no server is needed.
        objections: Show every objection, report and plea instead, also those with a result.
        entry: Show one entry of the case file instead, with all it holds: by its number. What a
            refused message said stands there word for word.
    """
    if objections or entry is not None:
        _show_parts(case, entry, objections, others=ledger or households or documents, json=json)
        return
    if documents:
        _show_documents(case, others=ledger or households, json=json)
        return
    if households:
        _show_households(case, ledger=ledger, json=json)
        return
    if not ledger:
        status, noted, revoked = run(_status(case))
        if json:
            as_json(_Contradicted(**dict(status), contradicted=noted) if noted else status)
        else:
            print_case(console(), status, utc_now())
            print_contradicted(console(), noted)
            print_revoked(console(), revoked)
        return
    entries, kept = run(_verified_ledger(case))
    if json:
        as_json(entries)
        return
    out = console()
    print_ledger(out, entries)
    out.print(
        heading(
            f"{len(entries)} entries, head {entries[-1].hash[:12]}: the chain is whole; the "
            f"registry keeps {'the same' if kept == len(entries) else f'the first {kept} so far'}"
        )
    )


def _show_parts(
    case_id: str, entry: int | None, objections: bool, *, others: bool, json: bool
) -> None:
    if others or (objections and entry is not None):
        raise InputError("--objections, --entry: give one of them, alone")
    found = run(_objections(case_id)) if entry is None else []
    one = run(_entry(case_id, entry)) if entry is not None else None
    if json:
        as_json(found if one is None else one)
    elif one is not None:
        print_entry(console(), one)
    else:
        print_objections(console(), found)


async def _objections(case_id: str) -> list[ObjectionStatus]:
    async with open_desk() as desk:
        return await desk.objections(case_id)


async def _entry(case_id: str, number: int) -> Entry:
    async with open_desk() as desk:
        for entry in await desk.page(case_id, max(number, 1) - 1):
            if entry.seq == number:
                return entry
    raise InputError(f"--entry: {case_id} has no entry {number}")


def _show_documents(case_id: str, *, others: bool, json: bool) -> None:
    if others:
        raise InputError("--documents: give it alone, without --ledger and --households")
    with open_registry() as registry:
        found = registry.documents.of(case_id)
    if json:
        as_json(found)
    else:
        print_documents(console(), found)


def _show_households(case_id: str, *, ledger: bool, json: bool) -> None:
    if ledger:
        raise InputError("--households: give it or --ledger, not both")
    if not case_id.startswith("household-exit/"):
        raise InputError(
            f"--households: {case_id} is no roster; the id of one begins with household-exit/"
        )
    courses = run(_courses(case_id))
    if json:
        as_json(courses)
    else:
        print_households(console(), courses)


async def _courses(case_id: str) -> list[Course]:
    async with open_desk() as desk:
        return await desk.households(case_id)


class _Contradicted(CaseStatus):
    """How a case stands by itself, which contradicts its kept file (G7)."""

    contradicted: ContradictionRecord


async def _status(
    case_id: str,
) -> tuple[CaseStatus, ContradictionRecord | None, Sequence[RevokedRecord]]:
    async with open_desk() as desk:
        registry, status = desk.registry, await desk.status(case_id)
        return status, registry.contradiction(case_id), registry.revoked_of(case_id)


async def _verified_ledger(case_id: str) -> tuple[list[Entry], int]:
    """The case's own file, and how much of it the registry keeps already.

    Raises:
        LedgerError: if either is not one whole chain, or the registry's is not the case's.
    """
    async with open_desk() as desk:
        # In this order: a file only grows, so the copy cannot be ahead of what is read after it;
        # nor behind it, where the case had ended before.
        concluded = await desk.has_concluded(case_id)
        copy = desk.registry.ledger(case_id)
        entries = await desk.ledger(case_id)
    verify(case_id, entries)
    try:
        kept = verify(case_id, copy)
    except LedgerError as error:
        raise LedgerError(f"the registry's copy is not the file of the case: {error}") from None
    for own, theirs in zip(entries, copy, strict=False):
        if own != theirs:
            raise LedgerError(f"{case_id}: the registry keeps another entry {own.seq} (G7)")
    if kept > len(entries):
        raise LedgerError(
            f"{case_id}: the registry keeps {kept} entries, and the case has {len(entries)}; entry "
            f"{len(entries) + 1} is none of its own (G7)"
        )
    if concluded and kept < len(entries):
        raise LedgerError(
            f"{case_id}: it has ended with {len(entries)} entries, and the registry keeps {kept}; "
            "restore the registry from a newer copy (G7)"
        )
    return entries, kept
