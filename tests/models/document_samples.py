"""Synthetic documents of cases (F9), as JSON."""

from typing import Any

PROOF = {"name": "核查报告.pdf", "sha256": "ab" * 32}
RATES = {"incidence": "1.5", "wrongly_exited": "2", "omitted": "0.1", "recognition": "90"}


def document(office: str = "A5/411523", **changes: Any) -> dict[str, Any]:
    """A filing of the county's."""
    return {
        "id": "document-1",
        "kind": "filing",
        "office": office,
        "officer": "某庚",
        "text": "已报备（合成）",
        "evidence": [PROOF],
    } | changes
