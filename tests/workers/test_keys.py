"""The installation's keys: made once, added to, refused in one sentence where they are wrong."""

import os
import stat
import subprocess
import sys
from base64 import b64encode
from pathlib import Path

import pytest

from operators.cli import execute
from workers.keys import Key, Keyring, Keys, KeysError
from workers.settings import load_settings

MAKING = """
import sys
from pathlib import Path
from workers.keys import Keys
sys.stdin.read()
keys = getattr(Keys, sys.argv[2])(Path(sys.argv[1]))
print(keys.newest.id)
"""


def at_once(maker: str, file: Path, number: int = 6) -> list[str]:
    """What several processes made that began in the same moment."""
    command = (sys.executable, "-c", MAKING, str(file), maker)
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(number)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.close()
        process.stdin = None
    made = [process.communicate(timeout=60)[0].strip() for process in processes]
    assert all(process.returncode == 0 for process in processes)
    return made


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "home" / "keys"


def test_the_first_start_makes_a_file_that_only_its_owner_reads(file: Path) -> None:
    keys = Keys.made(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert len(keys.all) == 1
    assert Keys.made(file) == Keys.load(file) == keys
    assert [path.name for path in file.parent.iterdir()] == ["keys"]


def test_makers_of_the_same_moment_make_one_key(file: Path) -> None:
    assert set(at_once("made", file)) == {Keys.load(file).newest.id}


def test_keys_that_are_added_in_the_same_moment_all_stay(file: Path) -> None:
    first = Keys.made(file).newest.id
    added = at_once("another", file)
    ids = [key.id for key in Keys.load(file).all]
    assert ids[0] == first
    assert sorted(ids[1:]) == sorted(added)


def test_the_newest_seals_and_the_oldest_gives_what_is_derived(file: Path) -> None:
    before = Keys.made(file)
    after = Keys.another(file)
    assert after.all[0] == before.newest
    assert after.newest != before.newest
    assert after.find(before.newest.id) == before.newest
    assert after.derive("admission") == before.derive("admission")
    assert len(after.derive("admission")) == 32
    assert after.derive("admission") != after.derive("another purpose")


def test_what_is_derived_is_neither_the_secret_nor_what_seals() -> None:
    key = Key.of(bytes(32))
    derived = Keys((key,)).derive("admission")
    assert derived != key.secret
    sealed = key.sealing.encrypt(bytes(12), b"x", None)
    # Worked value (RFC 5869, HKDF-SHA256 over 32 zero bytes): tags in registries depend on it.
    assert derived.hex() == "4841ac63a3ab36257d452fa172f211a34430c1d0ea0ca599e83525d1696808f2"
    assert key.id == "9a645def175267c3"
    assert sealed.hex() == "065f4336bd5fcb7c1c0a13a5aadec2f158"


def test_a_program_that_runs_on_finds_a_key_that_is_added_meanwhile(file: Path) -> None:
    Keys.made(file)
    ring = Keyring(file)
    added = Keys.another(file).newest
    assert ring.keys.find(added.id) is None
    assert ring.find(added.id) == added
    assert ring.keys.newest == added
    assert ring.find("0" * 16) is None


def test_an_added_key_is_whole_or_not_there(file: Path) -> None:
    Keys.made(file)
    file.with_name("keys.new").write_text("left by one that was killed")
    assert len(Keys.another(file).all) == 2


def test_no_secret_stands_in_a_traceback(file: Path) -> None:
    keys = Keys.made(file)
    assert b64encode(keys.newest.secret).decode() not in repr(keys)
    assert repr(keys.newest.secret) not in repr(keys)


def line(secret: bytes, id: str | None = None) -> str:
    return f"{id or Key.of(secret).id} {b64encode(secret).decode()}\n"


GOOD = line(b"a" * 32)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing but a comment\n",
        GOOD + GOOD,
        line(b"short"),
        line(b"b" * 32, "0" * 16),
        GOOD[:-10],
        GOOD.replace(" ", ""),
        "密钥\n",
    ],
)
def test_a_damaged_file_is_said_so(file: Path, text: str) -> None:
    file.parent.mkdir()
    file.write_text(text, encoding="utf-8")
    file.chmod(0o600)
    with pytest.raises(KeysError, match=r"^the keys at .*/keys are damaged: put them back"):
        Keys.load(file)


@pytest.mark.parametrize("mode", [0o604, 0o620, 0o602, 0o666])
def test_a_file_that_others_reach_is_refused(file: Path, mode: int) -> None:
    Keys.made(file)
    file.chmod(mode)
    with pytest.raises(KeysError, match=r"open to other users: run chmod 600"):
        Keys.load(file)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_file_of_another_user_is_refused(file: Path) -> None:
    Keys.made(file)
    os.chown(file, 10001, -1)
    with pytest.raises(KeysError, match=r"belong to another user \(number 10001\)"):
        Keys.load(file)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has files of root's")
def test_a_secret_of_root_may_be_read_by_its_group_alone(file: Path) -> None:
    Keys.made(file)
    file.chmod(0o440)
    assert Keys.load(file)
    file.chmod(0o444)
    with pytest.raises(KeysError, match="open to other users"):
        Keys.load(file)


def test_a_folder_in_its_place_is_said_so(file: Path) -> None:
    file.mkdir(parents=True)
    with pytest.raises(KeysError, match="cannot be read: Is a directory"):
        Keys.load(file)


def test_a_folder_that_cannot_be_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file")
    with pytest.raises(KeysError, match="cannot hold the keys"):
        Keys.made(tmp_path / "home" / "keys")


def test_missing_keys_are_said_with_how_to_have_them(file: Path) -> None:
    with pytest.raises(KeysError, match=r"there are no keys at .*: `exitflow up` and"):
        Keys.load(file)


def test_the_command_makes_them_once_and_adds_where_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EXITFLOW_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("EXITFLOW_KEYS", str(tmp_path / "apart" / "keys"))
    file = load_settings().keys_file
    assert execute(["setup", "key"]) == 0
    assert execute(["setup", "key"]) == 0
    assert len(Keys.load(file).all) == 1
    assert execute(["setup", "key", "--another"]) == 0
    keys = Keys.load(file)
    assert len(keys.all) == 2
    out = capsys.readouterr().out
    assert out.splitlines()[-1] == f"{file}: 2 of them, {keys.newest.id} seals; keep a copy apart"
    assert not any(b64encode(key.secret).decode() in out for key in keys.all)
    file.chmod(0o644)
    assert execute(["setup", "key"]) == 2
    (said,) = capsys.readouterr().err.splitlines()
    assert said == f"exitflow: the keys at {file} are open to other users: run chmod 600 {file}"


def test_by_itself_the_file_lies_in_the_home_folder(tmp_path: Path) -> None:
    assert load_settings(home=tmp_path).keys_file == tmp_path / "keys"
