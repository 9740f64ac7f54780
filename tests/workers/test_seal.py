"""The seal: what it opens, what it does not, and what becomes of that."""

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.common import RawValue
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import (
    ActivitySerializationContext,
    DataConverter,
    SerializationContext,
    WorkflowSerializationContext,
)
from temporalio.exceptions import ActivityError, ApplicationError, FailureError

from models.base import Record
from models.sealed import NOT_SEALED, NotSealed, Unsealed
from workers import seal
from workers.keys import Keyring, Keys
from workers.packing import packed, unpacked
from workers.seal import opened, sealed_converter


class Person(Record):
    """Somebody who must not be read."""

    name: str
    contact: str


SOMEBODY = Person(name="钱某某", contact="13800000000")
CASE = "county-exit/410225/2026"


def case(workflow_id: str = CASE) -> SerializationContext:
    return WorkflowSerializationContext(namespace="default", workflow_id=workflow_id)


def order(number: str = "1", workflow_id: str | None = CASE) -> SerializationContext:
    return ActivitySerializationContext(
        namespace="default",
        activity_id=number,
        activity_type=None,
        activity_task_queue=None,
        workflow_id=workflow_id,
        workflow_type=None,
        is_local=False,
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    Keys.made(tmp_path / "keys")
    return tmp_path / "keys"


@pytest.fixture
def of_cases(file: Path) -> DataConverter:
    """The side of desk and workflows."""
    return sealed_converter(Keyring(file))


@pytest.fixture
def of_activities(file: Path) -> DataConverter:
    return sealed_converter(Keyring(file), answering=True)


async def sealed(converter: DataConverter, context: SerializationContext, value: Any) -> Payload:
    (payload,) = await converter.with_context(context).encode([value])
    return payload


async def read(
    converter: DataConverter, context: SerializationContext, payload: Payload, hint: Any
) -> Any:
    (value,) = await converter.with_context(context).decode([payload], [hint])
    return value


async def test_what_is_sealed_for_a_case_opens_for_it_and_shows_nobody(
    of_cases: DataConverter,
) -> None:
    payload = await sealed(of_cases, case(), SOMEBODY)
    assert await read(of_cases, case(), payload, Person) == SOMEBODY
    shown = payload.SerializeToString()
    for secret in (SOMEBODY.name, SOMEBODY.contact, "contact"):
        assert secret.encode() not in shown
    # The same again is another text: nobody sees that two cases hold the same.
    assert payload.data != (await sealed(of_cases, case(), SOMEBODY)).data


async def test_what_is_long_is_compressed_before_it_is_sealed(of_cases: DataConverter) -> None:
    # 9 bytes a name and 11 a contact, a thousand times over.
    lines = [Person(name="钱某某", contact="13800000000")] * 1000
    payload = await sealed(of_cases, case(), lines)
    assert len(payload.data) < 1_000
    assert await read(of_cases, case(), payload, list[Person]) == lines


@pytest.mark.parametrize(
    "otherwise",
    [
        lambda content: packed(content) + b"\0",
        lambda content: packed(content)[:-1],
        lambda content: b"z" + content,
        lambda content: b"z" + zlib.compress(b"0" * 5_000_000),
    ],
    ids=["longer", "cut off", "not packed", "far too long"],
)
async def test_what_is_packed_otherwise_does_not_open(
    of_cases: DataConverter,
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
    otherwise: Callable[[bytes], bytes],
) -> None:
    monkeypatch.setattr(seal, "packed", otherwise)
    payload = await sealed(of_cases, case(), SOMEBODY)
    with pytest.raises(NotSealed, match="it is damaged"):
        opened(payload, Keyring(file))


def test_what_no_server_would_take_is_left_as_it_is() -> None:
    long = b"0" * 5_000_000
    assert packed(long) == unpacked(long) == long


def test_no_payload_begins_as_what_is_packed_does() -> None:
    """``z`` is the tag of field 15."""
    assert max(Payload.DESCRIPTOR.fields_by_number) < ord("z") >> 3


def test_what_was_packed_once_unpacks_for_ever() -> None:
    """Kept as it came out of the first version that packs: its dictionary never changes."""
    kept = bytes.fromhex("7a78bb6834a51523261beb602f1d71c63d2cc601e1d925a2")
    said = '"text":"本步骤无规定期限。","office":"A7/410000","round":1,"actor":"case","data":{}'
    assert unpacked(kept).decode() == said


@pytest.mark.parametrize(
    ("sealed_in", "opened_in"),
    [
        (case(), case("county-exit/410225/2027")),
        (case("round/follow-up/410225"), case("round/follow-up/410226-2027-01-01T01:00:00Z")),
        (case("round/follow-up/410225"), case("round/follow-up/410225-anything")),
        (case("round/follow-up/410225"), case("round/follow-up/410225-2027-01-01T01:00:00Z-x")),
        (case(CASE), case(f"{CASE}-2027-01-01T01:00:00Z")),
    ],
)
async def test_it_opens_for_no_other_case(
    of_cases: DataConverter, sealed_in: SerializationContext, opened_in: SerializationContext
) -> None:
    payload = await sealed(of_cases, sealed_in, SOMEBODY)
    with pytest.raises(NotSealed, match="it is sealed for another case"):
        await read(of_cases, opened_in, payload, Person)


async def test_the_input_of_a_schedule_opens_in_the_rounds_that_it_starts(
    of_cases: DataConverter,
) -> None:
    payload = await sealed(of_cases, case("round/follow-up/410225"), SOMEBODY)
    started = case("round/follow-up/410225-2027-01-01T01:00:00Z")
    assert await read(of_cases, started, payload, Person) == SOMEBODY


async def test_who_lists_cases_reads_what_is_sealed_for_any(of_cases: DataConverter) -> None:
    """Memos of schedules and of lists come outside of every case."""
    payload = await sealed(of_cases, case(), SOMEBODY)
    assert await of_cases.decode([payload], [Person]) == [SOMEBODY]


async def test_an_order_and_its_answer_go_there_and_back(
    of_cases: DataConverter, of_activities: DataConverter
) -> None:
    there = await sealed(of_cases, order(), SOMEBODY)
    assert await read(of_activities, order(), there, Person) == SOMEBODY
    back = await sealed(of_activities, order(), SOMEBODY)
    assert await read(of_cases, order(), back, Person) == SOMEBODY


async def test_an_answer_is_an_answer_to_that_order_alone(
    of_cases: DataConverter, of_activities: DataConverter
) -> None:
    """Whoever holds older answers, the order itself, or another case's answer, has no answer."""
    another = Unsealed("it is sealed as something else")
    elsewhere = Unsealed("it is sealed for another case")
    older = await sealed(of_activities, order("1"), SOMEBODY)
    assert await read(of_cases, order("2"), older, Person) == another
    echo = await sealed(of_cases, order("2"), SOMEBODY)
    assert await read(of_cases, order("2"), echo, Person) == another
    message = await sealed(of_cases, case(), SOMEBODY)
    assert await read(of_cases, order("2"), message, Person) == another
    foreign = await sealed(of_activities, order("2", "county-exit/410226/2026"), SOMEBODY)
    assert await read(of_cases, order("2"), foreign, Person) == elsewhere


async def test_an_order_that_is_copied_to_nobodys_activity_is_no_order(
    of_cases: DataConverter, of_activities: DataConverter
) -> None:
    """``temporal activity execute`` starts activities that belong to no case."""
    there = await sealed(of_cases, order("1"), SOMEBODY)
    alone = order("1", workflow_id=None)
    assert await read(of_activities, alone, there, Person) == Unsealed(
        "it is sealed for another case"
    )


CLEAR = Payload(metadata={"encoding": b"json/plain"}, data=b'{"name": "a", "contact": "b"}')


@pytest.mark.parametrize("hint", [Person, int, dict, None])
async def test_clear_text_is_nothing_where_a_type_is_meant(
    of_cases: DataConverter, hint: Any
) -> None:
    with pytest.raises(NotSealed, match="it is not sealed"):
        await read(of_cases, case(), CLEAR, hint)


@pytest.mark.parametrize("hint", [Person, Any, RawValue, None])
async def test_clear_text_is_no_order_and_no_answer_whatever_is_meant(
    of_cases: DataConverter, of_activities: DataConverter, hint: Any
) -> None:
    for side in (of_cases, of_activities):
        assert await read(side, order(), CLEAR, hint) == Unsealed("it is not sealed")


async def test_the_doors_for_messages_take_clear_text(of_cases: DataConverter) -> None:
    said: Any = {"name": "a", "contact": "b"}
    for hint in (Any, object):
        assert (await read(of_cases, case(), CLEAR, hint)) == said
    raw = await read(of_cases, case(), CLEAR, RawValue)
    converter = of_cases.with_context(case()).payload_converter
    assert converter.from_payload(raw.payload, Any) == said
    own = await read(of_cases, case(), await sealed(of_cases, case(), said), RawValue)
    assert converter.from_payload(own.payload, Any) == said


WRONG = [
    Payload(),
    Payload(data=b"\xff\x00"),
    Payload(metadata={"encoding": b"binary/plain"}, data=b"x"),
    Payload(metadata={"encoding": b"binary/encrypted"}),
    Payload(metadata={"encoding": b"binary/encrypted"}, data=b"x" * 100),
    Payload(metadata={"encoding": b"exitflow/unsealed", "was": b"json/plain"}, data=b"1"),
    Payload(metadata={"encoding": b"\xff\xfe"}, data=b"1"),
    Payload(metadata={"encoding": b"json/plain", "failure": b"1"}, data=b"1"),
]


@pytest.mark.parametrize("payload", WRONG)
async def test_whatever_is_sent_the_seal_raises_nothing(
    of_cases: DataConverter, payload: Payload
) -> None:
    converter = of_cases.with_context(case())
    assert converter.payload_codec is not None
    (passed,) = await converter.payload_codec.decode([payload])
    with pytest.raises(NotSealed):
        converter.payload_converter.from_payload(passed, Person)


@pytest.mark.parametrize("name", ["encryption-key-id", "sealed-for", "sealed-as", "encoding"])
@pytest.mark.parametrize("value", [b"", b"\xff", b"another"])
async def test_every_part_of_it_is_bound(of_cases: DataConverter, name: str, value: bytes) -> None:
    payload = await sealed(of_cases, case(), SOMEBODY)
    payload.metadata[name] = value
    with pytest.raises(NotSealed):
        await read(of_cases, case(), payload, Person)


async def test_what_is_changed_by_one_bit_does_not_open(
    of_cases: DataConverter, file: Path
) -> None:
    payload = await sealed(of_cases, case(), SOMEBODY)
    for place in (0, 12, len(payload.data) - 1):
        changed = Payload(metadata=payload.metadata, data=bytes(payload.data))
        data = bytearray(changed.data)
        data[place] ^= 1
        changed.data = bytes(data)
        with pytest.raises(NotSealed, match="it is damaged"):
            opened(changed, Keyring(file))


async def test_another_installation_opens_nothing(of_cases: DataConverter, tmp_path: Path) -> None:
    Keys.made(tmp_path / "others")
    others = sealed_converter(Keyring(tmp_path / "others"))
    payload = await sealed(others, case(), SOMEBODY)
    with pytest.raises(NotSealed, match="its key does not belong to this installation"):
        await read(of_cases, case(), payload, Person)


async def test_after_a_rotation_the_new_key_seals_and_the_old_one_opens(
    of_cases: DataConverter, file: Path
) -> None:
    before = await sealed(of_cases, case(), SOMEBODY)
    added = Keys.another(file).newest
    after = sealed_converter(Keyring(file))
    assert await read(after, case(), before, Person) == SOMEBODY
    payload = await sealed(after, case(), SOMEBODY)
    assert payload.metadata["encryption-key-id"].decode() == added.id
    # One that has been running since before learns of the new key when it meets it, and uses it.
    assert await read(of_cases, case(), payload, Person) == SOMEBODY
    again = await sealed(of_cases, case(), SOMEBODY)
    assert again.metadata["encryption-key-id"].decode() == added.id


async def told(converter: DataConverter, error: BaseException) -> Failure:
    """A failure as it goes over the wire."""
    failure = Failure()
    await converter.with_context(order()).encode_failure(error, failure)
    return failure


async def heard(converter: DataConverter, failure: Failure) -> BaseException:
    copy = Failure()
    copy.CopyFrom(failure)
    return await converter.with_context(order()).decode_failure(copy)


def conflict() -> ApplicationError:
    error = ApplicationError("钱某某不在册", type="RegisterConflict", non_retryable=True)
    error.__cause__ = ValueError("联系13800000000")
    return error


async def test_a_failure_is_sealed_with_its_causes_and_comes_back(
    of_cases: DataConverter, of_activities: DataConverter
) -> None:
    failure = await told(of_activities, conflict())
    shown = str(failure).encode() + failure.SerializeToString()
    for secret in ("钱某某", "13800000000", "test_seal.py"):
        assert secret.encode() not in shown
    error = await heard(of_cases, failure)
    assert isinstance(error, ApplicationError)
    assert (error.message, error.type, error.non_retryable) == (
        "钱某某不在册",
        "RegisterConflict",
        True,
    )
    assert isinstance(error.__cause__, ApplicationError)
    assert error.__cause__.message == "联系13800000000"


async def test_a_failure_that_is_passed_on_stays_sealed(
    of_cases: DataConverter, of_activities: DataConverter
) -> None:
    """A case that fails over an activity's failure tells it on, whole."""
    error = await heard(of_cases, await told(of_activities, conflict()))
    failure = Failure()
    await of_cases.with_context(case()).encode_failure(error, failure)
    assert "钱某某".encode() not in failure.SerializeToString()
    again = await of_cases.with_context(case()).decode_failure(failure)
    assert isinstance(again, ApplicationError)
    assert (again.message, again.type) == ("钱某某不在册", "RegisterConflict")
    assert isinstance(again.__cause__, ApplicationError)
    assert again.__cause__.message == "联系13800000000"


async def test_a_failure_that_is_not_sealed_is_nobodys_word(of_cases: DataConverter) -> None:
    foreign = await told(pydantic_data_converter, conflict())
    error = await heard(of_cases, foreign)
    assert isinstance(error, ApplicationError)
    assert error.type == NOT_SEALED


@pytest.mark.parametrize("change", ["type", "final", "moved", "result", "clear"])
async def test_what_is_said_of_a_failure_in_the_clear_is_bound_too(
    of_cases: DataConverter, of_activities: DataConverter, change: str
) -> None:
    failure = await told(of_activities, conflict())
    match change:
        case "type":
            failure.application_failure_info.type = "NoMoreMet"
        case "final":
            failure.application_failure_info.non_retryable = False
        case "moved":
            other = await told(of_activities, ApplicationError("x", type="Other"))
            failure.encoded_attributes.CopyFrom(other.encoded_attributes)
        case "result":
            result = {"message": "m", "type": "RegisterConflict", "final": True}
            failure.encoded_attributes.CopyFrom(await sealed(of_activities, order(), result))
        case "clear":
            failure.ClearField("encoded_attributes")
    error = await heard(of_cases, failure)
    assert isinstance(error, ApplicationError)
    assert error.type == NOT_SEALED


async def test_a_failure_is_no_answer(
    of_cases: DataConverter, of_activities: DataConverter
) -> None:
    failure = await told(of_activities, conflict())
    given = await read(of_cases, order(), failure.encoded_attributes, Any)
    assert given == Unsealed("it is sealed as a failure")


async def test_what_the_server_itself_says_of_an_activity_is_heard(of_cases: DataConverter) -> None:
    failure = Failure(message="activity StartToClose timeout")
    failure.timeout_failure_info.SetInParent()
    outer = Failure(message="activity error", cause=failure)
    outer.activity_failure_info.activity_id = "1"
    error = await heard(of_cases, outer)
    assert isinstance(error, ActivityError)
    assert isinstance(error.cause, FailureError)
    assert str(error.cause) == "activity StartToClose timeout"
