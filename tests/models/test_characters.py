"""Which characters a text may hold, and how the others are shown."""

import re
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from models.base import Heard, HeardLine, Line, Text
from models.case.messages import Act, Objection
from models.case.parts import Name
from models.register.households import Label
from models.texts import characters
from models.texts.characters import called, fault, indented, legible, markdown, unified, visible
from tests.models.receptions import at_publicity, last, refused
from tests.models.samples import NOW, act_values, objection_values

DECEIVING = {
    "\x1b": "a control character",
    "\x9b": "a control character",
    "\x00": "a control character",
    "\x7f": "a control character",
    "\u2028": "a line separator",
    "\u202e": "a sign that turns the direction of writing",
    "\u200f": "a sign that turns the direction of writing",
    "\u061c": "a sign that turns the direction of writing",
    "\u2066": "a sign that turns the direction of writing",
    "\u200b": "an invisible sign",
    "\u200d": "an invisible sign",
    "\ufeff": "an invisible sign",
    "\u00ad": "an invisible sign",
    "\u3164": "an invisible sign",
    "\u2800": "an invisible sign",
    "\ufe0f": "an invisible sign",
    "\U000e0041": "an invisible sign",
    "\U000e0101": "an invisible sign",
    "\ufffd": "what is left of a character that was decoded wrongly",
    "\uf8ff": "a private sign, which other computers do not know",
    "\U00100000": "a private sign, which other computers do not know",
    "\ud83d": "half a character",  # noqa: F601
    "\uffff": "no character at all",
    "\u0378": "no character at all",
    "\U00050000": "no character at all",
}


@pytest.mark.parametrize(
    ("sign", "right"),
    [
        ("\ue863", "write 䶮 (U+4DAE)"),  # FE9F in GBK
        ("\ue815", "write ⺁ (U+2E81)"),  # FE50, the first
        ("\ue864", "write 龻 (U+9FBB)"),  # FEA0, the last
        ("\ue855", "write 𤇾 (U+241FE)"),  # FE91, which Python decodes to the private sign
        ("\ue7c7", "write ḿ (U+1E3F)"),  # A8BC
    ],
    ids=ascii,
)
def test_a_private_sign_of_gbk_is_named_with_what_it_stands_for(sign: str, right: str) -> None:
    assert fault(f"王{sign}") == (
        f"U+{ord(sign):04X}, a private sign, which other computers do not know, stands as "
        f"character 2; {right}"
    )


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("张\u3000某", "张某"),
        ("张\xa0某\xa0", "张某"),
        (" 张  某甲 ", "张某甲"),
        ("\U00020087\u3000某", "\U00020087某"),
        ("阿依古丽•买买提", "阿依古丽·买买提"),
        ("阿依古丽・买买提", "阿依古丽·买买提"),
        ("阿依古丽‧买买提", "阿依古丽·买买提"),
        ("阿依古丽 ･ 买买提", "阿依古丽·买买提"),
        ("Anna\xa0 Schmidt", "Anna Schmidt"),
        ("\uf9dc某", "隆某"),
        ("张某1", "张某1"),
    ],
    ids=ascii,
)
def test_a_name_is_kept_in_one_way(typed: str, kept: str) -> None:
    assert called(typed) == kept
    assert called(kept) == kept


@pytest.mark.parametrize("blank", "\xa0\u2003\u2009\u202f\u205f", ids=ascii)
def test_a_blank_that_looks_like_the_plain_one_is_the_plain_one(blank: str) -> None:
    assert TypeAdapter(Line).validate_python(f"三年{blank}合同") == "三年 合同"


@pytest.mark.parametrize("sign", DECEIVING, ids=ascii)
def test_what_deceives_stands_in_no_text(sign: str) -> None:
    assert fault(f"新{sign}县") == (
        f"U+{ord(sign):04X}, {DECEIVING[sign]}, stands as character 2; "
        f"{'write the right one' if sign == chr(0xFFFD) else 'take it out'}"
    )
    if not "\ud800" <= sign <= "\udfff":
        for kind in (Line, Text, Name, Label):
            with pytest.raises(ValidationError, match=f"U\\+{ord(sign):04X}"):
                TypeAdapter(kind).validate_python(f"新{sign}县")


@pytest.mark.parametrize("sign", ["\n", "\t", "\r\n"])
def test_several_lines_are_one_kind_of_text(sign: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Line).validate_python(f"一{sign}二")
    kept = sign.replace("\r", "")
    assert TypeAdapter(Text).validate_python(f"一{sign}二") == f"一{kept}二"


