"""Running: the whole installation in one go, a worker alone, a rehearsal."""

from operators.commands import inputs
from operators.commands.options import Json
from workers.connection import run


def up(*, port: int = 7233, ui_port: int = 8233) -> None:
    """Run the installation on this machine until Ctrl-C.

    Args:
        port: Port of the Temporal server, on 127.0.0.1; 7233 where none is named, 0 for a free one.
        ui_port: Port of the Web UI, on 127.0.0.1; 8233 where none is named, 0 for a free one.
    """
    from operators.up import stay_up
    from workers.settings import load_settings

    inputs.ports(port, ui_port)
    run(stay_up(load_settings(), port, ui_port))


def worker() -> None:
    """Run a worker until it is told to stop."""
    from workers.serve import serve
    from workers.settings import load_settings

    run(serve(load_settings()))


def codec(
    *, origin: list[str], port: int = 8081, listen: str = "127.0.0.1", namespace: str = "default"
) -> None:
    """Open for Temporal's Web UI what is sealed, until it is told to stop.

    Args:
        origin: Where the Web UI's pages come from, for example http://localhost:8080.
        port: Where it listens; 8081 if no port is named, 0 for a free one.
        listen: Address it listens on; any but this machine's own wants EXITFLOW_CODEC_PASSWORD.
        namespace: The Temporal namespace it serves.
    """
    from operators.commands.codec import stay_open
    from workers.settings import load_settings

    inputs.ports(port, 0)
    run(stay_open(load_settings(), frozenset(origin), port, listen, namespace))


def rehearse(scenario: str, /, *, json: Json = False) -> int:
    """Play a scenario on a server of its own whose clock runs ahead, and print its course.

    A county's exit, or the year of a whole township: rosters, villages, then their county.

    Args:
        scenario: Name of a shipped scenario, or a .toml file.
    """
    from operators.rehearsal.player import rehearse as play

    return run(play(scenario, json=json))
