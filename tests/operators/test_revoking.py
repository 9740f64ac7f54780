"""revoke and file, and how the register, the case and its documents read afterwards."""

import hashlib
from datetime import date
from pathlib import Path

import pytest

from models.offices import SubjectKind
from registry.database.engine import writing
from registry.tables import RevocationRow
from tests.activities.exit_files import ExitFile, households_exit, village_exits
from tests.models.document_samples import RATES
from tests.operators.conftest import NOW, THIS_YEAR, Opener, Shell
from tests.play import eventually
from tests.roster_stage import put_households
from tests.stage import Stage
from tests.village_stage import known_village, put_village

LEFT_ON = date(2024, 12, 20)


@pytest.fixture
def exit(installation: Stage) -> ExitFile:
    """A village that left for 2024."""
    code = put_village(installation, installation.county())
    return village_exits(
        installation.settings.engine(), known_village(installation, code), 2024, LEFT_ON
    )


@pytest.fixture
def proof(tmp_path: Path) -> Path:
    """A document to bind."""
    path = tmp_path / "核查报告.pdf"
    path.write_bytes(b"synthetic")
    return path


def words(exit: ExitFile, proof: Path, **changes: str) -> list[str | Path]:
    """The command that revokes the exit, with other options where they are named."""
    options: dict[str, str | Path] = {
        "year": "2024",
        "as": f"A6/{exit.subject.code[:4]}00",
        "officer": "某己",
        "document": "合成〔X1〕号",
        "reason": "弄虚作假（合成）",
        "responsible": "2:走访不实",
        "evidence": proof,
    }
    given: list[str | Path] = ["revoke", changes.pop("code", exit.subject.code)]
    for name, value in (options | changes).items():
        given += [f"--{name}", value]
    return given


@pytest.mark.clause("F7")
async def test_a_village_is_revoked_by_command(cli: Shell, exit: ExitFile, proof: Path) -> None:
    code = exit.subject.code
    refused = (await cli(*words(exit, proof, **{"as": f"A5/{code[:6]}"}))).fails(1)
    assert f"A6/{code[:4]}00) approved it (合成〔V3〕号), and may revoke it (F7)" in refused

    case_id, receipt, said = (await cli(*words(exit, proof))).done().splitlines()
    assert case_id == f"revocation/{code}/2024"
    assert receipt.startswith("entry 2, ")
    assert f"{exit.case_id}第2条" in said
    assert "走访不实" in said

    again = (await cli(*words(exit, proof))).fails(1)
    assert f"was revoked already: {case_id}" in again or "has an open case on the same" in again

    shown = (await cli("registry", "show", code)).done()
    for part in ("exited 已退出", "revoked 撤销退出", "合成〔V3〕号", "合成〔X1〕号"):
        assert part in shown
    standings = (await cli("registry", "show", code, "--json")).json["standings"]
    assert [each["status"] for each in standings] == ["listed", "exited", "revoked"]

    sheet = (await cli("case", case_id)).done()
    assert "2024年度 撤销退出" in sheet
    assert "X1 撤销退出" in sheet
    ledger = (await cli("case", case_id, "--ledger")).done()
    assert "责任行为" in ledger
    assert "the chain is whole" in ledger
    entries = (await cli("case", case_id, "--ledger", "--json")).json
    (act,) = [entry for entry in entries if entry["kind"] == "act"]
    bound = {"name": proof.name, "sha256": hashlib.sha256(b"synthetic").hexdigest()}
    assert act["data"]["act"]["evidence"] == [bound]
    assert act["data"]["responsible"][0]["hash"] == exit.ledger.entries[1].hash


@pytest.mark.clause("F7", "H4")
async def test_a_household_is_revoked_by_its_number(
    cli: Shell, installation: Stage, exit: ExitFile, proof: Path
) -> None:
    village = known_village(installation, exit.subject.code)
    (household,) = put_households(installation, village.code, 1)
    households_exit(installation.settings.engine(), village, [household], 2024, LEFT_ON)
    done = await cli(*words(exit, proof, code=household, **{"as": f"A5/{village.county.code}"}))
    assert done.done().splitlines()[0] == f"revocation/{household}/2024"
    shown = (await cli("registry", "show", household)).done()
    for part in ("registered 在册", "撤销退出", "合成〔H4〕号", "合成〔X1〕号"):
        assert part in shown


@pytest.mark.clause("F7")
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"responsible": "twelve"}, "--responsible: 'twelve' names no entry; write its number"),
        ({"responsible": "x#3"}, "--responsible: 'x#3' names no entry"),
        ({"supervision": "soon"}, "--supervision: 'soon' is no supervision"),
        ({"code": "419999100001"}, "knows no county, village or household with the code 4199991"),
        ({"year": "1999"}, "--year: '1999' is no year of an exit"),
        ({"as": "the city"}, "--as: 'the city' is not an office"),
        ({"reason": " "}, "reason: String should have at least 1 character"),
        ({"evidence": "missing.pdf"}, "evidence: missing.pdf cannot be read"),
    ],
)
async def test_what_is_typed_wrong_is_said_before_anything_is_sent(
    cli: Shell, exit: ExitFile, proof: Path, changes: dict[str, str], said: str
) -> None:
    assert said in (await cli(*words(exit, proof, **changes))).fails(2)


