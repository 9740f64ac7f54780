"""How a case, its households and documents, many cases and their limits look on paper."""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING

from pydantic import JsonValue
from rich.console import Console
from rich.table import Table
from rich.text import Text

from models.base import first_few, shortened
from models.case.documents import DOCUMENT_KINDS
from models.case.ledger import Entry, EntryKind
from models.case.letter_delivery import WAYS, LetterDelivery
from models.case.messages import DONE, Finding, Outcome, Rates
from models.case.orders import LimitInForce
from models.case.state import Households
from models.case.status import CaseStatus, NoticeStatus, ObjectionStatus, StepState
from models.identity import procedure_of
from models.periods import BEIJING, until
from models.procedures import Procedure
from models.roster.households import STATES, Course, State
from models.texts.characters import visible
from operators.views.printing import at, due, heading, left, paragraph, sentences, table, urgency
from registry.files.workbook_writing import Value
from registry.records import (
    ContradictionRecord,
    NoticeRecord,
    RevokedRecord,
    UnreachedRecord,
)

if TYPE_CHECKING:
    # They need a Temporal client and a procedure's messages, and a list of cases does not.
    from registry.cases.documents import DocumentRecord
    from registry.cases.letters import WrittenLetter
    from workers.case_on_server import Amiss

_STATES = {
    StepState.DONE: Text("✔ done 已办结", "green"),
    StepState.CURRENT: Text("▶ open 办理中", "bold yellow"),
    StepState.AHEAD: Text("· ahead 未到", "dim"),
    StepState.SKIPPED: Text("– skipped 不适用", "dim"),
    StepState.ENDED: Text("■ ended 终止", "bold"),
}

_PRESSING = {
    EntryKind.ALARM,
    EntryKind.BREACH,
    EntryKind.LATE,
    EntryKind.REFUSED,
    EntryKind.NOT_NOTIFIED,
    EntryKind.UNPOSTED,
}


_NAMED = 10
"""Households that a line names; `exitflow letters --sheet` has them all."""

_SHOWN_OF_REFUSED = 300
"""Characters of a refused message in the list of entries."""


def print_revoked(out: Console, revoked: Sequence[RevokedRecord]) -> None:
    """What became of it since: its file is closed and says nothing of that (F7)."""
    if not revoked:
        return
    out.print(heading("Revoked since 撤销退出"))
    for each in revoked:
        said = f"{each.subject} on {each.on}, {each.document}, {each.case_id}"
        out.print(paragraph(said, out.width, 2), style="bold red")


def print_stopped(out: Console, case_id: str, found: "Amiss | None") -> None:
    """Above all else: what follows is how the case stood, and it does not go on."""
    if found is None:
        return
    out.print(heading("Does not go on 已停办"))
    out.print(paragraph(f"{case_id}: {found}.", out.width, 2), style="bold red")
    out.print()


def print_contradicted(out: Console, noted: ContradictionRecord | None) -> None:
    """What was said above is then the case's own telling, and not what is kept (G7)."""
    if noted is None:
        return
    out.print(heading("Contradicts its kept file 与留存案卷不一致"))
    said = (
        f"since {at(noted.since)}, from entry {noted.seq} on: {noted.said}; "
        f"`exitflow mend {noted.case_id}` lets it go on with the kept file"
    )
    out.print(paragraph(said, out.width, 2), style="bold red")


def print_case(out: Console, status: CaseStatus, now: datetime) -> None:
    """Steps, what is waited for, limits, objections, outcome."""
    named = f"{status.subject} {status.year}年度 {procedure_of(status.case_id).title}"
    out.print(Text(f"{named}  {status.case_id}  round {status.round}", style="bold"))
    out.print(_standing(status))
    out.print()
    out.print(_steps(status))
    if status.households:
        out.print(heading("Households 名单"))
        out.print(roster_counts(status.households))
    if status.limits:
        out.print(heading(f"Limits in force 期限{_of(len(status.limits), status.limits_in_all)}"))
        for each in status.limits:
            print_limit(out, each, now)
    if status.notices:
        out.print(heading("Notices 公示"))
        for notice in status.notices:
            out.print(Text(f"  {notice.id}  {_days(notice)}"))
            out.print(paragraph(_posted(notice), out.width, 4, "" if notice.posted_at else "dim"))
    if status.open_objections:
        shown = len(status.open_objections)
        out.print(heading(f"Open objections 未办结异议{_of(shown, status.open_count)}"))
        for identifier in status.open_objections:
            out.print(Text(f"  {identifier}"))
        if shown < status.open_count:
            said = f"all of them: exitflow case {status.case_id} --objections"
            out.print(paragraph(said, out.width, 2))
    if status.outcome:
        out.print(heading("Outcome 结果"))
        for line in _outcome(status.outcome, procedure_of(status.case_id)):
            out.print(paragraph(line, out.width, 2))
    unfiled = f", {status.unfiled:,} refused signals counted and not on file"
    out.print(
        Text(
            f"\n{status.entries} entries on file, head {status.head[:12]}"
            f"{unfiled if status.unfiled else ''}",
            style="dim",
        )
    )


