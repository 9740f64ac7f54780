"""Public notices (公告公示): the one place where text and page are kept."""

from hashlib import sha256
from pathlib import Path

from sqlalchemy import Engine
from sqlmodel import Session, or_, select
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.warrants import Clock, asked_by, hold_against_file, utc_now, was_done
from models.base import Moment
from models.checks.journal import JournalKind
from models.county.warrant import county_notice
from models.notices import (
    Notice,
    NoticeOrder,
    PostedCounty,
    PostedHousehold,
    PostedRoster,
    PostedVillage,
    ToPost,
)
from models.orders import DAY_OVER
from models.periods import beijing
from models.reentry.warrant import reentry_notice
from models.roster.messages import RosterChange
from models.roster.warrant import roster_notice
from models.village.warrant import village_notice
from registry.database.engine import JOURNAL, claim, writing
from registry.journal import note_row
from registry.notices.folder import NoticeFolder
from registry.notices.single import Exit, announcement_title, markdown, title
from registry.notices.texts import page
from registry.tables import NoticeRow

_RULES = {
    PostedCounty: county_notice,
    PostedVillage: village_notice,
    PostedRoster: roster_notice,
    PostedHousehold: reentry_notice,
}
"""What the kept file must carry, by what a notice shows."""


class NoticeBoard:
    """Publishing: into the registry, and as files that a web server or a printer can take.

    Args:
        engine: The registry's database.
        folder: Where notices are put as files.
        clock: What time it is; a rehearsal lives in its own.
    """

    def __init__(self, engine: Engine, folder: Path, clock: Clock = utc_now) -> None:
        self._engine = engine
        self._folder = NoticeFolder(folder)
        self._clock = clock

    @activity.defn
    def publish_notice(self, order: NoticeOrder) -> Notice:
        """Publish a notice that the case's file carries, in a transaction of its own.

        Raises:
            ApplicationError: ``DayOver`` if the day that it says ends before the transaction does;
                as ``put_up``, ``show`` and ``hold_against_file``.
            RegistryError: if the registry fails.
        """
        asked_by(order.case_id)
        with writing(self._engine) as session:
            rule = _RULES[type(order.shows)]
            hold_against_file(session, order, rule, self._clock())
            text, ends = markdown(order), order.closes.due
            # Another attempt may be about to commit the same: whether it has, is read behind it.
            _claim_notices(session, order)
            is_there = self.kept(session, order) is not None
            notice = self.put_up(session, order, title(order), text, ends)
            session.flush()
            if not is_there:
                # The journal's lock is the last thing that a commit may wait for. Behind it only
                # lines are written, and the day that is looked at is that of the commit.
                claim(session, JOURNAL)
                self._hold_against_clock(session, order)
        self.show(notice)
        return notice

    def _hold_against_clock(self, session: Session, order: NoticeOrder) -> None:
        if order.until is None or self._clock() < order.until:
            return
        # A registry that was restored from an older copy gets again what was published in time.
        if not was_done(session, order.case_id, order.seq):
            raise ApplicationError(
                f"{order.notice_id}: {beijing(order.posted_at).date()} is over, and the notice "
                "says that it was published then; nothing was published (T1)",
                type=DAY_OVER,
                non_retryable=True,  # the case itself orders it again, with the next day
            )

    def put_up(
        self, session: Session, order: ToPost, title: str, text: str, closes_at: Moment
    ) -> Notice:
        """Publish a notice, once for one case and ledger entry, as part of a transaction.

        Once that is committed, ``show`` puts it out.

        Raises:
            ApplicationError: ``NoticeConflict`` if another text was published under the same case
                and entry.
            RegistryError: if the registry fails.
        """
        notice = Notice(
            notice_id=order.notice_id,
            title=title,
            markdown=text,
            sha256=sha256(text.encode()).hexdigest(),
        )
        _keep(session, order, notice, closes_at)
        return notice

    def show(self, notice: Notice) -> None:
        """Put a notice that is published where people read it; once more does no harm.

        After the commit: nothing is shown that did not happen. An activity that failed in between
        is tried again, and comes here again.

        Raises:
            RegistryError: if the folder cannot be written.
        """
        html = page(notice.title, notice.markdown)
        self._folder.put(notice.notice_id, notice.markdown, html)

    def announce(self, session: Session, change: Exit | RosterChange, text: str) -> Notice:
        """Announce an exit (公告退出) in the transaction that carries it out; raises as ``put_up``.

        It is no publicity: it ends nothing, and stands from its first moment.
        """
        return self.put_up(session, change, announcement_title(change), text, change.posted_at)

    def kept(self, session: Session, order: ToPost) -> Notice | None:
        """What was published under a case and entry already."""
        row = session.exec(
            select(NoticeRow).where(NoticeRow.case_id == order.case_id, NoticeRow.seq == order.seq)
        ).first()
        if row is None:
            return None
        return Notice(notice_id=row.id, title=row.title, markdown=row.markdown, sha256=row.sha256)


def _claim_notices(session: Session, order: ToPost) -> None:
    claim(session, f"notice {order.case_id}")


def _keep(session: Session, order: ToPost, notice: Notice, closes_at: Moment) -> None:
    _claim_notices(session, order)
    kept = session.exec(
        select(NoticeRow).where(
            or_(
                NoticeRow.id == order.notice_id,
                (NoticeRow.case_id == order.case_id) & (NoticeRow.seq == order.seq),
            )
        )
    ).all()
    mine = (order.notice_id, order.case_id, order.seq, notice.sha256)
    if any((row.id, row.case_id, row.seq, row.sha256) != mine for row in kept):
        raise ApplicationError(
            f"{order.case_id}, entry {order.seq}: another text was published already as "
            f"{kept[0].id}; a changed notice needs an entry of its own (G1)",
            type="NoticeConflict",
            # As a conflict of the file: the case waits until somebody has mended what is wrong.
            non_retryable=False,
        )
    if kept:
        return
    row = NoticeRow(
        id=order.notice_id,
        case_id=order.case_id,
        seq=order.seq,
        title=notice.title,
        markdown=notice.markdown,
        html=page(notice.title, notice.markdown),
        sha256=notice.sha256,
        posted_at=order.posted_at,
        closes_at=closes_at,
        replaces=order.replaces,
    )
    session.add(row)
    note_row(session, JournalKind.NOTICE, order.case_id, row)
