"""The shortest season that goes on after an exit: one roster, one village, and what comes after."""

from operators.rehearsal.scenario_files import parse
from operators.rehearsal.season import Season
from tests.operators.seasons import TEXT, Change

_EVENTS, _EXPECT = TEXT.split("[expect]")

AFTER = """
[[events]]
at = 2017-11-06
synthetic = true
do = "supervise"
case = "look"
officer = "某丁"
reason = "抽查（合成）"
seed = "SEED"
households = 1
villages = 1

[[events]]
at = 2017-11-08
synthetic = true
do = "check"
case = "look"
office = "A7/410000"
officer = "某丁"
wrong = { DRAWN = ["S1.income"] }

[[events]]
at = 2017-11-09
synthetic = true
do = "revoke"
case = "back"
of = "NUMBER-1"
year = 2017
office = "A5/COUNTY"
officer = "某丙"
document_number = "合成二号"
reason = "核实不实（合成）"
responsible = [{ case = "first", act = "hears", why = "未入户（合成）" }]
evidence = [
  { name = "表", sha256 = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" }
]

[[events]]
at = 2017-11-10
synthetic = true
do = "consequences"
of = "NUMBER-1"
state = "revoked"
in_force = []

[[events]]
at = 2017-11-10
synthetic = true
do = "consequences"
of = "NUMBER-3"
state = "exited"
in_force = ["F1"]
"""

EXPECT = """
[expect]
endings = { first = "exited", look = "open", back = "revoked" }
struck_off = { first = { 2017-10-30 = ["NUMBER-1", "NUMBER-3"] } }
breaches = {}
drawn = { look = ["DRAWN"] }
before = { one = { poor = 6, population = 200 }, county = { poor = 6, population = 200 } }
after = { one = { poor = 4, population = 200 }, county = { poor = 4, population = 200 } }

[expect.stood]
NUMBER-1 = [
  { status = "listed", since = 2014-06-01 },
  { status = "exited", since = 2017-10-30, document = "合成一号" },
  { status = "revoked", since = 2017-11-09, document = "合成二号" },
]
"""

ALTERED: dict[str, tuple[tuple[Change, ...], str]] = {
    "nothing": ((), ""),
    "another seed": (
        (('seed = "SEED"', 'seed = "OTHER"'), ('wrong = { DRAWN = ["S1.income"] }\n', "")),
        "expect.drawn.look: the scenario says DRAWN, it was SECOND",
    ),
    "another seed, and a finding": (
        (('seed = "SEED"', 'seed = "OTHER"'),),
        "event 7, check: it is refused: ",
    ),
    "no such act": (
        (('act = "hears"', 'act = "other"'),),
        "event 8, revoke: first has no act other",
    ),
    "the wrong body": (
        (('office = "A5/COUNTY"\nofficer = "某丙"\ndocument_number = "合成二号"',
          'office = "A6/419900"\nofficer = "某丙"\ndocument_number = "合成二号"'),),
        "event 8, revoke: it is refused: A6/419900 may not revoke the exit of ",
    ),
    "another state": (
        (('state = "revoked"', 'state = "exited"'),),
        "event 9, consequences: the exit of NUMBER-1 is revoked, not exited",
    ),
    "something in force": (
        (("in_force = []", 'in_force = ["F1"]'),),
        "event 9, consequences: in force for NUMBER-1 is nothing, not F1",
    ),
    "nothing in force": (
        (('in_force = ["F1"]', "in_force = []"),),
        "event 10, consequences: in force for NUMBER-3 is F1, not nothing",
    ),
    "another standing": (
        (('since = 2017-11-09, document = "合成二号"', "since = 2017-11-09"),),
        "expect.stood.NUMBER-1: the scenario says ",
    ),
}  # fmt: skip
"""Seasons that go otherwise than they say, or say otherwise than they went; and in what."""


def text_of(county: str, words: dict[str, str], *changes: Change) -> str:
    """The file of a county of its own, with the first of every named thing replaced.

    Args:
        words: What stands for SEED and OTHER, and for whom they draw first: DRAWN and SECOND.
    """
    events = _EVENTS.replace('step = "H2"\n', 'id = "hears"\nstep = "H2"\n', 1)
    text = f"{events}{AFTER}{EXPECT}"
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    for word, meant in words.items():
        text = text.replace(word, meant)
    return text.replace("COUNTY", county).replace("NUMBER", f"S{county}")


def season_of(county: str, words: dict[str, str], *changes: Change) -> Season:
    """The same, read."""
    season = parse(text_of(county, words, *changes), "合成.toml")
    assert isinstance(season, Season)
    return season
