"""Records of a case beside its steps: filing, entry, evaluation (F9), delivered letters (F15)."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from models.base import Line, Moment, ProperName, Record, Text
from models.case.letter_delivery import MOST_DELIVERIES, LetterDelivery, LetterKey
from models.case.messages import Rates
from models.case.parts import Evidence, Key
from models.offices import Household, Office, Subject, Village
from models.policy import LEVELS, Body, Level

Grounds = Annotated[tuple[Evidence, ...], Field(min_length=1, max_length=50)]
"""Evidence that cannot be left out; bounded as everywhere."""


class DocumentKind(StrEnum):
    """备案管理, 信息录入 (HN 七(一)), 第三方评估 (HN 三), and 送达回证 (F15)."""

    FILING = "filing"
    DATA_ENTRY = "data_entry"
    EVALUATION = "evaluation"
    DELIVERY = "delivery"


DOCUMENT_KINDS = {
    DocumentKind.FILING: "备案",
    DocumentKind.DATA_ENTRY: "信息录入",
    DocumentKind.EVALUATION: "第三方评估",
    DocumentKind.DELIVERY: "送达回证",
}
"""How each is called in Chinese."""


class CaseDocument(Record):
    """What an office puts into the file of a case, with what it rests on (F9).

    It decides nothing: rates of an evaluation (S4) block by the act that gives them (C3, C6), not
    from here.

    Attributes:
        at: When it was made; the moment of receipt counts where it is not given.
        evidence: At least one document, by its hash.
        rates: What an evaluation found; with no other kind.
        deliveries: The letters that were delivered, each once; with no other kind.
    """

    id: Key
    kind: DocumentKind
    office: Office
    officer: ProperName
    text: Text
    evidence: Grounds
    document_number: Line | None = None
    at: Moment | None = None
    rates: Rates | None = None
    deliveries: Annotated[tuple[LetterDelivery, ...], Field(max_length=MOST_DELIVERIES)] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.rates is not None and self.kind is not DocumentKind.EVALUATION:
            raise ValueError(f"rates: only an evaluation gives rates, not '{self.kind.value}'")
        if bool(self.deliveries) != (self.kind is DocumentKind.DELIVERY):
            raise ValueError("deliveries: a delivery names letters, and nothing else does (F15)")
        seen: set[LetterKey] = set()
        for each in self.deliveries:
            if each.key in seen:
                raise ValueError(
                    f"deliveries: letter {each.letter} to {each.household} stands in it twice"
                )
            seen.add(each.key)
        return self


def described(document: CaseDocument, office_name: str) -> str:
    """A document as one sentence of the file."""
    number = f"（{document.document_number}）" if document.document_number else ""
    return f"{office_name}{DOCUMENT_KINDS[document.kind]}{number}：{document.text}"


def filing_fault(office: Office, subject: Subject) -> str | None:
    """Why an office has nothing to file with a case; None where it has.

    It exists in the territory of the case (村, 县) or in the line above it (市, 省, 国家).
    """
    if office.body is Body.HOUSEHOLD:
        return f"office: {office} is a household, which files nothing itself"
    if LEVELS[office.body] is Level.VILLAGE:
        return _village_fault(office, subject)
    right = subject.office(office.body)
    if office == right:
        return None
    return f"office: {office} does not act for {subject.full_name} ({subject.code}); {right} does"


def _village_fault(office: Office, subject: Subject) -> str | None:
    within = subject.region_path[-1]
    if len(office.place) != 12 or not office.place.startswith(within):
        return f"office: {office} is of no village of {subject.full_name} ({within})"
    village = subject.village if isinstance(subject, Household) else subject
    if isinstance(village, Village) and office not in village.verifiers:
        return f"office: by the register {village.full_name} has no {office.body.value}"
    return None
