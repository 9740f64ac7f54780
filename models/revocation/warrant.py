"""Whether a kept file carries the revocation of an exit (X1)."""

from datetime import datetime
from typing import Any

from models.case.file import CaseFile
from models.case.warrant import as_signed, counted, differs, final, why_not_final
from models.offices import Office
from models.revocation.orders import RevocationChange


def revocation(file: CaseFile, change: RevocationChange, now: datetime) -> str | None:
    """X1: what left is on the list again, by the act that the file has."""
    x1, application = file.route[-1], file.application
    by = Office.parse(application["office"])
    said = why_not_final(file, x1, now, by)
    if said is not None:
        return said
    act = final(file, x1, by)
    exit: Any = act.entry.data["exit"]
    responsible = [each.content() for each in change.responsible]
    return differs(
        ("subject", change.subject, file.subject),
        ("year", change.year, application["year"]),
        ("office", str(change.office), act.office),
        ("reason", change.reason, application["reason"]),
        *as_signed(change, act),
        ("exited_on", change.exited_on.isoformat(), exit["exited_on"]),
        ("exit_case", change.exit_case, exit.get("case_id") or ""),
        ("exit_document", change.exit_document, exit.get("document")),
        ("responsible", responsible, act.entry.data["responsible"]),
        ("policy", change.policy.sha256, file.policy.sha256),
    ) or counted(change.counted_on, act, now)
