"""Entries into the register (F5): a household that has fallen back, or is newly poor."""

from models.reentry.messages import ReentryApplication
from operators.commands import inputs, roster_inputs
from operators.commands.options import At, Document, Officer, Proof
from operators.commands.sending import signed
from operators.commands.started import print_opened


def start_reentry(
    household: str,
    /,
    *,
    year: int,
    officer: Officer,
    reason: str,
    document: Document = None,
    evidence: Proof = (),
    at: At = None,
) -> None:
    """Open the case of a household's entry into the register (R1 识别申报) and print its id.

    Args:
        household: The household's number (户编号). One that never was poor is imported before that,
            without 识别时间.
        year: By whose income and conditions it is judged (S1).
        reason: What has happened to it.
    """
    application = ReentryApplication(
        household=roster_inputs.household("HOUSEHOLD", household),
        year=inputs.year("--year", year),
        officer=officer,
        reason=inputs.said("--reason", reason),
        applied_at=signed(at),
        document_number=document,
        evidence=inputs.evidence(evidence),
    )

    print_opened(lambda desk: desk.open(application))
