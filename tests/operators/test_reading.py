"""case, cases, deadlines, registry, plan: what people read, and what scripts read."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from rich.cells import cell_len
from sqlmodel import Session, col, delete, update

from models import search
from models.base import canonical
from models.case.ledger import Entry, EntryKind, Ledger, digest, verify
from models.case.orders import LimitInForce
from models.case.status import CaseStatus
from registry.records import CountyRecord, Overview
from registry.tables import DeliveryRow, EntryRow
from tests.operators.conftest import THIS_YEAR, Opened, Opener, Said, Shell, opens_on
from tests.stage import Stage
from tests.unguarded import unguarded

COUNTIES = Path(__file__).parents[2] / "data" / "henan-counties.csv"


@pytest.fixture(scope="module")
async def overdue(usual_installation: Stage) -> Opened:
    """A case whose city review is two days past its limit."""
    case = await opens_on(usual_installation)()
    limit = await case.play.limit("T3")
    await case.play.until(limit.due + timedelta(days=2))
    await case.play.waits(lambda seen: seen.overdue)
    await case.play.file()
    return case


def fits(said: Said) -> str:
    """The output, which must fit a terminal of 100 columns."""
    out = said.done()
    assert max(cell_len(line) for line in out.splitlines()) <= 100, out
    return out


# -- one case ---------------------------------------------------------------------------------


@pytest.mark.clause("T3", "T4", "C2")
async def test_a_case_shows_steps_limits_and_who_is_waited_for(cli: Shell, opens: Opener) -> None:
    case = await opens()
    out = fits(await cli("case", case.id))
    title, waits, *_ = out.splitlines()
    assert title.endswith(f"{case.id}  round 1")
    assert waits == f"等待合成{case.code[:4]}市扶贫开发领导小组 ({case.office('C2')})"
    assert "C1 县级申请" in out
    assert "▶ open 办理中" in out
    limit = await case.play.limit("T3")
    assert f"{limit.last_day} 24:00" in out
    assert "T3 7日内" in out
    assert "T3, within 7 days" in out

    status = CaseStatus.model_validate((await cli("case", case.id, "--json")).json)
    assert status == await case.play.status()


@pytest.mark.clause("T8")
async def test_what_has_not_arrived_is_listed_and_shown_with_its_case(
    cli: Shell, opens: Opener
) -> None:
    case, other = await opens(), await opens()
    listed = [each for each in (await cli("unreached", "--json")).json if case.id in str(each)]
    assert listed == []
    assert "Not reached" not in fits(await cli("case", case.id))
    entry, told = (await case.play.says_told("办理"))[-1]
    with unguarded(case.play.stage.settings.engine()) as connection:
        gone = col(DeliveryRow.case_id) == case.id
        connection.execute(update(DeliveryRow).where(gone).values(error="mail: 查无此人"))
        connection.execute(delete(DeliveryRow).where(col(DeliveryRow.case_id) == other.id))
    for words in (("unreached",), ("case", case.id)):
        out = " ".join(fits(await cli(*words)).split())
        assert f"{case.id}, entry {entry.seq} 办理 {told['recipient']}" in out
        assert "given up 已放弃: mail: 查无此人" in out
    assert "(file): tried until" in " ".join(fits(await cli("case", other.id)).split())
    many = len((await cli("unreached", "--json")).json)
    assert many > 1
    assert len((await cli("unreached", "--json", "--limit", 1)).json) == 1
    cut = " ".join(fits(await cli("unreached", "--limit", 1)).split())
    assert cut.count(", entry ") == 1
    assert f"1 of {many} are shown: --limit all lists all of them" in cut
    assert "number of lines" in (await cli("unreached", "--limit", "0")).fails(2)
    shown = (await cli("case", case.id, "--json")).json["unreached"]
    assert (entry.seq, "办理") in [(each["seq"], each["topic"]) for each in shown]
    assert {each["error"] for each in shown} == {"mail: 查无此人"}
    with unguarded(case.play.stage.settings.engine()) as connection:
        connection.execute(update(DeliveryRow).where(gone).values(error=None))


@pytest.mark.clause("G1", "T1", "T7")
async def test_a_case_in_publicity_shows_its_open_objections(cli: Shell, opens: Opener) -> None:
    case = await opens("C4")
    await case.play.object(id="o-1")
    await case.play.waits(lambda seen: len(seen.limits) == 2)
    out = fits(await cli("case", case.id))
    assert "Open objections 未办结异议\n  o-1" in out
    assert "T1  C4 公告公示" in out
    assert "T7  异议 o-1" in out


async def test_an_ended_case_shows_its_outcome(cli: Shell, opens: Opener) -> None:
    case = await opens()
    await case.play.act("C2", "reject", reason="不达标（合成）", document_number="合成〔2〕号")
    await case.play.ends()
    out = fits(await cli("case", case.id))
    assert "已办结：未退出" in out
    assert "未退出 not_exited（合成〔2〕号）" in out
    assert f"at C2, round 1, by {case.office('C2')}" in out
    assert "不达标（合成）" in out
    assert "■ ended 终止" in out


@pytest.mark.clause("G7")
async def test_the_file_is_verified_and_shown_with_entry_numbers(cli: Shell, opens: Opener) -> None:
    case = await opens("C3")
    kept = await case.play.file()
    out = fits(await cli("case", case.id, "--ledger"))
    for entry in kept:
        assert f"{entry.seq:>4}  " in out
        assert entry.hash[:12] in out
    assert f"{len(kept)} entries, head {kept[-1].hash[:12]}: the chain is whole" in out
    assert "the registry keeps the same" in out
    entries = (await cli("case", case.id, "--ledger", "--json")).json
    assert verify(case.id, [Entry.model_validate(each) for each in entries]) == len(kept)


def keep(stage: Stage, case_id: str, entries: list[Entry], *, instead_of: int) -> None:
    """Put entries into the registry in place of its last ones, as a forger would."""
    with unguarded(stage.settings.engine()) as connection, Session(connection) as session:
        here = (col(EntryRow.case_id) == case_id, col(EntryRow.seq) >= instead_of)
        session.exec(delete(EntryRow).where(*here))
        for entry in entries:
            content = canonical(entry.model_dump(mode="json"))
            fields = entry.model_dump(exclude={"data", "kind"})
            row = EntryRow(case_id=case_id, content=content, kind=entry.kind.value, **fields)
            session.add(row)
        session.flush()


@pytest.mark.clause("G7")
async def test_a_registry_that_keeps_another_file_is_found_out(
    cli: Shell, opens: Opener, installation: Stage
) -> None:
    case = await opens("C3")
    kept = await case.play.file()
    third = kept[2]
    false = third.model_copy(update={"text": "一切正常"})

    async def sentence() -> str:
        said = (await cli("case", case.id, "--ledger", "--json")).fails(1)
        assert (await cli("case", case.id, "--ledger")).fails(1) == said
        return said

    keep(installation, case.id, [false, *kept[3:]], instead_of=3)
    assert "the registry's copy is not the file of the case" in await sentence()
    assert "entry 3 was altered after it was recorded" in await sentence()
    keep(installation, case.id, kept[3:], instead_of=3)
    assert "entry 3 is missing" in await sentence()
    # A chain that is whole, but another one.
    forged = false.model_copy(update={"hash": digest(false)})
    keep(installation, case.id, [forged], instead_of=3)
    assert await sentence() == f"{case.id}: the registry keeps another entry 3 (G7)"
    keep(installation, case.id, kept[2:], instead_of=3)
    assert "the registry keeps the same" in (await cli("case", case.id, "--ledger")).done()


@pytest.mark.clause("G7")
async def test_an_entry_that_somebody_adds_to_the_registry_is_found_out(
    cli: Shell, opens: Opener, installation: Stage
) -> None:
    """Also behind the end of a case, where nothing the case writes would run into it."""
    case = await opens()
    await case.play.act("C2", "reject", reason="不达标（合成）", document_number="合成〔2〕号")
    await case.play.ends()
    kept = await case.play.file()
    longer = Ledger(case.id)
    longer.entries = list(kept)
    forged = longer.record(
        EntryKind.ACT, kept[-1].at, text="同意", step="C7", actor="A9/410000 某甲"
    )
    keep(installation, case.id, [forged], instead_of=forged.seq)
    said = (await cli("case", case.id, "--ledger")).fails(1)
    assert said == (
        f"{case.id}: the registry keeps {forged.seq} entries, and the case has {len(kept)}; entry "
        f"{forged.seq} is none of its own (G7)"
    )
    assert (await cli("case", case.id, "--ledger", "--json")).fails(1) == said
    keep(installation, case.id, [], instead_of=forged.seq)
    assert "the registry keeps the same" in (await cli("case", case.id, "--ledger")).done()


@pytest.mark.clause("G7")
async def test_a_registry_that_lacks_the_end_of_an_ended_file_is_found_out(
    cli: Shell, opens: Opener, installation: Stage
) -> None:
    case = await opens()
    await case.play.withdraw()
    await case.play.ends()
    kept = await case.play.file()
    keep(installation, case.id, [], instead_of=len(kept))
    said = (await cli("case", case.id, "--ledger")).fails(1)
    assert said == (
        f"{case.id}: it has ended with {len(kept)} entries, and the registry keeps "
        f"{len(kept) - 1}; restore the registry from a newer copy (G7)"
    )


async def test_there_is_no_such_case(cli: Shell) -> None:
    for words in ((), ("--json",), ("--ledger",)):
        said = await cli("case", "county-exit/419999/2020", *words)
        assert "county-exit/419999/2020: there is no such case" in said.fails(1)


# -- many cases -------------------------------------------------------------------------------


async def ids(cli: Shell, *words: object) -> set[str]:
    """The cases that a list names."""
    return {each["case_id"] for each in (await cli("cases", *words, "--json")).json}


async def test_cases_are_filtered(cli: Shell, opens: Opener, overdue: Opened) -> None:
    waiting, ended = await opens(), await opens()
    await ended.play.act("C2", "reject", reason="不达标（合成）")
    await ended.play.ends()
    for case in (waiting, ended):
        await case.play.file()
    mine = {waiting.id, ended.id, overdue.id}

    assert await ids(cli, "--year", THIS_YEAR) >= mine
    assert await ids(cli, "--year", THIS_YEAR - 1) == set()
    assert await ids(cli, "--open") & mine == {waiting.id, overdue.id}
    assert await ids(cli, "--overdue") & mine == {overdue.id}
    assert await ids(cli, "--region", waiting.code) == {waiting.id}
    assert await ids(cli, "--city", f"{waiting.code[:4]}00") >= mine
    unknown = (await cli("cases", "--region", "110000")).fails(1)
    assert unknown.endswith("--region: the register knows no division with the code 110000")
    office = waiting.office("C2")
    assert await ids(cli, "--office", office) & mine == {waiting.id, overdue.id}
    assert await ids(cli, "--office", office, "--overdue") & mine == {overdue.id}


async def test_the_list_of_cases_fits_and_marks_what_presses(
    cli: Shell, overdue: Opened, opens: Opener
) -> None:
    out = fits(await cli("cases", "--region", overdue.code))
    assert overdue.id in out
    assert "已逾期 overdue" in out
    assert (await overdue.play.limit("T3")).last_day.isoformat() + " 24:00" in out
    assert out.splitlines()[-1] == "1 case"
    none = await cli("cases", "--region", overdue.code, "--year", THIS_YEAR - 1)
    assert none.done() == "0 cases\n"


@pytest.mark.clause("T3", "T4", "G4")
async def test_deadlines_name_clause_subject_office_and_sentence(
    cli: Shell, overdue: Opened
) -> None:
    found = (await cli("deadlines", "--overdue", "--office", overdue.office("C2"), "--json")).json
    (mine,) = [each for each in found if each["case_id"] == overdue.id]
    held = LimitInForce.model_validate(mine["in_force"])
    others = (await cli("deadlines", "--overdue", "--office", "A7/410000", "--json")).json
    assert overdue.id not in [each["case_id"] for each in others]
    assert (held.limit.clause, held.breached) == ("T3", True)
    assert held.limit == await overdue.play.limit("T3")

    out = fits(await cli("deadlines", "--overdue", "--office", overdue.office("C2")))
    assert f"{held.limit.last_day} 24:00" in out
    assert "T3  C2 市级初审" in out
    assert f"{overdue.id}  {held.office_name} ({held.office})" in out
    assert "T3 7日内" in out
    assert "1 limit in force, 1 overdue (at " in out


async def test_deadlines_within_a_time(cli: Shell, opens: Opener) -> None:
    case = await opens()
    await case.play.file()
    until = {clause: (await case.play.limit(clause)).due for clause in ("T3", "T4")}
    now = datetime.now(until["T3"].tzinfo)

    async def clauses(within: str) -> list[str]:
        found = (await cli("deadlines", "--within", within, "--json")).json
        return [each["in_force"]["limit"]["clause"] for each in found if each["case_id"] == case.id]

    def days(clause: str) -> int:
        return (until[clause] - now).days

    assert await clauses("1h") == []
    assert "T3" in await clauses(f"{days('T3') + 1}d")
    assert "T3" not in await clauses(f"{days('T3')}d")
    assert set(await clauses(f"{days('T4') + 1}d")) == {"T3", "T4"}
    found = (await cli("deadlines", "--json")).json
    due = [each["in_force"]["limit"]["due"] for each in found]
    assert sorted(due, key=datetime.fromisoformat) == due


# -- the registry -----------------------------------------------------------------------------


async def test_the_register_is_set_up_loaded_planned_listed_and_shown(
    lonely: Shell, tmp_path: Path
) -> None:
    setting_up = (await lonely("setup", "registry")).done()
    assert setting_up == (await lonely("setup", "registry")).done()
    load = ("registry", "load", COUNTIES, "--listed-since", "2012-03-19", "--plan-source", "HN 二")
    assert (await lonely(*load)).done() == "new: 53 counties, 67 divisions, 53 plans\n"
    assert (await lonely(*load)).done() == "new: 0 counties, 0 divisions, 0 plans\n"
    add = ("plan", "add", "411523", "--year", "2026", "--source", "2026年度计划")
    assert (await lonely(*add)).done() == "411523 is in the plan of 2026\n"
    assert (await lonely(*add)).done() == "411523 is already in the plan of 2026\n"

    out = fits(await lonely("registry", "list"))
    assert "411523  新县" in out
    assert out.splitlines()[-1] == "53 listed, 0 exited"
    overview = Overview.model_validate((await lonely("registry", "list", "--json")).json)
    assert (overview.listed, len(overview.counties)) == (53, 53)

    shown = fits(await lonely("registry", "show", "410225"))
    assert "直管" in shown
    record = CountyRecord.model_validate(
        (await lonely("registry", "show", "411523", "--json")).json
    )
    assert [plan.year for plan in record.plans] == [2017, 2026]


async def test_the_record_of_a_county_shows_its_case_and_figures(cli: Shell, opens: Opener) -> None:
    case = await opens()
    await case.play.file()
    out = fits(await cli("registry", "show", case.code))
    assert f"{THIS_YEAR}  合成计划" in out
    assert case.id in out
    assert "4,600" in out


async def test_a_county_that_the_register_does_not_know(cli: Shell) -> None:
    assert "knows no county with the code 419999" in (
        await cli("registry", "show", "419999")
    ).fails(1)
    add = ("plan", "add", "419999", "--year", "2026", "--source", "x")
    nobody = "knows no county, village or household with the code 419999"
    assert nobody in (await cli(*add)).fails(1)
    city = ("plan", "add", "411500", "--year", "2026", "--source", "x")
    assert "411500" in (await cli(*city)).fails(1)


async def test_a_list_with_faults_is_not_loaded(lonely: Shell, tmp_path: Path) -> None:
    (await lonely("setup", "registry")).done()
    bad = COUNTIES.read_text(encoding="utf-8").replace("411523,新县", "41152,新县")
    (tmp_path / "bad.csv").write_text(bad, encoding="utf-8")
    words = ("registry", "load", "bad.csv", "--listed-since", "2012-03-19", "--plan-source", "x")
    sentence = (await lonely(*words)).fails(2)
    assert sentence == "bad.csv, row 35, column code (A): '41152': write a code of 6 digits"
    assert (await lonely("registry", "list", "--json")).json["counties"] == []


@pytest.mark.server
async def test_a_namespace_is_set_up_once(cli: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_NAMESPACE", "set-up-by-command")
    out = (await cli("setup", "namespace")).done()
    assert out.startswith("namespace set-up-by-command: ExitDeadline, ")
    assert out.count("Exit") == len(search.ALL)
    again = (await cli("setup", "namespace")).done()
    assert again == "namespace set-up-by-command: nothing added\n"


async def test_of_a_limited_list_only_what_is_written_must_fit_a_sheet(
    cli: Shell, opens: Opener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await opens()
    await opens()
    monkeypatch.setattr("operators.commands.lists.MOST_ROWS", 1)
    for words in ("cases", "deadlines"):
        file = tmp_path / f"{words}.xlsx"
        told = (words, "--excel", file)
        assert "are more than the 1 rows of a sheet" in (await cli(*told)).fails(2)
        assert "2 are more than the 1 rows" in (await cli(*told, "--limit", 2)).fails(2)
        assert not file.exists()
        assert f"{file}: 1 " in (await cli(*told, "--limit", 1)).done()
        assert file.exists()
