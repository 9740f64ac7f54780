"""张贴: who publishes is told to hang a notice out, and the case acts on what it reports (T1).

The days of a publicity are never shortened: a notice that was taken down before its end is
published again, and has all of its days again.
"""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from pydantic import JsonValue
from temporalio import workflow

from models.case.ledger import EntryKind
from models.case.limits import Watched
from models.case.mailbox import OnBoard, Received
from models.case.messages import PostingReport
from models.case.state import Docket
from models.notices import Notice
from models.offices import SubjectKind
from models.periods import Limit, LimitRequest, beijing, chinese, until
from models.procedures import HOUSEHOLD_EXIT
from workflows.clerk import Clerk
from workflows.timekeeper import Timekeeper


class Published(NamedTuple):
    """A notice that is out.

    Attributes:
        closes: The end of its days; a guess, if they count from its posting.
        post_by: By when it is to be posted then.
    """

    notice: Notice
    closes: Limit
    post_by: Limit | None


class Postings:
    """The notices of a case on their boards."""

    def __init__(self, docket: Docket, clerk: Clerk, limits: Timekeeper) -> None:
        self._docket = docket
        self._clerk = clerk
        self._limits = limits

    def requests(self, published: datetime) -> list[LimitRequest]:
        """The days of a notice; and by when it is to be posted, if they count from that."""
        clauses = ["T1"]
        if self._docket.publicity.id in self._docket.policy.publicity.from_posting:
            clauses.append("T1.posting")
        return [LimitRequest(clause=clause, start=published) for clause in clauses]

    def stands(self, published: Published, key: str, subject: str) -> Watched:
        """From now on a notice stands: its days run, or wait for its posting."""
        docket, (notice, closes, post_by) = self._docket, published
        watched = Watched(key, closes, docket.publisher, subject, heard=workflow.now())
        watched.runs = post_by is None
        if watched.runs:
            docket.watch.keep(watched)
        id, at = notice.notice_id, closes.request.start
        assert at is not None
        docket.notices[id] = OnBoard(id, docket.publicity.id, at, watched)
        return watched

    def ask(self, published: Published) -> None:
        """Ask who publishes to hang a notice out, and to report it; by a limit, if days wait."""
        docket, (notice, _, by) = self._docket, published
        there = docket.notices[notice.notice_id]
        watched = there.watched
        if by is not None:
            subject = f"{watched.subject}张贴"
            self._limits.hold([by], watched.office, subject, key=there.report_due)
        text = (
            f"《{notice.title}》（公示编号 {notice.notice_id}）已发布。"
            f"请{docket.publicity.where}张贴，并报告张贴的地点、时间、经办人，附照片等材料；"
            f"期满撤下后亦请报告。\n{watched.limit.zh if by is None else by.zh}"
        )
        if docket.procedure is HOUSEHOLD_EXIT:
            text += "\n各户告知书请打印（exitflow letters），送达并签收。"
        self._clerk.notify("张贴", watched.office, f"{watched.subject}：公示待张贴", text)
        if docket.publicity.posts is SubjectKind.VILLAGE:  # at the seat of the township (V2)
            self._clerk.notify_township("张贴", f"{watched.subject}：公示在本乡（镇）张贴", text)

    def settle(self, taken_down: Callable[[Watched], bool]) -> OnBoard | None:
        """Act on what was reported, and on days that are over.

        Args:
            taken_down: Told of a notice that came down before its end; False where that was the
                notice of the subject itself.

        Returns:
            That notice.
        """
        docket, fallen = self._docket, None
        while docket.reports:
            notice, received = docket.reports.pop(0)
            if notice.waits:
                self._begin(notice, received)
            elif received.message.removed and not notice.watched.runs:
                self._came_down(notice, received)
                if not taken_down(notice.watched):
                    fallen = notice
        for notice in docket.notices.values():
            if notice.watched.over and not notice.is_over:
                notice.is_over = True
                self._was_it_posted(notice)
        return fallen

    def _begin(self, notice: OnBoard, received: Received[PostingReport]) -> None:
        """The days of a publicity count from the posting, whenever that is reported."""
        docket, watched, guess = self._docket, notice.watched, notice.watched.limit
        limit = self._limits.compute(LimitRequest(clause="T1", start=received.signed))
        watched.limit, watched.runs = limit, True
        docket.watch.keep(watched)
        if docket.posted == guess:
            docket.posted = limit
        posted = chinese(beijing(received.signed).date())
        docket.record(
            EntryKind.LIMIT_MOVED,
            workflow.now(),
            f"{watched.subject}：公示期自{posted}张贴起计算，{limit.zh}",
            {"limit": limit.content(), "notice_id": notice.notice_id},
        )
        self._limits.judge(received, [docket.watch[notice.report_due]])

    def _came_down(self, notice: OnBoard, received: Received[PostingReport]) -> None:
        """A finding: whoever published it is told, with the office above."""
        docket, watched = self._docket, notice.watched
        if docket.watch.get(watched.key) is watched:  # not of another notice in its place
            docket.watch.disarm(watched.key)
        said = (
            f"公示 {notice.notice_id} 未满期即于{chinese(beijing(received.signed).date())}撤下，"
            f"公示期应至{until(watched.limit.due)}；重新发布，公示期重新计算"
        )
        data: dict[str, JsonValue] = {"notice_id": notice.notice_id, "entry": received.seq}
        docket.record(EntryKind.UNPOSTED, workflow.now(), said, data)
        superior = docket.subject.superior(watched.office)
        for office in (watched.office, superior) if superior else (watched.office,):
            self._clerk.notify("张贴", office, f"{watched.subject}：公示未满期撤下", said)

    def _was_it_posted(self, notice: OnBoard) -> None:
        if notice.posted is None:
            said = f"公示 {notice.notice_id} 期满，未收到张贴报告"
            data: dict[str, JsonValue] = {"notice_id": notice.notice_id}
            self._docket.record(EntryKind.UNPOSTED, workflow.now(), said, data)
