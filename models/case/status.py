"""What a case shows of itself: to a script as a value, to the Web UI as a table."""

from datetime import datetime
from enum import StrEnum
from itertools import islice

from models.base import Moment, Record
from models.case.limits import Watched
from models.case.mailbox import OnBoard
from models.case.messages import Finding, Outcome
from models.case.orders import CaseState, LimitInForce
from models.case.state import Docket, Households, ProcedureState
from models.periods import beijing, until
from models.procedures import Step
from models.texts.characters import markdown as shown


class StepState(StrEnum):
    """How far a step is."""

    DONE = "done"
    CURRENT = "current"
    AHEAD = "ahead"
    SKIPPED = "skipped"
    ENDED = "ended"


class StepStatus(Record):
    """One line of the step table."""

    id: str
    title: str
    office: str
    state: StepState
    note: str = ""


class NoticeStatus(Record):
    """A notice that is in force, and what was reported of its posting (T1).

    Attributes:
        closes: The end of its days; None while they wait for its posting.
        evidence: How many photos and the like the report has.
    """

    id: str
    closes: Moment | None
    posted_at: Moment | None = None
    place: str | None = None
    officer: str | None = None
    evidence: int = 0
    removed_at: Moment | None = None


class CaseStatus(Record):
    """The whole state of a case at one moment.

    Attributes:
        waiting_for: The office whose act or investigation is awaited; None while time passes.
        waiting_text: The same in Chinese, for people.
        limits: The nearest; those of one day, clause and office as one, where they are many.
        limits_in_all: How many limits are in force.
        open_objections: The first of those without a result; ``open_count`` is how many there are.
        unfiled: Refused signals that are counted, and not on file.
        head: Hash of the last ledger entry.
        households: How many are where, if each has a course of its own; None in other procedures.
        notices: The last of those in force.
    """

    case_id: str
    subject: str
    year: int
    step: str
    round: int
    waiting_for: str | None
    waiting_text: str
    steps: tuple[StepStatus, ...]
    limits: tuple[LimitInForce, ...]
    overdue: bool
    open_objections: tuple[str, ...]
    entries: int
    head: str
    outcome: Outcome | None
    households: Households | None = None
    lapsed: int = 0
    open_count: int = 0
    limits_in_all: int = 0
    unfiled: int = 0
    notices: tuple[NoticeStatus, ...] = ()


class ObjectionStatus(Record):
    """An objection, report or plea in a case, without what it says and who said it.

    Attributes:
        entry: Where it stands in the file, with its text.
        office: Who investigates it.
        finding: How it was resolved; None while it is open.
    """

    id: str
    word: str
    entry: int
    received_at: Moment
    household: str | None
    office: str
    finding: Finding | None


_MARK = {
    StepState.DONE: "✔ 已办结",
    StepState.CURRENT: "▶ 办理中",
    StepState.AHEAD: "· 未到",
    StepState.SKIPPED: "– 不适用",
    StepState.ENDED: "■ 终止",
}


_MOST_SHOWN = 12
"""Limits in the Web UI: the nearest."""

_MOST_LIMITS = 30
"""The nearest; what is alike counts as one. They go to the registry whenever anything happens."""

_APART = 3
"""Up to so many limits of one day, clause and office are shown one by one."""

MOST_NAMED = 50
"""Open objections that a status names; ``objections`` tells of all of them, page by page."""

_LAST = 10
"""Notices that a status tells of."""

MOST_ON_A_PAGE = 200
"""Objections in one answer."""


def state_of(docket: Docket, now: datetime) -> CaseState:
    """The line of a case in the registry and in the search attributes."""
    return CaseState(
        case_id=docket.case_id,
        procedure=docket.procedure.id,
        subject_code=docket.subject.code,
        subject_name=docket.subject.name,
        year=docket.year,
        region=docket.subject.region_path,
        step=docket.step.id,
        round=docket.round,
        waiting_for=docket.waiting_for,
        deadline=docket.watch.first_due,
        overdue=docket.watch.overdue,
        open_objections=docket.open_count,
        outcome=docket.outcome.ending.value if docket.outcome else None,
        limits=_limits(docket, now),
    )


def status_of(docket: Docket, now: datetime) -> CaseStatus:
    """Everything a case can tell of itself."""
    return CaseStatus(
        case_id=docket.case_id,
        subject=docket.subject.name,
        year=docket.year,
        step=docket.step.id,
        round=docket.round,
        waiting_for=str(docket.waiting_for) if docket.waiting_for else None,
        waiting_text=_waiting_text(docket, now),
        steps=tuple(_step_status(docket, step, now) for step in docket.route),
        limits=_limits(docket, now),
        overdue=docket.watch.overdue,
        open_objections=tuple(each.received.message.id for each in docket.unresolved[:MOST_NAMED]),
        open_count=docket.open_count,
        limits_in_all=len(docket.watch),
        unfiled=docket.unfiled,
        entries=docket.ledger.count,
        head=docket.ledger.head,
        outcome=docket.outcome,
        households=docket.own.summary() if docket.own else None,
        lapsed=docket.lapsed,
        notices=tuple(map(_notice, docket.notices.values()))[-_LAST:],
    )


