"""Reading one case, or its file."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

from cyclopts import Parameter

from models.case.ledger import Entry, LedgerError, verify
from models.case.status import CaseStatus, ObjectionStatus
from models.procedures import HOUSEHOLD_EXIT
from models.roster.households import Course
from operators.commands.lists import write_list
from operators.commands.options import Office, Workbook
from operators.commands.words import InputError, Json, word
from operators.desk.answers import not_going_on
from operators.desk.desk import Desk, NoCase, open_desk
from operators.desk.errors import Refused
from operators.desk.registry import open_registry, utc_now
from operators.views.case import (
    COURSE_COLUMNS,
    course_cells,
    for_everybody,
    print_case,
    print_contradicted,
    print_documents,
    print_entry,
    print_households,
    print_ledger,
    print_objections,
    print_revoked,
    print_stopped,
    print_undelivered_letters,
    print_unreached,
)
from operators.views.printing import as_json, console, heading
from operators.views.register import print_records
from operators.views.terminal import say
from registry.records import ContradictionRecord, RevokedRecord, UnreachedRecord
from workers.case_on_server import Amiss
from workers.connection import run
from workers.settings import load_settings

if TYPE_CHECKING:
    from registry.cases.letters import WrittenLetter

Reader = Annotated[
    Office | None,
    Parameter(name="--as", help="With --entry: the office that investigates an objection."),
    word(Office),
]
"""Who reads: who objects is shown to who investigates alone (G1)."""

RosterExcel = Annotated[
    Workbook | None,
    Parameter(name="--excel", help="With --households: write them to this .xlsx file."),
]


def case(
    case: str,
    /,
    *,
    ledger: bool = False,
    households: bool = False,
    documents: bool = False,
    objections: bool = False,
    entry: int | None = None,
    as_: Reader = None,
    excel: RosterExcel = None,
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
            SHA-256 of the evidence, and who was called to account for an entry of it (F10); as the
            registry has it: no server is needed.
        objections: Show every objection, report and plea instead, also those with a result.
        entry: Show one entry of the case file instead, with all it holds: by its number. What a
            refused message said stands there word for word; also if it was refused for want of a
            key, once that key is here.
    """
    if as_ is not None and entry is None:
        raise InputError("--as: give it with --entry, the entry of an objection")
    if excel is not None and not households:
        raise InputError("--excel: writes the households of a roster; give --households too")
    if objections or entry is not None:
        others = ledger or households or documents
        _show_parts(case, entry, objections, others=others, reader=as_, json=json)
        return
    if documents:
        _show_documents(case, others=ledger or households, json=json)
        return
    if households:
        _show_households(case, ledger=ledger, excel=excel, json=json)
        return
    if not ledger:
        status, beside = run(_status(case))
        if json:
            stopped = str(beside.found) if beside.found else None
            one = _Amiss(
                **dict(status),
                contradicted=beside.noted,
                stopped=stopped,
                unreached=beside.unreached,
            )
            as_json(one if beside.noted or stopped or beside.unreached else status)
        else:
            print_stopped(console(), case, beside.found)
            print_case(console(), status, utc_now())
            print_unreached(console(), beside.unreached)
            print_undelivered_letters(console(), beside.letters)
            print_contradicted(console(), beside.noted)
            print_revoked(console(), beside.revoked)
        return
    entries, kept = run(_verified_ledger(case))
    if json:
        as_json([for_everybody(entry) for entry in entries])
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
    case_id: str,
    entry: int | None,
    objections: bool,
    *,
    others: bool,
    reader: Office | None,
    json: bool,
) -> None:
    if others or (objections and entry is not None):
        raise InputError("--objections, --entry: give one of them, alone")
    if entry is None:
        found = run(_objections(case_id))
        as_json(found) if json else print_objections(console(), found)
        return
    one, said = run(_entry(case_id, entry, reader))
    if json:
        as_json(_Opened(**dict(one), opened=said) if said is not None else one)
    else:
        print_entry(console(), one, said)


async def _objections(case_id: str) -> list[ObjectionStatus]:
    async with open_desk() as desk:
        return await desk.objections(case_id)


class _Opened(Entry):
    """An entry that keeps a message sealed, and what it says."""

    opened: str


async def _entry(case_id: str, number: int, reader: Office | None) -> tuple[Entry, str | None]:
    """An entry as everybody may read it; as who investigates, also who objects (G1).

    Raises:
        Refused: if the reader does not investigate this objection.
    """
    async with open_desk() as desk:
        entry, said = await entry_of(desk, case_id, number, load_settings().opened)
        if reader is None:
            return for_everybody(entry), said
        offices = [each.office for each in await desk.objections(case_id) if each.entry == number]
        if not offices:
            raise InputError(f"--as: entry {number} of {case_id} is no objection")
        if offices != [str(reader)]:
            raise Refused(f"{reader} may not read who objects; {offices[0]} investigates it (G1)")
        return entry, said


