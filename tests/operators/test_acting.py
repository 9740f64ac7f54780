"""start, act, object, resolve, withdraw: by commands."""

import hashlib
import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, update

from models.case.ledger import Entry, EntryKind
from models.case.messages import Act, Ending
from models.register.counties import Judgement
from operators.commands.sending import derived_id
from registry.database.engine import writing
from registry.tables import DivisionRow
from tests.models.samples import FINDINGS, NOT_MET
from tests.operators.conftest import THIS_YEAR, Opened, Opener, Shell, applies, as_toml
from tests.stage import Stage


@pytest.fixture
def planned(installation: Stage) -> str:
    """A county in this year's plan."""
    code = installation.county()
    installation.registry.add_plan(THIS_YEAR, code, "合成计划")
    return code


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def sent(entry: Entry) -> dict[str, Any]:
    """The act that an entry put on file."""
    act = entry.data["act"]
    assert isinstance(act, dict)
    return act


# -- start ------------------------------------------------------------------------------------


@pytest.mark.clause("C1", "G7")
async def test_start_prints_the_case_id_and_binds_the_evidence(
    cli: Shell, planned: str, installation: Stage, tmp_path: Path
) -> None:
    folder = tmp_path / "papers"
    folder.mkdir()
    write(folder / "表.csv", "a,b\n")
    file = write(
        folder / "application.toml",
        as_toml(
            applies(planned),
            without=("county", "year"),
            extra='evidence = [{ path = "表.csv" }, { path = "表.csv", name = "附件一" }]',
        ),
    )
    said = await cli("start", "county", planned, "--year", THIS_YEAR, "--application", file)
    assert said.done() == f"county-exit/{planned}/{THIS_YEAR}\n"

    case = Opened.of(installation, said.out.strip(), planned)
    await case.at("C2")
    (opened,) = await case.play.entries(EntryKind.OPENED)
    application: Any = opened.data["application"]
    digest = hashlib.sha256(b"a,b\n").hexdigest()
    assert application["evidence"] == [
        {"name": "表.csv", "sha256": digest},
        {"name": "附件一", "sha256": digest},
    ]


@pytest.mark.clause("G9")
async def test_a_second_start_is_refused_with_the_id_of_the_first(
    cli: Shell, opens: Opener, tmp_path: Path
) -> None:
    case = await opens()
    file = write(tmp_path / "application.json", applies(case.code).model_dump_json())
    said = await cli("start", "county", case.code, "--year", THIS_YEAR, "--application", file)
    assert case.id in said.fails(1)


@pytest.mark.clause("C1", "G6")
async def test_an_application_that_the_rules_refuse_starts_nothing(
    cli: Shell, planned: str, installation: Stage, tmp_path: Path
) -> None:
    value = applies(planned, year=THIS_YEAR - 3)
    file = write(tmp_path / "application.toml", as_toml(value))
    said = await cli("start", "county", planned, "--year", value.year, "--application", file)
    assert "is not in the plan of" in said.fails(1)
    shown = await cli("registry", "show", planned, "--json")
    assert shown.json["cases"] == []
    missing = await cli("case", f"county-exit/{planned}/{value.year}")
    assert "there is no such case" in missing.fails(1)


@pytest.mark.clause("C1")
async def test_an_unknown_and_an_expired_code_are_refused(
    cli: Shell, planned: str, installation: Stage, tmp_path: Path
) -> None:
    with writing(installation.settings.engine()) as session:
        expired = update(DivisionRow).where(col(DivisionRow.code) == planned)
        session.exec(expired.values(valid_until=date(2020, 1, 1), successor="411603"))
    for code, named in (
        ("419999", "the register knows no such code; look it up with `exitflow registry list`"),
        (planned, "expired on 2020-01-01; use 411603"),
    ):
        file = write(tmp_path / "application.toml", as_toml(applies(code)))
        said = await cli("start", "county", code, "--year", THIS_YEAR, "--application", file)
        sentence = said.fails(1)
        assert sentence.startswith(f"county {code}: ")
        assert named in sentence


# -- act --------------------------------------------------------------------------------------


def approval(case: Opened, step: str, *more: object) -> tuple[object, ...]:
    """The words of an approval."""
    words = ("act", case.id, "--step", step, "--as", case.office(step), "--officer", "某乙")
    return (*words, "--approve", *more)


@pytest.fixture
def found(tmp_path: Path) -> tuple[object, ...]:
    """What the province's own check found (C3)."""
    return "--findings", write(tmp_path / "findings.json", json.dumps(FINDINGS))


