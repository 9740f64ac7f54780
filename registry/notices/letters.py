"""告知书: what a household is told on paper, from the kept file of its roster (F15).

A household is told of its posting, of an objection against it and the result, of its exit and of
what it keeps (F1). The letters are made from the file whenever they are asked for, one page a
household. They are for the household alone: they show its name in full, and never who objected.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlmodel import Session, col, select

from models.base import Record
from models.case.file import subject_of
from models.case.ledger import Entry, EntryKind
from models.case.messages import Finding
from models.consequences import Exit, consequences
from models.notices import from_posting
from models.offices import Office, SubjectKind, Village
from models.periods import Limit, beijing, chinese
from models.policy import Body, Policy
from models.procedures import H2, H3, H4
from models.texts.personal_numbers import hide
from registry.notices.texts import rendered
from registry.tables import HouseholdRow

TITLES = {
    "posting": "拟退出贫困户公示告知书",
    "objection": "异议受理告知书",
    "result": "异议办理结果告知书",
    "exit": "脱贫退出告知书",
}
"""What a letter is called, by its occasion."""


class Letter(Record):
    """A page for a household.

    Attributes:
        entry: The entry of the file that it tells of.
        kind: Its occasion, a key of ``TITLES``.
    """

    entry: int
    kind: str
    household: str
    title: str
    markdown: str


def letters_of(session: Session, entries: Sequence[Entry]) -> tuple[Letter, ...]:
    """The letters that a roster's file gives reason for, in its order."""
    writer = _Writer(entries[0].data)
    told = [(entry, *each) for entry in entries for each in writer.told(entry)]
    codes = {code for _, _, code, _ in told}
    rows = session.exec(select(HouseholdRow).where(col(HouseholdRow.code).in_(codes)))
    heads = {row.code: row.head for row in rows}
    return tuple(
        writer.letter(entry, kind, code, heads[code], said) for entry, kind, code, said in told
    )


class _Objected(NamedTuple):
    """An objection, report or review: to whom, and who looks into it."""

    household: str | None
    kind: str
    investigator: Office

    @property
    def word(self) -> str:
        """What it is called."""
        return {"report": "举报", "review": "复核申请"}.get(self.kind, "异议")


_Occasion = tuple[str, str, dict[str, Any]]
"""Why, to whom, and what a letter says."""


class _Writer:
    """What the letters of a roster have in common, and what was posted so far."""

    def __init__(self, opened: Mapping[str, Any]) -> None:
        self._village: Village = subject_of(dict(opened))
        self._policy = Policy.model_validate(opened["policy"])
        self._year = int(opened["application"]["year"])
        self._posted: dict[str, tuple[str, int]] = {}
        self._stands_in: dict[str, str] = {}  # the notice that a household was posted in last
        self._objections: dict[str, _Objected] = {}
        self._document: str | None = None

    def told(self, entry: Entry) -> Iterator[_Occasion]:
        """Occasion, household and what its letter says, for everybody whom an entry concerns."""
        data: dict[str, Any] = entry.data
        match entry.kind:
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

    def _posting(self, data: dict[str, Any], at: datetime) -> Iterator[_Occasion]:
        notice, limit = data["notice"], Limit.model_validate(data["limit"])
        waits = from_posting(self._policy, H3)
        since = chinese(beijing(at).date())
        period = waits or f"自{since}起，至{chinese(limit.last_day)}24时止"
        for code, (_, group, size) in data["households"].items():
            self._posted[code] = group, size
            yield (
                "posting",
                code,
                {
                    "notice": notice["title"],
                    "notice_id": notice["notice_id"],
                    "period": period,
                    "replaces": self._stands_in.get(code),
                },
            )
            self._stands_in[code] = notice["notice_id"]

    def _objection(self, objection: dict[str, Any], kind: str, at: datetime) -> Iterator[_Occasion]:
        reviewed = self._objections.get(objection.get("review_of", ""))
        found = _Objected(objection.get("household"), kind, self._investigator)
        if reviewed is not None:
            above = self._village.superior(reviewed.investigator)
            found = _Objected(reviewed.household, kind, above or reviewed.investigator)
        self._objections[objection["id"]] = found
        if found.household in self._posted:
            on = chinese(beijing(at).date())
            said = {"objection": objection["id"], "word": found.word, "received_on": on}
            yield "objection", found.household, said

    def _result(self, resolution: dict[str, Any]) -> Iterator[_Occasion]:
        found = self._objections.get(resolution["objection_id"])
        if found is None or found.household not in self._posted:
            return
        upheld = resolution["finding"] == Finding.UPHELD
        then = _THEN[resolution.get("return_to")] if upheld else _GOES_ON
        said = {
            "objection": resolution["objection_id"],
            "word": found.word,
            "found": _FOUND[found.kind == "review", upheld],
            "reason": _ended(hide(resolution["reason"])),
            "then": then,
        }
        yield "result", found.household, said

    def _exit(self, data: dict[str, Any]) -> Iterator[_Occasion]:
        said = {
            "since": chinese(date.fromisoformat(data["effective_on"])),
            "notice_id": data["notice"]["notice_id"],
            "document_number": self._document,
        }
        for code in data["households"]:
            yield "exit", code, said

    @property
    def _investigator(self) -> Office:
        body = self._policy.objection.household
        county = self._village.office(Body.COUNTY_GROUP)
        above = self._village.superior(county) if body is Body.CITY_GROUP else None
        return above or self._village.office(body)

    def letter(self, entry: Entry, kind: str, code: str, head: str, said: dict[str, Any]) -> Letter:
        """One page."""
        on = beijing(entry.at).date()
        group, size = self._posted[code]

        def name(office: Office) -> str:
            return self._policy.name_of(office.body, self._village.place_name(office), on)

        committees, decides = self._village.office(H3.body), self._village.office(H4.body)
        of_objection = self._objections.get(said.get("objection", ""))
        investigator = of_objection.investigator if of_objection else self._investigator
        senders = {"posting": committees, "exit": decides}
        text = rendered(
            "letter.md.j2",
            kind=kind,
            title=TITLES[kind],
            household=code,
            name=head,
            group=hide(group),
            size=size,
            year=self._year,
            basis="、".join(self._policy.basis),
            publisher=name(committees),
            investigator=name(investigator),
            decides=name(decides),
            days=self._policy.objection.days,
            keeps=self._keeps(on),
            sender=name(senders.get(kind, investigator)),
            written_on=chinese(on),
            **said,
        )
        return Letter(entry=entry.seq, kind=kind, household=code, title=TITLES[kind], markdown=text)

    def _keeps(self, on: date) -> str:
        """F1: what it keeps after its exit; nothing is said of what is over."""
        exit = Exit(kind=SubjectKind.HOUSEHOLD, year=self._year, since=on)
        found = consequences(exit, self._policy.after_exit, on)
        return "".join(f"你户{each.zh}。" for each in found)


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

_THEN = {
    None: "你户不列入本次退出名单，继续作为建档立卡贫困户享受扶贫政策。",
    H2.id: "你户退回重新核实，经你户重新认可后另行公示。",
    H3.id: "你户的公示重新发布，公示期重新计算。",
}
"""What becomes of a household whose objection was upheld, by the step it goes back to."""
