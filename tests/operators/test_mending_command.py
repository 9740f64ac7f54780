"""A case that contradicts its kept file, as operators see it, and the way out (G7)."""

import json

import pytest
from sqlalchemy import text

from models.identity import file_name
from tests.operators.conftest import Opener, Shell
from tests.play import eventually
from tests.stage import Stage
from tests.tampering import foreign_entry
from tests.unguarded import unguarded

pytestmark = [pytest.mark.clause("G7"), pytest.mark.server]


async def test_a_contradicted_case_says_so_and_is_mended(
    cli: Shell, opens: Opener, installation: Stage
) -> None:
    case = await opens()
    await case.play.rests()
    foreign_entry(installation, case.id)
    objects = ("object", case.id, "--text", "道路未通（合成）")
    act = ("act", case.id, "--step", "C2", "--as", case.office("C2"), "--officer", "某乙")
    # Instead of a receipt that would not hold, whichever finds it out.
    for words in (objects, (*act, "--approve")):
        sentence = (await cli(*words)).fails(1)
        assert (
            f"{case.id} contradicts its kept file, and what it answers would not hold" in sentence
        )
        assert f"`exitflow mend {case.id}` lets it go on with the kept file" in sentence

        async def noted() -> bool:
            return installation.registry.contradiction(case.id) is not None

        await eventually(noted)
    (row,) = [each for each in (await cli("cases", "--json")).json if each["case_id"] == case.id]
    assert "the kept file stands" in row["contradicted"]["said"]
    assert "contradicted" in (await cli("cases")).done()
    shown = " ".join((await cli("case", case.id)).done().split())
    assert "Contradicts its kept file 与留存案卷不一致" in shown
    assert f"from entry {row['contradicted']['seq']} on" in shown
    assert (await cli("case", case.id, "--json")).json["contradicted"] == row["contradicted"]

    mend = ("mend", case.id, "--officer", "某己", "--reason", "外来记载（合成）")
    assert "以留存案卷为准，本案另有记载" in (await cli(*mend)).done()
    assert "nothing is mended" in (await cli(*mend)).done()
    assert "contradicted" not in (await cli("case", case.id, "--json")).json
    assert "the chain is whole" in (await cli("case", case.id, "--ledger")).done()
    (await cli(*act, "--approve")).done()
    assert "no such case" in (await cli(*mend[:1], "county-exit/1/1", *mend[2:])).fails(1)


async def test_a_registry_that_lacks_something_is_given_it_back(
    cli: Shell, opens: Opener, installation: Stage
) -> None:
    case = await opens("C4")
    (notice,) = installation.registry.notices(case.id)
    with unguarded(installation.settings.engine()) as connection:
        connection.execute(text("DELETE FROM notices WHERE case_id = :id"), {"id": case.id})
    for file in installation.settings.notices_folder.glob(f"{file_name(notice.id)}.*"):
        file.unlink()
    found = json.loads((await cli("check", "--offline", "--json")).out)["findings"]
    (named,) = [each["mend"] for each in found if each["where"] == f"notices {notice.id}"]
    assert "exitflow mend;" in named
    assert f"{case.id}: brought up" in (await cli("mend")).out
    assert installation.registry.notices(case.id) == (notice,)
    assert len(list(installation.settings.notices_folder.glob(f"{file_name(notice.id)}.*"))) == 2
    assert case.id not in (await cli("mend")).out


async def test_mend_says_what_it_has_to_be_told(cli: Shell) -> None:
    said = (await cli("mend", "--officer", "某己", "--reason", "合成")).fails(2)
    assert said == "CASE: name the case that goes on with its kept file"
    said = (await cli("mend", "county-exit/411523/2026", "--officer", "某己")).fails(2)
    assert said.startswith("--officer, --reason: say who decides")
