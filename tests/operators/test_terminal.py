"""What reaches a terminal, a file or another program: every character, and none that steers it."""

import ast
import io
import json
import logging
import os
import pty
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.text import Text

import operators
from models.base import Record
from models.case.documents import CaseDocument
from models.case.ledger import EntryKind, Ledger
from models.case.status import CaseStatus, StepState, StepStatus, markdown
from operators.cli import execute
from operators.views import printing
from operators.views.case import print_case, print_ledger
from operators.views.printing import as_json, heading, paragraph, print_json, table
from operators.views.terminal import say, settle, show
from registry.files.disk import read_text, write_text

EXITFLOW = Path(sys.executable).parent / "exitflow"
FORGED = "\x1b[2K\x1b[1A   9  2026-01-01 10:00  C7/1  act\n   9  批准退出\x9b31m\u202e\u2028\x07"
RAW = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2028\u2029\ufeff]")
RARE = "㛃𬀩县"


class Anything(Record):
    """A record whose text nobody has checked, as one of an older file."""

    text: str


def printed(capsys: pytest.CaptureFixture[str]) -> str:
    out, err = capsys.readouterr()
    return out + err


def test_nothing_is_printed_but_through_the_one_place() -> None:
    folder = Path(operators.__file__).parent
    for path in [*folder.rglob("*.py"), *(folder.parent / "scripts").glob("*.py")]:
        if path.stem in ("terminal", "printing", "draw_sample"):  # the last needs Python alone
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id != "print", path
            if isinstance(node, ast.Attribute):
                assert ast.unparse(node) not in ("sys.stdout.write", "traceback.print_exception")
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Console":
                raise AssertionError(path)


def test_what_people_wrote_cannot_steer_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    out = printing.console()
    lines = table("Case", FORGED)
    lines.add_row(FORGED, Text(FORGED, "red"))
    say(FORGED, f"entry 1\n{FORGED}")
    show(FORGED)
    out.print(lines)
    out.print(FORGED)
    out.print(Text(FORGED, "bold"))
    out.print(heading("x"), paragraph(FORGED, 60, 6))
    as_json(Anything(text=FORGED))
    print_json([json.dumps({"text": FORGED}, ensure_ascii=False)])
    said = printed(capsys)
    assert RAW.search(said) is None
    assert "\\x1b[2K" in said
    assert "\\u202e" in said


def test_styles_stay_where_they_were() -> None:
    text = Text.assemble(("一\x1b", "red"), ("二", "bold"))
    shown = printing.harmless(text)
    assert shown.plain == "一\\x1b二"
    assert [(shown.plain[each.start : each.end], each.style) for each in shown.spans] == [
        ("一\\x1b", "red"),
        ("二", "bold"),
    ]


