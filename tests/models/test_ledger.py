"""G7: a case file whose every alteration is found."""

import json
import random
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from models.base import canonical
from models.case.ledger import (
    Entry,
    EntryKind,
    Ledger,
    LedgerError,
    digest,
    root,
    verify,
)
from models.case.orders import CaseState, LedgerBatch
from tests.models.samples import NOW

CASE = "county-exit/411523/2017"

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
moments = st.datetimes(
    datetime(2014, 1, 1),  # noqa: DTZ001 - hypothesis wants the bounds naive
    datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.sampled_from(
        [UTC, *(timezone(timedelta(minutes=minutes)) for minutes in (480, -210, 345, 1))]
    ),
)
records = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(EntryKind),
        "at": moments,
        "text": st.text(max_size=12),
        "step": st.sampled_from(["C1", "C4", ""]),
        "round": st.integers(1, 9),
        "actor": st.text(max_size=6),
        "data": st.dictionaries(st.text(max_size=5), values, max_size=3),
    }
)


def file_of(contents: list[dict[str, Any]], case_id: str = CASE) -> list[Entry]:
    ledger = Ledger(case_id)
    for content in contents:
        given_fields = dict(content)
        ledger.record(given_fields.pop("kind"), given_fields.pop("at"), **given_fields)
    return ledger.entries


files = st.lists(records, min_size=1, max_size=3).map(file_of)
plain_files = st.integers(1, 6).map(lambda length: some_file(length))


def some_file(length: int = 5) -> list[Entry]:
    ledger = Ledger(CASE)
    for number in range(length):
        at = NOW + timedelta(hours=number)
        data: dict[str, Any] = {"number": number, "list": [1, "二"]}
        ledger.record(EntryKind.ACT, at, text=f"第{number}条", step="C3", data=data)
    return ledger.entries


@pytest.mark.clause("G7")
def test_an_empty_file_begins_with_its_case() -> None:
    ledger = Ledger(CASE)
    assert ledger.head == root(CASE) == sha256(CASE.encode()).hexdigest()
    assert verify(CASE, ledger.entries) == 0


@pytest.mark.clause("G7")
def test_entries_are_numbered_and_bound() -> None:
    entries = some_file()
    assert [entry.seq for entry in entries] == [1, 2, 3, 4, 5]
    assert entries[0].previous == root(CASE)
    for before, after in pairwise(entries):
        assert after.previous == before.hash
    assert verify(CASE, entries) == 5


@pytest.mark.clause("G7")
def test_the_hash_can_be_computed_by_anybody() -> None:
    # A second way, from the description alone: the stored JSON, without hash, keys in order.
    for entry in some_file():
        content = json.loads(entry.model_dump_json())
        found = content.pop("hash")
        text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        assert found == sha256(text.encode("utf-8")).hexdigest()


@pytest.mark.clause("G7")
@given(files)
def test_a_file_survives_the_wire(entries: list[Entry]) -> None:
    again = [Entry.model_validate_json(entry.model_dump_json()) for entry in entries]
    assert verify(CASE, again) == len(entries)
    assert [entry.hash for entry in again] == [entry.hash for entry in entries]
    stored = [
        Entry.model_validate_json(canonical(entry.model_dump(mode="json"))) for entry in entries
    ]
    assert verify(CASE, stored) == len(entries)
    state = CaseState(
        case_id=CASE,
        procedure="county",
        subject_code="411523",
        subject_name="新县",
        year=2017,
        region=("410000",),
        step="C1",
        round=1,
        waiting_for=None,
        deadline=None,
        overdue=False,
        open_objections=0,
        outcome=None,
    )
    batch = LedgerBatch(case_id=CASE, run="run", token="token", entries=tuple(entries), state=state)
    sent = LedgerBatch.model_validate_json(batch.model_dump_json())
    assert verify(CASE, sent.entries) == len(entries)


ALTERATIONS: list[tuple[str, Any]] = [
    ("kind", EntryKind.REFUSED),
    ("at", NOW + timedelta(days=9)),
    ("step", "C7"),
    ("round", 7),
    ("actor", "A9/410000 某人"),
    ("text", "另一句"),
    ("data", {"number": 99}),
    ("data", {}),
]