@pytest.mark.clause("F7")
async def test_evidence_and_responsible_acts_cannot_be_left_out(
    cli: Shell, exit: ExitFile, proof: Path
) -> None:
    given = words(exit, proof)
    for option in ("--evidence", "--responsible"):
        place = given.index(option)
        said = (await cli(*given[:place], *given[place + 2 :])).fails(2)
        assert option in said


@pytest.mark.clause("F7")
async def test_a_case_shows_which_of_its_exits_were_revoked_since(
    cli: Shell, opens: Opener, installation: Stage
) -> None:
    case, other = await opens(), await opens()  # which stands for the case of the revocation
    assert "Revoked since" not in (await cli("case", case.id)).done()
    with writing(installation.settings.engine()) as session:
        session.add(
            RevocationRow(
                case_id=other.id,
                seq=5,
                kind=SubjectKind.COUNTY,
                subject_code=case.code,
                exit_year=THIS_YEAR,
                exited_on=NOW.date(),
                exit_case=case.id,
                revoked_on=NOW.date(),
                office="A9/410000",
                document="合成〔X1〕号",
                reason="弄虚作假（合成）",
                responsible="[]",
            )
        )
    said = (await cli("case", case.id)).done()
    assert f"Revoked since 撤销退出\n  {case.code} on {NOW.date()}, 合成〔X1〕号" in said


# -- F9 ---------------------------------------------------------------------------------------


@pytest.mark.clause("F9", "S4")
async def test_documents_of_an_ended_case(
    cli: Shell, installation: Stage, exit: ExitFile, proof: Path
) -> None:
    office = f"A5/{exit.subject.code[:6]}"
    filing = ["file", exit.case_id, "--as", office, "--officer", "某庚", "--evidence", proof]
    done = await cli(
        *filing, "--kind", "filing", "--text", "已报备（合成）", "--document", "合成号"
    )
    first, said = done.done().splitlines()
    assert f"of supplement/{exit.case_id}/1, document-" in first
    assert said.endswith("扶贫开发领导小组备案（合成号）：已报备（合成）")

    async def kept() -> bool:
        return installation.registry.documents.of(exit.case_id) != ()

    await eventually(kept)  # the supplement answers before the registry has its file
    again = await cli(
        *filing, "--kind", "filing", "--text", "已报备（合成）", "--document", "合成号"
    )
    assert again.done().splitlines()[0] == f"was received before: {first}"

    rates = [(f"--{name.replace('_', '-')}", value) for name, value in RATES.items()]
    options = [word for option in rates for word in option]
    done = await cli(*filing, "--kind", "evaluation", "--text", "评估（合成）", *options)
    assert f"of supplement/{exit.case_id}/2, document-" in done.done()

    async def both() -> bool:
        return len(installation.registry.documents.of(exit.case_id)) == 2

    await eventually(both)
    found = (await cli("case", exit.case_id, "--documents", "--json")).json
    assert [each["document"]["kind"] for each in found] == ["filing", "evaluation"]
    digest = hashlib.sha256(b"synthetic").hexdigest()
    assert {each["document"]["evidence"][0]["sha256"] for each in found} == {digest}
    assert found[1]["document"]["rates"]["wrongly_exited"] == RATES["wrongly_exited"]
    shown = (await cli("case", exit.case_id, "--documents")).done()
    for part in ("filing 备案", "evaluation 第三方评估", digest, "错退率 2 %", "2 documents"):
        assert part in shown
    sheet = (await cli("case", f"supplement/{exit.case_id}/1")).done()
    assert "2024年度 补充归档" in sheet


@pytest.mark.clause("F9")
@pytest.mark.parametrize(
    ("more", "status", "said"),
    [
        (["--kind", "letter"], 2, '"letter" for --kind. Choose from: "filing"'),
        (["--kind", "filing", "--incidence", "1"], 2, "give all four rates"),
        (["--kind", "data-entry", "--at", "today"], 2, "--at: 'today' is no moment"),
        (["--kind", "filing", "--as", "A6/419900"], 1, "A6/419900 does not act for"),
    ],
)
async def test_what_cannot_be_filed(
    cli: Shell, exit: ExitFile, proof: Path, more: list[str], status: int, said: str
) -> None:
    office = [] if "--as" in more else ["--as", f"A5/{exit.subject.code[:6]}"]
    given = ["--officer", "某庚", "--text", "合成", "--evidence", proof, *office, *more]
    assert said in (await cli("file", exit.case_id, *given)).fails(status)


@pytest.mark.clause("F9")
async def test_only_a_case_has_documents(cli: Shell, exit: ExitFile, proof: Path) -> None:
    given = ["--kind", "filing", "--as", "A5/411523", "--officer", "某庚", "--text", "合成"]
    given += ["--evidence", str(proof)]
    assert "CASE: 'x' is no id of a case" in (await cli("file", "x", *given)).fails(2)
    beside = f"supplement/{exit.case_id}/1"
    said = (await cli("file", beside, *given)).fails(2)
    assert said == f"CASE: {beside} is a supplement; name the case itself, {exit.case_id}"
    both = (await cli("case", exit.case_id, "--documents", "--ledger")).fails(2)
    assert "--documents: give it alone" in both
