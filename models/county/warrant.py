"""Whether a county's kept file carries its notice (C4), and its leaving the list (C7)."""

from datetime import datetime

from models.case.file import CaseFile
from models.case.ledger import EntryKind
from models.case.warrant import (
    as_object,
    differs,
    final,
    office_name,
    why_not_announced,
    why_not_final,
    why_not_overridden,
    why_not_posted,
)
from models.counts import unmet_counts
from models.county.orders import RegisterChange
from models.notices import NoticeOrder, Overridden, PostedCounty
from models.procedures import C3, C4, C6, C7, skipped
from models.register.counties import (
    CountyCounted,
    CountyFigures,
    ProvincialFindings,
    ProvincialMean,
)


def county_exit(file: CaseFile, change: RegisterChange, now: datetime) -> str | None:
    """C7: a county leaves the list by the count that who approved was told of (S3, S6)."""
    said = why_not_final(file, C7, now)
    if said is not None:
        return said
    act, told = final(file, C7), _counted_last(file)
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
            ("told", change.told, told),
        )
        or why_not_overridden(act, unmet_counts(told, file.policy.standards))
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
    counted = _counted_last(file)
    return differs(
        ("county", shown.county, file.subject),
        ("figures", shown.figures, CountyFigures.model_validate(figures)),
        ("mean", shown.mean, ProvincialMean.model_validate(opened["mean"])),
        (
            "findings",
            shown.findings,
            ProvincialFindings.model_validate(checked.act["findings"]),
        ),
        (
            "overridden",
            shown.overridden,
            Overridden.of(checked.act.get("overrides", ()), checked.act.get("reason")),
        ),
        ("counted", shown.counted, counted.incidence),
        ("villages", shown.villages, counted.villages),
    )


def _counted_last(file: CaseFile) -> CountyCounted:
    """What the register counted last, by the file: nothing of a county without villages."""
    last = next((each.data for each in reversed(file.entries) if "villages" in each.data), {})
    counts = {key: last[key] for key in ("incidence", "villages") if key in last}
    return CountyCounted.model_validate(counts)
