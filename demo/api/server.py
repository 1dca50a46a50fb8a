"""The API on a socket, in a thread of this process."""

from __future__ import annotations

import socket
import threading
import time

import uvicorn
from starlette.types import ASGIApp

from demo.errors import AddressError

_START_SECONDS = 15


class ApiServer:
    """Serves an ASGI application from `start` to `stop`; port 0 takes a free one."""

    def __init__(self, app: ASGIApp, host: str = "127.0.0.1", port: int = 0) -> None:
        self._app = app
        self._host = host
        self._port = port
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """`http://host:port`; an address of all interfaces is given as the local one."""
        if self._server is None:
            raise AddressError("The API is not running: start it first.")
        host = "127.0.0.1" if self._host == "0.0.0.0" else self._host
        return f"http://{host}:{self._port}"

    def start(self) -> None:
        """Take the port (AddressError if that fails) and return when requests are answered."""
        listener = self._listen()
        self._port = listener.getsockname()[1]
        config = uvicorn.Config(
            self._app,
            log_level="error",
            access_log=False,
            lifespan="off",
            # A client that waits for the `timeout` fault must not hold up the end.
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([listener],), name="shop-api", daemon=True)
        self._thread.start()
        self._wait_until_up(listener, self._server, self._thread)

    def stop(self) -> None:
        """Stop answering and free the port."""
        if self._server is None or self._thread is None:
            return
        self._server.should_exit = True
        self._thread.join(timeout=_START_SECONDS)
        self._server = self._thread = None

    def _listen(self) -> socket.socket:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((self._host, self._port))
            listener.listen(128)
        except OSError as error:
            listener.close()
            raise AddressError(
                f"The shop cannot listen on {self._host}:{self._port} ({error.strerror}): choose "
                "another port, or 0 for a free one."
            ) from error
        return listener

    def _wait_until_up(self, listener: socket.socket, server: uvicorn.Server, thread: threading.Thread) -> None:
        give_up_at = time.monotonic() + _START_SECONDS
        while not server.started:
            if not thread.is_alive() or time.monotonic() > give_up_at:
                self.stop()
                listener.close()
                raise AddressError(f"The API did not start on {self._host}:{self._port}.")
            time.sleep(0.005)
