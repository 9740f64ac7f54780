"""Texts of public notices (公告公示, C4): templates with harmless values, and their page."""

from decimal import Decimal
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markdown_it import MarkdownIt

from models.standards import percentage
from models.texts.characters import markdown as as_it_is


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


def _plain(value: Any) -> str:
    # What people wrote must neither head a section nor carry a picture or a link into the notice.
    return as_it_is(str(value))


def _environment(*, html: bool) -> Environment:
    # Every value is made harmless where it is put in, none has to be remembered in a template.
    return Environment(
        loader=PackageLoader("registry.notices"),
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


def page(heading: str, *texts: str) -> str:
    """Markdown as one complete file that needs nothing else; each text is a page when printed."""
    bodies = [_RENDERER.render(text) for text in texts]
    return _HTML.get_template("notice.html.j2").render(title=heading, bodies=bodies)
