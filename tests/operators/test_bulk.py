"""One act on many cases: each answers for itself, and a further run goes on where it ended."""

import asyncio
import csv
import os
import signal
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from models.case.ledger import EntryKind
from operators.desk.registry import utc_now
from tests.operators.conftest import THIS_YEAR, Opened, Opener, Shell, applies
from tests.operators.rosters_today import cleared, settle, write_csv, write_xlsx
from tests.stage import Stage

EXITFLOW = Path(sys.executable).parent / "exitflow"
PROVINCE = ("act", "--step", "C3", "--as", "A7/410000", "--officer", "某乙")
RETURNS = (*PROVINCE, "--return", "C2", "--reason", "补充材料（合成）")
NOWHERE = f"county-exit/419998/{THIS_YEAR}"


def write_list(path: Path, cases: Sequence[str]) -> Path:
    path.write_text("\n".join(cases) + "\n", encoding="utf-8")
    return path


def kept(path: Path) -> list[dict[str, str]]:
    """The lines of a file of results."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def last(path: Path) -> dict[str, str]:
    """What came of each case."""
    return {line["case_id"]: line["result"] for line in kept(path)}


async def acts(case: Opened, step: str = "C3") -> int:
    """How many acts of a step are on a case's file."""
    return sum(entry.step == step for entry in await case.play.entries(EntryKind.ACT))


async def test_each_case_answers_for_itself_and_a_further_run_asks_only_who_has_not_taken_it(
    cli: Shell, opens: Opener, tmp_path: Path
) -> None:
    first, second, early = [await opens(step) for step in ("C3", "C3", "C2")]
    file = write_list(tmp_path / "县.txt", [first.id, NOWHERE, early.id, second.id, first.id])
    said = await cli(*RETURNS, "--cases", file)
    assert (said.status, said.err) == (1, "")
    results = tmp_path / "县-C3-results.csv"
    assert last(results) == {
        first.id: "taken", second.id: "taken", NOWHERE: "refused", early.id: "refused"
    }  # fmt: skip
    lines = said.out.splitlines()
    (refused,) = [line for line in lines if line.startswith(early.id)]
    assert refused.startswith(f"{early.id}  refused  C3 is not open")
    assert [line.split() for line in lines[-4:-1]] == [
        ["Result", "Cases"], ["taken", "2"], ["refused", "2"]
    ]  # fmt: skip
    assert lines[-1] == f"results are in {results}"
    (act,) = [each for each in await first.play.entries(EntryKind.ACT) if each.step == "C3"]
    assert f"{first.id}  taken  entry {act.seq}: {act.text}\n" in said.out
    assert (first.id, str(act.seq), act.text) in [
        (line["case_id"], line["entry"], line["text"]) for line in kept(results)
    ]

    await early.play.act("C2")
    await early.at("C3")
    write_list(file, [first.id, early.id, second.id])
    again = await cli(*RETURNS, "--cases", file)
    assert again.status == 0
    assert again.out.startswith(f"{early.id}  taken  ")
    assert "taken in an earlier run  2" in again.out
    assert [await acts(case) for case in (first, second, early)] == [1, 1, 1]


@pytest.mark.parametrize("decision", [("--return", "C2"), ("--reject",)], ids="".join)
async def test_an_act_whose_answer_was_lost_counts_once_on_whichever_day(
    cli: Shell,
    opens: Opener,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    decision: tuple[str, ...],
) -> None:
    cases = [await opens("C3") for _ in range(2)]
    file = write_list(tmp_path / "cases.txt", [case.id for case in cases])
    words = (*PROVINCE, *decision, "--reason", "合成", "--cases", file)
    assert (await cli(*words)).status == 0
    if decision == ("--reject",):  # which ends the case
        for case in cases:
            await case.play.ends()
    # The power went after the cases had answered, in the middle of a line.
    results = tmp_path / "cases-C3-results.csv"
    written = results.read_bytes().splitlines(keepends=True)
    sent = [line for line in written if b",sent," in line]
    assert len(sent) == 2
    results.write_bytes(b"".join([written[0], *sent]) + written[-1][:30])
    monkeypatch.setattr("operators.commands.sending.utc_now", lambda: utc_now() + timedelta(days=1))
    again = await cli(*words)
    assert again.status == 0, again
    assert last(results) == {case.id: "received before" for case in cases}
    assert [await acts(case) for case in cases] == [1, 1]


