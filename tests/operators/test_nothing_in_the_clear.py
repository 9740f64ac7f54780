"""After a whole township nobody's name, contact or income stands in the clear beside the register.

Planted values are looked for in all that the Temporal server keeps, in what it is asked (histories,
lists), in the logs of worker and server, and among the words of their processes.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from operators.rehearsal.scenario import SHIPPED
from workers.seal import SEALED

pytestmark = pytest.mark.clause("G8")

OBJECTOR = "司马相逢"
INCOME = 46_317
REFUSED = "钟离无名13912345678"
PLANTED = {
    OBJECTOR,
    REFUSED,
    "13912345678",
    str(INCOME),
    *(str(INCOME * size * 100) for size in range(1, 8)),
}
OWN = {"registry.db", "registry.db-wal", "notifications.jsonl"}
"""The register itself, and the channel by which people are told: for their owner's eyes alone."""


@pytest.mark.timeout(900)
@pytest.mark.skipif(sys.platform != "linux", reason="processes are looked at in /proc")
def test_planted_people_stand_nowhere_in_the_clear(tmp_path: Path) -> None:
    home, scenario = tmp_path / "home", tmp_path / "scenario.toml"
    home.mkdir(mode=0o700)
    shipped = (SHIPPED / "township-2017.toml").read_text("utf-8")
    assert ",18400," in shipped  # of four, so much a head in a year: 4 600 yuan
    planted = shipped.replace("某己", OBJECTOR).replace(",18400,", f",{INCOME * 4},")
    scenario.write_text(planted, "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "tests.operators.planted", str(home), str(scenario)],
        input=REFUSED,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parent.parent.parent,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    # It went as it should: to the end, with an outage in the log and a message that was refused.
    assert "faults ()\n" in done.stdout
    assert "refused\n" in done.stdout
    assert "failures 3\n" in done.stdout
    assert done.stderr.count("INSERT INTO nowhere") >= 3
    assert done.stdout.count("process ") == 2
    assert done.stdout.count("listed ") >= 8

    for handed_in in (home / "files").iterdir():
        handed_in.unlink()
    written = {path.name: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    assert {"temporal.db", "temporal.log"} <= set(written)
    histories = [content for name, content in written.items() if name.startswith("history-")]
    assert len(histories) == done.stdout.count("listed ")
    assert all(content.count(SEALED) > 20 for content in histories)
    memos = [content for name, content in written.items() if name.startswith("memo-")]
    assert len(memos) == len(histories)
    assert not any(memos)  # no case has one
    # The search finds what is there.
    assert OBJECTOR.encode() in written["registry.db"]
    assert OBJECTOR in written["notifications.jsonl"].decode()

    places = {"stdout": done.stdout.encode(), "stderr": done.stderr.encode(), **written}
    found = {
        (name, value)
        for name, content in places.items()
        for value in PLANTED
        if name not in OWN
        and (value.encode() in content or value.encode("unicode_escape") in content)
    }
    assert not found
    for name in OWN & set(written):
        (path,) = home.rglob(name)
        assert not path.stat().st_mode & 0o077, name