def print_unreached(out: Console, those: Sequence[UnreachedRecord]) -> None:
    """What people were to be told and has not arrived (T8): still tried, or given up."""
    if not those:
        return
    out.print(heading("Not reached 通知未送到"))
    for each in those:
        gone = f"given up 已放弃: {each.error}" if each.error else f"tried until {at(each.until)}"
        said = f"{at(each.at)}  {each.case_id}, entry {each.seq}  {each.topic} {each.recipient} "
        line = f"{said}({each.channel}): {gone}"
        out.print(paragraph(line, out.width, 2), style="red" if each.error else "yellow")


def print_undelivered_letters(out: Console, letters: "Sequence[WrittenLetter]") -> None:
    """Which letters nobody has reported as delivered (F15); nothing of what has no letters."""
    waiting = [each for each in letters if each.delivered is None]
    if not letters:
        return
    many = f"{len(waiting)} of {len(letters)}"
    out.print(heading(f"Letters not reported as delivered 未报告送达的告知书 {many}"))
    for (entry, title), those in groupby(waiting, lambda each: (each.entry, each.title)):
        numbers = [each.household for each in those]
        said = f"{title}（第{entry}号）  {len(numbers)}户：{first_few(numbers, _NAMED)}"
        out.print(paragraph(said, out.width, 2))


def _days(notice: NoticeStatus) -> str:
    return f"公示至 {until(notice.closes)}" if notice.closes else "公示期自张贴之日起计算"


def _posted(notice: NoticeStatus) -> str:
    """Where, when and by whom it was hung out, and when it came down (T1)."""
    removed = f"；{at(notice.removed_at)} 撤下" if notice.removed_at else ""
    if notice.posted_at is None:
        return f"未报告张贴 not reported as posted{removed}"
    proofs = f"附材料{notice.evidence}份" if notice.evidence else "未附照片等材料"
    return f"{at(notice.posted_at)} 张贴于{notice.place}，经办人{notice.officer}，{proofs}{removed}"


def _of(shown: int, there_are: int) -> str:
    return f" {shown} of {there_are:,}" if shown < there_are else ""


def print_objections(out: Console, objections: Sequence[ObjectionStatus]) -> None:
    """Objections, reports and pleas: when they came, where they stand, what came of them."""
    for each in objections:
        line = Text(f"{at(each.received_at)}  ", style="dim")
        line.append(f"{each.word} {each.id}", style="" if each.finding else "bold yellow")
        line.append(
            f"  {each.household or ''}  entry {each.entry}  {_came_of(each)}  {each.office}"
        )
        out.print(line)
    left = sum(each.finding is None for each in objections)
    out.print(heading(f"{len(objections):,} in all, {left:,} open"))


def _came_of(objection: ObjectionStatus) -> str:
    if objection.finding is None:
        return "未办结 open"
    return "成立 upheld" if objection.finding is Finding.UPHELD else "不成立 dismissed"


_OF_AN_OBJECTOR = ("objector", "contact")
_WITHHELD = "（仅供调查人员查阅）"


def for_everybody(entry: Entry) -> Entry:
    """An entry without who objects: name and contact are for who investigates alone (G1)."""
    said = {name: _withheld(value) for name, value in entry.data.items()}
    return entry.model_copy(update={"data": said})


def _withheld(value: JsonValue) -> JsonValue:
    match value:
        case dict():
            return {
                name: _WITHHELD if name in _OF_AN_OBJECTOR and said else _withheld(said)
                for name, said in value.items()
            }
        case list():
            return [_withheld(each) for each in value]
        case _:
            return value