async def test_without_a_worker_it_gives_up_soon_and_goes_on_when_there_is_one(
    cli: Shell, installation: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await installation.crew.goes()
    try:
        city, cases = await start_in_one_city(installation, 17)
        file = write_list(tmp_path / "cases.txt", [case.id for case in cases])
        words = ("act", "--step", "C2", "--as", f"A6/{city}00", "--officer", "某乙", "--approve")
        with monkeypatch.context() as patch:
            patch.setattr("operators.desk.desk.ANSWER_WITHIN", timedelta(seconds=1))
            said = await cli(*words, "--cases", file)
    finally:
        await installation.crew.comes()
    assert (said.status, said.err) == (3, "")
    assert f"{cases[0].id}  no answer  {cases[0].id} did not answer" in said.out
    # As many as are asked at once; and who was asked meanwhile.
    silent = list(last(tmp_path / "cases-C2-results.csv").values())
    assert silent == ["no answer"] * len(silent)
    assert 8 <= len(silent) < 16
    counts = [line.rsplit(maxsplit=1) for line in said.out.splitlines()[-3:-1]]
    assert counts == [["no answer", str(len(silent))], ["not tried", str(17 - len(silent))]]
    for case in cases:
        await case.at("C2")
    again = await cli(*words, "--cases", file)
    assert (again.status, again.err) == (0, "")
    assert set(last(tmp_path / "cases-C2-results.csv").values()) == {"taken"}
    assert {await acts(case, "C2") for case in cases[:3]} == {1}


async def start_in_one_city(stage: Stage, number: int) -> tuple[str, list[Opened]]:
    """Start cases of counties that have their city group in common."""
    started: dict[str, list[Opened]] = {}
    while True:
        code = stage.county()
        stage.registry.add_plan(THIS_YEAR, code, "合成计划")
        with stage.skipper.with_time_skipping_disabled():
            case_id = await stage.desk.open(applies(code))
        here = started.setdefault(code[:4], [])
        here.append(Opened.of(stage, case_id, code))
        if len(here) == number:
            return code[:4], here


@pytest.mark.server
async def test_it_goes_on_where_ctrl_c_has_ended_it(
    cli: Shell, opens: Opener, environment: dict[str, str], tmp_path: Path
) -> None:
    case = await opens("C3")
    missing = [f"village-exit/{410000000000 + number}/{THIS_YEAR}" for number in range(600)]
    file = write_list(tmp_path / "cases.txt", [case.id, *missing])
    words = (*RETURNS, "--cases", str(file))
    process = await asyncio.create_subprocess_exec(
        EXITFLOW,
        *words,
        env=os.environ | environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    await process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, said = await process.communicate()
    assert process.returncode == 130
    results = tmp_path / "cases-C3-results.csv"
    assert said.decode() == f"exitflow: ended by Ctrl-C; the same command goes on by {results}\n"
    assert 1 <= len(last(results)) < 601
    again = await cli(*words)
    assert (again.status, again.err) == (1, "")
    assert len(last(results)) == 601
    assert last(results)[case.id] in ("taken", "received before")
    assert await acts(case) == 1


@pytest.mark.clause("H4")
async def test_the_cleared_rosters_of_a_county_are_struck_off_by_a_filter(
    cli: Shell, installation: Stage, tmp_path: Path
) -> None:
    here = settle(installation, 1)
    there = settle(installation, 1, county=here.county)
    later = settle(installation, 1, county=here.county)
    plays = [await each.opens(cli, tmp_path) for each in (here, there, later)]
    for play in plays[:2]:
        await cleared(cli, play)
    office = plays[0].office("H4")
    strike_off = ("act", "--step", "H4", "--as", office, "--officer", "某乙", "--approve")
    words = (*strike_off, "--document", "合成〔9〕号", "--region", here.county)
    results = tmp_path / "销号.csv"
    found = ("--step-is", "H4", "--waiting-for", office, "--year", THIS_YEAR)
    said = await cli(*words, *found, "--results", results)
    assert (said.status, said.err) == (0, "")
    assert last(results) == {play.case_id: "taken" for play in plays[:2]}
    for play in plays[:2]:
        assert (await play.ends()).reason == "1户脱贫销号"
    assert (await plays[2].states()) == ["drafted"]
    again = await cli(*words, *found, "--results", results)
    assert (again.status, again.out.split()[0]) == (0, "no")
    # Without further narrowing every open case of the county is asked, and answers for itself.
    rest = await cli(*words, "--results", tmp_path / "rest.csv")
    assert rest.status == 1
    assert last(tmp_path / "rest.csv") == {plays[2].case_id: "refused"}


async def test_the_results_of_one_act_are_not_those_of_another(
    cli: Shell, opens: Opener, tmp_path: Path
) -> None:
    case = await opens("C3")
    file = write_list(tmp_path / "cases.txt", [case.id])
    assert (await cli(*RETURNS, "--cases", file)).status == 0
    results = tmp_path / "cases-C3-results.csv"
    before = results.read_bytes()
    other = (*RETURNS, "--document", "合成〔2〕号", "--cases", file)
    assert f"{results} holds the results of another act" in (await cli(*other)).fails(2)
    assert f"{file} is no file of results" in (await cli(*other, "--results", file)).fails(2)
    note = write_list(tmp_path / "note.txt", ["x"])
    note.write_text("不可丢失", encoding="utf-8")
    assert f"{note} is no file of results" in (await cli(*other, "--results", note)).fails(2)
    assert note.read_text(encoding="utf-8") == "不可丢失"
    assert f"{tmp_path} cannot be read" in (await cli(*other, "--results", tmp_path)).fails(2)
    nowhere = tmp_path / "no" / "r.csv"
    assert f"{nowhere} cannot be written" in (await cli(*other, "--results", nowhere)).fails(2)
    assert results.read_bytes() == before
    assert await acts(case) == 1


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ((), "CASE: name one case, or choose many with --cases or --year"),
        ((NOWHERE, "--year", THIS_YEAR, "--results", "r.csv"), "CASE: name one case, or choose"),
        (("--cases", "c.txt", "--year", THIS_YEAR), "--cases: name the cases in a file or by a"),
        (("--year", THIS_YEAR), "--results: name the file that keeps what came of each case"),
        ((NOWHERE, "--results", "r.csv"), "--results: keeps what came of many cases"),
        (("--cases", "c.txt", "--signal"), "--signal: belongs to one case, not to many"),
        (("--cases", "c.txt", "--id", "x"), "--id: belongs to one case"),
        (("--cases", "c.txt", "--consideration", "x"), "--consideration: belongs to one case"),
        (("--cases", "c.txt", "--household", "H001"), "--household: belongs to one case"),
        (("--cases", "no.txt"), "no.txt cannot be read: No such file"),
        (("--cases", "empty.txt"), "empty.txt names no case; write one id a line"),
        (("--cases", "wrong.txt"), "wrong.txt, line 2: '新县' is no id of a case, and 1 more"),
        (("--cases", "gbk.txt"), "gbk.txt is not in UTF-8"),
        (("--step-is", "H5", "--results", "r.csv"), "--step-is: 'H5' is no step"),
        (("--waiting-for", "A5", "--results", "r.csv"), "--waiting-for: 'A5' is not an office"),
        (("--region", "新县", "--results", "r.csv"), "--region: '新县' is no division code"),
    ],
)
async def test_wrong_usage(
    lonely: Shell, tmp_path: Path, more: tuple[object, ...], said: str
) -> None:
    write_list(tmp_path / "c.txt", [NOWHERE])
    write_list(tmp_path / "empty.txt", [" "])
    write_list(tmp_path / "wrong.txt", [NOWHERE, "新县", "C3"])
    (tmp_path / "gbk.txt").write_bytes("新县".encode("gbk"))
    before = sorted(os.listdir(tmp_path))
    assert said in (await lonely(*PROVINCE, "--approve", *more)).fails(2)
    assert sorted(os.listdir(tmp_path)) == before


