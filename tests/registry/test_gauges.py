"""What the lists come to, as numbers: worked by hand, on both databases."""

from datetime import UTC, datetime

from sqlalchemy import Engine

from models.case.ledger import EntryKind
from registry.database.engine import writing
from registry.reports.gauges import Gauges, gauges
from registry.tables import CaseRow, CheckResultRow, ContradictionRow, DeliveryRow, EntryRow

NOW = datetime(2018, 3, 1, tzinfo=UTC)


def _case(case_id: str, step: str, *, overdue: bool = False, ended: bool = False) -> CaseRow:
    return CaseRow(
        case_id=case_id,
        procedure=case_id.partition("/")[0],
        subject_code="411523",
        subject_name="合成县",
        year=2018,
        region="/410000/",
        step=step,
        round=1,
        overdue=overdue,
        open_objections=0,
        outcome="exited" if ended else None,
        entries=3,
        head="0" * 64,
        updated=NOW,
    )


def _entry(case_id: str, seq: int, kind: EntryKind) -> EntryRow:
    return EntryRow(
        case_id=case_id,
        seq=seq,
        kind=kind,
        at=NOW,
        step="C2",
        round=1,
        actor="case",
        text="合成",
        previous="0" * 64,
        hash=f"{seq:064}",
        content="{}",
    )


def _delivered(case_id: str, error: str | None) -> DeliveryRow:
    return DeliveryRow(case_id=case_id, seq=1, number=1, channel="mail", at=NOW, error=error)


def test_open_cases_are_counted_with_what_their_files_hold(engine: Engine) -> None:
    assert gauges(engine) == Gauges({}, 0, 0, 0, 0, 0, {})
    with writing(engine) as session:
        session.add_all(
            [
                _case("county-exit/1/2018", "C2"),
                _case("county-exit/2/2018", "C2", overdue=True),
                _case("village-exit/3/2018", "V2", overdue=True),
                _case("county-exit/4/2018", "C7", overdue=True, ended=True),
            ]
        )
        session.flush()
        refused = EntryKind.REFUSED
        session.add_all(
            [
                _entry("county-exit/1/2018", 1, refused),
                _entry("county-exit/1/2018", 2, refused),
                _entry("county-exit/1/2018", 3, EntryKind.ACT),
                _delivered("village-exit/3/2018", None),
                _delivered("county-exit/4/2018", "no such mailbox"),  # it has ended
                _entry("county-exit/4/2018", 2, refused),
                ContradictionRow(case_id="county-exit/2/2018", seq=2, since=NOW, said="合成"),
                CheckResultRow(at=NOW, findings=7, report="{}"),
                CheckResultRow(at=NOW.replace(day=2), findings=4, report="{}"),
            ]
        )
    asked = ["county-exit/1/2018", "county-exit/4/2018", *(f"away/{n}" for n in range(1200))]
    assert gauges(engine, asked) == Gauges(
        open={("county-exit", "C2"): 2, ("village-exit", "V2"): 1},
        overdue=2,
        refused=2,
        given_up=1,
        contradicted=1,
        findings=4,
        kept={"county-exit/1/2018": 3, "county-exit/4/2018": 3},
    )
