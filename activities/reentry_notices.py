"""Publishing the notice of a household that is to enter the register (R3 公示, F5)."""

from temporalio import activity

from activities.notices import NoticeBoard
from models.case.orders import Notice
from models.reentry.orders import ReentryNoticeOrder
from models.warrant import reentry_notice
from registry.notices.reentry import markdown, title


class ReentryNotices(NoticeBoard):
    """Publishing the notices of households that are to enter the register."""

    @activity.defn
    def publish_reentry_notice(self, order: ReentryNoticeOrder) -> Notice:
        """Publish a household's notice (R3), once for one case and ledger entry."""
        return self.publish(order, title(order), markdown(order), reentry_notice)
