"""The logs of runs that died, on an S3 server; Dagster's own reading of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import dagster as dg
import pytest
from dagster._core.storage.compute_log_manager import ComputeIOType
from dagster._core.test_utils import create_run_for_test

from slipway.instance.compute_logs import S3ComputeLogManager
from slipway.lake import LakeSettings
from slipway.lake.store import Store, open_store
from slipway.steward.logs import LogKeeper
from tests.servers import S3Server

KEEP = dt.timedelta(days=30)


@pytest.fixture
def logs(s3_server: Callable[[str], S3Server], request: pytest.FixtureRequest) -> Store:
    name = f"logs-{abs(hash(request.node.name)) % 10**8}"
    s3_server("moto").create_bucket(name)
    return open_store(LakeSettings.parse(f"s3://{name}"))


def keeper(logs: Store, instance: dg.DagsterInstance) -> LogKeeper:
    return LogKeeper(logs, lambda: instance, KEEP)


def test_a_dead_runs_log_becomes_whole_for_the_webserver(logs: Store, tmp_path) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        run = create_run_for_test(
            instance, status=dg.DagsterRunStatus.FAILURE, tags={"dagster/code_location": "ingestion"}
        )
        folder = f"ingestion/storage/{run.run_id}/compute_logs"
        logs.put(f"{folder}/step.err.partial", b"half a log\n")
        reader = S3ComputeLogManager(bucket=logs.uri.removeprefix("s3://"), prefix="", local_dir=str(tmp_path))
        key = [run.run_id, "compute_logs", "step"]
        assert not reader.is_capture_complete(key)

        assert keeper(logs, instance).promote() == 2

        assert reader.is_capture_complete(key)
        assert reader.get_log_data_for_type(key, ComputeIOType.STDERR, 0, None) == (b"half a log\n", 11)
        assert reader.download_url_for_type(key, ComputeIOType.STDERR) == f"/logs/{run.run_id}/compute_logs/step/err"
        assert keeper(logs, instance).promote() == 0, "done again, it changes nothing"


def test_logs_of_runs_under_way_are_left_alone(logs: Store) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        run = create_run_for_test(
            instance, status=dg.DagsterRunStatus.STARTED, tags={"dagster/code_location": "ingestion"}
        )
        logs.put(f"ingestion/storage/{run.run_id}/compute_logs/step.err.partial", b"x")
        assert keeper(logs, instance).promote() == 0


def test_old_logs_go_and_young_ones_stay(logs: Store) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        logs.put("ingestion/storage/a/compute_logs/step.err", b"x")
        now = dt.datetime.now(dt.UTC)
        assert keeper(logs, instance).forget(now + KEEP - dt.timedelta(minutes=1)) == 0
        assert keeper(logs, instance).forget(now + KEEP + dt.timedelta(minutes=1)) == 1
        assert list(logs.list("")) == []