@pytest.mark.parametrize("name", ["cases.csv", "cases.xlsx"])
async def test_a_column_of_a_sheet_names_the_cases(
    cli: Shell, opens: Opener, tmp_path: Path, name: str
) -> None:
    case = await opens("C3")
    rows = [("county", "case_id"), ("某县", case.id)]
    if name.endswith("csv"):
        file = write_csv(tmp_path / name, rows[0], rows[1:])
    else:
        file = write_xlsx(tmp_path / name, rows)
    assert (await cli(*RETURNS, "--cases", file)).status == 0
    assert await acts(case) == 1


@pytest.mark.clause("G3")
async def test_an_act_that_never_arrived_is_not_taken_for_a_later_round(
    cli: Shell, opens: Opener, tmp_path: Path
) -> None:
    case = await opens("C3")
    file = write_list(tmp_path / "cases.txt", [case.id])
    words = (*PROVINCE, "--return", "C2", "--reason", "材料不全", "--cases", file)
    assert (await cli(*words)).status == 0
    await case.play.reaches("C2", round_=2)
    await case.play.act("C2")
    await case.play.reaches("C3", round_=2)
    results = tmp_path / "cases-C3-results.csv"
    header, sent, _ = results.read_text(encoding="utf-8").splitlines()
    lost = sent.replace(kept(results)[0]["message_id"], "act-lost")
    results.write_text(f"{header}\n{lost}\n", encoding="utf-8")
    again = await cli(*words)
    assert again.status == 1
    assert "refused  round 1 is not running; the case is in round 2" in again.out
