"""Excel and CSV: the votes of a roster's meeting (H1), the answers of its households (H2)."""

from pathlib import Path

from models.appraisals import MOST_HOUSEHOLDS, Proposal
from models.case.parts import PlanAddition
from models.roster.messages import Consent
from registry.errors import LoadError
from registry.files import cells
from registry.files.named_columns import Columns, Line, NamedColumns
from registry.files.register_columns import HOUSEHOLD_CODE

VOTES, PLAN_REASON, PLAN_DOCUMENT = "赞成票数", "追加计划理由", "追加计划文号"
AGREED, SIGNED_BY, REFUSED_FOR = "是否认可", "签字人", "不认可理由"

_MOST_VOTES = 100_000


def read_votes(path: Path, present: int) -> tuple[Proposal, ...]:
    """The roster as a meeting voted on it: 户编号, 赞成票数; 追加计划理由 with 追加计划文号 (G6).

    Args:
        present: How many were present, and can have voted.

    Raises:
        LoadError: if it is no such file, or with its faults, each with row and column.
    """
    file = NamedColumns(path, Columns((HOUSEHOLD_CODE, VOTES), (PLAN_REASON, PLAN_DOCUMENT)))
    first: dict[str, int] = {}
    found: list[Proposal] = []
    for line in file.rows():
        code = _household(line, first)
        votes = line.read(VOTES, cells.whole(_MOST_VOTES, "28"))
        if votes is not None and votes > present:
            line.fault(VOTES, f"more votes than the {present} present (H1)")
        addition = _plan_addition(line)
        if code is not None and votes is not None:
            found.append(Proposal(household=code, in_favour=votes, plan_addition=addition))
    _check_number(path, file, len(found))
    return tuple(found)


def read_consents(path: Path) -> tuple[Consent, ...]:
    """What households answered: 户编号, 是否认可, 签字人; 不认可理由 where one refuses.

    Raises:
        LoadError: if it is no such file, or with its faults, each with row and column.
    """
    file = NamedColumns(path, Columns((HOUSEHOLD_CODE, AGREED, SIGNED_BY), (REFUSED_FOR,)))
    first: dict[str, int] = {}
    found: list[Consent] = []
    for line in file.rows():
        code = _household(line, first)
        agreed = line.read(AGREED, cells.yes_no)
        signed_by = line.read(SIGNED_BY, cells.proper_name)
        reason = line.read_if_filled(REFUSED_FOR, cells.text)
        if agreed is False and reason is None:
            line.fault(REFUSED_FOR, "is empty; a household that refuses says why")
        elif code is not None and agreed is not None and signed_by is not None:
            found.append(Consent(household=code, agreed=agreed, signed_by=signed_by, reason=reason))
    _check_number(path, file, len(found))
    return tuple(found)


def _household(line: Line, first: dict[str, int]) -> str | None:
    code = line.read(HOUSEHOLD_CODE, cells.household_code)
    if code is not None and code in first:
        line.fault(HOUSEHOLD_CODE, f"stands in row {first[code]} already; keep one")
        return None
    if code is not None:
        first[code] = line.number
    return code


def _plan_addition(line: Line) -> PlanAddition | None:
    reason = line.read_if_filled(PLAN_REASON, cells.text)
    document = line.read_if_filled(PLAN_DOCUMENT, cells.text)
    if reason is not None and document is not None:
        return PlanAddition(reason=reason, document_number=document)
    if reason is not None or document is not None:
        missing = PLAN_DOCUMENT if document is None else PLAN_REASON
        line.fault(missing, f"write {PLAN_REASON} and {PLAN_DOCUMENT}, or neither (G6)")
    return None


def _check_number(path: Path, file: NamedColumns, found: int) -> None:
    file.refuse()
    if not 0 < found <= MOST_HOUSEHOLDS:
        said = "no household; write one in each row" if not found else f"{found} households"
        more = f", more than the {MOST_HOUSEHOLDS} of one roster" if found else ""
        raise LoadError([f"{path} holds {said}{more}"])