async def entry_of(
    desk: Desk, case_id: str, number: int, opener: Callable[[str], str | None]
) -> tuple[Entry, str | None]:
    """An entry; and what it keeps sealed, if it keeps that and ``opener`` can open it."""
    page = await desk.page(case_id, max(number, 1) - 1)
    if not page or page[0].seq != number:
        raise InputError(f"--entry: {case_id} has no entry {number}")
    entry, pieces = page[0], page[0].data.get("pieces", 1)
    if "key" not in entry.data:
        return entry, None
    while isinstance(pieces, int) and len(page) < pieces:
        more = await desk.page(case_id, page[-1].seq)
        if not more:
            break
        page += more
    parts = [each for each in page if each is entry or each.data.get("continues") == number]
    return entry, opener("".join(str(each.data["content"]) for each in parts))


def _show_documents(case_id: str, *, others: bool, json: bool) -> None:
    if others:
        raise InputError("--documents: give it alone, without --ledger and --households")
    with open_registry() as registry:
        found = registry.documents.of(case_id)
        put_down = registry.office_records.listed(case_id=case_id)
    if json:
        as_json((*found, *put_down))
    else:
        print_documents(console(), found)
        print_records(console(), put_down)


def _show_households(case_id: str, *, ledger: bool, excel: Path | None, json: bool) -> None:
    if ledger:
        raise InputError("--households: give it or --ledger, not both")
    if not case_id.startswith(f"{HOUSEHOLD_EXIT.word}/"):
        raise InputError(
            f"--households: {case_id} is no roster; the id of one begins with household-exit/"
        )
    courses = run(_courses(case_id))
    if excel is not None:
        write_list(excel, "名单", COURSE_COLUMNS, map(course_cells, courses))
    if json:
        as_json(courses)
    elif excel is not None:
        many = f"{len(courses)} household{'' if len(courses) == 1 else 's'}"
        say(f"{excel}: {many} of {case_id}")
    else:
        print_households(console(), courses)


async def _courses(case_id: str) -> list[Course]:
    async with open_desk() as desk:
        return await desk.households(case_id)


class _Amiss(CaseStatus):
    """How a case stands by itself, which contradicts its kept file (G7), or does not go on.

    Attributes:
        stopped: What the server says of it, and the mend.
        unreached: What it told, and no channel has taken yet.
    """

    contradicted: ContradictionRecord | None = None
    stopped: str | None = None
    unreached: tuple[UnreachedRecord, ...] = ()


class _Beside(NamedTuple):
    """What the registry and the server say of a case beside its own telling."""

    noted: ContradictionRecord | None
    revoked: Sequence[RevokedRecord]
    letters: "Sequence[WrittenLetter]"
    found: Amiss | None
    unreached: tuple[UnreachedRecord, ...]


async def _status(case_id: str) -> tuple[CaseStatus, _Beside]:
    async with open_desk() as desk:
        found = await desk.amiss(case_id)
        if found is not None and found.how not in ("ended", "paused"):
            raise NoCase(not_going_on(case_id, found))  # whatever answers there is not the case
        registry, status = desk.registry, await desk.status(case_id)
        return status, _Beside(
            registry.contradiction(case_id),
            registry.revoked_of(case_id),
            registry.deliveries.of(case_id),
            found,
            registry.unreached(case_id),
        )


async def _verified_ledger(case_id: str) -> tuple[list[Entry], int]:
    """The case's own file, and how much of it the registry keeps already.

    What earlier runs of the case had is read from the registry: the case follows it by its hash.

    Raises:
        LedgerError: if either is not one whole chain, or the registry's is not the case's.
    """
    async with open_desk() as desk:
        # In this order: a file only grows, so the copy cannot be ahead of what is read after it;
        # nor behind it, where the case had ended before.
        concluded = await desk.has_concluded(case_id)
        copy = desk.registry.ledger(case_id)
        status = await desk.status(case_id)
        entries = await desk.ledger(case_id)
    lacking = next(
        (seq for seq, each in enumerate(entries, 1) if each.seq != seq), len(entries) + 1
    )
    if lacking <= status.entries:
        raise LedgerError(
            f"{case_id}: the registry lacks entry {lacking}, which an earlier run of the case had; "
            "`exitflow mend` brings it from the server (G7)"
        )
    verify(case_id, entries)
    try:
        kept = verify(case_id, copy)
    except LedgerError as error:
        raise LedgerError(f"the registry's copy is not the file of the case: {error}") from None
    for own, theirs in zip(entries, copy, strict=False):
        if own != theirs:
            raise LedgerError(f"{case_id}: the registry keeps another entry {own.seq} (G7)")
    if status.entries and entries[status.entries - 1].hash != status.head:
        raise LedgerError(f"{case_id}: the registry keeps another entry {status.entries} (G7)")
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
