"""Posting the list of a roster in the village (H3), and announcing who leaves (H4)."""

from sqlmodel import Session
from temporalio import activity

from activities.notices import NoticeBoard
from models.case.orders import Notice
from models.roster.messages import RosterChange, RosterNoticeOrder, StrikingOff
from models.warrant import roster_notice
from registry.notices.roster import announcement_text, announcement_title, notice_text, notice_title


class RosterNotices(NoticeBoard):
    """Posting and announcing rosters."""

    @activity.defn
    def post_roster(self, order: RosterNoticeOrder) -> Notice:
        """Post a list (H3); raises as ``NoticeBoard.put_up``."""
        return self.publish(order, notice_title(order), notice_text(order), roster_notice)

    def announce(
        self, session: Session, change: RosterChange, households: tuple[StrikingOff, ...]
    ) -> str:
        """Announce who leaves (H4), in the transaction that strikes them off; return the title."""
        title = announcement_title(change)
        text = announcement_text(change, households)
        # An announcement is no publicity: it ends nothing, and stands from its first moment.
        self.put_up(session, change, title, text, change.posted_at)
        return title
