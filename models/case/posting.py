"""张贴: the notices of a case where people read them, as their publisher reports it (T1).

The case publishes a notice; somebody then hangs it out, and takes it down after its days. Whoever
publishes reports both. If nobody does, the file says so. A policy can let the days of a publicity
count from the posting: then they wait for the report.
"""

from datetime import datetime

from models.base import first_few
from models.case import bounds
from models.case.ledger import Entry, EntryKind
from models.case.mailbox import OnBoard, Received
from models.case.messages import PostingReport
from models.case.state import Docket
from models.periods import beijing, chinese
from models.refusals import Refusal


def reported(docket: Docket, report: PostingReport, now: datetime) -> OnBoard:
    """The notice that a report is about.

    Raises:
        Refusal: if no such notice is in force, or it cannot have been posted or taken down then.
    """
    there = list(docket.notices)
    if not there:
        raise Refusal(f"{docket.case_id} has no notice that is in force; none can be posted (T1)")
    notice = docket.notices.get(report.notice or there[-1])
    if notice is None:
        raise Refusal(
            f"notice: {report.notice} is not in force in this case; {first_few(there)} is"
        )
    id, at = notice.notice_id, beijing(report.at or now)
    if at.date() < beijing(notice.published).date():
        published = beijing(notice.published).date()
        raise Refusal(f"at: {at.isoformat()} lies before {published}, when {id} was published")
    if notice.removed is not None:
        raise Refusal(f"{id} was taken down already, on {beijing(notice.removed.signed).date()}")
    if notice.reports >= bounds.MOST_REPORTS and not report.removed:
        raise Refusal(
            f"{id} has {bounds.MOST_REPORTS} reports of its posting, as many as are taken"
        )
    if report.removed and not notice.watched.runs:
        raise Refusal(f"removed: nobody has reported yet that {id} was posted (T1)")
    if report.removed and notice.posted is not None and at < notice.posted.signed:
        posted = beijing(notice.posted.signed)
        raise Refusal(f"at: {at.isoformat()} lies before {posted.isoformat()}, when it was posted")
    return notice


def take_report(docket: Docket, report: PostingReport, now: datetime) -> Entry:
    """Put a report on file; the case acts on it when it looks next.

    The days of a notice that came down before their end do not count from this moment on.
    """
    notice = reported(docket, report, now)
    said, proofs = chinese(beijing(report.at or now).date()), len(report.evidence)
    done = f"{said}自{report.place}撤下" if report.removed else f"{said}张贴于{report.place}"
    reason = f"，理由：{report.reason}" if report.reason else ""
    entry = docket.record(
        EntryKind.POSTED,
        now,
        f"{docket.name(report.office, now)}报告：公示 {notice.notice_id} {done}，"
        f"经办人{report.officer}{reason}，{f'附材料{proofs}份' if proofs else '未附照片等材料'}",
        {"posted": report.content(), "notice_id": notice.notice_id},
        step=notice.step,
        actor=f"{report.office} {report.officer}",
    )
    received = Received(report, now, entry.seq)
    if report.removed:
        notice.removed = received
        if not notice.watched.has_passed(received.signed):
            notice.watched.runs = False
            del docket.notices[notice.notice_id]
    elif notice.posted is None:
        notice.posted = received
    notice.reports += 1
    docket.reports.append((notice, received))
    return entry