@pytest.mark.clause("C2", "G7")
async def test_an_approval_is_answered_with_its_entry_and_moves_the_case(
    cli: Shell, opens: Opener, tmp_path: Path
) -> None:
    case = await opens()
    paper = write(tmp_path / "初审意见.txt", "同意")
    said = await cli(
        *approval(case, "C2", "--document", "信扶贫〔1〕2号", "--evidence", paper),
    )
    (act,) = await case.play.entries(EntryKind.ACT)
    assert said.done().splitlines() == [f"entry {act.seq}, {sent(act)['id']}", act.text]
    assert sent(act)["evidence"] == [
        {"name": "初审意见.txt", "sha256": hashlib.sha256("同意".encode()).hexdigest()}
    ]
    assert sent(act)["document_number"] == "信扶贫〔1〕2号"
    await case.at("C3")


async def test_the_same_command_again_counts_once_and_says_so(cli: Shell, opens: Opener) -> None:
    case = await opens()
    first = (await cli(*approval(case, "C2"))).done()
    again = (await cli(*approval(case, "C2"))).done()
    assert again == f"was received before: {first}"
    assert len(await case.play.entries(EntryKind.ACT)) == 1


@pytest.mark.clause("G7")
async def test_an_act_that_has_lapsed_can_be_given_again_in_the_same_words(opens: Opener) -> None:
    case = await opens()
    seen, act = await case.play.status(), Act.model_validate(case.play.message("C2"))
    later = seen.model_copy(update={"entries": seen.entries + 5})
    assert derived_id(later, act) == derived_id(seen, act)
    lapsed = seen.model_copy(update={"lapsed": seen.entries})
    assert derived_id(lapsed, act) != derived_id(seen, act)


@pytest.mark.clause("G3")
async def test_the_same_words_in_a_later_round_are_another_act(cli: Shell, opens: Opener) -> None:
    case = await opens()
    await cli(*approval(case, "C2"))
    await case.at("C3")
    back = approval(case, "C3")[:-1]
    said = await cli(*back, "--return", "c2", "--reason", "材料不全")
    assert "退回" in said.done()
    await case.play.reaches("C2", round_=2)
    assert "was received before" not in (await cli(*approval(case, "C2"))).done()
    await case.play.reaches("C3", round_=2)


async def test_an_id_given_by_hand_counts_once_and_never_for_another_content(
    cli: Shell, opens: Opener
) -> None:
    case = await opens()
    words = approval(case, "C2", "--id", "信-1")
    assert "id" in (await cli(*words)).fails(2)
    (await cli(*approval(case, "C2", "--id", "xin-1"))).done()
    other = await cli(*approval(case, "C2", "--id", "xin-1", "--reason", "另一理由"))
    assert "xin-1 was already used for a different content" in other.fails(1)


@pytest.mark.clause("C2", "C3", "A6", "A7")
async def test_the_wrong_step_and_the_wrong_body_are_refused_with_who_may_act(
    cli: Shell, opens: Opener
) -> None:
    case = await opens()
    right = f"({case.office('C2')})"
    early = (await cli(*approval(case, "C3"))).fails(1)
    assert "C3 is not open" in early
    assert right in early
    foreign = approval(case, "C2")
    foreign = tuple("A6/411600" if word == case.office("C2") else word for word in foreign)
    assert right in (await cli(*foreign)).fails(1)
    assert await case.play.entries(EntryKind.ACT, EntryKind.REFUSED) == []


@pytest.mark.clause("S4", "F9")
async def test_rates_by_option_or_file_block_an_approval(
    cli: Shell, opens: Opener, tmp_path: Path, found: tuple[object, ...]
) -> None:
    case = await opens("C3")
    bare = await cli(*approval(case, "C3"))
    assert "findings: to approve C3, give what the province's own check found" in bare.fails(1)
    four = ("--incidence", "1.2", "--wrongly-exited", "0.3", "--omitted", "2.0")
    said = await cli(*approval(case, "C3", *four, "--recognition", "95"))
    assert "S4.omitted is not met" in said.fails(1)
    file = write(
        tmp_path / "rates.toml",
        "incidence = 1.2\nwrongly_exited = 0.3\nomitted = 0.4\nrecognition = 95.5\n",
    )
    (await cli(*approval(case, "C3", "--rates", file, *found))).done()
    (act,) = [each for each in await case.play.entries(EntryKind.ACT) if each.step == "C3"]
    assert sent(act)["rates"]["recognition"] == "95.5"
    assert sent(act)["findings"] == FINDINGS


