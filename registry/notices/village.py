"""Public notices of villages (公示公告, V2): what hangs at the seat of the township.

A village's notice tells of the village alone: no person stands in it, and no sentence that somebody
wrote freely (G8).
"""

from models.offices import Village
from models.periods import beijing, chinese
from models.standards import survey_findings
from models.village.orders import VillageNoticeOrder
from registry.notices.texts import incidence, rendered


def title(village: Village) -> str:
    """The title of a village's notice."""
    return f"关于{village.full_name}拟退出贫困村的公示"


def markdown(order: VillageNoticeOrder) -> str:
    """The text of a village's notice (V2): the same order, the same text."""
    village, count = order.village, order.incidence
    city = "" if village.directly_administered else village.city.name
    return rendered(
        "village_notice.md.j2",
        title=title(village),
        notice_id=order.notice_id,
        replaces=order.replaces,
        publisher=order.publisher,
        basis="、".join(order.basis),
        village=village,
        place=f"{village.province.name}{city}{village.county.name}{village.township.name}",
        year=order.year,
        as_of=chinese(count.as_of),
        poor=count.poor,
        population=count.population,
        incidence=incidence(count.poor, count.population),
        findings=[finding.zh for finding in survey_findings(order.survey)],
        collective_income=order.survey.collective_income_yuan,
        posted_on=chinese(beijing(order.posted_at).date()),
        last_day=chinese(order.closes.last_day),
        counting=order.closes.zh.removeprefix(f"{order.closes.clause} "),
    )