@pytest.mark.parametrize(
    "name",
    [
        *("阿依古丽·买买提", "𬀩㛃", "\U00031350\U000323af", "\U0002ebf0", "\u9fff\u4dbf"),
        *("张三", "Ayşe Öztürk", "ཚེ་རིང", "ᠪᠠᠲᠤ", "〇", "﨎", "某・某", "\U00033479"),  # noqa: RUF001
    ],
)
def test_people_bear_rare_names(name: str) -> None:
    """Also such as the Unicode of this interpreter does not know yet."""
    assert TypeAdapter(Name).validate_python(name) == name
    assert visible(name) == name


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("\u2f00\u2ea0", "一民"),
        ("\uf9dc\uf92c", "隆郎"),
        ("\U0002f800", "丽"),
        ("\u2ed3\u2ec5", "长见"),
        ("示例〔２０２６〕１号", "示例〔２０２６〕１号"),  # noqa: RUF001
    ],
)
def test_two_names_that_look_the_same_are_the_same(written: str, kept: str) -> None:
    assert TypeAdapter(Name).validate_python(written) == kept
    assert unified(kept) == kept


@pytest.mark.clause("G7")
def test_what_is_passed_over_quickly_hides_nothing() -> None:
    ordinary = re.compile(f"[{characters._ORDINARY}]")
    hidden = re.compile(f"[{characters._NOT_SHOWN}{characters._BROKEN}]")
    signs = map(chr, range(sys.maxunicode + 1))
    assert not [sign for sign in signs if ordinary.match(sign) and hidden.match(sign)]


def test_the_tables_say_what_unicode_says() -> None:
    """They are fixed for replays; what is refused beyond the categories is named here."""
    beyond = re.compile(
        "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\ufffd"
        "\U000e0100-\U000e01ef]"
    )
    for code in range(0x20000):
        sign = chr(code)
        category = unicodedata.category(sign)
        if (category == "Cn" and not ("\u3400" <= sign <= "\u9fff")) or category in (
            "Cc",
            "Cf",
            "Cs",
            "Co",
            "Zl",
            "Zp",
        ):
            assert fault(sign) is not None, ascii(sign)
        elif not beyond.match(sign):
            assert fault(sign) is None or unicodedata.unidata_version > "14", ascii(sign)
    for code in range(0x20000, 0x3FFFE):
        assert fault(chr(code)) is None or code & 0xFFFE == 0xFFFE
    for code in range(0x3FFFE, 0x110000):
        assert fault(chr(code)) is not None


@given(st.text(max_size=60))
def test_what_is_shown_holds_nothing_that_deceives(text: str) -> None:
    assert fault(visible(text).replace("\ufffd", "")) is None
    assert "\n" not in visible(text)
    heard = legible(text)
    assert fault(heard.replace("\n", "").replace("\t", "")) is None
    assert legible(heard) == heard
    assert all(line.startswith("  ") for line in indented(text).split("\n")[1:])
    assert not re.search(r"(?<!\\)[<>*_`#|&!\[\]]", markdown(text).replace("\\\\", ""))


@given(st.text(min_size=1, max_size=60).filter(str.strip))
def test_nothing_that_is_said_is_refused_for_a_character(text: str) -> None:
    for kind in (Heard, HeardLine):
        said = TypeAdapter(kind).validate_python(text)
        assert TypeAdapter(kind).validate_python(said) == said


def test_what_is_spelt_out_never_makes_a_text_too_long() -> None:
    text = "\x1b" * 4000
    assert TypeAdapter(Heard).validate_python(text) == "〓" * 4000
    assert TypeAdapter(Heard).validate_python("\x1b" * 1000) == "\\x1b" * 1000


@pytest.mark.clause("G1")
def test_no_objection_is_lost_to_a_bad_character() -> None:
    case, desk = at_publicity()
    values = objection_values(
        text="路没通\x1b[2K\u200b，\r\n第二行\ufffd❤\ufe0f", objector="某\u202e丁", contact="a\nb"
    )
    receipt = desk.receive("object", values, NOW)
    kept = last(case).data["objection"]
    assert isinstance(kept, dict)
    assert kept["text"] == "路没通\\x1b[2K\\u200b，\n第二行〓❤\\ufe0f"
    assert (kept["objector"], kept["contact"]) == ("某\\u202e丁", "a\\nb")
    assert desk.receive("object", values, NOW) == receipt


@pytest.mark.clause("G1")
def test_no_objection_is_lost_to_half_a_character() -> None:
    case, desk = at_publicity()
    desk.hear("object", {"id": "o-1", "text": "路没通\ud83d"}, NOW)
    kept = last(case).data["objection"]
    assert isinstance(kept, dict)
    assert kept["text"] == "路没通\\ud83d"
    assert Objection.model_validate(kept).text == kept["text"]


def test_an_office_is_told_which_character_stands_where() -> None:
    case, desk = at_publicity()
    said = refused(desk, case, "act", act_values("C5", officer="某\x1b[1A丙"))
    assert said == "officer: U+001B, a control character, stands as character 2; take it out"
    said = refused(desk, case, "act", act_values("C5") | {"x\x1b[2Jy": 1})
    assert said.startswith("x\\x1b[2Jy: Extra inputs are not permitted")
    with pytest.raises(ValidationError):
        Act.model_validate(act_values("C5", document_number="一\n二"))