def print_entry(out: Console, entry: Entry, said: str | None = None) -> None:
    """One entry of a file with all it holds: also what a refused message said, word for word.

    Args:
        said: What it keeps sealed, which is shown in the place of that.
    """
    print_ledger(out, [entry])
    opened = {} if said is None else {"content": f"(sealed)\n{said}"}
    for name, value in (entry.data | opened).items():
        shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
        out.print(paragraph(f"{name}:", out.width, 2, "bold"))
        for line in visible_lines(shown):
            out.print(paragraph(line, out.width, 4))


def visible_lines(text: str) -> list[str]:
    """Lines that a terminal cannot take for anything but text."""
    return [visible(line) for line in text.split("\n")]


def _standing(status: CaseStatus) -> Text:
    if status.outcome:
        return Text(status.waiting_text, style="green" if _is_done(status.outcome) else "red")
    office = f" ({status.waiting_for})" if status.waiting_for else ""
    return Text(f"{status.waiting_text}{office}", style="bold red" if status.overdue else "yellow")


def _is_done(outcome: Outcome) -> bool:
    return outcome.ending in DONE


def _steps(status: CaseStatus) -> Table:
    lines = table("Step", "Office", "State", "Note", wrap=["Note"])
    for step in status.steps:
        lines.add_row(f"{step.id} {step.title}", step.office, _STATES[step.state], step.note)
    return lines


def _outcome(outcome: Outcome, procedure: Procedure) -> Iterable[str]:
    document = f"（{outcome.document_number}）" if outcome.document_number else ""
    ending = procedure.ending(outcome.ending)
    yield f"{ending} {outcome.ending.value}{document}"
    yield f"at {outcome.step}, round {outcome.round}, by {outcome.by}, on {at(outcome.at)}"
    yield outcome.reason


def print_limit(out: Console, held: LimitInForce, now: datetime, case: str = "") -> None:
    """One limit: until when, for what, who is held to it, and how it was counted."""
    limit, style = held.limit, urgency(held.limit, held.breached, now)
    line = Text(f"{due(limit)}  {left(limit, now):<18}", style=style)
    line.append(f"{limit.clause}  {held.subject}")
    if limit.provisional:
        line.append("  provisional 暂定", style="magenta")
    out.print(line)
    office = f"{held.office_name} ({held.office})"
    out.print(Text(f"  {case}  {office}" if case else f"  {office}"))
    for sentence in sentences(limit, out.width):
        out.print(sentence)


def print_ledger(out: Console, entries: Sequence[Entry]) -> None:
    """The case file: one entry after the other, with its number and the head of its hash."""
    for entry in entries:
        style = "red" if entry.kind in _PRESSING else ""
        line = Text(f"{entry.seq:>4}  {at(entry.at)}  ", style="dim")
        line.append(f"{entry.step}/{entry.round}  {entry.kind.value}", style=style or "bold")
        line.append(f"  {entry.actor}")
        line.append(f"  {entry.hash[:12]}", style="dim")
        out.print(line)
        out.print(paragraph(entry.text, out.width, 6, style))
        if entry.kind is EntryKind.REFUSED and "content" in entry.data:
            said = shortened(visible(str(entry.data["content"])), _SHOWN_OF_REFUSED)
            out.print(paragraph(f"{said}  (all of it: --entry {entry.seq})", out.width, 6, "dim"))


# -- households of a roster --------------------------------------------------------------------

_HOUSEHOLD_STYLES = {
    State.POSTED: "yellow",
    State.HELD: "bold red",
    State.HELD_UNPOSTED: "bold red",
    State.STRUCK_OFF: "green",
    State.OUT: "red",
}


def roster_counts(roster: Households) -> Text:
    """How many households are where; and whom an objection holds back."""
    made = Text("  ")
    for word, count in roster.counts.items():
        state = State(word)
        if count:
            made.append(f"{STATES[state]} {state.value} ", style=_HOUSEHOLD_STYLES.get(state, ""))
            made.append(f"{count}   ", style="bold")
    if roster.held:
        made.append(f"\n  异议 {'、'.join(roster.held)}", style="bold red")
    return made


def print_households(out: Console, courses: Sequence[Course]) -> None:
    """Each household with its state; why it is out or held back; which criteria it fails (S1)."""
    columns = ("Household", "Head", "Group", "Size", "State", "Posted until", "Not met", "Reason")
    lines = table(*columns, wrap=["Not met", "Reason"])
    for course in courses:
        lines.add_row(
            course.household,
            course.name,
            course.group,
            str(course.size),
            _state(course.state),
            until(course.closes) if course.closes else "",
            "\n".join(_failed(course)),
            _reason(course),
        )
    out.print(lines)
    out.print(f"\n{len(courses)} household{'' if len(courses) == 1 else 's'}", style="bold")


