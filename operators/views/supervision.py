"""How far a supervision is and what it counts, read from its file; and how that looks."""

from collections.abc import Sequence

from pydantic import TypeAdapter
from rich.console import Console
from rich.text import Text

from models.base import Record
from models.case.ledger import Entry, EntryKind
from models.case.messages import Finding, Resolution
from models.county.inspections import LABELS
from models.ratios import ExactRates, Ratio
from models.standards import RateFinding
from models.supervision.messages import Findings, Plea
from models.supervision.rules import drawn_codes
from models.supervision.sampling import Sample
from operators.views.printing import heading, paragraph, table

_FINDINGS = TypeAdapter(tuple[RateFinding, ...])


class RateView(Record):
    """One rate: exactly, and how it stands against its threshold.

    Attributes:
        id: The criterion, ``S4.wrong``.
        computed: False where there was nothing to count it from.
    """

    id: str
    part: int
    whole: int
    met: bool
    computed: bool
    zh: str
    en: str


class SupervisionView(Record):
    """A supervision at a glance.

    Attributes:
        checked: Drawn items with a finding that counts.
        aside: Drawn items whose finding an upheld plea has set aside; a new one is awaited.
        stage: ``drawn``, ``preliminary`` (before the hearing has ended) or ``final``.
    """

    case_id: str
    stage: str
    sample: Sample | None
    drawn: int
    checked: int
    aside: tuple[str, ...]
    pleas: int
    rates: tuple[RateView, ...]
    document: str | None = None


def view_of(case_id: str, entries: Sequence[Entry]) -> SupervisionView:
    """Read a file from its beginning."""
    sample: Sample | None = None
    checked: set[str] = set()
    rates: tuple[RateView, ...] = ()
    stage, document = "begun", None
    pleas: dict[str, str] = {}
    aside: set[str] = set()
    for entry in entries:
        match entry.kind:
            case EntryKind.SAMPLE:
                sample = Sample.model_validate(entry.data["sample"])
                stage = "drawn"
            case EntryKind.CHECKS:
                findings = Findings.model_validate(entry.data["checks"])
                found = {each.household for each in findings.households}
                found |= {each.village for each in findings.villages}
                checked, aside = checked | found, aside - found
            case EntryKind.OBJECTION:
                plea = Plea.model_validate(entry.data["objection"])
                pleas[plea.id] = plea.about
            case EntryKind.RESOLUTION:
                result_of = Resolution.model_validate(entry.data["resolution"])
                if result_of.finding is Finding.UPHELD:
                    checked -= {pleas[result_of.objection_id]}
                    aside |= {pleas[result_of.objection_id]}
            case EntryKind.RATES:
                rates, stage = _rates(entry.data["rates"], entry), "preliminary"
            case EntryKind.SUPERVISION:
                result = entry.data["supervision"]
                assert isinstance(result, dict)
                rates, stage = _rates(result["rates"], entry), "final"
                document = str(result.get("document"))
            case _:
                pass
    return SupervisionView(
        case_id=case_id,
        stage=stage,
        sample=sample,
        drawn=len(drawn_codes(sample)) if sample else 0,
        checked=len(checked),
        aside=tuple(sorted(aside)),
        pleas=len(pleas),
        rates=rates,
        document=document,
    )


def _rates(said: object, entry: Entry) -> tuple[RateView, ...]:
    rates = ExactRates.model_validate(said)
    pairs: tuple[Ratio, ...] = (
        rates.incidence,
        rates.wrongly_exited,
        rates.omitted,
        rates.recognition,
    )
    findings = _FINDINGS.validate_python(entry.data["findings"])
    return tuple(
        RateView(part=pair.part, whole=pair.whole, **finding.model_dump())
        for pair, finding in zip(pairs, findings, strict=True)
    )


_STAGES = {
    "begun": "no sample is drawn (yet)",
    "drawn": "checks under way (J2 核查)",
    "preliminary": "preliminary 初步结果, before the result is decided (J4)",
    "final": "final 督导结果",
}


def print_sample(out: Console, case_id: str, sample: Sample) -> None:
    """How it was drawn, and who was."""
    out.print(f"{case_id}, as of {sample.as_of}", style="bold")
    out.print(f"seed {sample.seed}, rule {sample.rule}, frame SHA-256 {sample.sha256}")
    out.print(paragraph(sample.rule_zh, out.width, 2))
    kinds = (
        ("households", [each.code for each in sample.households], sample.households_in_frame),
        ("villages", [each.code for each in sample.villages], sample.villages_in_frame),
    )
    for kind, codes, count in kinds:
        out.print(heading(f"{len(codes)} of {count} exited {kind}"))
        if codes:
            out.print(paragraph(" ".join(codes), out.width, 2))


def print_view(out: Console, view: SupervisionView) -> None:
    """The rates, each as a fraction and with its verdict."""
    document = f", {view.document}" if view.document else ""
    out.print(f"{view.case_id}: {_STAGES[view.stage]}{document}", style="bold")
    pleas = f", {view.pleas} plea{'' if view.pleas == 1 else 's'}" if view.pleas else ""
    out.print(f"{view.checked} of {view.drawn} drawn items checked{pleas}")
    if view.aside:
        named = " ".join(view.aside)
        said = f"set aside by an upheld plea, to be found on again before the result: {named}"
        out.print(paragraph(said, out.width), style="yellow")
    if not view.rates:
        return
    lines = table("Rate", "", "Exactly", "", "Verdict", wrap=["Verdict"])
    for rate in view.rates:
        lines.add_row(rate.id, LABELS[rate.id], f"{rate.part}/{rate.whole}", _word(rate), rate.zh)
    out.print()
    out.print(lines)


def _word(rate: RateView) -> Text:
    if not rate.computed:
        return Text("not computable 无法计算", "yellow")
    return Text("met 达标", "green") if rate.met else Text("not met 未达标", "bold red")
