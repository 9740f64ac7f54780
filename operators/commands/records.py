"""The records of offices, outside the cases (台账): one record, or a file of them; listed."""

from typing import Annotated

from cyclopts import Parameter
from pydantic import ValidationError

from models.base import faults
from models.periods import beijing
from models.register.office_records import Fault, OfficeRecord, RecordKind
from operators.commands import inputs
from operators.commands.lists import Most, in_a_file, least, on_a_page
from operators.commands.options import As, Document, Officer, Proof, Region, Subject, Workbook
from operators.commands.words import Day, InputError, Json, Year
from operators.desk.registry import open_registry, utc_now
from operators.views.printing import as_json, console, print_cut
from operators.views.register import print_records
from operators.views.terminal import say
from registry.files.workbook_writing import write_workbook
from registry.register.office_records import COLUMNS, sheet_row


def record(
    kind: RecordKind,
    code: Subject,
    /,
    *,
    year: Year,
    office: As,
    officer: Officer,
    on: Day,
    text: str,
    document: Document = None,
    evidence: Proof = (),
    refers_to: str | None = None,
    fault: Fault | None = None,
    leader: str | None = None,
    department: str | None = None,
    person: str | None = None,
    until: Day | None = None,
    households: int | None = None,
    villages: int | None = None,
    counties: int | None = None,
    case: str | None = None,
    entry: int | None = None,
) -> None:
    """Put one record down; the same one again is no change. `registry import` takes many.

    Args:
        kind: measure (工作措施, F13), registration (备案登记, A8), reward (奖励, F2), assessment
            (考核, F11: with the statement as evidence), accountability (追究责任, F10), inspection
            (督查, F14), outcome (处理结果: what came of these two), programme (规划), annual-plan
            (年度计划), scheme (退出方案) or reward-policy (奖励政策, F12, F14).
        code: The county, village or household it is about; of a measure, assessment,
            accountability, inspection or outcome a city or province too; of the last four the
            office's own county, city or province.
        year: The year it belongs to.
        on: When it was done or decided, YYYY-MM-DD.
        text: What was done, in a sentence.
        refers_to: The id of the record whose place this one takes (更正), or whose outcome it is:
            one of the same office, or of one below it.
        fault: serious-error (重大失误), fraud (弄虚作假) or violation (违规操作).
        leader: The leader who is called to account (责任领导).
        department: The department (责任部门).
        person: The person (责任人员).
        until: The last day on which a plan, scheme or policy holds (有效期至).
        households: How many are to leave by a plan.
        villages: Likewise.
        counties: Likewise.
        case: The case in whose file the fault, breach or finding stands.
        entry: The number of its entry.
    """
    try:
        said = OfficeRecord(
            kind=kind,
            subject=code,
            year=year,
            office=office,
            officer=officer,
            day=on,
            text=text,
            document=document,
            evidence=inputs.evidence(evidence),
            refers_to=refers_to,
            fault=fault,
            leader=leader,
            department=department,
            person=person,
            until=until,
            households=households,
            villages=villages,
            counties=counties,
            case_id=case,
            entry=entry,
        )
    except ValidationError as error:
        raise InputError(faults(error)) from None
    with open_registry() as registry:
        new = registry.office_records.put(said, beijing(utc_now()).date())
    say(f"{said.id}: {'put down' if new else 'was put down before'}")


def records(
    *,
    region: Region = None,
    subject: Annotated[Subject | None, Parameter(help="Only about this one.")] = None,
    year: Year | None = None,
    kind: RecordKind | None = None,
    limit: Most = None,
    excel: Workbook | None = None,
    json: Json = False,
) -> None:
    """List what offices have put down, by its day, with the ids by which it is referred to.

    Args:
        year: Only of this year.
        kind: Only of this kind.
        excel: Write them to this .xlsx file, which `registry import` reads again.
    """
    with open_registry() as registry:
        registry.check_division("--region", region)
        found = registry.office_records.listed(subject=subject, region=region, year=year, kind=kind)
    if excel is not None:
        try:
            write_workbook(excel, "台账", COLUMNS, map(sheet_row, found[: in_a_file(limit)]))
        except OSError as error:
            sentence = f"{excel} cannot be written: {error.strerror or error}"
            raise InputError(f"--excel: {sentence}") from None
    if json:
        as_json(found[: in_a_file(limit)])
    elif excel is not None:
        say(f"{excel}: {least(len(found), limit)} records")
    elif found:
        out, shown = console(), found[: on_a_page(limit)]
        print_records(out, shown)
        print_cut(out, len(shown), len(found))
    else:
        say("no record")
