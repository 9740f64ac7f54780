"""The commands of supervision (F6), and the draw by the script."""

import asyncio
import json
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from models.case.ledger import EntryKind
from models.case.messages import Ending
from models.offices import Office
from models.supervision.messages import HouseholdCheck
from operators.commands.supervision import findings_in_parts
from registry.files.sheet_rows import rows_of
from registry.files.workbook_writing import Value, write_sheets
from registry.forms.check_lists import Checked
from tests.operators.conftest import THIS_YEAR, Shell
from tests.stage import Stage
from tests.supervision_stage import PROVINCE, Exited, SupervisionPlay, put_exited

SCRIPT = Path(__file__).parents[2] / "scripts" / "draw_sample.py"
ON = date(THIS_YEAR - 1, 12, 20)


@pytest.fixture
def made(installation: Stage) -> Exited:
    """A county that three households and a village have left last year."""
    return put_exited(installation, households=3, on=ON)


def filled_in(path: Path, findings: dict[str, tuple[Value, ...]]) -> Path:
    """The sheets of a check list, with findings behind the row of each code."""
    tables: dict[str, list[list[Value]]] = {}
    for row in rows_of(path):
        cells = [cell if not isinstance(cell, bool) else None for cell in row.cells]
        found = findings.get(str(row.cells[0]))
        if found is not None:
            cells = cells[: 6 if row.sheet == "户" else 5] + list(found)
        tables.setdefault(row.sheet, []).append(cells)
    write_sheets(
        path,
        [(name, [(str(cell), 12) for cell in rows[0]], rows[1:]) for name, rows in tables.items()],
    )
    return path


async def draw_again(path: Path) -> tuple[int, str]:
    """Run the script by itself: it knows nothing of the project."""
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-I", str(SCRIPT), str(path)],
        capture_output=True,
        text=True,
        cwd="/",
        check=False,
    )
    assert not done.stderr
    return done.returncode, done.stdout


@pytest.mark.clause("F6", "S4")
async def test_an_inspection_from_start_to_result_by_commands(
    cli: Shell, made: Exited, installation: Stage, tmp_path: Path
) -> None:
    words = (
        "--year",
        THIS_YEAR,
        "--reason",
        "举报较多（合成）",
        "--seed",
        "s1",
        "--officer",
        "某乙",
    )
    case = (await cli("supervision", "start", made.county, *words)).done().strip()
    assert case == f"supervision/{made.county}/{THIS_YEAR}-s1"
    play = SupervisionPlay(installation, case, made.county)
    await play.reaches("J2")
    (opened,) = await play.entries(EntryKind.OPENED)
    assert opened.text.endswith("专项检查，事由：举报较多（合成）")
    shown = (await cli("supervision", "show", case, "--json")).json
    assert (shown["stage"], shown["drawn"], shown["checked"], shown["rates"]) == ("drawn", 4, 0, [])

    file = tmp_path / "核查表.xlsx"
    assert "households: 3, villages: 1" in (await cli("supervision", "sheet", case, file)).done()
    signed = ("--as", PROVINCE, "--officer", "某乙")
    empty = await cli("supervision", "check", case, file, *signed)
    assert "holds no finding" in empty.fails(2)
    first, *others = made.households
    findings: dict[str, tuple[Value, ...]] = {
        first: ("是", "住房安全", "否", None),
        made.villages[0]: (0, 0, 9, 9, None),
    }
    filled_in(file, findings | {others[0]: ("也许", None, None, None)})
    said = (await cli("supervision", "check", case, file, *signed)).fails(2)
    assert "column 是否错退 (G): '也许': write 是 or 否" in said
    filled_in(file, findings | dict.fromkeys(others, ("否", None, "是", None)))
    wrong = await cli("supervision", "check", case, file, "--as", "A6/410100", "--officer", "某乙")
    assert "may not hand in findings here" in wrong.fails(1)
    done = (await cli("supervision", "check", case, file, *signed)).done()
    assert "提交核查结果：核查3户，错退1户；核查1村，漏评0人" in done
    again = (await cli("supervision", "check", case, file, *signed)).done()
    assert again.startswith("was received before: ")
    act = ("act", case, "--as", PROVINCE, "--officer", "某乙", "--approve", "--step")
    (await cli(*act, "J2")).done()
    await play.hears()
    await play.file()

    # 4 of 12 people; 9 of 9 villagers and two of three households.
    shown = (await cli("supervision", "show", case, "--json")).json
    assert shown["stage"] == "preliminary"
    assert [(each["id"], each["part"], each["whole"], each["met"]) for each in shown["rates"]] == [
        ("S4.incidence", 4, 1000, True),
        ("S4.wrong", 4, 12, False),
        ("S4.omitted", 0, 988, True),
        ("S4.recognition", 11, 12, True),
    ]
    county = ("--as", f"A5/{made.county}", "--officer", "某甲")
    plea = ("supervision", "plead", case, first, *county, "--text", "已验收（合成）")
    bare = (await cli(*plea)).fails(2)
    assert "evidence" in bare
    proof = tmp_path / "验收单.txt"
    proof.write_text("验收", encoding="utf-8")
    by = ("--as", PROVINCE, "--officer", "某辛")
    resolved = (*by, "--reason", "经复核（合成）", "--evidence", proof)
    for plea_id, finding in (("plea-1", "--upheld"), ("plea-2", "--dismissed")):
        received = (await cli(*plea, "--evidence", proof, "--id", plea_id)).done()
        assert f"就{first}的核查结果提出申诉 {plea_id}" in received
        (await cli("resolve", case, plea_id, *resolved, finding)).done()
        await play.file()
        if finding == "--upheld":
            said = (await cli("supervision", "show", case)).done()
            assert "3 of 4 drawn items checked, 1 plea\nset aside by an upheld plea" in said
            assert (await cli("supervision", "show", case, "--json")).json["aside"] == [first]
            alone = tmp_path / "复查表.xlsx"
            (await cli("supervision", "sheet", case, alone)).done()
            filled_in(alone, {first: findings[first]})
            (await cli("supervision", "check", case, alone, *signed)).done()
    (await cli("act", case, *county, "--approve", "--step", "J3")).done()
    await play.reaches("J4")
    (await cli(*act, "J4", "--document", "合成〔4〕号")).done()
    assert (await play.ends()).ending is Ending.CONCLUDED
    await play.file()
    text = (await cli("supervision", "show", case)).done()
    assert "final 督导结果, 合成〔4〕号" in text
    assert "4 of 4 drawn items checked, 2 pleas\n\n" in text
    assert "4/12" in text
    assert "not met 未达标" in text


