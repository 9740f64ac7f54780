"""Wrong usage and input: one sentence, status 2, before anything is looked for or sent.

There is no server and no registry here: a command that looked for one would end with status 3.
"""

import os
from pathlib import Path

import pytest

from tests.operators.conftest import THIS_YEAR, Shell, applies, as_toml

CASE = f"county-exit/411523/{THIS_YEAR}"
ACT = ("act", CASE, "--step", "C2", "--as", "A6/411500", "--officer", "某乙")
RESOLVE = (
    *("resolve", CASE, "o", "--as", "A7/410000", "--officer", "某乙", "--reason", "合成"),
    *("--evidence", __file__),
)
THREE_RATES = ("--incidence", "1", "--wrongly-exited", "1", "--omitted", "1")
APPLICATION = applies("411523")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("bogus",), 'Unknown command "bogus"'),
        (("act",), "--step requires an argument; see `exitflow act --help`"),
        (
            ("start", "county", "411523", "--year", "2101", "--application", "x.toml"),
            "--year: '2101' is no year of an exit; write one from 2014 to 2100",
        ),
        (
            ("start", "village", "411523100001", "--year", "1999", "--application", "x.toml"),
            "--year: '1999' is no year of an exit; write one from 2014 to 2100",
        ),
        (("cases", "--yaer", "2026"), "Unknown option: --yaer"),
        (("cases", "--year", "soon"), "--year: 'soon' is no year of an exit"),
        (("cases", "--region", "信阳"), "--region: '信阳' is no division code"),
        (("cases", "--office", "A6"), "--office: 'A6' is not an office"),
        (("deadlines", "--within", "soon"), "--within: 'soon' is no length of time; write 3d"),
        (("deadlines", "--within", ""), "is no length of time"),
        (("deadlines", "--office", "市组"), "for example A6/411500"),
        (("registry", "show", "415"), "CODE: '415' is no code of a county, village or household"),
        (
            ("registry", "load", "x.csv", "--listed-since", "2012", "--plan-source", "x"),
            "--listed-since: '2012' is no date",
        ),
        (("plan", "add", "x", "--year", "2026", "--source", "x"), "CODE: 'x' is no code of a"),
        (ACT, "give one decision: --approve, --return STEP"),
        ((*ACT, "--approve", "--reject"), "give one decision"),
        ((*ACT, "--return", "C1"), "reason: 'return' needs a reason"),
        ((*ACT, "--return", "C9", "--reason", "合成"), "--return: 'C9' is no step; write C1"),
        ((*ACT, "--reject"), "reason: 'reject' needs a reason"),
        ((*ACT, "--approve", "--override", "S3.income"), "an override needs a reason"),
        ((*ACT, "--approve", "--task", "x"), "--rectify OFFICE --task TEXT"),
        ((*ACT, "--rectify", "A5/411523", "--reason", "合成"), "--rectify OFFICE --task TEXT"),
        ((*ACT, "--approve", "--at", "2018-01-05"), "--at: '2018-01-05' is no moment with an"),
        ((*ACT, "--approve", "--at", "yesterday"), "write it as 2018-01-05T10:00+08:00"),
        (
            (*ACT, "--approve", "--id", "同意"),
            "id: write 1 to 100 signs: letters from a to z, digits, and behind the first one",
        ),
        ((*ACT, "--approve", "--incidence", "1"), "give all four rates"),
        (
            (*ACT, "--approve", *THREE_RATES, "--recognition", "101"),
            "recognition: Input should be less than or equal to 100",
        ),
        ((*ACT, "--approve", "--incidence", "1", "--rates", "x.toml"), "not both"),
        ((*ACT, "--approve", "--rates", "x.toml"), "x.toml cannot be read: No such file"),
        ((*ACT, "--approve", "--evidence", "x.pdf"), "evidence: x.pdf cannot be read: No such"),
        ((*ACT, "--approve", "--evidence", "."), "evidence: . cannot be read: Is a directory"),
        (("object", CASE, "--text", " "), "text: String should have at least 1 character"),
        (
            RESOLVE,
            "give one finding: --upheld or --dismissed",
        ),
        (
            (*RESOLVE, "--dismissed", "--return", "C1"),
            "return_to: a dismissed objection sends nothing back",
        ),
        (("up", "--port", "70000"), "--port: '70000' is no port"),
        (("up", "--port", "7000", "--ui-port", "7000"), "--ui-port: 7000 is the server's own port"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
async def test_wrong_usage(
    lonely: Shell, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    assert said in (await lonely(*words)).fails(2)
    assert os.listdir(tmp_path) == []


def changed(before: str, after: str) -> str:
    text = as_toml(APPLICATION)
    assert before in text
    return text.replace(before, after)


@pytest.mark.clause("S5", "C1")
@pytest.mark.parametrize(
    ("text", "said"),
    [
        (as_toml(APPLICATION, extra="colour = 1"), "colour: Extra inputs are not permitted"),
        (changed("poor = 4600", "poor = -1"), "figures.poor: Input should be greater than or"),
        (changed("poor = 4600", "poor = 4600.5"), "figures.poor: Input should be a valid integer"),
        (changed("poor = 4600", "poor = 2000000"), "cannot be more than the population"),
        (changed("population = 1000000", "population = 0"), "figures.population: Input should be"),
        (changed("= 10.2", "= 2000"), "figures.income_growth_percent: Input should be less"),
        (changed("= 10.2", "= nan"), "figures.income_growth_percent: Input should be a finite"),
        (changed('"national"', '"local"'), "tier: Input should be 'national' or 'provincial'"),
        (changed("[figures]", "[figure]"), "figures: Field required; figure: Extra inputs"),
        (changed(f"{THIS_YEAR}", f"{THIS_YEAR - 1}"), f"year is {THIS_YEAR - 1}, the command says"),
        (changed('"411523"', '"411524"'), "county is '411524', the command says '411523'"),
        (changed('"某甲"', '""'), "officer: String should have at least 1 character"),
        ("tier = ", "is not valid TOML"),
        (
            as_toml(APPLICATION, extra='evidence = [{ path = "no.pdf" }]'),
            "evidence.1: no.pdf cannot be read: No such file",
        ),
        (
            as_toml(APPLICATION, extra="evidence = [{ path = 1 }]"),
            "evidence.1.path: write the path",
        ),
        (
            as_toml(
                APPLICATION, extra=f'evidence = [{{ path = "a.toml", sha256 = "{"0" * 64}" }}]'
            ),
            "evidence.1.sha256: a.toml has another hash",
        ),
        (as_toml(APPLICATION, extra='evidence = [{ name = "a" }]'), "evidence.0.sha256: Field"),
    ],
)
async def test_an_application_that_cannot_be_right(
    lonely: Shell, tmp_path: Path, text: str, said: str
) -> None:
    (tmp_path / "a.toml").write_text(text, encoding="utf-8")
    words = ("start", "county", "411523", "--year", THIS_YEAR, "--application", "a.toml")
    sentence = (await lonely(*words)).fails(2)
    assert sentence.startswith("a.toml")
    assert said in sentence
    assert os.listdir(tmp_path) == ["a.toml"]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.json", b"{", "a.json is not valid JSON"),
        ("a.json", b"[]", "a.json: write one object with named fields"),
        ("a.json", b"[" * 100_000, "a.json is not valid JSON: it is nested too deeply"),
        ("a.toml", b"a = " + b"[" * 5000, "a.toml is not valid TOML: it is nested too deeply"),
        ("a.toml", "县 = 1".encode("gbk"), "a.toml is not in UTF-8; save it as UTF-8"),
        ("b.toml", b"", "a.toml cannot be read: No such file or directory"),
    ],
)
async def test_a_file_that_is_none(
    lonely: Shell, tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    (tmp_path / name).write_bytes(content)
    file = "a.json" if name == "a.json" else "a.toml"
    words = ("start", "county", "411523", "--year", THIS_YEAR, "--application", file)
    assert said in (await lonely(*words)).fails(2)


@pytest.mark.clause("T1")
async def test_settings_and_policies_that_cannot_be_right(
    lonely: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = Path(__file__).parents[2] / "policies" / "henan-2016.toml"
    short = shipped.read_text(encoding="utf-8").replace("days = 7\ncount", "days = 6\ncount")
    (tmp_path / "short.toml").write_text(short, encoding="utf-8")
    when = ("when", "T1", "--from", "2018-01-05")
    below = (await lonely(*when, "--policy", "short.toml")).fails(2)
    assert (
        "short.toml: publicity.days: 6 is less than the documents ask for, 7 (T1 不少于七天)"
        in below
    )
    unknown = (await lonely(*when, "--policy", "hebei-2016")).fails(2)
    assert "policy 'hebei-2016'" in unknown

    (tmp_path / "exitflow.toml").write_text("polcy = 'henan-2016'", encoding="utf-8")
    assert "polcy" in (await lonely(*when)).fails(2)
    for broken in (b"x = [", "home = '县'".encode("gbk")):
        (tmp_path / "exitflow.toml").write_bytes(broken)
        sentence = (await lonely(*when)).fails(2)
        assert sentence.startswith("settings: exitflow.toml is not valid TOML in UTF-8: ")
    (tmp_path / "exitflow.toml").write_text("workdays = 'none.toml'", encoding="utf-8")
    assert "none.toml: the override file cannot be read" in (await lonely(*when)).fails(2)
    monkeypatch.setenv("EXITFLOW_CONFIG", "no.toml")
    assert "EXITFLOW_CONFIG: no.toml is not a file" in (await lonely(*when)).fails(2)
