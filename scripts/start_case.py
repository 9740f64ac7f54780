"""Open a county's case and print its id.

    python scripts/start_case.py APPLICATION.toml

The file holds the fields of `models.county.messages.CountyApplication`: county, year, tier,
figures, officer, document_number. Server and registry are those of the settings, as for `exitflow`.
"""

import argparse
from pathlib import Path

from models.county.messages import CountyApplication
from operators.commands.inputs import read_as, table
from operators.commands.start import print_opened
from operators.verdicts import explained

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Open a county's case and print its id.")
    parser.add_argument("application", type=Path, help="the application, a TOML file")
    file: Path = parser.parse_args().application
    with explained():
        application = read_as(CountyApplication, table(file), file)
        print_opened(lambda desk: desk.open(application))
