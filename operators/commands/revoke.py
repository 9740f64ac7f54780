"""Revoking an exit (F7 撤销退出), as the body that decided it."""

import re

from models.case.ledger import EntryKind
from models.case.messages import Receipt
from models.identity import is_case
from models.revocation.messages import ResponsibleAct, RevocationApplication
from operators.commands import inputs
from operators.commands.inputs import InputError
from operators.commands.options import As, At, Officer, Proof
from operators.commands.sending import signed
from operators.desk.desk import open_desk
from operators.desk.errors import NoAnswer
from operators.desk.registry import open_registry
from operators.views.terminal import say
from workers.connection import run


def revoke(
    code: str,
    /,
    *,
    year: int,
    office: As,
    officer: Officer,
    document: str,
    reason: str,
    responsible: tuple[str, ...],
    evidence: Proof,
    supervision: str | None = None,
    at: At = None,
) -> None:
    """Revoke an exit by an act of its own (X1); print the id of its case and the receipt.

    Args:
        code: The county's six digits, the village's twelve, or the household's number (户编号).
        year: The year of the exit.
        document: Number of the document by which it is revoked.
        reason: What was found.
        responsible: An act that carried the fault: its number in the file of the exit, and why, as
            12:走访不实; may be repeated. `exitflow case CASE --ledger` numbers them. An entry of a
            case of one of the place's villages is named as CASE#12:why.
        supervision: The supervision that found it (F6): the id of its case.
    """
    code = inputs.subject("CODE", code)
    named = tuple(_responsible(text) for text in responsible)
    proofs = inputs.evidence(evidence)
    if supervision is not None and not is_case(supervision):
        raise InputError(
            f"--supervision: {supervision!r} is no id of a case; write it as "
            "supervision/411523/2026-q4"
        )
    with open_registry() as registry:
        kind = registry.kind_of(code)
    if kind is None:
        raise InputError(
            f"CODE: the register knows no county, village or household with the code {code}"
        )
    application = RevocationApplication(
        subject=code,
        kind=kind,
        year=inputs.year("--year", year),
        office=inputs.office("--as", office),
        officer=officer,
        document_number=document,
        reason=reason,
        responsible=named,
        evidence=proofs,
        supervision=supervision,
        applied_at=signed(at),
    )
    case_id, receipt = run(_revoke(application))
    say(case_id)
    if receipt is None:
        say("handed in; it goes on file as soon as a worker and the registry are there")
    else:
        say(f"entry {receipt.seq}, {receipt.hash[:12]}", receipt.text)


async def _revoke(application: RevocationApplication) -> tuple[str, Receipt | None]:
    async with open_desk() as desk:
        case_id = await desk.open(application)
        try:
            return case_id, await desk.on_file(case_id, EntryKind.ACT)
        except NoAnswer:
            return case_id, None


def _responsible(text: str) -> ResponsibleAct:
    match = re.fullmatch(
        r"(?:(?P<case>[^#:]+)#)?(?P<seq>[1-9]\d{0,5})(?::(?P<why>.+))?", text, re.S
    )
    if match is None or (match["case"] is not None and not is_case(match["case"])):
        raise InputError(
            f"--responsible: {text!r} names no entry; write its number in the file of the exit, "
            "and why, as 12:走访不实"
        )
    return ResponsibleAct(seq=int(match["seq"]), case_id=match["case"], why=match["why"])