@pytest.mark.clause("S6")
async def test_an_override_by_name_lets_a_failed_standard_pass(cli: Shell, opens: Opener) -> None:
    worse = Judgement.model_validate(NOT_MET)
    figures = applies("411523").figures.model_copy(update={"health": worse})
    case = await opens(figures=figures)
    assert "S3.health is not met" in (await cli(*approval(case, "C2"))).fails(1)
    override = ("--override", "S3.health", "--reason", "在建卫生院明年投用")
    (await cli(*approval(case, "C2", *override))).done()
    await case.at("C3")


@pytest.mark.clause("G3")
async def test_a_returned_application_is_made_again_with_new_figures(
    cli: Shell, opens: Opener, tmp_path: Path
) -> None:
    case = await opens()
    back = approval(case, "C2")[:-1]
    (await cli(*back, "--return", "C1", "--reason", "数据有误")).done()
    await case.play.reaches("C1", round_=2)
    figures = applies(case.code).figures.model_copy(update={"poor": 100})
    file = write(tmp_path / "figures.json", figures.model_dump_json())
    (await cli(*approval(case, "C1", "--figures", file))).done()
    await case.at("C2")
    await case.play.file()
    shown = (await cli("registry", "show", case.code, "--json")).json
    assert [each["figures"]["poor"] for each in shown["indicators"]] == [4600, 100]


@pytest.mark.clause("C6", "G3")
async def test_a_failed_inspection_is_rectified_and_replied_to(cli: Shell, opens: Opener) -> None:
    case = await opens("C4")
    await case.play.end_publicity()
    await case.at("C5")
    (await cli(*approval(case, "C5"))).done()
    await case.at("C6")
    failed = approval(case, "C6")[:-1]
    county = case.office("C1")
    (await cli(*failed, "--rectify", county, "--task", "补建档案", "--reason", "抽查不合格")).done()
    await case.play.waits(lambda seen: seen.waiting_for == county)
    reply = ("act", case.id, "--step", "C6", "--as", county, "--officer", "某甲")
    (await cli(*reply, "--reply", "--reason", "已补建")).done()
    await case.play.waits(lambda seen: seen.waiting_for == case.office("C6"))
    (await cli(*failed, "--reject", "--reason", "整改不到位")).done()
    outcome = await case.play.ends()
    assert (outcome.ending, outcome.step) == (Ending.NOT_EXITED, "C6")
    ended = await cli(*approval(case, "C6"))
    assert "has ended" in ended.fails(1)


async def test_at_is_kept_with_the_act(cli: Shell, opens: Opener) -> None:
    case = await opens()
    signed = (await case.play.status()).limits[0].limit.request.start
    assert signed is not None
    (await cli(*approval(case, "C2", "--at", signed.isoformat()))).done()
    (act,) = await case.play.entries(EntryKind.ACT)
    assert datetime.fromisoformat(str(sent(act)["at"])) == signed


# -- signals ----------------------------------------------------------------------------------


async def test_signals_wait_for_a_worker_and_are_each_a_message_of_their_own(
    cli: Shell, planned: str, installation: Stage, tmp_path: Path
) -> None:
    file = write(tmp_path / "application.toml", as_toml(applies(planned)))
    await installation.crew.goes()
    try:
        said = await cli("start", "county", planned, "--year", THIS_YEAR, "--application", file)
        assert "is handed in and not admitted yet: a worker decides" in said.err
        case = Opened.of(installation, said.out.strip(), planned)
        words = approval(case, "C2", "--signal")
        first, second = (await cli(*words)).done(), (await cli(*words)).done()
    finally:
        await installation.crew.comes()
    assert first != second
    assert case.id in first
    await case.at("C3")
    assert len(await case.play.entries(EntryKind.ACT)) == 1
    (refusal,) = await case.play.refused()
    assert "is already decided" in refusal


async def test_what_a_kind_of_case_does_not_take_is_refused_with_what_it_takes(
    cli: Shell, opens: Opener
) -> None:
    case = await opens("C2")
    answer = ("--agreed", "--signed-by", "某甲", "--officer", "某乙")
    said = await cli("consent", case.id, "H-0001", *answer)
    assert said.fails(1) == (
        f"{case.id} takes no consent: a case of this kind takes act, file, mend, object, "
        "posted, resolve, withdraw"
    )
    assert await case.play.refused() == []


