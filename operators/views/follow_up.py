"""What follow-ups (F5) say of one household, for a terminal."""

from rich.console import Console

from models.follow_up.messages import RISKS
from operators.views.printing import heading, table
from registry.register.records import HouseholdRecord

_STABLE = {True: "是", False: "否", None: ""}


def print_follow_ups(out: Console, record: HouseholdRecord) -> None:
    """The visits to a household, and the risks it is or was marked with; nothing without any."""
    if record.visits:
        out.print(heading("Follow-up 跟踪回访 (F5)"))
        shown = table("Year", "Until", "Visited", "Stable", "Found", "By", wrap=["Found", "By"])
        for visit in record.visits:
            shown.add_row(
                str(visit.year),
                str(visit.due_on),
                str(visit.made_on or "待访 due"),
                _STABLE[visit.stable],
                visit.note or "",
                ", ".join(filter(None, [visit.office, visit.case_id])),
            )
        out.print(shown)
    if record.risks:
        out.print(heading("Risks 风险标注"))
        marked = table("Risk", "From", "Until", "Reason", "By", wrap=["Reason", "By"])
        for mark in record.risks:
            marked.add_row(
                RISKS[mark.risk],
                str(mark.since),
                str(mark.until or ""),
                mark.reason,
                f"{mark.office}, {mark.case_id}",
            )
        out.print(marked)
