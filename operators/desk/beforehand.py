"""What the desk holds against the register before it sends an act: its case does so again.

So the sender is answered at once. The case cannot: it asks the register only when it has the act.
"""

from datetime import datetime

from models import identity
from models.case.messages import Act, Decision
from models.county import admission
from models.periods import beijing
from models.procedures import C1, C3, C7, V1, V3
from models.standards import needs_override
from operators.desk.errors import Refused
from registry.desk import Registry

_COUNTED = (C3.id, C7.id, V1.id, V3.id)
"""The steps at which an approval is judged by the register's count of its moment."""


def hold_against_register(registry: Registry, case_id: str, act: Act, now: datetime) -> None:
    """Hold the figures of a renewed application (C1), or an approval, against the register.

    Raises:
        Refused: if the figures differ and no reason is given (S5); if the count fails and is not
            overridden (S2, S3, S6).
    """
    if act.step == C1.id:
        _check_figures(registry, case_id, act)
    reports = act.step == V3.id and act.office.body is V3.reported_by
    if act.step in _COUNTED and act.decision is Decision.APPROVE and not reports:
        today = beijing(now).date()
        for unmet in registry.unmet_by_count(case_id, act.step, today):
            if unmet.id not in act.overrides:
                raise Refused(needs_override(unmet))


def _check_figures(registry: Registry, case_id: str, act: Act) -> None:
    if act.figures is None or act.reason is not None:
        return
    counted = registry.county_incidence(identity.subject_code(case_id), act.figures.as_of)
    said = admission.difference(act.figures, counted)
    if said is not None:
        raise Refused(f"figures: {said} (S5); correct them, or say why in reason")
