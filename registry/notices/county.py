"""The public notice of a county (C4): its title and its text."""

from models.case.orders import NoticeOrder
from models.offices import County, Tier
from models.periods import beijing, chinese
from models.texts.personal_numbers import hide
from registry.notices.texts import growth, incidence, rendered

_TIERS = {Tier.NATIONAL: "国定贫困县", Tier.PROVINCIAL: "省定贫困县"}


def title(county: County) -> str:
    """The title of a county's notice."""
    return f"关于{county.name}拟退出贫困县的公示"


def markdown(order: NoticeOrder) -> str:
    """The text of a county's notice (C4): the same order, the same text."""
    county, figures = order.county, order.figures
    seat = county.province.name if county.directly_administered else _city(county)
    near = "达到或接近" if figures.services_near_mean else "未达到或接近"
    return rendered(
        "county_notice.md.j2",
        title=title(county),
        notice_id=order.notice_id,
        replaces=order.replaces,
        publisher=order.publisher,
        basis="、".join(order.basis),
        county=county,
        place=f"{seat}（直管县）" if county.directly_administered else seat,
        tier=_TIERS[county.tier],
        year=order.year,
        as_of=chinese(figures.as_of),
        poor=figures.poor,
        population=figures.population,
        incidence=incidence(figures.poor, figures.population),
        growth=growth(figures.income_growth_percent),
        provincial_growth=growth(figures.provincial_income_growth_percent),
        services=f"{near}全省平均水平",
        statement=_ended(hide(figures.services_statement)),
        posted_on=chinese(beijing(order.posted_at).date()),
        last_day=chinese(order.closes.last_day),
        counting=order.closes.zh.removeprefix(f"{order.closes.clause} "),
    )


def _ended(sentence: str) -> str:
    return (
        sentence if sentence.rstrip().endswith(("。", "！", "？", "；", ".")) else f"{sentence}。"
    )


def _city(county: County) -> str:
    return f"{county.province.name}{county.city.name}"
