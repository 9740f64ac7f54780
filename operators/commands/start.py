"""Starting: opening the case of a village."""

from pathlib import Path

from operators.commands import inputs
from operators.commands.started import print_opened


def start_village(code: str, /, *, year: int, application: Path) -> None:
    """Open a village's case (V1 调查核实) and print its id.

    Args:
        code: The village's twelve digits.
        year: The year of the exit.
        application: Which village is taken up, by whom and by which document, as TOML or JSON:
            officer and document_number; plan_addition where the village is not in the year's plan.
            Village and year may be left out; evidence may name a file by its path, which is then
            bound by its SHA-256.
    """
    code, year = inputs.village("CODE", code), inputs.year("--year", year)
    read = inputs.village_application(application, code, year)

    print_opened(lambda desk: desk.open(read))
