"""Documents of cases (F9) in the registry: in their own file, or beside one that is closed."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import Engine
from temporalio.exceptions import ApplicationError

from activities.ledger import RegistryActivities
from activities.supplement import SupplementActivities
from models.base import canonical
from models.case.ledger import EntryKind, Ledger
from models.identity import supplement_case
from models.policy import Body
from models.supplement import AdmitSupplement, KeptCase
from registry.database.engine import writing
from registry.desk import Registry
from registry.tables import CaseRow, DocumentRow, EntryRow
from tests.activities.admitted import RUN, gate
from tests.activities.exit_files import ExitFile, county_exits, village_exits
from tests.activities.registry_cases import XIN, File, rows, run
from tests.activities.village_cases import VILLAGE, put_village
from tests.models.document_samples import PROOF, RATES, document
from tests.models.samples import HENAN

pytestmark = pytest.mark.clause("F9")

LEFT_ON = date(2017, 12, 20)
NOW = datetime(2018, 6, 1, 2, tzinfo=UTC)


@pytest.fixture
def exit(engine: Engine, registry: Registry) -> ExitFile:
    """A village of 新县 whose case has ended."""
    put_village(engine)
    return village_exits(engine, VILLAGE, 2017, LEFT_ON)


@pytest.mark.clause("G7")
def test_a_document_is_listed_with_its_evidence(
    asked: RegistryActivities, registry: Registry, engine: Engine
) -> None:
    file = File()
    file.open()
    at = "2017-12-01T09:00:00+08:00"
    values = document("A7/410000", kind="evaluation", rates=RATES, at=at, document_number="合成号")
    entry = file.add(EntryKind.DOCUMENT, {"document": values})
    file.add(EntryKind.DOCUMENT, {"document": values | {"id": "document-2", "at": None}})
    file.add(EntryKind.DOCUMENT, {"document": {"kind": "letter"}})  # kept, and listed nowhere
    for _ in range(2):
        run(asked.write_ledger, file.batch())
    assert len(rows(engine, DocumentRow)) == 2
    # By when it was made: the second one bears no date, and counts from its reception.
    second, first = registry.documents.of(file.case_id)
    assert (second.document.id, first.document.id) == ("document-2", "document-1")
    assert (first.case_id, first.seq, first.hash) == (file.case_id, entry.seq, entry.hash)
    assert first.at == datetime.fromisoformat(at)
    assert [each.content() for each in first.document.evidence] == [PROOF]
    assert first.document.rates is not None
    assert registry.documents.of("county-exit/411524/2017") == ()
    assert registry.documents.ended(file.case_id) is None


# -- beside a closed file ---------------------------------------------------------------------


def supplement(registry: Registry, case_id: str, number: int = 1, **changes: Any) -> Any:
    """The question whether a document may be put beside a closed file."""
    of = registry.documents.ended(case_id)
    assert of is not None
    return asking(of, number, **changes)


def asking(of: KeptCase, number: int = 1, **changes: Any) -> AdmitSupplement:
    """The same, whatever the registry says."""
    case_id = supplement_case(of.case_id, number)
    opening = {
        "case_id": case_id,
        "application": {"of": of, "document": document(**changes)},
        "subject": of.subject,
        "policy": HENAN,
    }
    state = {
        "case_id": case_id,
        "procedure": "supplement",
        "subject_code": of.subject.code,
        "subject_name": of.subject.name,
        "year": of.year,
        "region": of.subject.region_path,
        "step": "F9",
        "round": 1,
        "waiting_for": None,
        "deadline": None,
        "overdue": False,
        "open_objections": 0,
        "outcome": None,
    }
    return AdmitSupplement.model_validate(
        {"opening": opening, "now": NOW, "state": state, "run": RUN}
    )


def test_an_ended_case_is_known_by_its_file(exit: ExitFile, registry: Registry) -> None:
    ended = registry.documents.ended(exit.case_id)
    assert ended is not None
    assert (ended.subject, ended.year) == (VILLAGE, 2017)
    assert (ended.entries, ended.head) == (len(exit.ledger.entries), exit.ledger.head)
    assert registry.documents.ended("village-exit/411523100901/2018") is None


def test_a_supplement_is_listed_once_and_leaves_the_closed_file_alone(
    exit: ExitFile, registry: Registry, engine: Engine
) -> None:
    admit = SupplementActivities(engine, gate()).admit_supplement
    asked = supplement(registry, exit.case_id)
    for _ in range(2):
        assert run(admit, asked).fault is None
    assert [row["case_id"] for row in rows(engine, CaseRow)] == [
        exit.case_id,
        f"supplement/{exit.case_id}/1",
    ]
    assert registry.ledger(exit.case_id) == exit.ledger.entries


def test_a_supplement_is_supplemented_by_none(
    exit: ExitFile, registry: Registry, engine: Engine
) -> None:
    asked = supplement(registry, exit.case_id)
    assert run(SupplementActivities(engine, gate()).admit_supplement, asked).fault is None
    case_id = asked.state.case_id
    with writing(engine) as session:
        file = Ledger(case_id)
        data = {"subject": asked.opening.subject.content()}
        entry = file.record(
            EntryKind.OPENED, NOW, text="", step="F9", round=1, actor="case", data=data
        )
        of_entry = entry.model_dump(exclude={"data"}) | {"kind": entry.kind.value}
        content = canonical(entry.model_dump(mode="json"))
        session.add(EntryRow(case_id=case_id, content=content, **of_entry))
        session.get_one(CaseRow, case_id).outcome = "filed"
    assert registry.documents.ended(case_id) is None
    assert registry.documents.ended(exit.case_id) is not None


@pytest.mark.clause("G7")
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"case_id": "village-exit/411523100901/2018"}, "is no id of a supplement to"),
        ({"head": "ab" * 32}, "is not abababababab (G7)"),
        ({"entries": 99}, "entry 99 of village-exit/411523100901/2017 is not"),
        ({"year": 2018}, "is not of 新县合成乡合成村 in 2018"),
        ({"subject": XIN}, "is not of 新县 in 2017"),
    ],
)
def test_what_the_closed_file_says_otherwise(
    exit: ExitFile, registry: Registry, engine: Engine, changes: dict[str, Any], said: str
) -> None:
    asked = supplement(registry, exit.case_id)
    of = asked.opening.application.of.model_copy(update=changes)
    application = asked.opening.application.model_copy(update={"of": of})
    opening = asked.opening.model_copy(update={"application": application, "subject": of.subject})
    wrong = asked.model_copy(update={"opening": opening})
    fault = run(SupplementActivities(engine, gate()).admit_supplement, wrong).fault
    assert fault is not None
    assert said in fault
    assert len(rows(engine, CaseRow)) == 1


def test_an_open_case_has_no_supplement(exit: ExitFile, registry: Registry, engine: Engine) -> None:
    asked = supplement(registry, exit.case_id)
    with writing(engine) as session:
        session.get_one(CaseRow, exit.case_id).outcome = None
    fault = run(SupplementActivities(engine, gate()).admit_supplement, asked).fault
    assert fault == f"{exit.case_id} has not ended, or is not known here; " + (
        "file it with the case itself"
    )


@pytest.mark.clause("F15")
def test_letters_are_held_against_what_others_have_reported_before_them(
    exit: ExitFile, registry: Registry, engine: Engine
) -> None:
    admit = SupplementActivities(engine, gate()).admit_supplement
    assert run(admit, supplement(registry, exit.case_id)).fault is None
    delivery = {"household": "R001", "letter": 9, "day": "2018-01-06", "way": "household"}
    delivered = supplement(
        registry,
        exit.case_id,
        2,
        id="document-2",
        kind="delivery",
        deliveries=[delivery | {"received_by": "张某甲"}],
    )
    with pytest.raises(ApplicationError, match="is not on file yet") as waits:
        run(admit, delivered)
    assert not waits.value.non_retryable
    steps = [("V1", VILLAGE.office(Body.COUNTY_GROUP))]
    beside = ExitFile(engine, VILLAGE, f"supplement/{exit.case_id}/1", 2017, steps, LEFT_ON)
    beside.add(EntryKind.DOCUMENT, {"document": document(), "belongs_to": exit.case_id})
    beside.close()
    fault = run(admit, delivered).fault
    assert fault == f"household R001: {exit.case_id} has no letter 9; no letter was written to it"


@pytest.mark.parametrize(
    ("office", "said"),
    [
        ("A5/411524", "A5/411524 does not act for 新县合成乡合成村"),
        ("A1/411523100902", "is of no village of 新县合成乡合成村"),
    ],
)
def test_who_has_nothing_to_file(
    exit: ExitFile, registry: Registry, engine: Engine, office: str, said: str
) -> None:
    asked = supplement(registry, exit.case_id, office=office)
    fault = run(SupplementActivities(engine, gate()).admit_supplement, asked).fault
    assert fault is not None
    assert said in fault


@pytest.mark.clause("F7")
def test_a_document_beside_the_file_belongs_to_it_and_can_be_named(
    exit: ExitFile, registry: Registry, engine: Engine
) -> None:
    admit = SupplementActivities(engine, gate()).admit_supplement
    assert run(admit, supplement(registry, exit.case_id)).fault is None
    beside = ExitFile(
        engine,
        VILLAGE,
        f"supplement/{exit.case_id}/1",
        2017,
        [("V1", VILLAGE.office(Body.COUNTY_GROUP))],
        LEFT_ON,
    )
    entry = beside.add(EntryKind.DOCUMENT, {"document": document(), "belongs_to": exit.case_id})
    beside.close()
    (found,) = registry.documents.of(exit.case_id)
    assert (found.belongs_to, found.case_id, found.seq) == (exit.case_id, beside.case_id, entry.seq)
    kept = registry.documents.kept(exit.case_id, "document-1")
    assert kept is not None
    assert kept.entry == entry
    again = supplement(registry, exit.case_id, 2)
    assert run(admit, again).fault == (
        f"document document-1 is on file: {beside.case_id}, entry {entry.seq}"
    )


def test_of_a_county_too(registry: Registry, engine: Engine) -> None:
    file = county_exits(engine, XIN, 2017, LEFT_ON)
    ended = registry.documents.ended(file.case_id)
    assert ended is not None
    assert ended.subject == XIN
    assert run(SupplementActivities(engine, gate()).admit_supplement, asking(ended)).fault is None
