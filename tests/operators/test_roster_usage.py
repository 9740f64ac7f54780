"""What is typed wrong about a roster is said before anything is sent."""

from pathlib import Path

import pytest

from tests.operators.conftest import THIS_YEAR, Shell
from tests.operators.rosters_today import (
    MEETING,
    VOTES,
    draft,
    write_csv,
    write_json,
)

ROSTER = f"household-exit/411523100001/{THIS_YEAR}/1"
CONSENT = ("consent", ROSTER, "--officer", "某甲")
AMEND = ("amend", ROSTER, "--as", "A1/411523100001", "--officer", "某甲", "--reason", "更正")
START = ("start", "households", "411523100001", "--year", THIS_YEAR, "--roster")
ALONE = ("consent", ROSTER, "R000001", "--officer", "某甲")
MEET = ("--meeting", "meeting.json")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (CONSENT, "HOUSEHOLD: name one with its answer, or give those of many in --file"),
        ((*ALONE, "--file", "a.csv"), "HOUSEHOLD: name one with its answer, or give those"),
        ((*CONSENT, "--file", "a.csv", "--agreed"), "--file: a.csv says who agreed and who signed"),
        ((*CONSENT, "--file", "a.csv", "--agent-reason", "外出"), "--file: a.csv says who agreed"),
        ((*ALONE, "--signed-by", "张某"), "give one answer: --agreed, or --refused --reason TEXT"),
        ((*ALONE, "--signed-by", "张某", "--agreed", "--refused"), "give one answer"),
        ((*ALONE, "--agreed"), "--signed-by: name who signed, a member of the household"),
        ((*ALONE, "--refused", "--signed-by", "张某"), "reason: a household that refuses says why"),
        (
            ("consent", ROSTER, "户一", "--agreed", *ALONE[3:], "--signed-by", "张某"),
            "HOUSEHOLD: '",
        ),
        ((*CONSENT, "--file", "answers.json"), "answers.json: answers.0.colour: Extra inputs"),
        ((*CONSENT, "--file", "no.csv"), "no.csv cannot be read: No such file"),
        ((*AMEND, "--household", "H"), "--household: 'H' is no number of a household"),
        ((*AMEND, "--household", "R001", "--household", "R001"), "R001 is named twice"),
        (
            (*AMEND, "--household", "R001", "--votes", "1"),
            "--votes: give the record of the meeting",
        ),
        ((*AMEND, "--household", "R001", *MEET), "--votes: 1 households and 0 counts of votes"),
        (
            (*AMEND, "--household", "R001", *MEET, "--votes", "21"),
            "--votes: 21 for R001 cannot be, with 20 present (H1)",
        ),
        ((*START[:2], "4115", *START[3:], "roster.json"), "VILLAGE: '4115' is no village"),
        ((*START, "votes.csv"), "--meeting: votes.csv holds no record of the meeting (H1)"),
        ((*START, "votes.csv", *MEET), "--officer: votes.csv does not name who signs the roster"),
        ((*START, "roster.json", *MEET), "--meeting: roster.json holds a record of the meeting"),
        ((*START, "roster.json", "--officer", "某乙"), "--officer: roster.json says its officer"),
        ((*START, "roster.json", "--at", "2026"), "--at: '2026' is no moment with an offset"),
        ((*START, "roster.toml"), "roster.toml cannot be read: No such file"),
        (
            ("case", f"county-exit/411523/{THIS_YEAR}", "--households"),
            "is no roster; the id of one",
        ),
        (("case", ROSTER, "--households", "--ledger"), "--households: give it or --ledger"),
        (
            ("object", ROSTER, "--text", "x", "--household", "一户"),
            "--household: '一户' is no number",
        ),
    ],
)
async def test_wrong_usage(
    lonely: Shell, tmp_path: Path, words: tuple[object, ...], said: str
) -> None:
    write_csv(tmp_path / "votes.csv", VOTES, [("R000001", 18)])
    write_json(tmp_path / "meeting.json", MEETING)
    write_json(tmp_path / "roster.json", draft(["R000001"]))
    answer = {"household": "R000001", "agreed": True, "signed_by": "张某", "colour": 1}
    write_json(tmp_path / "answers.json", {"answers": [answer]})
    assert said in (await lonely(*words)).fails(2)
    assert not (tmp_path / "home").exists()
