"""letters --sheet, delivered: letters to households go out, and are reported as delivered (F15)."""

from pathlib import Path

import pytest

from models.periods import beijing
from tests.operators.conftest import NOW, Shell
from tests.operators.rosters_today import settle, verifies, write_csv
from tests.registry.test_letters_form import HEADER
from tests.roster_stage import RosterPlay
from tests.stage import Stage

pytestmark = pytest.mark.clause("F15")

TODAY = beijing(NOW).date().isoformat()


async def posted(cli: Shell, installation: Stage, folder: Path) -> tuple[RosterPlay, int]:
    """A roster of two households that was posted today, and the number of its letter."""
    play = await settle(installation).opens(cli, folder)
    await verifies(cli, play)
    await play.consent()
    await play.reaches("H3")
    await play.file()
    letter, _ = installation.registry.deliveries.of(play.case_id)
    return play, letter.entry


async def test_a_sheet_is_handed_in_once_and_the_rest_is_listed(
    cli: Shell, installation: Stage, tmp_path: Path
) -> None:
    play, number = await posted(cli, installation, tmp_path)
    first, second = play.households
    sheet = tmp_path / "letters.xlsx"
    said = (await cli("letters", play.case_id, "--sheet", sheet)).done()
    assert said.startswith("2 letters: ")
    listed = (await cli("letters", play.case_id, "--sheet", tmp_path / "same.xlsx", "--json")).json
    assert [(each["household"], each["entry"]) for each in listed] == [
        (household, number) for household in (first, second)
    ]
    assert (tmp_path / "same.xlsx").exists()
    assert sheet.exists()
    shown = (await cli("case", play.case_id)).done()
    assert "未报告送达的告知书 2 of 2" in shown
    assert f"拟退出贫困户公示告知书（第{number}号）  2户" in shown

    (tmp_path / "回证.pdf").write_text("合成", encoding="utf-8")
    by = ("--as", f"A1/{play.code}", "--officer", "某甲", "--evidence", tmp_path / "回证.pdf")
    rows = [(first, number, TODAY, "送达本户", "张某甲"), (second, number, "", "", "")]
    file = write_csv(tmp_path / "delivered.csv", HEADER, rows)
    words = ("delivered", play.case_id, "--file", file, *by)
    said = (await cli(*words)).done()
    assert f"of supplement/{play.case_id}/1" in said
    assert "告知书1份已送达：送达本户1份" in said
    said = (await cli(*words)).done()
    assert said == "1 of 1 reported before, in the same words\n"
    shown = (await cli("case", play.case_id)).done()
    assert "未报告送达的告知书 1 of 2" in shown
    assert f"1户：{second}" in shown

    one = ("--letter", number, "--on", TODAY, "--way", "adult", "--received-by", "张某乙", *by)
    said = (await cli("delivered", play.case_id, first, *one)).fails(1)
    assert (
        f"letter {number} to {first} is reported as delivered on {TODAY} (送达本户, 张某甲)" in said
    )
    report = installation.registry.deliveries.of(play.case_id)[0].report
    assert f"and a correction names {report}" in said
    mends = (*one, "--corrects", report, "--corrected-because", "签收人误填（合成）")
    (await cli("delivered", play.case_id, first, *mends)).done()
    letter, _ = installation.registry.deliveries.of(play.case_id)
    assert letter.delivered is not None
    assert (letter.delivered.received_by, letter.delivered.corrects) == ("张某乙", report)
    said = (await cli("delivered", play.case_id, first, *mends)).done()
    assert said == "1 of 1 reported before, in the same words\n"
    left = ("--letter", number, "--on", TODAY, "--way", "left", "--refused-because", "拒绝签收")
    (await cli("delivered", play.case_id, second, *left, "--witness", "李某乙", *by)).done()
    assert "未报告送达的告知书 0 of 2" in (await cli("case", play.case_id)).done()
    listed = (await cli("case", play.case_id, "--documents")).done()
    assert f"户{first}，告知书第{number}号：{TODAY}同住成年家属代收，签收人张某乙，更正" in listed
    assert f"{TODAY}拒收，留置送达，拒收事由：拒绝签收，见证人李某乙" in listed


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--letter", "1", "--on", TODAY, "--way", "posted"), "has no letter 1; its letters are"),
        (("--letter", "N", "--on", "2016-01-01", "--way", "posted"), "lies before"),
        (("--letter", "N", "--on", "2099-01-01", "--way", "posted"), "is still to come"),
        (("--letter", "N", "--on", TODAY, "--way", "adult"), "received_by: name who signed"),
        (("--letter", "N", "--on", TODAY, "--way", "left"), "witnesses: of a letter that was"),
        (("--letter", "N"), "--letter, --on, --way: say which letter was delivered"),
    ],
)
async def test_what_was_not_delivered_so_is_refused_in_a_sentence(
    cli: Shell, installation: Stage, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    play, number = await posted(cli, installation, tmp_path)
    proof = tmp_path / "回证.pdf"
    proof.write_text("合成", encoding="utf-8")
    given = [str(number) if word == "N" else word for word in words]
    by = ("--as", f"A1/{play.code}", "--officer", "某甲", "--evidence", proof)
    refused = await cli("delivered", play.case_id, play.households[0], *given, *by)
    assert refused.status != 0
    assert said in refused.fails(refused.status)
    assert installation.registry.documents.of(play.case_id) == ()
