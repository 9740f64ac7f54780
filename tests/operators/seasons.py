"""A season of one village and three households: the shortest that has all kinds of people in it."""

from operators.rehearsal.scenario_files import parse
from operators.rehearsal.season import Season

TEXT = """
title = "合成县合成乡退出"
about = "one roster"
synthetic = true
year = 2017
registered_on = 2014-06-01

[county]
code = "COUNTY"
name = "合成县"
city = "合成市"
tier = "national"
township = "合成乡"
township_code = "COUNTY100"

[line]
yuan = 3_000
synthetic = ["yuan"]

[[villages]]
key = "one"
code = "COUNTY100201"
name = "合成村"
population = 200
work_team = false
first_secretary = false

[[households]]
village = "one"
group = "一组"
first = "NUMBER-1"
count = 3
size = 2
income = 3_500

[[events]]
at = 2017-10-09
synthetic = true
do = "roster"
case = "first"
village = "one"
officer = "某甲"
households = ["NUMBER-1..NUMBER-3"]
in_favour = 11
[events.meeting]
held_on = 2017-10-09
place = "合成村委会"
chair = "某甲"
recorder = "某乙"
entitled = 30
present = 20
minutes = "逐户评议（合成）"

[[events]]
at = 2017-10-10
synthetic = true
do = "act"
case = "first"
step = "H2"
decision = "approve"
office = "A1/COUNTY100201"
officer = "某甲"

[[events]]
at = 2017-10-11
synthetic = true
do = "consent"
case = "first"
officer = "某甲"
refuse = { NUMBER-2 = "收入不稳定（合成）" }

[[events]]
at = 2017-10-30
synthetic = true
do = "act"
case = "first"
step = "H4"
decision = "approve"
office = "A5/COUNTY"
officer = "某丙"
document_number = "合成一号"

[[events]]
at = 2017-10-31
synthetic = true
do = "ready"
of = "villages"
ready = ["one"]

[expect]
endings = { first = "exited" }
struck_off = { first = { 2017-10-30 = ["NUMBER-1", "NUMBER-3"] } }
breaches = {}
before = { one = { poor = 6, population = 200 }, county = { poor = 6, population = 200 } }
after = { one = { poor = 2, population = 200 }, county = { poor = 2, population = 200 } }
"""


Change = tuple[str, str]

VERIFIES = 'do = "act"\ncase = "first"\nstep = "H2"\ndecision = "approve"\n'
OFFICE = 'office = "A1/COUNTY100201"\nofficer = "某甲"\n'

ALTERED: dict[str, tuple[tuple[Change, ...], str]] = {
    "nothing": ((), ""),
    "another end": (
        (('first = "exited"', 'first = "open"'),),
        "expect.endings.first: the scenario says open, it was exited",
    ),
    "another household": (
        (('["NUMBER-1", "NUMBER-3"]', '["NUMBER-1"]'),),
        "expect.struck_off.first: the scenario says ",
    ),
    "another day": (
        (("2017-10-30 =", "2017-10-31 ="),),
        "expect.struck_off.first: the scenario says ",
    ),
    "another count before": (
        (("poor = 6", "poor = 7"),),
        "expect.before.one: the scenario says 7 of 200, it was 6 of 200",
    ),
    "another count after": (
        (("county = { poor = 2", "county = { poor = 3"),),
        "expect.after.county: the scenario says 3 of 200, it was 2 of 200",
    ),
    "another breach": (
        (("breaches = {}", 'breaches = { first = ["H4 T6"] }'),),
        "expect.breaches.first: the scenario says H4 T6, it was none",
    ),
    "the wrong office": (
        (('"A5/COUNTY"', '"A5/411523"'),),
        "event 4, act H4: it is refused: A5/411523 may not decide H4",
    ),
    "another refusal": (
        (('"A5/COUNTY"', '"A5/411523"\nrefused = "too early"'),),
        "event 4, act H4 (expected to be refused: 'too early'): it is refused: ",
    ),
    "no refusal": (
        (('do = "consent"', 'do = "consent"\nrefused = "no"'),),
        "event 3, consent (expected to be refused: 'no'): it is taken",
    ),
    "no quorum": (
        (("present = 20", "present = 19"),),
        "event 1, roster: it is refused: meeting.present: 19 of 30 are less than the quorum",
    ),
    "nobody is asked": (
        ((VERIFIES + OFFICE, 'do = "wait"\ncase = "first"\n'), ("refuse = {", "# {")),
        "event 3, consent: nobody is asked",
    ),
    "nobody is ready": (
        (('ready = ["one"]', "ready = []"),),
        "event 5, ready: ready are one, not nobody",
    ),
    "nothing is lacking": (
        (('ready = ["one"]', 'ready = ["one"]\nlacking = { one = "survey" }'),),
        "event 5, ready: one lacks nothing, not 'survey'",
    ),
}
"""Seasons that go otherwise than they say, or say otherwise than they went; and in what."""


def text_of(county: str, *changes: Change) -> str:
    """The file of a county of its own, with the first of every named thing replaced."""
    text = TEXT
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return text.replace("COUNTY", county).replace("NUMBER", f"S{county}")


def season_of(county: str, *changes: Change) -> Season:
    """The same, read."""
    season = parse(text_of(county, *changes), "合成.toml")
    assert isinstance(season, Season)
    return season