@pytest.mark.server
async def test_a_namespace_that_the_server_lacks_is_said_and_not_a_missing_case(
    cli: Shell, opens: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = await opens("C2")
    monkeypatch.setenv("TEMPORAL_NAMESPACE", "nowhere")
    for words in (("case", case.id), ("object", case.id, "--text", "道路未通"), ("schedules",)):
        assert (await cli(*words)).fails(3) == (
            "Namespace nowhere is not found on the Temporal server; set TEMPORAL_NAMESPACE, or "
            "make it with `exitflow setup namespace`"
        )


async def test_a_signal_to_no_case_is_refused(cli: Shell, opens: Opener) -> None:
    words = ("--step", "C2", "--as", "A6/411500", "--officer", "某乙", "--approve", "--signal")
    nobody = await cli("act", "county-exit/419999/2026", *words)
    assert "there is no such case" in nobody.fails(1)


# -- objections and withdrawal ----------------------------------------------------------------


@pytest.mark.clause("G1")
async def test_an_objection_is_handed_in_dismissed_and_another_upheld(
    cli: Shell, opens: Opener, tmp_path: Path
) -> None:
    case = await opens("C4")
    paper = write(tmp_path / "照片.txt", "路未通")
    handed_in = await cli(
        "object",
        case.id,
        "--text",
        "道路未通",
        "--name",
        "某丙",
        "--contact",
        "wang@example.org",
        "--evidence",
        paper,
    )
    first = handed_in.done().splitlines()[0].split(", ")[1]
    again = await cli(
        "object",
        case.id,
        "--text",
        "道路未通",
        "--name",
        "某丙",
        "--contact",
        "wang@example.org",
        "--evidence",
        paper,
    )
    assert again.done().startswith("was received before: ")
    (await cli("object", case.id, "--text", "数字不实", "--id", "o-2")).done()
    assert (await case.play.status()).open_objections == (first, "o-2")

    by = ("--as", "A7/410000", "--officer", "某丁", "--reason", "经实地调查", "--evidence", paper)
    assert "--evidence" in (await cli("resolve", case.id, first, *by[:6], "--dismissed")).fails(2)
    unknown = await cli("resolve", case.id, "o-3", *by, "--dismissed")
    assert "o-3 was not received here" in unknown.fails(1)
    (await cli("resolve", case.id, first, *by, "--dismissed")).done()
    review = ("object", case.id, "--text", "未到现场", "--review-of", first, "--id", "f-1")
    assert "under the same name and contact (G1)" in (await cli(*review)).fails(1)
    who = ("--name", "某丙", "--contact", "wang@example.org")
    assert f"收到实名复核申请 f-1（异议 {first}）" in (await cli(*review, *who)).done()
    listed = (await cli("case", case.id, "--objections")).done()
    assert "复核 f-1" in listed
    assert "A8/100000" in listed
    (await cli("resolve", case.id, "o-2", *by, "--upheld", "--return", "C3")).done()
    await case.play.reaches("C3", round_=2)


@pytest.mark.clause("G1", "G8")
async def test_who_objects_is_shown_to_who_investigates_alone(cli: Shell, opens: Opener) -> None:
    case = await opens("C4")
    words = ("--text", "道路未通", "--name", "某丙", "--contact", "wang@example.org", "--id", "o-1")
    (await cli("object", case.id, *words)).done()
    (entry,) = await case.play.entries(EntryKind.OBJECTION)
    shows = ("case", case.id, "--entry", entry.seq)
    for open_to_all in (shows, (*shows, "--json"), ("case", case.id, "--ledger", "--json")):
        said = (await cli(*open_to_all)).done()
        assert "仅供调查人员查阅" in said
        assert "道路未通" in said
        assert not {"某丙", "wang@example.org"} & set(said.replace('"', " ").split())
    other = (await cli(*shows, "--as", "A6/411500")).fails(1)
    assert "A6/411500 may not read who objects; A7/410000 investigates it (G1)" in other
    own = (await cli(*shows, "--as", "A7/410000")).done()
    assert "某丙" in own
    assert "wang@example.org" in own
    assert "--as: give it with --entry" in (await cli(*shows[:2], "--as", "A7/410000")).fails(2)
    first = (await cli("case", case.id, "--entry", 1, "--as", "A7/410000")).fails(2)
    assert f"--as: entry 1 of {case.id} is no objection" in first


async def test_the_applicant_withdraws_and_nobody_else(cli: Shell, opens: Opener) -> None:
    case = await opens()
    words = ("withdraw", case.id, "--officer", "某甲", "--reason", "数据需要复核", "--as")
    assert "may not withdraw" in (await cli(*words, case.office("C2"))).fails(1)
    assert "撤回申请" in (await cli(*words, case.office("C1"))).done()
    assert (await case.play.ends()).ending is Ending.WITHDRAWN
