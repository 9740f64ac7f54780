"""How a supervision looks on paper: its sample, and its rates."""

from rich.console import Console
from rich.text import Text

from models.county.inspections import LABELS
from models.supervision.sampling import Sample
from operators.views.printing import heading, paragraph, table
from operators.views.supervision import RateView, SupervisionView

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
