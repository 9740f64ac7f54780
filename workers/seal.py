"""The seal on what workflows and activities exchange: nobody without the keys reads or forges it.

Authenticated encryption (AES-256-GCM) of every payload, bound to what it is for: the workflow whose
it is; and where it is the order to an activity, or the answer, to that very order. So nothing that
was sealed for one case, order or answer opens as another.

What does not open is passed on under an encoding of its own, ``UNSEALED``: it is no opening, no
order and no answer. Only the doors for messages (``Any``, ``object``, ``RawValue``) take clear
text, so that people can send from Temporal's own command line and Web UI. There the rules decide.

Search attributes, ids and the names of types are not payloads, and stay in the clear.

It is made smaller before that (``packing``). The server sees a length, as it does without.
"""

import json
import os
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Self

from cryptography.exceptions import InvalidTag
from google.protobuf.message import DecodeError
from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.client import Client
from temporalio.common import RawValue
from temporalio.contrib.pydantic import PydanticPayloadConverter
from temporalio.converter import (
    ActivitySerializationContext,
    DataConverter,
    DefaultFailureConverterWithEncodedAttributes,
    PayloadCodec,
    PayloadConverter,
    SerializationContext,
    WithSerializationContext,
    WorkflowSerializationContext,
)
from temporalio.exceptions import ApplicationError

from models.sealed import NOT_SEALED, NotSealed, UnknownKey, Unsealed
from workers.keys import Keyring
from workers.packing import packed, unpacked

SEALED = b"binary/encrypted"
"""Encoding of what is sealed."""

UNSEALED = b"exitflow/unsealed"
"""Encoding of what did not open, within a process; whoever sends it has not sealed it either."""

UNKNOWN_KEY = "its key does not belong to this installation"

_KEY, _FOR, _AS = "encryption-key-id", "sealed-for", "sealed-as"
_ENCODING, _WAS, _WHY = "encoding", "was", "why"
_OF_KEY, _WHOLE = "of-key", "whole"
"""Within a workflow's worker: the key that something names, and all that came."""

_KEY_ID = re.compile("[0-9a-f]{16}")
FAILURE = "failure"
"""Within the seal: a failure is no result, and the reverse."""

_NONCE = 12
_WORKFLOW = "workflow"

