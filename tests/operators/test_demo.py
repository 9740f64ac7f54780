"""The demo as a process: it shows what it should, ends as it should, and leaves nothing behind."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from operators.rehearsal.scenario import shipped

DEMO = (sys.executable, "-m", "operators.demo")
ROSTER = '''
title = "合成村退出名单"
about = "a roster of one household that waits for the county"
synthetic = true

[[do]]
on = 2017-10-09
run = "registry line {2017} --yuan 3000 --source 合成"

[[do]]
on = 2017-10-09
run = "registry import villages.csv"
files."villages.csv" = """
行政村代码,行政村,乡镇代码,乡镇,县代码,农村户籍人口,统计日期,驻村工作队,第一书记,贫困村,列入日期
411523100201,合成村,411523100,合成乡,411523,1200,{2017-01-01},否,否,是,2014-01-01
"""

[[do]]
on = 2017-10-09
run = "registry import households.csv"
files."households.csv" = """
行政村代码,户编号,户主姓名,户主证件号码,村民小组,家庭人口,识别时间,年度,工资性收入,生产经营性收入,财产性收入,转移性收入,生产经营性支出,增收渠道和收入来源,收入来源稳定,稳定增收依据,吃穿不愁,适龄儿童接受义务教育,无因贫辍学学生,参加新农合,大病有救助,住房条件明显改善,住房安全
411523100201,HC-01,张某甲,11010519491231002X,一组,3,2014-06-01,{2017},18000,0,0,1200,0,务工,是,在县内企业务工，合同两年以上,是,是,是,是,是,是,是
"""

[[do]]
on = 2017-10-09
run = "plan add HC-01 --year {2017} --source 合成"

[[do]]
on = 2017-10-09T15:00:00
run = """
start households 411523100201 --year {2017}
  --roster roster.csv --meeting meeting.toml --officer 某甲
"""
files."roster.csv" = "户编号,赞成票数\\nHC-01,22\\n"
files."meeting.toml" = """
held_on = {2017-10-09}
place = '合成村委会'
chair = '某甲'
recorder = '某乙'
entitled = 30
present = 24
minutes = '逐户评议（合成）'
"""

[[do]]
on = 2017-10-10
run = """
act household-exit/411523100201/{2017}/1
  --step H2 --as A1/411523100201 --officer 某甲 --approve
"""

[[do]]
on = 2017-10-11
run = """
consent household-exit/411523100201/{2017}/1 HC-01 --agreed --signed-by 张某甲 --officer 某甲
"""

[[do]]
on = 2017-10-12
run = "case household-exit/411523100201/{2017}/1"
until = "H4"
'''


def demo_of(*scenarios: str, once: bool = False) -> tuple[str, ...]:
    """The demo with scenarios of one's own, which is quicker."""
    code = (
        "import sys, operators.demo as demo\n"
        f"demo.PARTS = {{'1 Counties': {scenarios!r}}}\n"
        "sys.exit(demo.main(sys.argv[1:]))"
    )
    return (sys.executable, "-c", code, *(["--once"] if once else []))


def processes_of(folder: Path) -> list[str]:
    """Command lines of the processes that have something in a folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(folder) in words:
            found.append(words)
    return found


@pytest.fixture
def env(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The demo's world; whatever it does, nothing of it may be left in the end."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    yield os.environ | {"TMPDIR": str(temporary), "COLUMNS": "110"}
    assert processes_of(temporary) == []
    assert list(temporary.iterdir()) == []


@pytest.fixture
def roster(tmp_path: Path) -> str:
    """A scenario of a roster that is left open."""
    file = tmp_path / "roster.toml"
    file.write_text(ROSTER, encoding="utf-8")
    return str(file)


@pytest.mark.timeout(900)
def test_once_shows_counties_and_a_township_leaving_and_a_time_after_exit(
    env: dict[str, str],
) -> None:
    done = subprocess.run(
        [*DEMO, "--once"], env=env, capture_output=True, text=True, timeout=800, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    counties, rest = done.stdout.split("2 A township 一个乡镇")
    township, rest = rest.split("3 After exit 退出之后")
    after_exit, after = rest.split("Registry after 演练后")
    assert "53 counties listed 在册 (38 国定 national, 15 省定 provincial), 0 exited" in counties
    # Three of them, and both counties that are made up.
    assert "50 counties listed 在册" in after
    assert "5 exited 已退出" in after
    for line in ("410225  兰考县", "411121  舞阳县", "411523  新县"):
        assert line in after
    assert counties.count("\nas the scenario says") == 4
    assert "/namespaces/default/workflows?query=ExitOverdue%3Dtrue" in counties
    assert "T3 C2 市级初审逾期" in counties
    assert "8 cases, 7 ended, 1 open 在办\nas the scenario says\n" in township
    assert "2 of 3 poor villages could leave in" in township
    # What was played before and stays open is not moved by what is played after it.
    assert "232 entries; 11 cases, 11 ended, 0 open 在办\nas the scenario says\n" in after_exit
    assert "no approval (C7) until a later supervision finds it" in " ".join(after_exit.split())
    assert "supervision/419831/" not in township


@pytest.mark.parametrize(
    "shown",
    [
        "everything of it lies in",  # the server is about to start
        "C3 同意",
    ],
)
def test_ctrl_c_stops_it_cleanly_at_any_time(env: dict[str, str], shown: str) -> None:
    with run_until(DEMO, env, shown):
        pass


@pytest.mark.timeout(400)
def test_the_last_screen_names_a_roster_to_act_on(env: dict[str, str], roster: str) -> None:
    with run_until(demo_of("shenqiu-2017", roster), env, "Ctrl-C ends the demo") as screen:
        (act,) = [line for line in screen if " act household-exit/" in line and "某乙" in line]
        (export,) = [line for line in screen if line.startswith("export TEMPORAL_ADDRESS=")]
        assert "--step H4 --as A5/411523 --officer 某乙 --approve" in act
        (shows,) = [line for line in screen if line.rstrip().endswith("--households")]
        script = f"{export}{act}{shows}"
        acted = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            env=env,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        assert acted.returncode == 0, acted.stderr
        assert acted.stdout.count("已销号 struck_off") == 1


@contextmanager
def run_until(command: tuple[str, ...], env: dict[str, str], shown: str) -> Iterator[list[str]]:
    """The demo up to a line, with all that it said; then Ctrl-C, which must end it cleanly."""
    env = env | {"PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as demo:
        assert demo.stdout is not None
        try:
            said = []
            for line in demo.stdout:
                said.append(line)
                if shown in line:
                    break
            else:
                raise AssertionError(f"the demo never said {shown!r}")
            yield said
            demo.send_signal(signal.SIGINT)
            rest = demo.stdout.read()
            assert demo.wait(40) == 0
        finally:
            demo.kill()
        assert rest.endswith("stopped; nothing is left behind\n")


@pytest.mark.timeout(400)
def test_a_scenario_that_ends_otherwise_makes_the_demo_fail(
    env: dict[str, str], tmp_path: Path
) -> None:
    text = shipped()["shenqiu-2017"].read_text(encoding="utf-8")
    file = tmp_path / "wrong.toml"
    file.write_text(text.replace("round = 1", "round = 2"), encoding="utf-8")
    done = subprocess.run(
        demo_of(str(file), once=True),
        env=env,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 1
    assert "round: the scenario says 2, it was 1" in done.stdout