def test_on_a_terminal_only_our_own_styles_are_sequences(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    out = printing._Terminal(file=written, force_terminal=True, color_system="standard", width=60)
    out.print(Text(FORGED, "bold red"))
    assert re.sub(r"\x1b\[[0-9;]*m", "", written.getvalue()).count("\x1b") == 0
    assert "\x1b[1;31m" in written.getvalue()


@pytest.mark.clause("G7")
def test_no_entry_of_a_file_looks_like_another(capsys: pytest.CaptureFixture[str]) -> None:
    """A forged line of approval above "the chain is whole"."""
    ledger = Ledger("county-exit/411523/2026")
    at = datetime(2026, 1, 1, tzinfo=UTC)
    ledger.record(EntryKind.REFUSED, at, text=f"不予接收：{FORGED}", actor="某\x1b[8m甲")
    print_ledger(printing.console(), ledger.entries)
    said = printed(capsys)
    assert RAW.search(said) is None
    first, *rest = said.rstrip("\n").split("\n")
    assert first.startswith("   1  ")
    assert all(line.startswith(" " * 6) for line in rest)


def status(name: str) -> CaseStatus:
    step = StepStatus(id="C1", title=name, office=name, state=StepState.CURRENT, note=name)
    return CaseStatus(
        case_id="county-exit/411523/2026",
        subject=name,
        year=2026,
        step="C1",
        round=1,
        waiting_for=None,
        waiting_text=name,
        steps=(step,),
        limits=(),
        overdue=False,
        open_objections=(name,),
        open_count=1,
        entries=1,
        head="0" * 64,
        outcome=None,
    )


def test_a_case_that_is_shown_steers_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    print_case(printing.console(), status(FORGED), datetime(2026, 1, 1, tzinfo=UTC))
    as_json(status(FORGED))
    assert RAW.search(printed(capsys)) is None


@pytest.mark.parametrize(
    "name",
    [
        "<img src=http://example.invalid/x onerror=alert(1)>",
        "![x](http://example.invalid/x.png)",
        "[x](javascript:alert(1))",
        "**甲** | 乙 |\n# 丙\n<script>alert(1)</script>",
        "<!-- ` \\` <b>",
        FORGED,
    ],
)
def test_the_web_ui_shows_a_name_as_it_is(name: str) -> None:
    """As any reader of Markdown makes it: with HTML let through, as the Web UI may."""
    from markdown_it import MarkdownIt

    text = markdown(status(name))
    assert RAW.search(text) is None
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
    tags = set(re.findall(r"<(/?[a-z0-9!-]+)", html))
    assert {tag.strip("/") for tag in tags} <= {
        *("p", "strong", "table", "thead", "tbody", "tr", "th", "td"),
    }
    assert html.count("<strong>") == 2
    assert html.count("<tr>") == 2


@pytest.mark.parametrize(
    "words",
    [
        ("when", f"T1{FORGED}"),
        ("when", "T1", "--from", FORGED),
        ("case", FORGED, "--documents", "--ledger"),
        ("act", FORGED, "--step", FORGED, "--as", FORGED, "--officer", FORGED),
        ("start", "county", "411523", "--year", "2026", "--application", f"/nowhere/{FORGED}"),
        ("registry", "export", FORGED, "--county", "411523"),
        ("cases", "--region", FORGED),
        ("file", FORGED, "--kind", FORGED),
        ("rehearse", FORGED),
        (f"x{FORGED}",),
        ("when", f"--{FORGED}"),
    ],
)
def test_a_refusal_that_repeats_what_was_typed_steers_nothing(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert execute(words) in (1, 2, 3)
    out, err = capsys.readouterr()
    assert out == ""
    assert RAW.search(err) is None
    first, *rest = err.rstrip("\n").split("\n")
    assert first.startswith("exitflow: ")
    assert all(line.startswith("  ") for line in rest)


def test_a_name_of_a_file_is_no_line_of_ours(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a\nexitflow: 9 entries: the chain is whole\x1b[8m.toml"
    path.write_text("x", "utf-8")
    words = ("start", "county", "411523", "--year", "2026", "--application", str(path))
    assert execute(words) == 2
    err = capsys.readouterr().err
    assert RAW.search(err) is None
    assert "\nexitflow: 9 entries" not in err


def test_evidence_is_called_by_a_name_that_deceives_nobody() -> None:
    with pytest.raises(ValueError, match=r"evidence.0.name: U\+001B|U\+001B"):
        CaseDocument.model_validate(
            {
                "id": "d-1",
                "kind": "filing",
                "office": "A5/411523",
                "officer": "某",
                "text": "某",
                "evidence": [{"name": "a\x1b[2K.pdf", "sha256": "0" * 64}],
            }
        )


def test_what_is_logged_steers_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert logging.lastResort is not None
    before = logging.lastResort.formatter
    try:
        settle()
        record = logging.LogRecord("x", logging.ERROR, "", 0, "said %s", (FORGED,), None)
        assert RAW.search(logging.lastResort.format(record)) is None
    finally:
        logging.lastResort.setFormatter(before)


# -- encodings --------------------------------------------------------------------------------


def environment(home: Path, **more: str) -> dict[str, str]:
    return {**os.environ, "EXITFLOW_HOME": str(home), **more}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry with a county that has a rare name."""
    folder = tmp_path_factory.mktemp("rare")
    header = "code,name,city,tier,directly_administered,exit_year,approved_on,townships,villages"
    counties = folder / "counties.csv"
    counties.write_text(
        f"{header}\n411523,{RARE},信阳市,national,false,2026,2026-01-01,1,1\n", "utf-8"
    )
    for words in (
        ("setup", "registry"),
        ("registry", "load", counties, "--listed-since", "2012-03-19", "--plan-source", "某"),
    ):
        subprocess.run(
            [EXITFLOW, *words], env=environment(folder), cwd=folder, check=True, capture_output=True
        )
    return folder


@pytest.mark.parametrize(
    "setting",
    [
        {"PYTHONIOENCODING": "gbk"},
        {"PYTHONIOENCODING": "gbk:strict"},
        {"PYTHONIOENCODING": "latin-1:strict"},
        {"PYTHONIOENCODING": "ascii"},
        {"LANG": "zh_CN.GBK", "LC_ALL": "zh_CN.GBK"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    ],
)
def test_what_goes_to_a_file_or_a_program_is_in_utf_8(home: Path, setting: dict[str, str]) -> None:
    for words in (("registry", "show", "411523"), ("registry", "show", "411523", "--json")):
        done = subprocess.run(
            [EXITFLOW, *words],
            env=environment(home, **setting),
            cwd=home,
            capture_output=True,
            check=True,
        )
        assert RARE in done.stdout.decode("utf-8")
        assert done.stderr == b""


def on_a_terminal(home: Path, encoding: str, *words: str) -> bytes:
    """What a terminal of an encoding gets."""
    ours, theirs = pty.openpty()
    try:
        with subprocess.Popen(
            [EXITFLOW, *words],
            env=environment(home, PYTHONIOENCODING=encoding, TERM="dumb", COLUMNS="120"),
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=theirs,
            stderr=subprocess.PIPE,
        ) as process:
            os.close(theirs)
            theirs = -1
            got = b""
            while True:
                try:
                    piece = os.read(ours, 65536)
                except OSError:  # the other end is closed
                    break
                if not piece:
                    break
                got += piece
        assert process.returncode == 0
        return got
    finally:
        os.close(ours)
        if theirs >= 0:
            os.close(theirs)


@pytest.mark.parametrize("encoding", ["gbk", "latin-1", "ascii"])
def test_a_terminal_shows_what_it_lacks_as_escapes(home: Path, encoding: str) -> None:
    got = on_a_terminal(home, encoding, "registry", "show", "411523").decode(encoding)
    assert "\\u36c3\\U0002c029" in got
    assert "?" not in got


def test_json_is_json_on_every_terminal(home: Path) -> None:
    got = on_a_terminal(home, "gbk", "registry", "show", "411523", "--json")
    assert got.isascii()
    assert RARE in json.dumps(json.loads(got), ensure_ascii=False)
    assert RARE in on_a_terminal(home, "gb18030", "registry", "show", "411523").decode("gb18030")


# -- full disks -------------------------------------------------------------------------------


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_a_full_disk_is_one_sentence(home: Path, more: tuple[str, ...]) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [EXITFLOW, "when", "T1", "--from", "2018-01-05", *more],
            env=environment(home),
            cwd=home,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr == "exitflow: the output cannot be written: No space left on device\n"


@pytest.mark.parametrize("room", [0, 100, 2000])
def test_no_half_workbook_is_left_where_the_disk_is_full(tmp_path: Path, room: int) -> None:
    """A limit on the size of files stands for a disk that fills up."""
    path = tmp_path / "册.xlsx"
    path.write_bytes(b"before")
    code = f"""
import resource, pathlib
from registry.files.workbook_writing import write_workbook
resource.setrlimit(resource.RLIMIT_FSIZE, ({room}, {room}))
try:
    rows = ((f"户{{number}}", number) for number in range(5000))
    write_workbook(pathlib.Path({str(path)!r}), "册", (("甲", 9), ("乙", 9)), rows)
except OSError as error:
    print(error.strerror or error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "File too large" in done.stdout
    assert done.stderr == ""
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_text_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text("before", "utf-8")
    code = f"""
import resource, pathlib
from registry.files.disk import write_text
resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))
try:
    write_text(pathlib.Path({str(path)!r}), "x" * 100)
except OSError as error:
    print(error.strerror)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "File too large\n"
    assert path.read_text("utf-8") == "before"
    assert list(tmp_path.iterdir()) == [path]
    write_text(path, "㛃")
    assert read_text(path) == "㛃"
