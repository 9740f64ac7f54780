"""Filing, data entry and evaluation (F9): what a case takes in beside its steps, and from whom."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from models.case.documents import CaseDocument, filing_fault
from models.case.ledger import EntryKind, verify
from models.case.messages import Ending, Outcome
from models.case.reception import Reception
from models.offices import Household, Office, Subject, Township
from models.periods import LimitKind
from models.procedures import C1, C2, C4, C7, H2, Step
from models.refusals import Refusal
from models.roster.reception import RosterReception
from models.supplement import KeptCase
from tests.models.document_samples import RATES, document
from tests.models.receptions import last, refused
from tests.models.roster_samples import Sample
from tests.models.samples import DAY, NOW, county, docket, limit, reception
from tests.models.village_samples import village

pytestmark = pytest.mark.clause("F9")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"evidence": []}, "at least 1 item"),
        ({"kind": "letter"}, "'filing', 'data_entry', 'evaluation' or 'delivery'"),
        ({"kind": "delivery"}, "deliveries: a delivery names letters"),
        ({"rates": RATES}, "only an evaluation gives rates, not 'filing'"),
        ({"kind": "evaluation", "rates": RATES | {"omitted": "101"}}, "less than or equal to 100"),
        ({"text": " "}, "at least 1 character"),
        ({"at": "2018-01-05T10:00:00"}, "timezone"),
    ],
)
def test_what_is_no_document(changes: dict[str, Any], said: str) -> None:
    case = docket(C2)
    assert said in refused(reception(case), case, "file", document(**changes))


COUNTY, VILLAGE = county(), village()
HOUSEHOLD = Household(code="H-01", village=VILLAGE)
TOWNSHIP = Township(code="411523100", name="合成乡", county=COUNTY)
NO_TEAM = village(work_team=False)


@pytest.mark.parametrize(
    ("office", "subject", "fault"),
    [
        *((office, COUNTY, "") for office in ("A5/411523", "A6/411500", "A7/410000")),
        ("A8/100000", COUNTY, ""),
        ("A9/410000", COUNTY, ""),
        ("A1/411523100901", COUNTY, ""),
        ("A3/411523100901", COUNTY, ""),
        ("A5/411524", COUNTY, "A5/411524 does not act for 新县 (411523); A5/411523 does"),
        ("A6/411600", COUNTY, "A6/411600 does not act for 新县 (411523); A6/411500 does"),
        ("A7/420000", VILLAGE, "A7/420000 does not act for 新县合成乡合成村"),
        ("A1/411524100901", COUNTY, "is of no village of 新县 (411523)"),
        ("A1/411523100", COUNTY, "is of no village of 新县 (411523)"),
        ("A4/411523100901", COUNTY, "is a household, which files nothing itself"),
        ("A2/411523100901", VILLAGE, ""),
        ("A2/411523100901", NO_TEAM, "by the register 新县合成乡合成村 has no A2"),
        ("A1/411523100902", VILLAGE, "is of no village of"),
        ("A5/411523", VILLAGE, ""),
        ("A1/411523100901", HOUSEHOLD, ""),
        ("A1/411523100902", HOUSEHOLD, "is of no village of"),
        ("A1/411523100901", TOWNSHIP, ""),
        ("A1/411523200901", TOWNSHIP, "is of no village of"),
        ("A6/411500", TOWNSHIP, ""),
    ],
)
def test_who_files(office: str, subject: Subject, fault: str) -> None:
    said = filing_fault(Office.parse(office), subject)
    assert (said is None) if not fault else (said is not None and fault in said)


@pytest.mark.parametrize("step", [C1, C2, C4, C7], ids=str)
def test_a_case_takes_a_document_at_every_step(step: Step) -> None:
    case = docket(step)
    desk = reception(case)
    receipt = desk.receive("file", document(document_number="合成〔备〕号"), NOW)
    entry = last(case)
    assert (entry.kind, entry.step, entry.actor) == (
        EntryKind.DOCUMENT, step.id, "A5/411523 某庚"
    )  # fmt: skip
    assert entry.text == "新县扶贫开发领导小组备案（合成〔备〕号）：已报备（合成）"
    assert entry.data["document"] == document(document_number="合成〔备〕号")
    assert (receipt.seq, receipt.hash) == (entry.seq, entry.hash)
    verify(case.case_id, case.ledger.entries)
    # It is nobody's turn because of it, and it waits for nothing.
    assert not case.acts
    assert desk.receive("file", document(document_number="合成〔备〕号"), NOW + DAY) == receipt
    said = refused(desk, case, "file", document(text="别的（合成）"))
    assert said == "id: document-1 was already used for a different content"


@pytest.mark.parametrize(
    ("kind", "words"), [("data_entry", "信息录入"), ("evaluation", "第三方评估")]
)
def test_how_each_kind_is_called(kind: str, words: str) -> None:
    case = docket(C2)
    reception(case).receive("file", document("A7/410000", kind=kind), NOW)
    assert last(case).text == f"河南省扶贫开发领导小组{words}：已报备（合成）"


@pytest.mark.clause("S4")
def test_rates_that_are_filed_block_nothing() -> None:
    # 2 % wrongly exited fails S4, and is recorded; the act's own rates are what is judged.
    case = docket(C2)
    values = document("A7/410000", kind="evaluation", rates=RATES)
    reception(case).receive("file", values, NOW)
    assert CaseDocument.model_validate(last(case).data["document"]).rates is not None
    assert case.expected is not None
    assert not case.acts


def test_it_is_taken_while_the_register_is_asked_or_changed() -> None:
    case = docket(C2)
    case.preparing = True
    reception(case).hear("file", document(), NOW)
    assert last(case).kind is EntryKind.DOCUMENT
    case.preparing, case.changing = False, True
    reception(case).hear("file", document(id="document-2"), NOW)
    assert last(case).kind is EntryKind.DOCUMENT


def test_a_roster_takes_it_before_it_is_drafted() -> None:
    sample = Sample(H2)
    desk = RosterReception(sample.docket, vet=lambda *_: None)  # not open yet
    desk.hear("file", document(), NOW)
    assert last(sample.docket).kind is EntryKind.DOCUMENT


def test_nothing_is_added_to_a_closed_file() -> None:
    case = docket(C7)
    case.outcome = Outcome(
        ending=Ending.EXITED, by="A9/410000", step="C7", round=1, reason="合成", at=NOW
    )
    said = refused(reception(case), case, "file", document())
    assert "has ended; nothing can be added to it any more" in said


def test_a_document_of_the_future_or_of_another_county_is_refused() -> None:
    case = docket(C4)
    case.posted = limit("T1", NOW + DAY, LimitKind.MINIMUM)
    desk = reception(case)
    ahead = (NOW + timedelta(minutes=6)).isoformat()
    assert "lies in the future" in refused(desk, case, "file", document(at=ahead))
    assert "does not act for 新县" in refused(desk, case, "file", document("A5/411524"))


def test_whatever_a_case_takes_it_takes_documents() -> None:
    class Narrow(Reception):
        messages = {}  # noqa: RUF012

    desk = Narrow(docket(C2), vet=lambda *_: None)
    assert desk.check("file", document(), NOW)
    with pytest.raises(Refusal, match="act: this case takes file"):
        desk.check("act", {}, NOW)


def test_no_file_has_so_many_entries_that_a_supplement_could_be_bound_to() -> None:
    of = {"case_id": "county-exit/411523/2016", "subject": county(), "year": 2016, "head": "00"}
    assert KeptCase.model_validate({**of, "entries": 12}).entries == 12
    for entries in (0, 2**70):
        with pytest.raises(ValidationError, match="entries"):
            KeptCase.model_validate({**of, "entries": entries})
