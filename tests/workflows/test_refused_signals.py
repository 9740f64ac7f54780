"""Signals that nobody can answer: what is refused is on file, and the case goes on."""

from hashlib import sha256
from typing import Any

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.common import RawValue

from models.case.ledger import EntryKind
from tests.models.samples import PROOF
from tests.play import Play, eventually
from tests.stage import Stage, at


def raw(data: bytes, encoding: bytes = b"json/plain") -> RawValue:
    """A payload as some other client may write it."""
    return RawValue(Payload(metadata={"encoding": encoding}, data=data))


async def refused(play: Play, times: int = 1) -> list[str]:
    """Why signals were refused, once there are as many."""

    async def complete() -> bool:
        return len(await play.refused()) >= times

    await eventually(complete, lambda: "nothing is on file as refused")
    return await play.refused()


async def goes_on(play: Play) -> None:
    """The case takes the next act as if nothing had happened."""
    await play.act("C2")
    await play.reaches("C3")
    await play.file()


@pytest.mark.clause("G7")
@pytest.mark.server
async def test_what_the_rules_do_not_allow_is_on_file_as_refused(stage: Stage) -> None:
    play = await stage.opens(at(11, 16))
    await play.reaches("C2")
    sent: list[tuple[str, list[Any], str]] = [
        ("act", [], "takes one JSON object, this one has 0 arguments"),
        ("act", ["approve"], "'act' takes one JSON object with named fields"),
        ("act", [7], "'act' takes one JSON object"),
        ("act", [None], "'act' takes one JSON object"),
        ("act", [[play.message("C2")]], "'act' takes one JSON object"),
        ("act", [play.message("C2"), play.message("C2")], "this one has 2 arguments"),
        ("act", [{}], "id: Field required; step: Field required"),
        ("act", [play.message("C2", id=7)], "id: Input should be a valid string"),
        ("act", [play.message("C2", round="1")], "round: Input should be a valid integer"),
        ("act", [play.message("C2", office={"body": "A6"})], "office.place: Field required"),
        ("act", [play.message("C2", office=play.office("C3"))], "may not decide C2"),
        ("act", [play.message("C7")], "C7 is not open"),
        ("object", [{"id": "o"}], "text: Field required"),
        (
            "resolve",
            [
                {
                    "id": "r",
                    "objection_id": "none",
                    "finding": "dismissed",
                    "reason": "合成",
                    "office": "A7/410000",
                    "officer": "x",
                    "evidence": [PROOF],
                }
            ],
            "objection_id: none was not received here; known: none",
        ),
        (
            "withdraw",
            [{"id": "w", "office": play.office("C2"), "officer": "x", "reason": "合成"}],
            "may not withdraw the application here",
        ),
    ]
    for name, arguments, _ in sent:
        await play.signal(name, *arguments)
    why = await refused(play, len(sent))
    assert len(why) == len(sent)
    for (_, _, sentence), said in zip(sent, why, strict=True):
        assert sentence in said
    kept = [entry.data for entry in await play.entries(EntryKind.REFUSED)]
    assert [entry["message"] for entry in kept] == [name for name, _, _ in sent]
    assert kept[1]["content"] == '"approve"'
    await goes_on(play)


@pytest.mark.clause("G7")
@pytest.mark.server
async def test_a_huge_signal_is_kept_whole(stage: Stage) -> None:
    play = await stage.opens(at(11, 16))
    await play.reaches("C2")
    await play.signal("act", {"text": "长" * 200_000})
    await refused(play)
    sent = '{"text":"' + "长" * 200_000 + '"}'
    assert await play.read_refused() == sent
    first, *more = await play.entries(EntryKind.REFUSED)
    assert first.data["sha256"] == sha256(sent.encode()).hexdigest()
    assert first.data["pieces"] == 1 + len(more) == 7  # 100 000 bytes in each
    await goes_on(play)


READABLE = "村里修路没有公示（合成）" * 2_000
"""An objection of some 70 000 bytes; with what spoils it, longer than an objection may be."""