@pytest.mark.clause("G7")
@pytest.mark.parametrize(("field", "value"), ALTERATIONS)
@pytest.mark.parametrize("position", range(5))
def test_every_altered_field_is_found(field: str, value: Any, position: int) -> None:
    entries = some_file()
    entries[position] = entries[position].model_copy(update={field: value})
    with pytest.raises(LedgerError, match=f"{CASE}: entry {position + 1} was altered"):
        verify(CASE, entries)


@pytest.mark.clause("G7")
@pytest.mark.parametrize(("field", "value"), ALTERATIONS)
@pytest.mark.parametrize("position", range(4))
def test_an_altered_entry_with_a_new_hash_is_found_at_the_next(
    field: str, value: Any, position: int
) -> None:
    entries = some_file()
    forged = entries[position].model_copy(update={field: value})
    entries[position] = forged.model_copy(update={"hash": digest(forged)})
    with pytest.raises(LedgerError, match=f"entry {position + 2} does not follow the one before"):
        verify(CASE, entries)


@pytest.mark.clause("G7")
@pytest.mark.parametrize("position", range(4))
def test_a_missing_entry_is_found(position: int) -> None:
    entries = some_file()
    del entries[position]
    found = rf"entry {position + 1} is missing \(found {position + 2}\)"
    with pytest.raises(LedgerError, match=found):
        verify(CASE, entries)


@pytest.mark.clause("G7")
@pytest.mark.parametrize("position", range(4))
def test_a_missing_entry_is_found_under_new_numbers(position: int) -> None:
    entries = some_file()
    del entries[position]
    renumbered = []
    for seq, entry in enumerate(entries, start=1):
        moved = entry.model_copy(update={"seq": seq})
        renumbered.append(moved.model_copy(update={"hash": digest(moved)}))
    with pytest.raises(LedgerError, match=f"entry {position + 1} does not follow"):
        verify(CASE, renumbered)


@pytest.mark.clause("G7")
def test_a_file_that_was_cut_off_has_another_head() -> None:
    # The rest is a sound file: only its length and its head, kept elsewhere, tell of the end.
    ledger = Ledger(CASE)
    for entry in some_file():
        ledger.record(entry.kind, entry.at, text=entry.text, step=entry.step, data=entry.data)
    assert ledger.entries == some_file()
    assert verify(CASE, ledger.entries[:4]) == 4
    assert ledger.head == ledger.entries[4].hash != ledger.entries[3].hash


@pytest.mark.clause("G7")
@given(plain_files, st.randoms(use_true_random=False))
def test_a_shuffled_file_is_found(entries: list[Entry], chance: random.Random) -> None:
    shuffled = list(entries)
    chance.shuffle(shuffled)
    if shuffled == entries:
        assert verify(CASE, shuffled) == len(entries)
    else:
        with pytest.raises(LedgerError):
            verify(CASE, shuffled)


@pytest.mark.clause("G7")
@given(plain_files, st.data())
def test_an_entry_added_twice_is_found(entries: list[Entry], data: st.DataObject) -> None:
    position = data.draw(st.integers(0, len(entries) - 1))
    where = data.draw(st.integers(0, len(entries)))
    with pytest.raises(LedgerError):
        verify(CASE, [*entries[:where], entries[position], *entries[where:]])


@pytest.mark.clause("G7", "G9")
@given(plain_files)
def test_a_file_belongs_to_one_case(entries: list[Entry]) -> None:
    with pytest.raises(LedgerError, match="entry 1 does not follow the one before it"):
        verify("county-exit/411523/2018", entries)


@pytest.mark.clause("G7")
def test_an_entry_cannot_be_changed_in_place() -> None:
    entry = some_file(1)[0]
    with pytest.raises(ValidationError, match="frozen"):
        entry.text = "另一句"  # type: ignore[misc]


@pytest.mark.clause("G7")
@given(st.dictionaries(st.text(max_size=4), values, min_size=2, max_size=5))
def test_the_order_of_fields_does_not_matter(content: dict[str, Any]) -> None:
    assert canonical(content) == canonical(dict(reversed(content.items())))
    assert json.loads(canonical(content)) == content


@pytest.mark.clause("G7")
@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_what_json_cannot_say_never_enters_a_file(number: float) -> None:
    # On the wire it would become null, and the entry another one.
    ledger = Ledger(CASE)
    with pytest.raises(ValueError, match="JSON"):
        ledger.record(EntryKind.REFUSED, NOW, text="不予接收", data={"content": number})
    assert ledger.entries == []
