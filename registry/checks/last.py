"""What the last check that was kept found wrong, by case."""

import re
from collections import defaultdict

from pydantic import ValidationError
from sqlmodel import Session, col, select

from models.checks.findings import CheckReport, Finding
from models.identity import is_case
from registry.tables import CheckResultRow

_APART = re.compile(r"[ ,]+")


def last_report(session: Session) -> CheckReport | None:
    """The last check that was kept; None before the first."""
    newest = select(CheckResultRow).order_by(col(CheckResultRow.at).desc()).limit(1)
    row = session.exec(newest).first()
    return CheckReport.model_validate_json(row.report) if row is not None else None


def found_by_case(session: Session) -> dict[str, tuple[Finding, ...]]:
    """Its findings by the cases that they name; of those that name many, the first ones."""
    try:
        report = last_report(session)
    except ValidationError:
        return {}  # whoever wrote that there, `exitflow check --last` fails on it
    named: defaultdict[str, list[Finding]] = defaultdict(list)
    for each in report.findings if report is not None else ():
        for word in dict.fromkeys(_APART.split(each.where)):
            if is_case(word):
                named[word].append(each)
    return {case_id: tuple(findings) for case_id, findings in named.items()}
