"""`exitflow codec`: the codec endpoint by itself, where the Web UI is not `exitflow up`'s."""

import asyncio
import signal

from operators.views.terminal import say
from workers.codec_endpoint import Codec, serving
from workers.settings import Settings


async def stay_open(
    settings: Settings, origins: frozenset[str], port: int, listen: str, namespace: str
) -> None:
    """Serve until SIGINT or SIGTERM.

    Raises:
        KeysError: if the keys cannot be read.
        EndpointError: if the port cannot be had, or others would be served without a password.
    """
    password = settings.codec_password
    codec = Codec(
        settings.keyring(), origins, namespace, password.get_secret_value() if password else None
    )
    stop = asyncio.Event()
    with serving(codec, port, listen) as opened:
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        say(f"codec ready: http://{listen}:{opened}", flush=True)
        await stop.wait()
