"""start village, and act on its steps."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from models.case.ledger import EntryKind
from models.case.messages import Ending
from tests.operators.conftest import THIS_YEAR, Shell
from tests.stage import Stage
from tests.village_stage import VillagePlay, put_village, survey


@pytest.fixture
def village(installation: Stage) -> str:
    """A village in this year's plan."""
    return put_village(installation, installation.county(), year=THIS_YEAR)


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def application(folder: Path, extra: str = "") -> Path:
    """An application as a person would write it: the command says village and year."""
    text = f'officer = "某甲"\ndocument_number = "合成〔1〕号"\n{extra}'
    return write(folder / "application.toml", text)


def survey_file(folder: Path, **changes: Any) -> Path:
    """A survey as TOML."""
    lines = [
        f"{name} = {json.dumps(value)}" for name, value in survey(THIS_YEAR, **changes).items()
    ]
    return write(folder / "survey.toml", "\n".join(lines))


@pytest.mark.clause("V1", "G7")
async def test_a_village_from_start_to_exit_by_commands(
    cli: Shell, village: str, installation: Stage, tmp_path: Path
) -> None:
    write(tmp_path / "方案.txt", "实施方案")
    file = application(tmp_path, 'evidence = [{ path = "方案.txt" }]')
    said = await cli("start", "village", village, "--year", THIS_YEAR, "--application", file)
    case = f"village-exit/{village}/{THIS_YEAR}"
    assert said.done() == f"{case}\n"
    play = VillagePlay(installation, case, village)
    await play.reaches("V1")
    (opened,) = await play.entries(EntryKind.OPENED)
    taken: Any = opened.data["application"]
    assert taken["evidence"] == [
        {"name": "方案.txt", "sha256": hashlib.sha256("实施方案".encode()).hexdigest()}
    ]

    county, city = play.office("V1"), play.office("V3")
    v1 = ("act", case, "--step", "v1", "--as", county, "--officer", "某乙", "--approve")
    assert "survey: to approve V1, give what the survey found (S2)" in (await cli(*v1)).fails(1)
    missing = survey_file(tmp_path, doctor=False)
    assert "S2.doctor is not met" in (await cli(*v1, "--survey", missing)).fails(1)
    override = ("--override", "S2.doctor", "--reason", "乡镇卫生院派驻（合成）")
    unconsidered = (await cli(*v1, "--survey", missing, *override)).fails(1)
    assert "consideration: to approve V1, write how industry and collective income" in unconsidered
    considered = ("--consideration", "茶叶产业有收益（合成）")
    (await cli(*v1, "--survey", missing, *override, *considered)).done()
    await play.reaches("V2")
    shown = (await cli("case", case)).done()
    assert "V2 公示公告" in shown
    await play.end_publicity()
    await play.reaches("V3")

    v3 = ("act", case, "--step", "V3", "--officer", "某丙", "--approve", "--as")
    assert f"({county}) may" in (await cli(*v3, city)).fails(1)
    assert "V3 上报" in (await cli(*v3, county)).done()
    await play.waits(lambda seen: seen.waiting_for == city)
    (await cli(*v3, city, "--document", "合成〔9〕号", *override, *considered)).done()
    assert (await play.ends()).ending is Ending.EXITED


@pytest.mark.clause("V1", "G6", "G9")
async def test_what_the_rules_refuse_starts_nothing(
    cli: Shell, village: str, installation: Stage, tmp_path: Path
) -> None:
    words = ("start", "village", "--application", application(tmp_path), "--year")
    assert "is not in the plan of" in (await cli(*words, THIS_YEAR - 1, village)).fails(1)
    unknown = await cli(*words, THIS_YEAR, "419999100001")
    assert "the register knows no village with this code" in unknown.fails(1)
    first = (await cli(*words, THIS_YEAR, village)).done().strip()
    assert first in (await cli(*words, THIS_YEAR, village)).fails(1)


@pytest.mark.parametrize(
    ("words", "text", "said"),
    [
        (("start", "village", "4115231"), "", "CODE: '4115231' is no village; write twelve digits"),
        (("start", "village", "411523100001"), "village = 'x'", "village is 'x', the command says"),
        (("start", "village", "411523100001"), "figures = 1", "figures: Extra inputs are not"),
        (("start", "village", "411523100001"), "officer = ''", "officer: String should have at"),
    ],
)
async def test_a_wrong_application_is_said_before_anything_is_looked_for(
    lonely: Shell, tmp_path: Path, words: tuple[str, ...], text: str, said: str
) -> None:
    given = text if text.startswith("officer") else f'officer = "某甲"\n{text}'
    file = write(tmp_path / "application.toml", f'document_number = "合成〔1〕号"\n{given}')
    sentence = (await lonely(*words, "--year", THIS_YEAR, "--application", file)).fails(2)
    assert said in sentence


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"bus": "sometimes"}, "bus: Input should be 'yes', 'no' or 'not_feasible'"),
        ({"clinic": "yes"}, "clinic: Input should be a valid boolean"),
        ({"school": True}, "school: Extra inputs are not permitted"),
        ({"bus": "not_feasible", "bus_ground": ""}, "bus_ground: "),
        ({"departments": []}, "departments: "),
    ],
)
async def test_a_wrong_survey_is_said_before_anything_is_sent(
    lonely: Shell, tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    words = ("--step", "V1", "--as", "A5/411523", "--officer", "某乙", "--approve", "--survey")
    file = survey_file(tmp_path, **changes)
    case = f"village-exit/411523100001/{THIS_YEAR}"
    sentence = (await lonely("act", case, *words, file)).fails(2)
    assert sentence.startswith(f"{file}: ")
    assert said in sentence


async def test_an_unknown_step_names_those_there_are(lonely: Shell) -> None:
    words = ("--as", "A5/411523", "--officer", "某乙", "--approve")
    said = await lonely("act", "village-exit/411523100001/2026", "--step", "V4", *words)
    assert said.fails(2) == (
        "--step: 'V4' is no step; write C1 to C7 of a county, V1 to V3 of a village, H1 to H4 of a "
        "roster, R1 to R4 of an entry, K1 of a follow-up, J1 to J4 of a supervision, X1 of a "
        "revocation"
    )