@pytest.mark.clause("F6", "G7")
async def test_anybody_can_draw_the_sample_again_from_its_record(
    cli: Shell, installation: Stage, tmp_path: Path
) -> None:
    made = put_exited(installation, villages=3, households=8, on=ON)
    words = (
        "--year",
        THIS_YEAR,
        "--reason",
        "专项检查（合成）",
        "--households",
        5,
        "--villages",
        2,
    )
    case = (await cli("supervision", "start", made.county, *words)).done().strip()
    play = SupervisionPlay(installation, case, made.county)
    await play.reaches("J2")
    file = tmp_path / "样本.json"
    said = (await cli("supervision", "sample", case, "--out", file)).done()
    assert "a frame of 24 households and 3 villages" in said
    said = (await cli("supervision", "sample", case)).done()
    kept = json.loads(file.read_text(encoding="utf-8"))
    assert kept == (await cli("supervision", "sample", case, "--json")).json
    assert f"seed {kept['seed']}" in said
    households = kept["drawn"]["household"]
    assert (len(households), len(kept["drawn"]["village"])) == (5, 2)
    assert all(code in said for code in households)
    # What the file of the case has, an auditor compares by eye.
    (entry,) = await play.entries(EntryKind.SAMPLE)
    on_file: Any = entry.data["sample"]
    assert (on_file["seed"], on_file["sha256"]) == (kept["seed"], kept["sha256"])

    status, out = await draw_again(file)
    assert status == 0
    assert f"frame: {kept['sha256']}: same" in out
    assert "households, 5 of 24: same" in out
    assert [line.strip() for line in out.splitlines() if line.startswith("  H")] == households

    for change, wrong in (
        ({"seed": "another"}, "households, 5 of 24: different"),
        ({"drawn": kept["drawn"] | {"household": households[::-1]}}, "5 of 24: different"),
        ({"frame": kept["frame"] | {"as_of": "2000-01-01"}}, ": different"),
        ({"rule": "by-hand"}, "was drawn by the rule by-hand"),
    ):
        file.write_text(json.dumps(kept | change), encoding="utf-8")
        status, out = await draw_again(file)
        assert status == 1
        assert wrong in out


