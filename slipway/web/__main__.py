"""The command of the services `webserver` and `viewer`."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import click
import dagster as dg
import uvicorn
from dagster._core.workspace.load_target import WorkspaceFileTarget

import slipway.automation  # noqa: F401  # so that conditions of code locations can be read
from slipway.lake import LakeSettings
from slipway.lake.store import open_store
from slipway.web.request_context import SignedInProcessContext
from slipway.web.webserver import Webserver, forget_old_logs

_KEEP_LOGS_SECONDS = 600.0


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--host", default="0.0.0.0", show_default=True)
@click.option("--port", default=3000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--workspace", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=True)
@click.option(
    "--proxy-token",
    envvar="SLIPWAY_PROXY_TOKEN_FILE",
    show_envvar=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    help="File with the token that the proxy shows; requests without are refused.",
)
@click.option("--read-only", is_flag=True, help="Refuse everything that changes something.")
def main(host: str, port: int, workspace: Path, proxy_token: Path, read_only: bool) -> None:
    """Serve Dagster's UI, its GraphQL API, compute logs and published reports."""
    lake = os.environ.get("SLIPWAY_LAKE")
    credentials = os.environ.get("SLIPWAY_REPORTS_CREDENTIALS_FILE")
    environ = {**os.environ, **({"AWS_SHARED_CREDENTIALS_FILE": credentials} if credentials else {})}
    pages = open_store(LakeSettings.parse(lake, environ)) if lake else None
    with dg.DagsterInstance.get() as instance:
        target = WorkspaceFileTarget([str(workspace)])
        with SignedInProcessContext(instance, target, version=dg.__version__, read_only=read_only) as context:
            app = Webserver(context, pages, proxy_token.read_text()).create_asgi_app(lifespan=_lifespan)
            uvicorn.run(app, host=host, port=port, log_level="warning", timeout_graceful_shutdown=5)


@contextlib.asynccontextmanager
async def _lifespan(_app: Any) -> AsyncIterator[None]:
    def tidy() -> None:
        while True:
            time.sleep(_KEEP_LOGS_SECONDS / 10)
            with contextlib.suppress(OSError):
                forget_old_logs(Path("/tmp/compute-logs"), _KEEP_LOGS_SECONDS)

    threading.Thread(target=tidy, name="forget-old-logs", daemon=True).start()
    yield


if __name__ == "__main__":
    main()
