"""Whether a village's kept file carries its notice (V2), and its leaving the list (V3)."""

from datetime import datetime

from models.case.file import CaseFile
from models.case.ledger import EntryKind
from models.case.warrant import (
    counted,
    differs,
    final,
    why_not_announced,
    why_not_final,
    why_not_posted,
)
from models.notices import NoticeOrder, PostedVillage
from models.procedures import V1, V2
from models.register.villages import FieldSurvey, Incidence
from models.village.orders import VillageRegisterChange


def village_exit(file: CaseFile, change: VillageRegisterChange, now: datetime) -> str | None:
    """V3: a village leaves the list, while S2 is met, unless that was overridden (S6)."""
    v3 = file.route[-1]
    said = why_not_final(file, v3, now)
    if said is not None:
        return said
    act = final(file, v3)
    overridden = "S2.incidence" in act.act.get("overrides", [])
    return (
        why_not_announced(file, change, act, now)
        or differs(
            ("village", change.village, file.subject),
            ("approved_by", str(change.approved_by), act.office),
            ("standards", change.standards, None if overridden else file.policy.standards),
        )
        or (None if overridden else counted(change.counted_on, act, now))
    )


def village_notice(file: CaseFile, order: NoticeOrder, now: datetime) -> str | None:
    """V2: a village's notice shows what its survey found and the register counted last."""
    shown = order.shows
    assert isinstance(shown, PostedVillage)
    said = why_not_posted(file, V2, order, now)
    if said is not None:
        return said
    survey, counted = file.approval(V1), file.last(EntryKind.FINDINGS, "incidence")
    assert survey is not None  # V1 is done
    if counted is None:
        return "the file has no count of the village's poor (S5)"
    return differs(
        ("village", shown.village, file.subject),
        ("survey", shown.survey, FieldSurvey.model_validate(survey.act["survey"])),
        ("incidence", shown.incidence, Incidence.model_validate(counted.data["incidence"])),
    )
