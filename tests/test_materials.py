"""The bill of materials: what an installation runs, as it is locked, under accepted licences."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from docs.materials import Material, locked, materials

ROOT = Path(__file__).parent.parent
ACCEPTED = {
    *("MIT", "MIT-0", "MIT-CMU", "MIT License", "0BSD", "Zlib", "CC0-1.0"),
    *("BSD-2-Clause", "BSD-3-Clause", "BSD License", "3-Clause BSD License"),
    *("Apache-2.0", "Apache Software License", "PSF-2.0", "Python Software Foundation License"),
}
"""Licences that ask for a notice and no more."""

ACCEPTED_AS_IT_IS = {
    # Used as a library, unchanged, and replaceable.
    "psycopg": "LGPL-3.0-only",
    "psycopg-binary": "LGPL-3.0-only",
    "certifi": "Mozilla Public License 2.0 (MPL 2.0)",
    # A font, which pictures show.
    "pylopdf-fonts-zh-cn": "SIL Open Font License 1.1 (OFL-1.1)",
}


def accepted(found: Material) -> bool:
    """Whether a package may be part of the project: one of what it offers, all of what it asks."""
    if ACCEPTED_AS_IT_IS.get(found.name) == found.licence:
        return True
    choices = [choice.split(" AND ") for choice in found.licence.split(" OR ")]
    return any(all(each in ACCEPTED for each in choice) for choice in choices)


def test_each_package_has_a_licence_that_is_accepted() -> None:
    assert [each for each in materials() if not accepted(each)] == []
    assert ACCEPTED_AS_IT_IS.keys() <= {each.name for each in materials()}


@pytest.mark.parametrize("licence", ["", "GPL-3.0-only", "MIT AND GPL-3.0-only", "LGPL-3.0-only"])
def test_another_licence_is_not(licence: str) -> None:
    assert not accepted(Material("other", "1.0", licence, ()))
    assert accepted(Material("other", "1.0", "GPL-3.0-only OR MIT", ()))


def test_the_bill_is_what_is_locked_without_tools_of_development() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "docs.materials"], cwd=ROOT, capture_output=True, check=True
    )
    bill: dict[str, Any] = json.loads(done.stdout)
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    lock = locked((ROOT / "requirements.lock").read_text(encoding="utf-8"))
    for each in bill["components"]:
        version, digests = lock[each["name"]]
        assert each["version"] == version, each["name"]
        assert [told["value"] for told in each["properties"]] == list(digests)
        assert digests
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    there = {each["name"] for each in bill["components"]}
    needed = {re.split(r"[\[><=~ ;]", each)[0] for each in project["project"]["dependencies"]}
    assert needed <= there
    assert not there & {"pytest", "mypy", "ruff", "hypothesis", "playwright", "uv"}
    refs = [each["bom-ref"] for each in (*bill["components"], bill["metadata"]["component"])]
    assert len(refs) == len(set(refs))
    assert {each["ref"] for each in bill["dependencies"]} == set(refs)
    assert all(set(each["dependsOn"]) <= set(refs) for each in bill["dependencies"])
