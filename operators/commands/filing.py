"""Filing (备案), data entry (信息录入) and third-party evaluation (第三方评估) of a case (F9)."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from models.case.documents import CaseDocument, DocumentKind
from models.case.ledger import canonical
from models.case.messages import Receipt
from models.identity import content_id, is_case, supplemented
from models.supplement import SupplementApplication
from operators.commands import inputs
from operators.commands.inputs import InputError
from operators.commands.options import As, AsSignal, At, Document, Officer, Proof
from operators.commands.sending import signed
from operators.desk.desk import open_desk
from operators.views.terminal import say
from workers.connection import run


def file(
    case: str,
    /,
    *,
    kind: str,
    office: As,
    officer: Officer,
    text: str,
    evidence: Proof,
    document: Document = None,
    rates: Path | None = None,
    incidence: str | None = None,
    wrongly_exited: str | None = None,
    omitted: str | None = None,
    recognition: str | None = None,
    at: At = None,
    id: Annotated[
        str | None,
        Parameter(
            name="--id",
            help="Your own id of this document: the same id sent twice counts once. Without it "
            "the id is derived from case and content.",
        ),
    ] = None,
    signal: AsSignal = False,
) -> None:
    """Put a document into the file of a case; beside it, as a supplement, where that has ended.

    Args:
        case: Id of the case, for example county-exit/411523/2026.
        kind: filing (备案), data-entry (信息录入) or evaluation (第三方评估).
        text: What it says, in a sentence.
        rates: What an evaluation found, as TOML or JSON: incidence, wrongly_exited, omitted,
            recognition. They are recorded; what blocks are the rates of an act (C3, C6).
        incidence: The same without a file, in percent: combined incidence 综合贫困发生率.
        wrongly_exited: Rate of the wrongly exited 错退率.
        omitted: Rate of the omitted 漏评率.
        recognition: Recognition by the people 群众认可度.
    """
    case = _case(case)
    message = CaseDocument(
        id=id or "derived",
        kind=_kind(kind),
        office=inputs.office("--as", office),
        officer=officer,
        text=text,
        evidence=inputs.evidence(evidence),
        document_number=document,
        at=signed(at),
        rates=inputs.four_rates(rates, incidence, wrongly_exited, omitted, recognition),
    )
    if id is None:
        derived = content_id("document", case, canonical(message.content()))
        message = message.model_copy(update={"id": derived})
    if signal:
        where = run(_leave(case, message))
        say(f"left with the server as {message.id}; `exitflow case {where}` shows its effect")
        return
    before, receipt = run(_file(case, message))
    again = "was received before: " if before else ""
    say(f"{again}entry {receipt.seq} of {receipt.case_id}, {message.id}", receipt.text)


async def _file(case_id: str, document: CaseDocument) -> tuple[bool, Receipt]:
    async with open_desk() as desk:
        known = desk.registry.documents.kept(case_id, document.id) is not None
        return known, await desk.file(case_id, document)


async def _leave(case_id: str, document: CaseDocument) -> str:
    """As a signal to an open case; a supplement waits for a worker anyway."""
    async with open_desk() as desk:
        ended = desk.registry.documents.ended(case_id)
        if ended is not None:
            return await desk.open(SupplementApplication(of=ended, document=document))
        await desk.post(case_id, document)
        return case_id


def _case(text: str) -> str:
    if not is_case(text):
        raise InputError(f"CASE: {text!r} is no id of a case; write it as county-exit/411523/2026")
    belongs_to = supplemented(text)
    if belongs_to is not None:
        raise InputError(f"CASE: {text} is a supplement; name the case itself, {belongs_to}")
    return text


def _kind(text: str) -> DocumentKind:
    try:
        return DocumentKind(text.replace("-", "_"))
    except ValueError:
        raise InputError(
            f"--kind: {text!r} is none; write filing, data-entry or evaluation"
        ) from None
