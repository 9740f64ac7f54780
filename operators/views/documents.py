"""How the documents of a case (F9) look on paper."""

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from models.case.documents import DOCUMENT_KINDS
from models.case.messages import Rates
from operators.views.printing import at, heading, paragraph
from registry.cases.documents import DocumentRecord


def print_documents(out: Console, records: Sequence[DocumentRecord]) -> None:
    """Filings, entries and evaluations, each with its evidence and its hash."""
    for record in records:
        document = record.document
        kind = f"{document.kind.value} {DOCUMENT_KINDS[document.kind]}"
        line = Text(f"{at(record.at)}  ", style="dim")
        line.append(kind, style="bold")
        line.append(f"  {document.office} {document.officer}")
        line.append(f"  {document.document_number or ''}")
        out.print(line)
        out.print(paragraph(document.text, out.width, 2))
        if document.rates is not None:
            out.print(paragraph(_rates(document.rates), out.width, 2))
        for each in document.evidence:
            out.print(paragraph(f"{each.name}  sha256 {each.sha256}", out.width, 2, "dim"))
        out.print(
            paragraph(f"{record.case_id}, entry {record.seq}, {record.hash[:12]}", out.width, 2)
        )
    out.print(heading(f"{len(records)} document{'' if len(records) == 1 else 's'}"))


def _rates(rates: Rates) -> str:
    return (
        f"综合贫困发生率 {rates.incidence} %，错退率 {rates.wrongly_exited} %，"
        f"漏评率 {rates.omitted} %，群众认可度 {rates.recognition} %"
    )
