"""Whether a household's kept file carries its notice (R3), and its entry into the register (R4)."""

from datetime import datetime

from models.case.file import CaseFile
from models.case.ledger import EntryKind
from models.case.warrant import (
    as_object,
    as_signed,
    counted,
    differs,
    final,
    why_not_final,
    why_not_posted,
)
from models.notices import NoticeOrder, PostedHousehold
from models.procedures import R3, R4
from models.reentry.orders import EntryOrder
from models.roster.households import shown_name


def entry(file: CaseFile, order: EntryOrder, now: datetime) -> str | None:
    """R4: a household comes into the register, as it was posted."""
    said = why_not_final(file, R4, now)
    if said is not None:
        return said
    act, notice = final(file, R4), file.notice(R3)
    assert notice is not None  # the publicity is done
    posted = next(
        each.data["facts"]
        for each in reversed(file.entries[: notice.entry.seq])
        if each.kind is EntryKind.FINDINGS and "facts" in each.data
    )
    revision = posted.get("revision", 1) if isinstance(posted, dict) else None
    return differs(
        ("household", order.household, file.subject),
        ("revision", order.revision, revision),
        *as_signed(order, act),
        ("policy", order.policy.sha256, file.policy.sha256),
    ) or counted(order.counted_on, act, now)


def reentry_notice(file: CaseFile, order: NoticeOrder, now: datetime) -> str | None:
    """R3: the notice of a household shows what the register said of it last (G8)."""
    shown = order.shows
    assert isinstance(shown, PostedHousehold)
    said = why_not_posted(file, R3, order, now)
    if said is not None:
        return said
    found = file.last(EntryKind.FINDINGS, "facts")
    if found is None:
        return "the file does not say what the register has of the household"
    facts = as_object(found.data["facts"])
    return differs(
        ("village", shown.village, file.subject.village),
        ("name", shown.name, shown_name(facts["head"], file.policy.roster_notice.names)),
        ("group", shown.group, facts["group"]),
        ("size", shown.size, facts["size"]),
        ("cause", shown.cause.value, found.data["cause"]),
    )
