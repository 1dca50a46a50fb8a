"""The steward as the process that it is in the stack, on Postgres, which goes away and comes back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg2
import pytest

from tests.integration.runs.containers import Deployment, deployment, need_image
from tests.servers import free_port, wait_until

pytestmark = [pytest.mark.docker, pytest.mark.slow]

POSTGRES = "postgres:17-trixie"
PASSWORD = "only-for-tests"


def run_docker(*arguments: str) -> None:
    subprocess.run(["docker", *arguments], check=True, capture_output=True, timeout=60)


@contextmanager
def postgres(port: int) -> Iterator[str]:
    """The name of a container with a database; its port stays the same when it is started again."""
    need_image(POSTGRES)
    name = f"slipway-test-{uuid.uuid4().hex[:12]}"
    publish = f"127.0.0.1:{port}:5432"
    run_docker(
        "run", "--detach", "--name", name, "--publish", publish, "--env", f"POSTGRES_PASSWORD={PASSWORD}", POSTGRES
    )
    try:
        yield name
    finally:
        run_docker("rm", "--force", "--volumes", name)


def wait_for_postgres(port: int) -> None:
    def connect() -> None:
        connection = psycopg2.connect(
            host="127.0.0.1", port=port, user="postgres", password=PASSWORD, dbname="postgres", connect_timeout=2
        )
        connection.close()

    wait_until(connect, (psycopg2.OperationalError,), 60)


@contextmanager
def steward(deployed: Deployment, home: Path, output: Path) -> Iterator[subprocess.Popen[bytes]]:
    environ = {"SLIPWAY_STACK": deployed.stack, "SLIPWAY_HEARTBEAT_FILE": str(home / "beat"), "DAGSTER_HOME": str(home)}
    with output.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "slipway.steward"], env=os.environ | environ, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        wait_until(lambda: (home / "beat").stat(), (OSError,), 60)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0


def test_a_death_while_the_database_is_away_is_told_when_it_is_back(tmp_path: Path) -> None:
    port = free_port()
    with postgres(port) as database:
        wait_for_postgres(port)
        url = f"postgresql://postgres:{PASSWORD}@127.0.0.1:{port}/postgres"
        with deployment(tmp_path, storage={"postgres": {"postgres_url": url}}) as deployed:
            output = tmp_path / "steward.log"
            with steward(deployed, tmp_path, output) as process:
                run = deployed.launch(["sh", "-c", "sleep 6; exit 5"])
                container = deployed.wait_for(run, "running")
                run_docker("stop", "--time", "2", database)
                deployed.client.api.wait(container.id, timeout=60)
                wait_until(lambda: output.read_text().index("watcher: "), (ValueError,), 30)
                assert process.poll() is None
                run_docker("start", database)
                wait_for_postgres(port)
                deployed.wait_until_finished(run, 20)
            assert deployed.failures(run) == [
                "The run's process ended early, with exit code 5. See the end of its log."
            ]
            lines = output.read_text().splitlines()
            assert any("watcher: works again." in line for line in lines)
            assert len(lines) < 15, "a line a change, not a line a look"
