"""Public notices: what each kind shows, and the orders to post (公示) and to announce (公告)."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, Generic, Literal, Protocol

from pydantic import Field

from models import identity
from models.base import Line, Moment, Record, Text
from models.case.messages import Act
from models.case.orders import Change
from models.case.state import Docket
from models.offices import County, Village
from models.orders import R
from models.periods import Limit, Year, beijing, end_of
from models.policy import Policy
from models.procedures import Step
from models.register.counties import CountyFigures, PoorVillages, ProvincialFindings, ProvincialMean
from models.register.households import Cause, Label
from models.register.villages import FieldSurvey, Incidence


class Overridden(Record):
    """Failed standards of which an office made an exception, by name, and its reason (S6)."""

    standards: tuple[Line, ...]
    reason: Text

    @classmethod
    def of(cls, standards: Sequence[str], reason: str | None) -> "Overridden | None":
        """What an act says of that; None if it overrides nothing, and so needs no reason."""
        if not standards or reason is None:
            return None
        return cls(standards=tuple(standards), reason=reason)


class PostedCounty(Record):
    """What the notice of a county shows (C4, S3).

    Attributes:
        figures: As the county states them.
        mean: The provincial mean of the year (S3).
        findings: What the province itself found (C3).
        overridden: The exceptions that it made (C3, S6).
        counted, villages: The register's own counts; the incidence is None if it holds no village
            of the county.
    """

    kind: Literal["county"] = "county"
    county: County
    figures: CountyFigures
    mean: ProvincialMean
    findings: ProvincialFindings
    overridden: Overridden | None = None
    counted: Incidence | None = None
    villages: PoorVillages = PoorVillages()


class PostedVillage(Record):
    """What the notice of a village shows (V2), and the exceptions that the county made (V1, S6)."""

    kind: Literal["village"] = "village"
    village: Village
    survey: FieldSurvey
    incidence: Incidence
    overridden: Overridden | None = None


class NoticeLine(Record):
    """A household as a public notice shows it, and nothing else (G8)."""

    name: Line
    group: Text
    size: Annotated[int, Field(ge=1)]


class PostedRoster(Record):
    """What the notice of a roster shows (H3).

    Attributes:
        number: Which notice of the case it is, from 1; a later one adds to those before (G1).
    """

    kind: Literal["roster"] = "roster"
    village: Village
    number: int
    households: tuple[NoticeLine, ...]


class PostedHousehold(Record):
    """What the notice of a household that is to enter the register shows (R3, G8).

    Attributes:
        name: The head's, in full or masked, as the policy says.
    """

    kind: Literal["reentry"] = "reentry"
    village: Village
    name: Line
    group: Label
    size: int
    cause: Cause


Posted = PostedCounty | PostedVillage | PostedRoster | PostedHousehold


class Notice(Record):
    """A notice as it was published: its text, and the SHA-256 of it."""

    notice_id: str
    title: Text
    markdown: str
    sha256: str

    @property
    def announced_zh(self) -> str:
        """Of an announcement: what the entry says that carries it."""
        return f"发布《{self.title}》（公告编号 {self.notice_id}）"


class ToPost(Protocol):
    """What an order to post a notice says, whatever the notice is about."""

    @property
    def notice_id(self) -> str:
        """Id of the notice."""

    @property
    def case_id(self) -> str:
        """The case it belongs to."""

    @property
    def seq(self) -> int:
        """The ledger entry that ordered it: with the case, the key of publishing once."""

    @property
    def posted_at(self) -> datetime:
        """When it is posted."""

    @property
    def replaces(self) -> str | None:
        """Id of the notice it takes the place of."""


class NoticeOrder(Change[Notice]):
    """A public notice that stands for a period (公示), with all that its text is made from.

    Attributes:
        publisher: Name of the publishing body, as it was called on the day.
        basis: Titles of the documents it rests on.
        closes: The computed period (T1), with its sentence.
        replaces: Id of the notice it takes the place of.
        from_posting: How its days count, if they do from its posting; ``closes`` is a guess then.
        until: The end of the day of ``posted_at``: later it is not published under that date.
    """

    activity = "publish_notice"
    notice_id: str
    year: Year
    publisher: Line
    basis: tuple[Line, ...]
    shows: Annotated[Posted, Field(discriminator="kind")]
    posted_at: Moment
    closes: Limit
    replaces: str | None = None
    from_posting: Line | None = None
    until: Moment | None = None

    @property
    def summary(self) -> str:
        return f"T1 发布公示，至 {self.closes.last_day} 24:00"


def notice_order(
    docket: Docket,
    shows: Posted,
    posted_at: datetime,
    closes: Limit,
    replaces: str | None,
    seq: int,
) -> NoticeOrder:
    """The order to publish a notice of a case, under the number of the last entry (T1)."""
    return NoticeOrder(
        notice_id=identity.notice(docket.case_id, seq),
        case_id=docket.case_id,
        seq=seq,
        year=docket.year,
        publisher=docket.name(docket.publisher, posted_at),
        basis=docket.policy.basis,
        shows=shows,
        posted_at=posted_at,
        closes=closes,
        replaces=replaces,
        from_posting=from_posting(docket.policy, docket.publicity),
        until=end_of(beijing(posted_at).date()),
    )


def from_posting(policy: Policy, publicity: Step) -> str | None:
    """T1: what a notice says of its days if they count from its posting; None if they do not."""
    rule = policy.publicity
    if publicity.id not in rule.from_posting:
        return None
    counted = "计入" if rule.count_posting_day else "不计"
    return (
        f"自本公示张贴之日起不少于{rule.days}日，张贴当日{counted}；"
        "最后一日逢休息日的，顺延至其后第一个工作日"
    )


class Announcement(Change[R], Generic[R]):
    """A change of the register that the same transaction announces (公告退出, CN 三).

    Attributes:
        notice_id: Id of the announcement.
        effective_on: The first day off the register: when the act was signed.
        document_number: Of the act.
        ordered_by: Name of the body that decided.
        publisher: Name of the announcing body: the one that posted the notice before.
        basis: Titles of the documents it rests on.
        posted_at: When it is announced.
    """

    notice_id: str
    year: Year
    effective_on: date
    document_number: Line | None
    ordered_by: Line
    publisher: Line
    basis: tuple[Line, ...]
    posted_at: Moment
    replaces: None = None


class Left(Record):
    """Since when a county or a village is off the list, and how that was announced."""

    since: date
    notice: Notice


def announced(docket: Docket, act: Act, seq: int, now: datetime) -> dict[str, Any]:
    """What every announcement says of a case, as of the day on which its act was signed."""
    return {
        "case_id": docket.case_id,
        "seq": seq,
        "notice_id": identity.notice(docket.case_id, seq),
        "year": docket.year,
        "effective_on": beijing(docket.basis).date(),
        "document_number": act.document_number,
        "ordered_by": docket.name(act.office, now),
        "publisher": docket.name(docket.publisher, now),
        "basis": docket.policy.basis,
        "posted_at": now,
    }
