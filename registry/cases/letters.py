"""What gives reason for a letter to a household (告知书, F15), and which letters were delivered.

Both come from kept files: the letters from that of the roster, their delivery (送达回证) from the
reports beside it. The number of a letter is that of the entry that it tells of.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from models.base import Record
from models.case.documents import CaseDocument
from models.case.file import subject_of
from models.case.ledger import Entry, EntryKind
from models.case.letter_delivery import (
    LetterDelivery,
    LetterKey,
    Reported,
    in_force,
    not_so_delivered,
)
from models.case.messages import Finding
from models.identity import is_case_of
from models.notices import from_posting
from models.offices import Office, Village
from models.periods import Limit, beijing, chinese
from models.policy import Body, Policy
from models.procedures import H1, H2, H3, H4, HOUSEHOLD_EXIT
from models.roster.households import State
from models.texts.personal_numbers import hide
from registry.cases.documents import kept_documents
from registry.database.engine import reading
from registry.tables import EntryRow

TITLES = {
    "posting": "拟退出贫困户公示告知书",
    "objection": "异议受理告知书",
    "result": "异议办理结果告知书",
    "exit": "脱贫退出告知书",
}
"""What a letter is called, by its occasion."""


class WrittenLetter(Record):
    """A letter to a household, and what is reported of its delivery.

    Attributes:
        entry: Its number: the entry of the file that it tells of.
        kind: Its occasion, a key of ``TITLES``.
        written_on: The day of that entry; nobody had the letter before.
        delivered: How it was delivered; None if nobody has reported that.
        report: The id of the report that says so, which a correction names.
    """

    entry: int
    kind: str
    household: str
    title: str
    written_on: date
    delivered: LetterDelivery | None = None
    report: str | None = None


class Objected(NamedTuple):
    """An objection, report or review: who looks into it, and who is told of it.

    Attributes:
        household: Whom it is about; None stands for the whole roster.
    """

    household: str | None
    kind: str
    investigator: Office
    told: tuple[str, ...] = ()

    @property
    def word(self) -> str:
        """What it is called."""
        return {"report": "举报", "review": "复核申请"}.get(self.kind, "异议")


class Shown(NamedTuple):
    """A household as it was when it was posted."""

    head: str
    group: str
    size: int


class Occasion(NamedTuple):
    """Of which entry a letter tells, why, to whom, as it was posted last, and what it says."""

    entry: Entry
    kind: str
    household: str
    shown: Shown
    said: dict[str, Any]


class Occasions:
    """A roster's file, read from its beginning: who is told of what.

    Attributes:
        posted: Each household as it was posted last.
        objections: Every objection, report and review, by its id.
        found: Every letter for which there is reason, in the order of the file.
    """

    def __init__(self, entries: Sequence[Entry]) -> None:
        opened: dict[str, Any] = entries[0].data
        self.village: Village = subject_of(opened)
        self.policy = Policy.model_validate(opened["policy"])
        self.year = int(opened["application"]["year"])
        self.posted: dict[str, Shown] = {}
        self.objections: dict[str, Objected] = {}
        self._open: dict[str, str | None] = {}  # whom each objection without a result is about
        self._heads: dict[str, str] = {}  # as the register named them when it was asked last
        self._states: dict[str, State] = {}
        self._stands_in: dict[str, str] = {}  # the notice that a household was posted in last
        self._document: str | None = None
        self.found = tuple(self._all(entries))

    def _all(self, entries: Sequence[Entry]) -> Iterator[Occasion]:
        for entry in entries:
            for kind, household, said in self._told(entry):
                yield Occasion(entry, kind, household, self.posted[household], said)
            courses: Any = entry.data.get("courses") or {}
            self._states |= {code: State(state) for code, (state, _) in courses.items()}

    def _told(self, entry: Entry) -> Iterator[tuple[str, str, dict[str, Any]]]:
        data: dict[str, Any] = entry.data
        match entry.kind:
            case EntryKind.ROSTER_CHANGED:
                taken = (each for each in data.get("households", ()) if isinstance(each, dict))
                self._heads |= {each["code"]: each["head"] for each in taken}
            case EntryKind.NOTICE if "households" in data:
                yield from self._posting(data, entry.at)
            case EntryKind.ACT if entry.step == H4.id:
                self._document = data["act"].get("document_number")
            case EntryKind.OBJECTION:
                yield from self._objection(data["objection"], data["as"], entry.at)
            case EntryKind.RESOLUTION:
                yield from self._result(data["resolution"])
            case EntryKind.REGISTER_CHANGE:
                yield from self._exit(data)
            case _:
                pass

    def _posting(
        self, data: dict[str, Any], at: datetime
    ) -> Iterator[tuple[str, str, dict[str, Any]]]:
        notice, limit = data["notice"], Limit.model_validate(data["limit"])
        waits = from_posting(self.policy, H3)
        since = chinese(beijing(at).date())
        period = waits or f"自{since}起，至{chinese(limit.last_day)}24时止"
        for code, (_, group, size) in data["households"].items():
            self.posted[code] = Shown(self._heads[code], group, size)
            said = {
                "notice": notice["title"],
                "notice_id": notice["notice_id"],
                "period": period,
                "replaces": self._stands_in.get(code),
            }
            yield "posting", code, said
            self._stands_in[code] = notice["notice_id"]

    def _objection(
        self, objection: dict[str, Any], kind: str, at: datetime
    ) -> Iterator[tuple[str, str, dict[str, Any]]]:
        id, about, investigator = objection["id"], objection.get("household"), self.investigator
        reviewed = self.objections.get(objection.get("review_of", ""))
        if reviewed is not None:
            about = reviewed.household
            investigator = self.village.superior(reviewed.investigator) or reviewed.investigator
        found = Objected(about, kind, investigator, tuple(self._concerned(about)))
        self.objections[id], self._open[id] = found, about
        for household in found.told:
            said = self._of(id, found) | {"received_on": chinese(beijing(at).date())}
            yield "objection", household, said

    def _concerned(self, about: str | None) -> Iterator[str]:
        """Who is told of an objection: whom it is about, and of one to the whole roster everybody
        it holds up (G1). While one of these is open they are held up already, and are not told of
        every other."""
        if about is not None:
            yield from (each for each in (about,) if each in self.posted)
        elif None not in self._open.values():
            yield from (each for each in self.posted if not self._is_finished(each))

    def _result(self, resolution: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
        id = resolution["objection_id"]
        found = self.objections.get(id)
        if found is None:
            return
        self._open.pop(id, None)
        upheld = resolution["finding"] == Finding.UPHELD
        said = self._of(id, found) | {
            "found": _FOUND[found.kind == "review", upheld],
            "reason": _ended(hide(resolution["reason"])),
        }
        # Who was not told of one to the whole roster hears of the last: it lets them go on.
        told = found.told or tuple(self._concerned(found.household))
        for household in told:
            then = self._then(household, upheld, resolution.get("return_to"))
            yield "result", household, said | {"then": then}

    def _then(self, household: str, upheld: bool, return_to: str | None) -> str:
        """What becomes of a household."""
        state = self._states.get(household)
        if state is State.STRUCK_OFF:
            return _REVOKED_APART if upheld else _STAYS_STRUCK_OFF
        if state is State.OUT:
            return _IS_OUT
        if upheld:
            return _THEN[return_to]
        if {None, household} & set(self._open.values()):
            return _STILL_HELD
        return _GOES_ON

    def _of(self, id: str, found: Objected) -> dict[str, Any]:
        return {"objection": id, "word": found.word, "whole": found.household is None}

    def _exit(self, data: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
        said = {
            "since": chinese(date.fromisoformat(data["effective_on"])),
            "notice_id": data["notice"]["notice_id"],
            "document_number": self._document,
        }
        for code in data["households"]:
            yield "exit", code, said

    def _is_finished(self, household: str) -> bool:
        return self._states.get(household) in (State.STRUCK_OFF, State.OUT)

    @property
    def investigator(self) -> Office:
        """Who investigates an objection (G1)."""
        body = self.policy.objection.household
        county = self.village.office(Body.COUNTY_GROUP)
        above = self.village.superior(county) if body is Body.CITY_GROUP else None
        return above or self.village.office(body)


def _ended(sentence: str) -> str:
    return sentence if sentence.endswith("。") else f"{sentence}。"


_FOUND = {
    (False, True): "经调查成立",
    (False, False): "经调查不成立",
    (True, True): "经复核，认定原调查结论不当，予以纠正",
    (True, False): "经复核，维持原调查结论",
}
"""How an investigation ended: whether it was a review, and whether what was said is right."""

_GOES_ON = "退出程序继续进行；公示期未满的，不重新计算。"
_STILL_HELD = "另有异议尚未办结，办结之前，你户暂不销号；公示期不重新计算。"
_IS_OUT = "你户已不在本次退出名单中。"
_STAYS_STRUCK_OFF = "你户的退出不变。"
_REVOKED_APART = "你户已脱贫销号；退出须撤销的，由批准单位另行决定，并另行告知。"

_THEN = {
    None: "你户不列入本次退出名单，继续作为建档立卡贫困户享受扶贫政策。",
    H1.id: "退出名单退回重新评议，你户经重新评议、核实并经你户重新认可后另行公示。",
    H2.id: "你户退回重新核实，经你户重新认可后另行公示。",
    H3.id: "你户的公示重新发布，公示期重新计算。",
}
"""What becomes of a household when an objection was upheld, by the step that it goes back to."""


# -- delivery ---------------------------------------------------------------------------------


class Deliveries:
    """Every method raises ``RegistryError`` if the database fails."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def of(self, case_id: str) -> tuple[WrittenLetter, ...]:
        """Every letter of a roster in the order of its file; none of what is no roster."""
        with reading(self._engine) as session:
            return written_letters(session, case_id)

    def fault(self, case_id: str, document: CaseDocument, today: date) -> str | None:
        """Why letters of a case cannot have been delivered so, in a sentence; None if they can."""
        with reading(self._engine) as session:
            return delivery_fault(session, case_id, document, today)


