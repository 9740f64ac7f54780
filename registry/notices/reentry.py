"""The public notice of a household that is to enter the register (R3 公示, F5)."""

from models.periods import beijing, chinese
from models.reentry.orders import ReentryNoticeOrder
from models.reentry.rules import CAUSES
from models.texts.personal_numbers import hide
from registry.notices.texts import rendered


def title(order: ReentryNoticeOrder) -> str:
    """The title of a household's notice: it names the village."""
    return f"关于{order.village.name}{order.year}年度拟纳入扶贫对象的公示"


def markdown(order: ReentryNoticeOrder) -> str:
    """The notice as it is posted: name, village group, head count, cause; nothing else (G8)."""
    return rendered(
        "reentry_notice.md.j2",
        title=title(order),
        notice_id=order.notice_id,
        replaces=order.replaces,
        basis="、".join(order.basis),
        year=order.year,
        publisher=order.publisher,
        name=order.name,
        # An office may have written numbers next to it.
        group=hide(order.group),
        size=order.size,
        cause=CAUSES[order.cause],
        posted_on=chinese(beijing(order.posted_at).date()),
        last_day=chinese(order.closes.last_day),
        counting=order.closes.zh.removeprefix(f"{order.closes.clause} "),
    )
