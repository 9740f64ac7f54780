"""The worker as a module: ``python -m workers``; ``exitflow worker`` explains its errors too."""

from workers.connection import run
from workers.serve import serve
from workers.settings import load_settings

if __name__ == "__main__":
    run(serve(load_settings()))
