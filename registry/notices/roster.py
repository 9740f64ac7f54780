"""The notices of a roster: the list that is posted in the village (H3), and the final one (H4)."""

from models.periods import beijing, chinese
from models.roster.messages import RosterChange, RosterNoticeOrder, StrikingOff
from models.texts.personal_numbers import hide
from registry.notices.texts import rendered


def notice_title(order: RosterNoticeOrder) -> str:
    """The title of a list that is posted."""
    number = f"（第{order.number}号）" if order.number > 1 else ""
    return f"关于{order.village.name}{order.year}年度拟退出贫困户的公示{number}"


def notice_text(order: RosterNoticeOrder) -> str:
    """The list as it is posted: name, village group, head count, and nothing else (G8)."""
    return rendered(
        "roster_notice.md.j2",
        title=notice_title(order),
        notice_id=order.notice_id,
        number=order.number,
        replaces=order.replaces,
        basis="、".join(order.basis),
        year=order.year,
        publisher=order.publisher,
        households=[(each.name, _group(each.group), each.size) for each in order.households],
        people=sum(line.size for line in order.households),
        posted_on=chinese(beijing(order.posted_at).date()),
        last_day=chinese(order.closes.last_day),
        counting=order.closes.zh.removeprefix(f"{order.closes.clause} "),
    )


def announcement_title(change: RosterChange) -> str:
    """The title of the final announcement (公告)."""
    return f"关于{change.village.name}{change.year}年度贫困户脱贫退出的公告"


def announcement_text(change: RosterChange, households: tuple[StrikingOff, ...]) -> str:
    """The announcement of those who leave: what the list of them showed, and nothing else (G8)."""
    return rendered(
        "roster_announcement.md.j2",
        title=announcement_title(change),
        notice_id=change.notice_id,
        basis="、".join(change.basis),
        households=[(each.shown_as, _group(each.group), each.size) for each in households],
        people=sum(each.size for each in households),
        effective_on=chinese(change.effective_on),
        document_number=change.document_number or "",
        ordered_by=change.ordered_by,
        publisher=change.publisher,
        posted_on=chinese(beijing(change.posted_at).date()),
    )


def _group(group: str) -> str:
    """A village group, without the numbers that an office may have written next to it (G8)."""
    return hide(group)