COURSE_COLUMNS = (
    *(("户编号", 22), ("户主姓名", 14), ("村民小组", 14), ("家庭人口", 10), ("状态", 18)),
    *(("核实", 14), ("是否认可", 10), ("公示截止", 12), ("未达标项", 30), ("理由", 40)),
)
"""What a roster is written with to a sheet, each column with its width in characters."""


def course_cells(course: Course) -> Sequence[Value]:
    """A household of a roster as a row of such a sheet."""
    closes = (course.closes - timedelta(seconds=1)).astimezone(BEIJING) if course.closes else None
    return (
        course.household,
        course.name,
        course.group,
        course.size,
        STATES[course.state],
        "、".join(course.verified_by),
        "是" if course.agreed else "",
        closes.date() if closes else None,
        "、".join(_failed(course)),
        _reason(course),
    )


def _state(state: State) -> Text:
    return Text(f"{STATES[state]} {state.value}", _HOUSEHOLD_STYLES.get(state, ""))


def _failed(course: Course) -> Iterator[str]:
    """The criteria by the names under which they can be overridden (S6)."""
    for finding in course.findings:
        if not finding.met and finding.id not in course.overrides:
            yield finding.id


def _reason(course: Course) -> str:
    overridden = f"overridden: {', '.join(course.overrides)}" if course.overrides else ""
    return "; ".join(filter(None, (course.reason, overridden)))


# -- documents (F9) ---------------------------------------------------------------------------


def print_notice(out: Console, notice: NoticeRecord) -> None:
    """A notice with its number, and until when it stands; an announcement stands from its day."""
    line = Text(f"{at(notice.posted_at)}  ", style="dim")
    line.append(notice.id, style="bold")
    out.print(line)
    out.print(paragraph(notice.title, out.width, 2))
    if notice.closes_at > notice.posted_at:
        out.print(paragraph(f"公示至 {until(notice.closes_at)}", out.width, 2))
    if notice.replaces is not None:
        out.print(paragraph(f"替代 {notice.replaces}", out.width, 2))


def print_documents(out: Console, records: "Sequence[DocumentRecord]") -> None:
    """Filings, entries and evaluations, each with its evidence and its hash."""
    for record in records:
        document = record.document
        kind = f"{document.kind.value} {DOCUMENT_KINDS[document.kind]}"
        line = Text(f"{at(record.at)}  ", style="dim")
        line.append(kind, style="bold")
        line.append(f"  {document.office} {document.officer}")
        line.append(f"  {document.document_number or ''}")
        out.print(line)
        out.print(paragraph(document.text, out.width, 2))
        if document.rates is not None:
            out.print(paragraph(_rates(document.rates), out.width, 2))
        for delivery in document.deliveries:
            out.print(paragraph(_delivery(delivery), out.width, 4))
        for each in document.evidence:
            out.print(paragraph(f"{each.name}  sha256 {each.sha256}", out.width, 2, "dim"))
        out.print(
            paragraph(f"{record.case_id}, entry {record.seq}, {record.hash[:12]}", out.width, 2)
        )
    out.print(heading(f"{len(records)} document{'' if len(records) == 1 else 's'}"))


def _delivery(delivery: LetterDelivery) -> str:
    signed = f"，签收人{delivery.received_by}" if delivery.received_by else ""
    which = f"户{delivery.household}，告知书第{delivery.letter}号"
    left = f"，拒收事由：{delivery.refused_because}" if delivery.refused_because else ""
    seen = f"，见证人{'、'.join(delivery.witnesses)}" if delivery.witnesses else ""
    why = delivery.corrected_because
    corrects = f"，更正{delivery.corrects}，理由：{why}" if delivery.corrects else ""
    return f"{which}：{delivery.day}{WAYS[delivery.way]}{signed}{left}{seen}{corrects}"


def _rates(rates: Rates) -> str:
    return (
        f"综合贫困发生率 {rates.incidence} %，错退率 {rates.wrongly_exited} %，"
        f"漏评率 {rates.omitted} %，群众认可度 {rates.recognition} %"
    )
