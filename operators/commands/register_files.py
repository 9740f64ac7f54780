"""Villages and households between the register and the files that offices keep."""

from pathlib import Path

from models.periods import beijing
from operators.commands import inputs
from operators.commands.inputs import InputError
from operators.desk.registry import open_registry, utc_now
from operators.views.terminal import say
from registry.register.loading import VillagesLoaded


def import_(file: Path, /) -> None:
    """Import a list of villages or a roster of households (花名册): all of it, or nothing.

    With faults, all of them are written to a workbook beside the file, FILE-faults.xlsx.

    Args:
        file: An .xlsx, .xls or .csv file; its headers tell which of the two it is.
    """
    with open_registry() as registry:
        loaded = registry.register.import_file(file, beijing(utc_now()).date())
    counts = f"{loaded.new} new, {loaded.changed} changed, {loaded.unchanged} unchanged"
    if isinstance(loaded, VillagesLoaded):
        say(f"villages: {counts}; {loaded.listed} newly on the list of poor villages")
    else:
        say(f"households: {counts}; {loaded.people} people in all")


def export(
    file: Path, /, *, county: str | None = None, village: str | None = None, year: int | None = None
) -> None:
    """Write the households of a county or village to an Excel file that import reads.

    It holds personal data: the file can be read by its owner alone.

    Args:
        file: The .xlsx file; one that is there is replaced.
        county: The six digits of the county.
        village: The twelve digits of the village.
        year: Whose income and conditions are written; otherwise the last known of each household.
    """
    if file.suffix.lower() != ".xlsx":
        raise InputError(f"FILE: {file} is no name of a workbook; end it in .xlsx")
    if (county is None) == (village is None):
        raise InputError("give either --county or --village")
    if county is not None:
        region = inputs.division("--county", county)
    else:
        region = inputs.village("--village", village or "")
    year = inputs.year("--year", year) if year is not None else None
    with open_registry() as registry:
        try:
            exported = registry.register.export(file, region, year)
        except OSError as error:
            raise InputError(f"{file} cannot be written: {error.strerror or error}") from None
    say(f"{file}: {exported.households} households, {exported.people} people")
