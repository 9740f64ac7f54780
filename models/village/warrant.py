"""Whether a village's kept file carries its notice (V2), and its leaving the list (V3)."""

from datetime import datetime

from models.case.file import CaseFile
from models.case.ledger import EntryKind
from models.case.warrant import (
    differs,
    final,
    why_not_announced,
    why_not_final,
    why_not_overridden,
    why_not_posted,
)
from models.notices import NoticeOrder, Overridden, PostedVillage
from models.procedures import V1, V2
from models.register.villages import FieldSurvey, Incidence
from models.standards import incidence_finding
from models.village.orders import VillageRegisterChange

_NO_COUNT = "the file has no count of the village's poor (S5)"


def village_exit(file: CaseFile, change: VillageRegisterChange, now: datetime) -> str | None:
    """V3: a village leaves the list by the count that who approved was told of (S2, S6)."""
    v3 = file.route[-1]
    said = why_not_final(file, v3, now)
    if said is not None:
        return said
    act, told = final(file, v3), _counted_last(file)
    if told is None:
        return _NO_COUNT
    finding = incidence_finding("S2.incidence", told, file.policy.standards)
    return (
        why_not_announced(file, change, act, now)
        or differs(
            ("village", change.village, file.subject),
            ("approved_by", str(change.approved_by), act.office),
            ("told", change.told, told),
        )
        or why_not_overridden(act, () if finding.met else (finding,))
    )


def village_notice(file: CaseFile, order: NoticeOrder, now: datetime) -> str | None:
    """V2: a village's notice shows what its survey found and the register counted last."""
    shown = order.shows
    assert isinstance(shown, PostedVillage)
    said = why_not_posted(file, V2, order, now)
    if said is not None:
        return said
    survey, counted = file.approval(V1), _counted_last(file)
    assert survey is not None  # V1 is done
    if counted is None:
        return _NO_COUNT
    return differs(
        ("village", shown.village, file.subject),
        ("survey", shown.survey, FieldSurvey.model_validate(survey.act["survey"])),
        ("incidence", shown.incidence, counted),
        (
            "overridden",
            shown.overridden,
            Overridden.of(survey.act.get("overrides", ()), survey.act.get("reason")),
        ),
    )


def _counted_last(file: CaseFile) -> Incidence | None:
    """What the register counted last, by the file."""
    last = file.last(EntryKind.FINDINGS, "incidence")
    return None if last is None else Incidence.model_validate(last.data["incidence"])
