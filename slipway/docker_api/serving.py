"""The process around the proxy: log, signals, exit code."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys

from slipway.docker_api.server import Proxy
from slipway.docker_api.settings import Settings


def run(settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT; the exit code is 1 if the address cannot be had."""
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", datefmt="%Y-%m-%dT%H:%M:%S%z"
    )
    try:
        asyncio.run(_serve(settings))
    except OSError as error:
        host, port = settings.listen
        print(f"SLIPWAY_DOCKER_API_LISTEN: {host}:{port} cannot be listened on: {error.strerror}.", file=sys.stderr)
        return 1
    return 0


async def _serve(settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await Proxy(settings).serve(stop)