def written_letters(session: Session, case_id: str) -> tuple[WrittenLetter, ...]:
    """Every letter of a roster in the order of its file; none of what is no roster."""
    occasions = occasions_of(session, case_id)
    return () if occasions is None else letters_in(session, case_id, occasions)


def letters_in(session: Session, case_id: str, occasions: Occasions) -> tuple[WrittenLetter, ...]:
    """The same of a file that is read already."""
    delivered = delivered_letters(session, case_id)

    def reported(key: LetterKey) -> dict[str, Any]:
        found = delivered.get(key)
        return {"delivered": found.delivery, "report": found.report} if found else {}

    return tuple(
        WrittenLetter(
            entry=entry.seq,
            kind=kind,
            household=household,
            title=TITLES[kind],
            written_on=beijing(entry.at).date(),
            **reported((household, entry.seq)),
        )
        for entry, kind, household, *_ in occasions.found
    )


def occasions_of(session: Session, case_id: str) -> Occasions | None:
    """What the kept file of a roster gives reason for; None of what is no roster, or not kept."""
    if not is_case_of(HOUSEHOLD_EXIT, case_id):
        return None
    query = select(EntryRow.content).where(EntryRow.case_id == case_id)
    found = session.exec(query.order_by(col(EntryRow.seq)))
    entries = [Entry.model_validate_json(content) for content in found]
    return Occasions(entries) if entries else None


def delivered_letters(session: Session, case_id: str) -> dict[LetterKey, Reported]:
    """What is reported as delivered and in force, by household and letter."""
    documents = [kept.document for kept in kept_documents(session, case_id)]
    return in_force(
        [
            Reported(delivery, document.id, document.office)
            for document in documents
            for delivery in document.deliveries
        ]
    )


def delivery_fault(
    session: Session, case_id: str, document: CaseDocument, today: date
) -> str | None:
    """Why letters of a case cannot have been delivered so, in a sentence; None if they can."""
    if not document.deliveries:
        return None
    letters = written_letters(session, case_id)
    written = {(each.household, each.entry): each.written_on for each in letters}
    known = delivered_letters(session, case_id)
    return not_so_delivered(case_id, document.deliveries, document.office, written, known, today)