def _notice(notice: OnBoard) -> NoticeStatus:
    posted, removed = notice.posted, notice.removed
    report = posted.message if posted else None
    return NoticeStatus(
        id=notice.notice_id,
        closes=notice.watched.limit.due if notice.watched.runs else None,
        posted_at=posted.signed if posted else None,
        place=report.place if report else None,
        officer=report.officer if report else None,
        evidence=len(report.evidence) if report else 0,
        removed_at=removed.signed if removed else None,
    )


def objections_of(docket: Docket, after: int) -> list[ObjectionStatus]:
    """Objections in the order in which they came, behind so many of them; one page of them."""
    found = islice(docket.objections.values(), after, after + MOST_ON_A_PAGE)
    return [
        ObjectionStatus(
            id=each.received.message.id,
            word=each.word,
            entry=each.received.seq,
            received_at=each.received.at,
            household=each.received.message.household,
            office=str(each.investigator),
            finding=each.resolution.message.finding if each.resolution else None,
        )
        for each in found
    ]


def _limits(docket: Docket, now: datetime) -> tuple[LimitInForce, ...]:
    """The limits in force, nearest first."""
    shown: list[LimitInForce] = []
    for alike in docket.watch.nearest():
        if len(alike) > _APART:
            many = f"{alike.first.subject} 等{len(alike)}项"
            shown.append(_in_force(docket, alike.first, many, bool(alike.late), now))
        else:
            shown += [_in_force(docket, each, each.subject, each.breached, now) for each in alike]
        if len(shown) >= _MOST_LIMITS:
            break
    return tuple(shown[:_MOST_LIMITS])


def _in_force(
    docket: Docket, watched: Watched, subject: str, breached: bool, now: datetime
) -> LimitInForce:
    return LimitInForce(
        limit=watched.limit,
        office=watched.office,
        office_name=docket.name(watched.office, now),
        subject=subject,
        breached=breached,
    )


def _waiting_text(docket: Docket, now: datetime) -> str:
    if docket.outcome is not None:
        ending = docket.procedure.ending(docket.outcome.ending)
        return f"已办结：{ending}"
    if docket.waiting_for is not None:
        return f"等待{docket.name(docket.waiting_for, now)}"
    closes = docket.posted.due if docket.posted else None
    if docket.own is not None:
        closes = docket.own.summary().closes
    if closes is not None:
        heard = docket.posted is not None and docket.posted.clause == "F6.hearing"
        return f"{'申诉举证中' if heard else '公示中'}，至 {until(closes)}"
    return "办理中"


def _step_status(docket: Docket, step: Step, now: datetime) -> StepStatus:
    finished = docket.done.get(step.id)
    note = f"{beijing(finished):%Y-%m-%d %H:%M}" if finished else ""
    if step in docket.skipped:
        state, note = StepState.SKIPPED, docket.skipped[step]
    elif finished is not None:
        state = StepState.DONE
    elif step == docket.step and docket.outcome is None:
        state = StepState.CURRENT
        ends = docket.watch.first_due
        note = f"至 {until(ends)}{'，已逾期' if docket.watch.overdue else ''}" if ends else ""
    elif step == docket.step and docket.outcome is not None:
        ending = docket.procedure.ending(docket.outcome.ending)
        state, note = StepState.ENDED, ending
    else:
        state = StepState.AHEAD
    office = docket.name(docket.subject.office(step.body), now)
    return StepStatus(id=step.id, title=step.title, office=office, state=state, note=note)


_GAP = "\u2800|"
"""The Web UI sets cells without any space between them, and trims blanks; a blank Braille cell is
none of the characters it trims."""


def markdown(status: CaseStatus, own: ProcedureState | None = None) -> str:
    """The current details of a case and of its procedure's own state, for the Web UI."""
    lines = [
        f"**{shown(status.subject)} {status.year}年度** · 第{status.round}轮 · "
        f"{shown(status.waiting_text)}",
        "",
        *_table(["步骤", "主体", "状态", "说明"]),
        *(
            _row(
                shown(f"{step.id} {step.title}"),
                shown(step.office),
                _MARK[step.state],
                shown(step.note),
            )
            for step in status.steps
        ),
    ]
    counts = own.in_chinese() if own else {}
    if counts:
        lines += ["", *_table(list(counts)), _row(*(f"{count}户" for count in counts.values()))]
    if status.limits:
        lines += ["", *_table(["期限", "责任单位", "截止（北京时间）", "计算依据"])]
        lines += [
            _row(
                f"{shown(f'{entry.limit.clause} {entry.subject}')}"
                f"{' **已逾期**' if entry.breached else ''}",
                shown(entry.office_name),
                f"{until(entry.limit.due)}{'（暂定）' if entry.limit.provisional else ''}",
                shown(entry.limit.zh),
            )
            for entry in status.limits[:_MOST_SHOWN]
        ]
        more = len(status.limits) - _MOST_SHOWN
        lines += ["", f"另有{more}项期限，见 `exitflow case`"] if more > 0 else []
    if status.open_count:
        lines += ["", f"**未办结异议 {status.open_count} 件**"]
    return "\n".join(lines)


def _table(titles: list[str]) -> list[str]:
    return [_row(*titles), "| --- " * len(titles) + "|"]


def _row(*cells: str) -> str:
    return "| " + " ".join(f"{cell}{_GAP}" for cell in cells)
