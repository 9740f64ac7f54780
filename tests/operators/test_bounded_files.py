"""Files that people name: without end, too large, damaging; and what an option says of people."""

import io
import os
import sys
from pathlib import Path

import pytest

from operators.cli import execute
from operators.commands.options import said
from registry.files.disk import MOST_TEXT, read_text

DEVICE = "cannot be read: it is a device or a pipe; save the content to a file"


@pytest.fixture(params=["zero", "pipe"])
def endless(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A file that has no end, or that nobody writes to."""
    path = tmp_path / "endless"
    if request.param == "zero":
        path.symlink_to("/dev/zero")
    else:
        os.mkfifo(path)
    return path


def named(endless: Path, suffix: str) -> str:
    path = endless.with_suffix(suffix)
    path.symlink_to(endless)
    return str(path)


@pytest.mark.parametrize(
    ("words", "suffix"),
    [
        (("start", "county", "411523", "--year", "2026", "--application"), ".toml"),
        (("start", "county", "411523", "--year", "2026", "--application"), ".json"),
        (("registry", "import"), ".csv"),
        (("registry", "import"), ".xlsx"),
        (("registry", "import"), ".xls"),
        (("plan", "load"), ".csv"),
        (
            ("registry", "load", "--listed-since", "2012-03-19", "--plan-source", "某"),
            ".csv",
        ),
        (("when", "T1", "--from", "2026-01-05", "--policy"), ".toml"),
        (("object", "county-exit/411523/2026", "--text", "某", "--evidence"), ".pdf"),
        (("object", "county-exit/411523/2026", "--text"), "@"),
        (
            ("act", "--step", "C2", "--as", "A6/411500", "--officer", "某", "--approve", "--cases"),
            ".txt",
        ),
    ],
)
def test_a_file_without_end_is_not_read(
    words: tuple[str, ...],
    suffix: str,
    endless: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("EXITFLOW_HOME", str(endless.parent / "home"))
    execute(("setup", "registry"))
    capsys.readouterr()
    given = f"@{endless}" if suffix == "@" else named(endless, suffix)
    place = 2 if words[1] == "load" and len(words) > 2 else len(words)
    status = execute((*words[:place], given, *words[place:]))
    out, err = capsys.readouterr()
    assert (status, out) == (2, ""), err
    assert "it is a device or a pipe" in err
    assert err.count("\n") == 1


def test_settings_without_end(endless: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXITFLOW_WORKDAYS", named(endless, ".toml"))
    assert execute(("when", "T1", "--from", "2026-01-05")) == 2


def test_settings_that_are_nested_too_deeply(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "exitflow.toml"
    file.write_text("a." * 40_000 + "b = 1", "utf-8")
    monkeypatch.setenv("EXITFLOW_CONFIG", str(file))
    assert execute(("when", "T1", "--from", "2026-01-05")) == 2
    assert "it has a key of more than 20 parts" in capsys.readouterr().err
    monkeypatch.delenv("EXITFLOW_CONFIG")
    monkeypatch.setenv("EXITFLOW_CHANNELS", "[" * 20_000)
    assert execute(("when", "T1", "--from", "2026-01-05")) == 2
    assert "exitflow: settings: " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a." * 50_000 + "b = 1", "is not valid TOML: it has a key of more than 20 parts"),
        ("year = " + "1" * 100_000, "is not valid TOML: it has a number of too many digits"),
        ("a = " + "[" * 50_000, "is not valid TOML: it is nested too deeply"),
        ("#" * (MOST_TEXT + 1), "cannot be read: it has more than 1 MB, which is the most that"),
    ],
    ids=["key", "digits", "nest", "size"],
)
def test_a_file_that_would_end_its_reader(
    content: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.toml"
    path.write_text(content, "utf-8")
    words = ("start", "county", "411523", "--year", "2026", "--application", str(path))
    assert execute(words) == 2
    assert capsys.readouterr().err.startswith(f"exitflow: {path} {said}")
    assert execute(("when", "T1", "--from", "2026-01-05", "--policy", str(path))) == 2
    assert execute(("rehearse", str(path))) == 2


def test_what_is_typed_too_long_is_cut(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(("cases", "--year", "1" * 100_000)) == 2
    assert len(capsys.readouterr().err) < 700


# -- @FILE and @- ------------------------------------------------------------------------------


@pytest.mark.clause("G8")
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_name_comes_from_a_file(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "objector.txt"
    path.write_text("㛃某丁\n", encoding)
    assert said(f"@{path}") == "㛃某丁"
    assert said("某丁") == "某丁"
    assert said("@@handle") == "@handle"


@pytest.mark.clause("G8")
def test_a_name_comes_from_the_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    given = io.TextIOWrapper(io.BytesIO("某丁\n".encode()))
    monkeypatch.setattr(sys, "stdin", given)
    assert said("@-") == "某丁"
    with pytest.raises(ValueError, match="the standard input says nothing; it can be"):
        said("@-")


def test_a_file_that_says_nothing_of_people(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ValueError, match=r"nowhere cannot be read: No such .*; write @@"):
        said("@nowhere")
    (tmp_path / "large").write_bytes(b"x" * 70_000)
    with pytest.raises(ValueError, match="it has more than 65536 bytes"):
        said(f"@{tmp_path / 'large'}")
    (tmp_path / "strange").write_bytes(b"\xff\xff")
    with pytest.raises(ValueError, match="is neither in UTF-8 nor in GB18030"):
        said(f"@{tmp_path / 'strange'}")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"x" * 70_000)))
    with pytest.raises(ValueError, match="the standard input has more than 65536 bytes"):
        said("@-")


def test_a_dash_reaches_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
    assert execute(("object", "county-exit/411523/2026", "--text", "某", "--name", "@-")) == 2
    assert "--name: the standard input says nothing" in capsys.readouterr().err
    assert execute(("object", "county-exit/411523/2026", "--text", "@-")) == 2
    assert "--text: the standard input says nothing" in capsys.readouterr().err


def test_a_text_is_read_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("\ufeff一\r\n二".encode())
    assert read_text(path) == "一\n二"