_ROUND = "round/"
_NOMINAL_TIME = re.compile(r"-\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


class Seal(PayloadCodec, WithSerializationContext):
    """Seals what leaves a process, and opens what comes in."""

    def __init__(
        self,
        ring: Keyring,
        context: SerializationContext | None = None,
        *,
        answering: bool = False,
    ) -> None:
        """A seal for the payloads of one workflow or activity.

        Args:
            answering: Whether this is the activities' side, which opens orders and seals answers.
                The workflows' side does the reverse.
        """
        self._ring, self._answering = ring, answering
        self._for, self._seals, self._opens = "", _WORKFLOW, _WORKFLOW
        self._reads_all = context is None  # who lists workflows or schedules is inside none
        match context:
            case WorkflowSerializationContext():
                self._for = context.workflow_id
            case ActivitySerializationContext():
                self._for = context.workflow_id or ""
                sides = f"order {context.activity_id}", f"answer {context.activity_id}"
                self._opens, self._seals = sides if answering else sides[::-1]

    def with_context(self, context: SerializationContext) -> "Seal":
        """The same for a workflow, or an activity of one."""
        return Seal(self._ring, context, answering=self._answering)

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Seal with the newest key."""
        return [self._sealed(payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Open, and mark what does not open. Whatever was sent raises nothing.

        Raises:
            KeysError: if the file of keys has changed and cannot be read.
        """
        return [self._opened(payload) for payload in payloads]

    def _sealed(self, payload: Payload) -> Payload:
        key, nonce = self._ring.keys.newest, os.urandom(_NONCE)
        bond = _bond(key.id, self._for, self._seals)
        sealed = key.sealing.encrypt(nonce, packed(payload.SerializeToString()), bond)
        metadata = {_KEY: key.id, _FOR: self._for, _AS: self._seals}
        return Payload(
            metadata={
                _ENCODING: SEALED,
                **{name: text.encode() for name, text in metadata.items()},
            },
            data=nonce + sealed,
        )

    def _opened(self, payload: Payload) -> Payload:
        try:
            key_id, *bond = _named(payload, self._check)
        except NotSealed as error:
            return _marked(payload, str(error))
        try:
            content = _content(payload, self._ring, key_id, *bond)
        except UnknownKey:
            content = _marked(payload, UNKNOWN_KEY)
        except NotSealed as error:
            content = _marked(payload, str(error))
        if not (self._answering or self._reads_all):
            # What a case makes of it is settled by its history: see ``known_keys``.
            content.metadata[_OF_KEY] = key_id.encode()
            content.metadata[_WHOLE] = payload.SerializeToString()
        return content

    def _check(self, sealed_for: str, sealed_as: str) -> None:
        if self._reads_all:
            return
        if sealed_for != self._for and not _is_round_of(sealed_for, self._for):
            raise NotSealed("it is sealed for another case")
        if sealed_as != self._opens:
            raise NotSealed("it is sealed as something else")


def opened(
    payload: Payload, ring: Keyring, check: Callable[[str, str], None] | None = None
) -> Payload:
    """What a sealed payload holds.

    Args:
        check: Raises ``NotSealed`` if what it is sealed for, and as what, is not what is meant.

    Raises:
        NotSealed: saying why it does not open.
    """
    return _content(payload, ring, *_named(payload, check))


def _named(payload: Payload, check: Callable[[str, str], None] | None) -> tuple[str, str, str]:
    """The key's id, and what something is sealed for and as. That does not turn on the keys."""
    if payload.metadata.get(_ENCODING) != SEALED:
        raise NotSealed("it is not sealed")
    try:
        key_id, sealed_for, sealed_as = (
            payload.metadata.get(name, b"").decode() for name in (_KEY, _FOR, _AS)
        )
    except UnicodeDecodeError:
        raise NotSealed("it is damaged") from None
    if check:
        check(sealed_for, sealed_as)
    if not _KEY_ID.fullmatch(key_id):
        raise NotSealed("it is damaged")
    return key_id, sealed_for, sealed_as


def _content(
    payload: Payload, ring: Keyring, key_id: str, sealed_for: str, sealed_as: str
) -> Payload:
    key = ring.find(key_id)
    if key is None:
        raise UnknownKey(key_id)
    nonce, sealed = payload.data[:_NONCE], payload.data[_NONCE:]
    try:
        content = key.sealing.decrypt(nonce, sealed, _bond(key_id, sealed_for, sealed_as))
        return Payload.FromString(unpacked(content))
    except (InvalidTag, ValueError, DecodeError):
        raise NotSealed("it is damaged") from None


@lru_cache(1024)
def _bond(key_id: str, sealed_for: str, sealed_as: str) -> bytes:
    """What is authenticated with the content: nobody takes it for anything else."""
    return json.dumps([1, key_id, sealed_for, sealed_as]).encode()


def _is_round_of(sealed_for: str, workflow_id: str) -> bool:
    """Whether a workflow was started by the schedule whose input is sealed for a bare id.

    The server adds the nominal time to the id, behind the back of whoever made the schedule.
    """
    return (
        sealed_for.startswith(_ROUND)
        and workflow_id.startswith(sealed_for)
        and _NOMINAL_TIME.fullmatch(workflow_id, len(sealed_for)) is not None
    )


def _marked(payload: Payload, why: str) -> Payload:
    was = payload.metadata.get(_ENCODING, b"")
    return Payload(metadata={_ENCODING: UNSEALED, _WAS: was, _WHY: why.encode()}, data=payload.data)


def is_unsealed(payload: Payload) -> bool:
    """Whether a payload that the seal has let through is not the installation's own."""
    return payload.metadata.get(_ENCODING) == UNSEALED


def why_unsealed(payload: Payload) -> str:
    """Why such a payload did not open."""
    return payload.metadata[_WHY].decode()


class _OnceUsed:
    """A converter that is made when it is first used.

    The library makes one for every context that it meets, and uses few of them.
    """

    def __init__(self) -> None:
        self._made: PayloadConverter | None = None

    def __call__(self) -> PayloadConverter:
        if self._made is None:
            self._made = PydanticPayloadConverter()
        return self._made


def key_of(payload: Payload) -> str | None:
    """The key that a payload names, which a workflow's worker has let through; None if none."""
    return payload.metadata[_OF_KEY].decode() if _OF_KEY in payload.metadata else None


def lacks_key(payload: Payload) -> bool:
    """Whether such a payload did not open because its key is not there."""
    return payload.metadata.get(_WHY) == UNKNOWN_KEY.encode() and is_unsealed(payload)


def shut(payload: Payload) -> None:
    """Make of a payload what the seal makes of it if its key is not there."""
    marks = {name: payload.metadata[name] for name in (_OF_KEY, _WHOLE)}
    payload.CopyFrom(_marked(Payload.FromString(marks[_WHOLE]), UNKNOWN_KEY))
    for name, value in marks.items():
        payload.metadata[name] = value


def take(payload: Payload) -> None:
    """Make of a payload what it is where it counts for what it holds."""
    for name in (_OF_KEY, _WHOLE):
        payload.metadata.pop(name, None)


def as_text(sealed: Payload) -> str:
    """All of a sealed payload as a text, which ``opened_text`` can open."""
    names = {name: sealed.metadata[name].decode() for name in (_KEY, _FOR, _AS)}
    return json.dumps(names | {"data": b64encode(sealed.data).decode()}, sort_keys=True)


def opened_text(text: str, ring: Keyring) -> str:
    """What such a text keeps, opened.

    Raises:
        NotSealed: saying why it does not open.
    """
    try:
        kept = json.loads(text)
        metadata = {name: kept[name].encode() for name in (_KEY, _FOR, _AS)}
        sealed = Payload(metadata={_ENCODING: SEALED, **metadata}, data=b64decode(kept["data"]))
    except (ValueError, TypeError, KeyError, AttributeError):
        raise NotSealed("it is damaged") from None
    return opened(sealed, ring).data.decode(errors="backslashreplace")


class SealedConverter(PayloadConverter, WithSerializationContext):
    """Values from what the seal has opened, and from clear text where a door takes it."""

    def __init__(
        self, inner: Callable[[], PayloadConverter] | None = None, *, of_activity: bool = False
    ) -> None:
        self._made = inner or _OnceUsed()
        self._of_activity = of_activity

    @property
    def _inner(self) -> PayloadConverter:
        return self._made()

    def with_context(self, context: SerializationContext) -> "SealedConverter":
        """The same for a workflow, or an activity of one; what it has learnt of types stays."""
        of_activity = isinstance(context, ActivitySerializationContext)
        if of_activity == self._of_activity:
            return self
        return SealedConverter(self._made, of_activity=of_activity)

    def to_payloads(self, values: Sequence[Any]) -> list[Payload]:
        """As without a seal, which comes after."""
        return self._inner.to_payloads(values)

    def from_payloads(
        self, payloads: Sequence[Payload], type_hints: list[type] | None = None
    ) -> list[Any]:
        """Values; ``Unsealed`` for an activity's order or answer that cannot be opened.

        Raises:
            NotSealed: if a workflow, or who asks one, is given what is not sealed under a type.
        """
        if not any(FAILURE in each.metadata or is_unsealed(each) for each in payloads):
            return self._inner.from_payloads(payloads, type_hints)
        hints: Sequence[Any] = type_hints or [None] * len(payloads)
        return [self._value(*each) for each in zip(payloads, hints, strict=True)]

    def _value(self, payload: Payload, hint: Any) -> Any:
        if FAILURE in payload.metadata:
            payload = _marked(payload, "it is sealed as a failure")
        if not is_unsealed(payload):
            return self._inner.from_payloads([payload], [hint] if hint else None)[0]
        if self._of_activity:
            return Unsealed(why_unsealed(payload))
        if hint is RawValue:
            return RawValue(payload)
        if hint in (Any, object):
            if lacks_key(payload):
                whole = Payload.FromString(payload.metadata[_WHOLE])
                raise UnknownKey(payload.metadata[_OF_KEY].decode(), as_text(whole))
            clear = Payload(metadata={_ENCODING: payload.metadata[_WAS]}, data=payload.data)
            return self._inner.from_payloads([clear], [Any])[0]
        raise NotSealed(f"not sealed with a key of this installation: {why_unsealed(payload)}")


class SealedFailures(DefaultFailureConverterWithEncodedAttributes):
    """Failures whose text is sealed; and one that is not sealed is nobody's word.

    Type and finality stand in the clear, because the server reads them. So they are sealed once
    more with the text, and believed only if both agree.
    """

    def to_failure(
        self, exception: BaseException, payload_converter: PayloadConverter, failure: Failure
    ) -> None:
        """With text, type and finality in what is sealed."""
        super().to_failure(exception, payload_converter, failure)
        if (code := _CODE.match(str(exception))) is not None:
            failure.message = f"{code.group()} {failure.message}"
        if failure.HasField("application_failure_info"):
            said = json.loads(failure.encoded_attributes.data) | _in_the_clear(failure)
            failure.encoded_attributes.data = json.dumps(said).encode()
        failure.encoded_attributes.metadata[FAILURE] = b"1"

    def from_failure(self, failure: Failure, payload_converter: PayloadConverter) -> BaseException:
        """The error; ``NOT_SEALED`` is its type if this installation has not said it."""
        read = Failure()
        read.CopyFrom(failure)
        own = FAILURE in read.encoded_attributes.metadata
        if own:
            del read.encoded_attributes.metadata[FAILURE]
        if read.HasField("application_failure_info"):
            said = json.loads(read.encoded_attributes.data) if own else {}
            if {name: said.get(name) for name in _CLEAR} != _in_the_clear(read):
                return ApplicationError(
                    f"not sealed with a key of this installation: {failure.message[:200]!r}",
                    type=NOT_SEALED,
                    non_retryable=True,
                )
        return super().from_failure(read, payload_converter)


_CODE = re.compile(r"\[TMPRL\d+\]")
"""How the library marks what is wrong with a task: the client is told no more of a query."""

_CLEAR = ("type", "final")


def _in_the_clear(failure: Failure) -> dict[str, Any]:
    info = failure.application_failure_info
    return dict(zip(_CLEAR, (info.type, info.non_retryable), strict=True))


_CONTEXTS = 256
"""For how many cases and orders a converter is kept: those that are at work, and some more."""


@dataclass(frozen=True)
class _Remembering(DataConverter):
    """A converter that makes its own for a workflow or an activity once.

    The library asks for it nine times for every order: playing a long case would take twice as
    long.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "_known", {})

    def with_context(self, context: SerializationContext) -> Self:
        """The same for a workflow, or an activity of one."""
        known: dict[SerializationContext, Self] = self.__dict__["_known"]
        found = known.get(context)
        if found is None:
            if len(known) >= _CONTEXTS:
                known.clear()
            found = known[context] = super().with_context(context)
        return found


def sealed_converter(ring: Keyring, *, answering: bool = False) -> DataConverter:
    """How a client or a worker of this installation exchanges values; see ``Seal``."""
    return _Remembering(
        payload_converter_class=SealedConverter,
        failure_converter_class=SealedFailures,
        payload_codec=Seal(ring, answering=answering),
    )


def sealed_client(client: Client, ring: Keyring, *, answering: bool = False) -> Client:
    """The same connection, with what goes through it sealed."""
    config = client.config()
    config["data_converter"] = sealed_converter(ring, answering=answering)
    return Client(**config)
