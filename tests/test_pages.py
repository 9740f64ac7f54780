"""What the pages for developers name is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = ("CONTRIBUTING.md", "docs/architecture.md", "docs/scale.md")


@pytest.mark.parametrize("page", PAGES)
def test_a_file_that_a_page_names_exists(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    folders = "|".join(each.name for each in ROOT.iterdir() if each.is_dir())
    named = set(re.findall(rf"`((?:{folders})/[\w./*-]*)`", text)) - {"policies/NAME.toml"}
    assert named
    assert [each for each in sorted(named) if not [*ROOT.glob(each.rstrip("/"))]] == []


def test_a_target_that_a_page_names_exists() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(re.findall(r"`make ([a-z-]+)", text)) <= set(targets)
