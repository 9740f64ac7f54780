"""Whether a county's kept file carries its notice (C4), and its leaving the list (C7)."""

from datetime import datetime

from models.case.file import CaseFile
from models.case.ledger import EntryKind
from models.case.warrant import (
    as_object,
    counted,
    differs,
    final,
    office_name,
    why_not_announced,
    why_not_final,
    why_not_posted,
)
from models.county.orders import RegisterChange
from models.notices import NoticeOrder, PostedCounty
from models.procedures import C3, C4, C6, C7, skipped
from models.register.counties import (
    CountyFigures,
    PoorVillages,
    ProvincialFindings,
    ProvincialMean,
)
from models.register.villages import Incidence


def county_exit(file: CaseFile, change: RegisterChange, now: datetime) -> str | None:
    """C7: a county leaves the list, while S3's incidence is met, unless overridden (S6)."""
    said = why_not_final(file, C7, now)
    if said is not None:
        return said
    act = final(file, C7)
    overridden = "S3.incidence" in act.act.get("overrides", [])
    inspected_by = office_name(file, file.subject.office(C6.body), change.posted_at)
    return (
        why_not_announced(file, change, act, now)
        or differs(
            ("county", change.county, file.subject),
            ("approved_by", str(change.approved_by), act.office),
            (
                "inspected_by",
                change.inspected_by,
                None if C6 in skipped(file.subject) else inspected_by,
            ),
            ("standards", change.standards, None if overridden else file.policy.standards),
        )
        or (None if overridden else counted(change.counted_on, act, now))
    )


def county_notice(file: CaseFile, order: NoticeOrder, now: datetime) -> str | None:
    """C4: a county's notice shows the figures and the register's count that its file has last."""
    shown = order.shows
    assert isinstance(shown, PostedCounty)
    said = why_not_posted(file, C4, order, now)
    if said is not None:
        return said
    figures = next(
        (
            found
            for each in reversed(file.entries)
            if each.kind is EntryKind.ACT
            and (act := as_object(each.data["act"])).get("id") not in file.lapsed
            and (found := act.get("figures")) is not None
        ),
        file.application["figures"],
    )
    checked, opened = file.approval(C3), file.entries[0].data
    assert checked is not None  # C3 is done
    counts = next((each.data for each in reversed(file.entries) if "villages" in each.data), {})
    count = counts.get("incidence")
    return differs(
        ("county", shown.county, file.subject),
        ("figures", shown.figures, CountyFigures.model_validate(figures)),
        ("mean", shown.mean, ProvincialMean.model_validate(opened["mean"])),
        (
            "findings",
            shown.findings,
            ProvincialFindings.model_validate(checked.act["findings"]),
        ),
        ("counted", shown.counted, None if count is None else Incidence.model_validate(count)),
        ("villages", shown.villages, PoorVillages.model_validate(counts.get("villages", {}))),
    )
