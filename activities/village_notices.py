"""Publishing the notices of villages (V2)."""

from temporalio import activity

from activities.notices import NoticeBoard
from models.case.orders import Notice
from models.village.orders import VillageNoticeOrder
from models.warrant import village_notice
from registry.notices.village import markdown, title


class VillageNoticeActivities(NoticeBoard):
    """Publishing the notices of villages."""

    @activity.defn
    def publish_village_notice(self, order: VillageNoticeOrder) -> Notice:
        """Publish a village's notice (V2), once for one case and ledger entry; as ``publish``."""
        return self.publish(order, title(order.village), markdown(order), village_notice)
