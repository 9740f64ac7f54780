"""What the registry's lists show of case files."""

from datetime import UTC, date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine

from activities.ledger import RegistryActivities
from models.case.ledger import EntryKind
from registry.desk import Registry
from registry.tables import ObjectionRow, PlanRow
from tests.activities.registry_cases import (
    ADDITION,
    APPLIED,
    FIGURES,
    XIN,
    File,
    rows,
    run,
)
from tests.registry.known import county_facts


def test_a_case_is_listed_as_it_stands(asked: RegistryActivities, registry: Registry) -> None:
    file = File()
    file.open()
    file.steps(2)
    run(asked.write_ledger, file.batch())
    (case,) = registry.case_rows()
    assert case.model_dump(
        exclude={"entries", "head", "updated", "contradicted", "found"}
    ) == file.state().model_dump(exclude={"limits"})
    assert (case.entries, case.head) == (3, file.ledger.head)
    assert (case.contradicted, case.found) == (None, ())
    assert case.updated == APPLIED + timedelta(minutes=2)
    assert case.updated.tzinfo is UTC
    assert case.deadline is not None
    assert case.deadline.tzinfo is UTC


def test_an_old_batch_does_not_set_the_list_back(
    asked: RegistryActivities, registry: Registry
) -> None:
    file = File()
    file.steps(2)
    early = file.batch(step="C2")
    for _ in range(2):
        file.add(EntryKind.STEP_OPENED, round=2)
    late = file.batch(first=3, step="C3", round=2)
    for batch in (early, late, early):
        run(asked.write_ledger, batch)
    (case,) = registry.case_rows()
    assert (case.step, case.round, case.entries) == ("C3", 2, 4)


@pytest.mark.clause("G1", "G2")
def test_objections_are_followed_to_their_end(asked: RegistryActivities, engine: Engine) -> None:
    file = File()
    said: dict[str, Any] = {
        "id": "o1",
        "text": "收入\x00不实",
        "objector": "某乙",
        "contact": "138",
    }
    received = file.add(EntryKind.OBJECTION, {"objection": said, "as": "objection"})
    file.add(EntryKind.OBJECTION, {"objection": {"id": "r1", "text": "举报"}, "as": "report"})
    accepted = file.add(EntryKind.OBJECTION_ACCEPTED, {"objection_id": "o1"})
    review: dict[str, Any] = {"id": "z1", "text": "未入户", "review_of": "o1"}
    file.add(EntryKind.OBJECTION, {"objection": review, "as": "review"})
    run(asked.write_ledger, file.batch())
    first, second, third = sorted(
        rows(engine, ObjectionRow), key=lambda row: str(row["objection_id"])
    )
    assert first["received_at"] == received.at
    assert first["accepted_at"] == accepted.at
    assert (first["kind"], first["objector"], first["contact"]) == ("objection", "某乙", "138")
    assert (first["text"], first["finding"], first["resolved_at"]) == ("收入\ufffd不实", None, None)
    assert (second["kind"], second["objector"], second["accepted_at"]) == ("report", None, None)
    assert (third["kind"], third["review_of"], first["review_of"]) == ("review", "o1", None)

    resolution: dict[str, Any] = {
        "id": "x1",
        "objection_id": "o1",
        "finding": "dismissed",
        "reason": "经查属实",
        "office": "A7/410000",
        "officer": "王五",
        "document_number": "〔2018〕3号",
    }
    resolved = file.add(EntryKind.RESOLUTION, {"resolution": resolution})
    run(asked.write_ledger, file.batch(first=5))
    first = next(row for row in rows(engine, ObjectionRow) if row["objection_id"] == "o1")
    assert (first["finding"], first["reason"], first["resolved_by"], first["document"]) == (
        "dismissed",
        "经查属实",
        "A7/410000",
        "〔2018〕3号",
    )
    assert first["resolved_at"] == resolved.at


@pytest.mark.clause("S3", "S5")
def test_figures_are_kept_exactly_with_the_entry_they_came_with(
    asked: RegistryActivities, registry: Registry
) -> None:
    corrected = FIGURES.model_copy(
        update={"poor": 2_999, "as_of": date(2017, 12, 1), "income_growth_percent": Decimal("0.1")}
    )
    file = File()
    file.open()
    file.add(EntryKind.ACT, {"act": {"figures": corrected.model_dump(mode="json")}})
    file.add(EntryKind.ACT, {"act": {"figures": None}})
    file.add(EntryKind.ACT, {"act": {}})
    run(asked.write_ledger, file.batch())
    first, second = registry.county_record(XIN.code).indicators
    assert (first.figures, first.seq, first.year) == (FIGURES, 1, 2017)
    assert (second.figures, second.seq, second.case_id) == (corrected, 2, file.case_id)


def test_entries_a_list_cannot_take_do_not_hold_up_the_case(
    asked: RegistryActivities, registry: Registry
) -> None:
    huge = FIGURES.model_copy(update={"population": 10**30}).model_dump(mode="json")
    file = File()
    file.add(EntryKind.OPENED, {"application": {"figures": huge}})
    file.add(EntryKind.OPENED, {})
    file.add(EntryKind.ACT, {"act": {"figures": {"poor": "many"}}})
    file.add(EntryKind.ACT, {"act": "approve"})
    file.add(EntryKind.OBJECTION, {})
    file.add(EntryKind.OBJECTION_ACCEPTED, {})
    file.add(EntryKind.RESOLUTION, {"resolution": {"objection_id": "unknown"}})
    file.add(EntryKind.NOTIFIED, {})
    file.add(EntryKind.PLAN_ADDITION)
    run(asked.write_ledger, file.batch())
    assert len(registry.ledger(file.case_id)) == 9


@pytest.mark.clause("G6")
def test_an_admitted_addition_joins_the_plan_with_its_reason(
    asked: RegistryActivities, registry: Registry, engine: Engine
) -> None:
    file = File(year=2018)
    file.open(plan_addition=ADDITION)
    run(asked.write_ledger, file.batch())
    assert not county_facts(registry, XIN.code, 2018, date(2018, 5, 1)).planned  # not admitted yet

    file.add(EntryKind.PLAN_ADDITION, {"plan_addition": ADDITION.model_dump(mode="json")})
    run(asked.write_ledger, file.batch(first=2))
    assert county_facts(registry, XIN.code, 2018, date(2018, 5, 1)).planned
    (added,) = (row for row in rows(engine, PlanRow) if row["addition"])
    assert (added["year"], added["subject_code"], added["kind"]) == (2018, XIN.code, "county")
    assert (added["reason"], added["document"]) == (ADDITION.reason, ADDITION.document_number)
