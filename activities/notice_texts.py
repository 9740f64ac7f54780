"""Public notices (公告公示, C4): the text, and its page."""

from decimal import Decimal
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markdown_it import MarkdownIt

from models.characters import markdown as as_it_is
from models.offices import County, Tier
from models.orders import NoticeOrder
from models.periods import beijing, chinese
from models.personal_numbers import hide
from models.standards import percentage

_TIERS = {Tier.NATIONAL: "国定贫困县", Tier.PROVINCIAL: "省定贫困县"}


def incidence(poor: int, population: int) -> str:
    """The rate (S5) as a notice says it.

    >>> incidence(2, 100), incidence(1, 300), incidence(599_999, 30_000_001)
    ('为2%', '约为0.33%', '约为1.999997%')
    """
    shown, exact = percentage(poor, population)
    return f"{'为' if exact else '约为'}{shown}%"


def _short(decimal: str) -> str:
    """A decimal without superfluous zeros."""
    return decimal.rstrip("0").rstrip(".") if "." in decimal else decimal


def growth(percent: Decimal) -> str:
    """A yearly change in words (S3)."""
    if percent == 0:
        return "与上年持平"
    return f"比上年{'增长' if percent > 0 else '下降'}{_short(f'{abs(percent):f}')}%"


def title(county: County) -> str:
    """The title of a county's notice."""
    return f"关于{county.name}拟退出贫困县的公示"


def _plain(value: Any) -> str:
    # What people wrote must neither head a section nor carry a picture or a link into the notice.
    return as_it_is(str(value))


def _environment(*, html: bool) -> Environment:
    # Every value is made harmless where it is put in, none has to be remembered in a template.
    return Environment(
        loader=PackageLoader("activities", "templates"),
        autoescape=html,
        finalize=None if html else _plain,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )


_MARKDOWN = _environment(html=False)
_HTML = _environment(html=True)
_RENDERER = MarkdownIt("commonmark", {"html": False}).enable("table")


def rendered(template: str, **values: Any) -> str:
    """The Markdown of a template in this folder, with every value made harmless."""
    return _MARKDOWN.get_template(template).render(**values)


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


def page(heading: str, text: str) -> str:
    """A notice's Markdown as one complete page that needs nothing else, to be read or printed."""
    return _HTML.get_template("notice.html.j2").render(title=heading, body=_RENDERER.render(text))