@pytest.mark.clause("F6")
@pytest.mark.parametrize("text", [None, "", "[]", "{}", '{"rule": "sha256-rank-1", "frame": 1}'])
async def test_the_script_says_in_a_sentence_what_is_no_sample(
    tmp_path: Path, text: str | None
) -> None:
    file = tmp_path / "sample.json"
    if text is not None:
        file.write_text(text, encoding="utf-8")
    status, out = await draw_again(file)
    assert status == 1
    assert out.startswith(f"{file} is no sample that `exitflow supervision sample` wrote: ")
    assert len(out.splitlines()) == 1


def test_the_script_needs_no_more_than_python() -> None:
    lines = SCRIPT.read_text(encoding="utf-8").splitlines()
    assert len(lines) < 60
    imported = {line.split()[1] for line in lines if line.startswith(("import ", "from "))}
    assert imported <= set(sys.stdlib_module_names)


@pytest.mark.clause("F6")
async def test_what_the_rules_refuse_starts_nothing(
    cli: Shell, made: Exited, installation: Stage
) -> None:
    words = ("supervision", "start", made.county, "--reason", "专项检查（合成）", "--year")
    said = (await cli(*words, THIS_YEAR - 2)).fails(1)
    assert f"year: {THIS_YEAR - 2} is not the year of a supervision that begins on" in said
    said = (await cli(*words, THIS_YEAR + 1)).fails(1)
    assert "is not the year of a supervision" in said
    unknown = (
        "supervision",
        "start",
        "419999",
        "--reason",
        "专项检查（合成）",
        "--year",
        THIS_YEAR,
    )
    assert "the register knows no such code" in (await cli(*unknown)).fails(1)
    assert not [
        each for each in installation.registry.case_rows() if each.subject_code == made.county
    ]


@pytest.mark.clause("F6")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("start", "411523", "--reason", " "), "is no reason; write why"),
        (("start", "4115", "--reason", "合成"), "COUNTY: '4115' is no division code"),
        (("start", "411523", "--reason", "合成", "--seed", "a b"), "--seed: 'a b' is no seed"),
        (
            ("start", "411523", "--reason", "合成", "--households", "0"),
            "--households: '0' is no",
        ),
        (
            ("start", "411523", "--reason", "合成", "--villages", "201"),
            "--villages: '201' is no",
        ),
        (("sheet", "county-exit/411523/2026", "a.xlsx"), "CASE: 'county-exit/411523/2026' is no"),
        (("sheet", "supervision/411523/2026-q1", "a.csv"), "FILE: 'a.csv' is no name of a"),
        (("show", "supervision/411523/2026-q5"), "is no supervision; write its id"),
    ],
)
async def test_wrong_words_are_said_before_anything_is_looked_for(
    lonely: Shell, words: tuple[str, ...], said: str
) -> None:
    year = ("--year", str(THIS_YEAR)) if words[0] == "start" else ()
    assert said in (await lonely("supervision", *words, *year)).fails(2)


@pytest.mark.clause("F6")
async def test_what_is_not_there_is_said(cli: Shell) -> None:
    case = f"supervision/411523/{THIS_YEAR}-s9"
    assert f"no sample is kept of {case}" in (await cli("supervision", "sample", case)).fails(1)
    assert f"has no file of {case}" in (await cli("supervision", "show", case)).fails(2)


@pytest.mark.clause("F6")
def test_large_sheets_are_sent_in_parts_that_a_case_takes() -> None:
    note = "核" * 1_000  # three bytes a sign
    checks = tuple(
        HouseholdCheck(household=f"H{number:04d}", wrongly_exited=False, note=note)
        for number in range(120)
    )
    office = Office.parse(PROVINCE)
    parts = findings_in_parts(
        Checked(households=checks, villages=()),
        id="f-1",
        office=office,
        officer="某乙",
        at=None,
        evidence=(),
    )
    assert [each.id for each in parts] == ["f-1.1", "f-1.2", "f-1.3"]
    assert len(parts) == 3  # 120 times a little over 3 000 bytes, by 150 000
    assert all(
        len(json.dumps(each.content(), ensure_ascii=False).encode()) < 300_000 for each in parts
    )
    assert tuple(check for each in parts for check in each.households) == checks
