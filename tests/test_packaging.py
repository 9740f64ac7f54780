"""The built wheel holds what the checkout holds. An editable install would hide a missing file."""

import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
PACKAGES = ("models", "registry", "activities", "workflows", "workers", "operators")
SHIPPED = (*PACKAGES, "policies", "data")


def run(*command: str, cwd: Path, **env: str) -> str:
    done = subprocess.run(command, cwd=cwd, env=env or None, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def sources() -> list[str]:
    """What git has or would take: no cache, no local data."""
    listed = run("git", "ls-files", "-z", "-co", "--exclude-standard", cwd=ROOT)
    return [name for name in listed.split("\0") if (ROOT / name).is_file()]


@pytest.fixture(scope="module")
def unpacked(sources: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = tmp_path_factory.mktemp("copy")
    for name in sources:
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, copy / name)
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", cwd=copy)
    (wheel,) = (copy / "dist").glob("*.whl")
    target = tmp_path_factory.mktemp("unpacked")
    with ZipFile(wheel) as archive:
        archive.extractall(target)
    return target


def run_installed(unpacked: Path, code: str, *arguments: str) -> str:
    """Run code with the unpacked wheel, the dependencies, and no way to the checkout.

    -S leaves out the .pth file of the editable install, which would lead there.
    """
    path = f"{unpacked}:{sysconfig.get_path('purelib')}"
    command = (sys.executable, "-S", "-P", "-c", code, *arguments)
    return run(*command, cwd=unpacked.parent, PYTHONPATH=path)


def test_the_changelog_begins_with_this_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    newest = re.search(r"^## (\S+) ", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert newest is not None
    assert newest[1] == project["version"]
    assert f"image: exitflow:{newest[1]}\n" in (ROOT / "docker-compose.yml").read_text("utf-8")


def test_the_wheel_holds_every_shipped_file_and_no_other(
    unpacked: Path, sources: list[str]
) -> None:
    packed = {str(path.relative_to(unpacked)) for path in unpacked.rglob("*") if path.is_file()}
    assert {name for name in packed if ".dist-info/" not in name} == {
        name for name in sources if name.split("/")[0] in SHIPPED
    }


def test_the_wheel_holds_the_policy_the_data_and_the_migrations(unpacked: Path) -> None:
    where = run_installed(unpacked, "import models; print(models.__file__)")
    top = Path(where.strip()).parent.parent
    assert top == unpacked
    assert (top / "policies" / "henan-2016.toml").is_file()
    assert list((top / "data").glob("*.csv"))
    assert (top / "registry" / "migrations" / "env.py").is_file()
    assert list((top / "registry" / "migrations" / "versions").glob("*.py"))


def test_every_module_of_the_wheel_imports(unpacked: Path) -> None:
    # Migrations run inside alembic's context, and a __main__ runs when imported.
    code = """
import importlib, pathlib, sys
top = pathlib.Path(sys.path[0])
for package in sys.argv[1:]:
    for file in sorted((top / package).rglob("*.py")):
        parts = file.relative_to(top).with_suffix("").parts
        if "migrations" in parts or parts[-1] == "__main__":
            continue
        name = ".".join(parts).removesuffix(".__init__")
        assert pathlib.Path(importlib.import_module(name).__file__) == file, name
        print(name)
"""
    imported = run_installed(unpacked, code, *PACKAGES).split()
    assert set(PACKAGES) <= set(imported)


def test_the_console_script_resolves(unpacked: Path) -> None:
    code = """
import importlib.metadata
(script,) = importlib.metadata.distribution("exitflow").entry_points.select(name="exitflow")
main = script.load()
print(script.value, callable(main), main.__globals__["__file__"])
"""
    value, is_callable, file = run_installed(unpacked, code).split()
    assert (value, is_callable) == ("operators.cli:main", "True")
    assert Path(file) == unpacked / "operators" / "cli.py"


LOCK = (ROOT / "requirements.lock").read_text()
LOCKED = re.compile(r"([a-z0-9._-]+)==(\S+) .*--hash=sha256:[0-9a-f]{64}$")


def test_every_locked_package_has_a_hash_and_none_names_a_place() -> None:
    for line in LOCK.replace("\\\n", "").splitlines():
        assert LOCKED.match(line), line
    assert not re.search(r"://|@|file:|^-|\s/", LOCK, re.MULTILINE)


def test_the_lock_answers_every_requirement_of_the_project() -> None:
    locked = dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", LOCK, re.MULTILINE))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    asked = project["project"]["dependencies"] + project["dependency-groups"]["dev"]
    for requirement in map(Requirement, asked):
        assert locked[requirement.name] in requirement.specifier, f"{requirement}: run make lock"
