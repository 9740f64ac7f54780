"""Public notices (公告公示, C4): the text, its page, and the one place where both are kept."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

from jinja2 import Environment, PackageLoader, StrictUndefined
from markdown_it import MarkdownIt
from sqlalchemy import Engine
from sqlmodel import Session, or_, select
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.database import claim, writing
from activities.files import write_text
from activities.journal import note_row
from activities.warrants import Clock, asked_by, hold_against_file, utc_now
from models.base import Moment
from models.case_file import CaseFile
from models.characters import markdown as as_it_is
from models.identity import file_name
from models.journal import JournalKind
from models.offices import County, Tier
from models.orders import ForAPeriod, Notice, NoticeOrder, ToPost
from models.periods import beijing, chinese
from models.personal_numbers import hide
from models.standards import percentage
from models.tables import NoticeRow
from models.warrant import county_notice

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


P = TypeVar("P", bound=ForAPeriod)


class NoticeBoard:
    """Publishing: into the registry, and as files that a web server or a printer can take.

    Args:
        engine: The registry's database.
        folder: Where ``<notice>.md`` and ``<notice>.html`` are put.
        clock: What time it is; a rehearsal lives in its own.
    """

    def __init__(self, engine: Engine, folder: Path, clock: Clock = utc_now) -> None:
        self._engine = engine
        self._folder = folder
        self._clock = clock

    def publish(
        self,
        order: P,
        title: str,
        text: str,
        rule: Callable[[CaseFile, P, datetime], str | None],
    ) -> Notice:
        """Publish a notice that the case's file carries by a rule, in a transaction of its own.

        Raises:
            ApplicationError: as ``put_up``, and as ``hold_against_file``.
            RegistryError: if the registry fails.
        """
        asked_by(order.case_id)
        with writing(self._engine) as session:
            hold_against_file(session, order, order.case_id, order.seq, rule, self._clock())
            return self.put_up(session, order, title, text, order.closes.due)

    def put_up(
        self, session: Session, order: ToPost, title: str, text: str, closes_at: Moment
    ) -> Notice:
        """Publish a notice, once for one case and ledger entry, as part of a transaction.

        Raises:
            ApplicationError: ``NoticeConflict`` if another text was published under the same case
                and entry; ``Outage`` if the folder cannot be written.
            RegistryError: if the registry fails.
        """
        notice = Notice(
            notice_id=order.notice_id,
            title=title,
            markdown=text,
            sha256=sha256(text.encode()).hexdigest(),
        )
        html = page(notice.title, text)
        _keep(session, order, notice, html, closes_at)
        # Before the commit: a row says that the files are there.
        self.put_back(order.notice_id, text, html)
        return notice

    def has_files(self, notice_id: str) -> bool:
        """Whether both files of a notice lie in the folder."""
        name = file_name(notice_id)
        return all((self._folder / f"{name}.{kind}").exists() for kind in ("md", "html"))

    def put_back(self, notice_id: str, text: str, html: str) -> None:
        """Write the files of a notice that is kept; raises ``Outage`` as ``put_up`` does."""
        self._write(f"{file_name(notice_id)}.md", text)
        self._write(f"{file_name(notice_id)}.html", html)

    def _write(self, name: str, text: str) -> None:
        """Put a file in place whole: a reader sees the old one or the new one."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            write_text(self._folder / name, text)
        except OSError as error:
            raise ApplicationError(
                f"the notice {name} cannot be written: {error.strerror}", type="Outage"
            ) from None


class NoticeActivities(NoticeBoard):
    """Publishing the notices of counties."""

    @activity.defn
    def publish_notice(self, order: NoticeOrder) -> Notice:
        """Publish a county's notice (C4); raises as ``publish``."""
        return self.publish(order, title(order.county), markdown(order), county_notice)


def _keep(session: Session, order: ToPost, notice: Notice, html: str, closes_at: Moment) -> None:
    claim(session, f"notice {order.case_id}")
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
        html=html,
        sha256=notice.sha256,
        posted_at=order.posted_at,
        closes_at=closes_at,
        replaces=order.replaces,
    )
    session.add(row)
    note_row(session, JournalKind.NOTICE, order.case_id, row)