@pytest.mark.clause("G1", "G7")
@pytest.mark.parametrize(
    ("spoilt", "shown"),
    [
        (b"\xff", "\\xff"),
        (b"\\ud800", "\\ud800"),
        (b"\x1b[2K", "\x1b[2K"),
        ("\u202e".encode(), "\\u202e"),
    ],
    ids=["a byte that is no text", "half a character", "a raw control", "a mark that turns text"],
)
async def test_an_objection_is_not_lost_to_a_character(
    stage: Stage, spoilt: bytes, shown: str
) -> None:
    """Whatever a case makes of it: what it says is on file, and a person can read it."""
    play = await stage.opens(at(11, 16))
    await play.reaches("C2")
    text = READABLE.encode() + spoilt + b"x" * 30_000
    await play.signal("object", raw(b'{"id": "o-1", "text": "' + text + b'"}'))
    await refused(play)
    content = await play.read_refused()
    assert READABLE in content
    assert content.replace("\\u001b", "\x1b").count(shown) == 1
    assert content.isprintable()
    await goes_on(play)


@pytest.mark.clause("G1", "G7")
async def test_an_objection_with_a_field_too_many_can_be_read(stage: Stage) -> None:
    play = await stage.opens(at(11, 16))
    await play.reaches("C2")
    await play.signal("object", {"id": "o-1", "text": "道路未通（合成）", "telephone": "不填"})
    await refused(play)
    assert "道路未通（合成）" in await play.read_refused()
    await goes_on(play)


@pytest.mark.clause("G7")
async def test_a_huge_field_name_is_refused_in_a_short_sentence(stage: Stage) -> None:
    play = await stage.opens(at(11, 16))
    await play.reaches("C2")
    await play.signal("act", {"x" * 900_000: 1})
    (why,) = await refused(play)
    assert len(why) < 10_000
    await goes_on(play)


@pytest.mark.clause("G7")
async def test_thousands_of_unknown_fields_are_refused_in_a_short_sentence(stage: Stage) -> None:
    play = await stage.opens(at(11, 16))
    await play.reaches("C2")
    await play.signal("act", {f"field{number}": 1 for number in range(40_000)})
    (why,) = await refused(play)
    assert len(why) < 10_000
    await goes_on(play)


@pytest.mark.clause("G7")
async def test_bytes_are_refused(stage: Stage) -> None:
    play = await stage.opens(at(11, 16))
    await play.reaches("C2")
    await play.signal("act", b"\x00\xff")
    await refused(play)
    await goes_on(play)


@pytest.mark.clause("G7")
@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"1e999", b"1" + b"0" * 400])
async def test_a_number_that_json_cannot_say_again_is_refused(stage: Stage, number: bytes) -> None:
    play = await stage.opens(at(11, 16))
    await play.reaches("C2")
    await play.signal("act", raw(b'{"id": ' + number + b"}"))
    await refused(play)
    await goes_on(play)


@pytest.mark.clause("G7")
async def test_a_deeply_nested_value_is_refused(stage: Stage) -> None:
    play = await stage.opens(at(11, 16))
    await play.reaches("C2")
    await play.signal("act", raw(b"[" * 198 + b"]" * 198))
    await refused(play)
    await goes_on(play)


@pytest.mark.clause("G7")
@pytest.mark.parametrize(
    "broken",
    [raw(b'{"id": '), raw(b"\xff\xfe"), raw(b'"\\ud800"'), raw(b"x", b"unheard/of")],
    ids=["cut off", "no text", "half a character", "unknown encoding"],
)
async def test_what_is_no_json_is_refused(stage: Stage, broken: RawValue) -> None:
    play = await stage.opens(at(11, 16))
    await play.reaches("C2")
    await play.signal("act", broken)
    await refused(play)
    await goes_on(play)


@pytest.mark.clause("C2")
async def test_an_update_of_any_form_is_answered(stage: Stage) -> None:
    play = await stage.opens(at(11, 16))
    await play.reaches("C2")
    for arguments in ([], [b"\x00\xff"], [raw(b'{"id": NaN}')], [{"x" * 500_000: 1}]):
        assert await play.update("act", *arguments)
    await goes_on(play)
