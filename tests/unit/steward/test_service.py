"""Tasks side by side: one that fails or hangs stops no other, and is noticed by the health check."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from slipway.steward import Service, Task
from slipway.steward.heartbeat import Heartbeat, overdue
from slipway.steward.service import Trouble, one_line
from tests.servers import wait_until


def test_one_task_fails_another_hangs_and_the_third_goes_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    stop, hang, rounds = threading.Event(), threading.Event(), threading.Semaphore(0)

    def fail() -> None:
        raise RuntimeError("no database\nmore of that")

    tasks = [Task("bad", 0.01, fail), Task("stuck", 0.01, hang.wait), Task("good", 0.01, rounds.release)]
    with caplog.at_level(logging.INFO):
        service = threading.Thread(target=Service(tasks, tmp_path / "beat").run, args=(stop,))
        service.start()
        for _ in range(20):
            assert rounds.acquire(timeout=10)
        hang.set()
        stop.set()
        service.join(10)
    assert not service.is_alive()
    assert [record.message for record in caplog.records] == ["bad: RuntimeError: no database"], "one line, said once"


def test_trouble_is_said_again_when_it_changes_and_when_it_is_over(caplog: pytest.LogCaptureFixture) -> None:
    trouble = Trouble("watcher")
    with caplog.at_level(logging.INFO):
        for error in (ValueError("A is away."), ValueError("A is away."), ValueError("B is away.")):
            trouble.met(error)
        trouble.over()
        trouble.over()
    assert [record.message for record in caplog.records] == [
        "watcher: A is away.",
        "watcher: B is away.",
        "watcher: works again.",
    ]


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("All is wrong.\nmore"), "All is wrong."),
        (KeyError("x"), "KeyError: 'x'"),
        (ValueError(), "ValueError"),
    ],
)
def test_one_line(error: Exception, line: str) -> None:
    assert one_line(error) == line


def test_a_task_that_has_not_come_round_for_long_is_overdue(tmp_path: Path) -> None:
    file = tmp_path / "beat"
    heartbeat = Heartbeat(file, {"watcher": 1.5, "reaper": 60.0})
    now = time.monotonic()
    assert overdue(file, now + 30) == []
    (late,) = overdue(file, now + 40)
    assert late.startswith("The task watcher ended its last round 40 s ago: expected one every 1.5 s.")
    assert len(overdue(file, now + 215)) == 2
    heartbeat.beat("watcher")
    assert overdue(file) == []


@pytest.mark.parametrize("content", [None, "not json"])
def test_no_heartbeat_at_all(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "beat"
    if content is not None:
        file.write_text(content)
    (told,) = overdue(file)
    assert str(file) in told


def steward(*arguments: str, **environ: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "slipway.steward", *arguments],
        env=os.environ | environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_the_process_goes_on_without_engine_and_database_and_ends_at_once(tmp_path: Path) -> None:
    environ = {
        "SLIPWAY_STACK": "nowhere",
        "SLIPWAY_HEARTBEAT_FILE": str(tmp_path / "beat"),
        "SLIPWAY_WATCH_SECONDS": "0.1",
        "DOCKER_HOST": f"unix://{tmp_path}/no.sock",
        "DAGSTER_HOME": str(tmp_path / "no-home"),
    }
    with steward(**environ) as process:
        try:
            wait_until(lambda: (tmp_path / "beat").stat(), (OSError,), 60)
            with steward("check", **environ) as check:
                told = check.communicate(timeout=60)[0]
                assert check.returncode == 0, told
            time.sleep(0.5)
            assert process.poll() is None
        finally:
            began = time.monotonic()
            process.send_signal(signal.SIGTERM)
            output = process.communicate(timeout=30)[0]
    assert process.returncode == 0
    assert time.monotonic() - began < 10
    assert "The steward of nowhere: watcher, reaper." in output.splitlines()[0]
    (line,) = [line for line in output.splitlines() if "watcher: " in line]
    assert "does not answer" in line


def test_check_says_what_is_wrong(tmp_path: Path) -> None:
    with steward("check", SLIPWAY_HEARTBEAT_FILE=str(tmp_path / "beat")) as check:
        assert "has not started" in check.communicate(timeout=60)[0]
    assert check.returncode == 1


def test_a_wrong_setting_is_one_sentence(tmp_path: Path) -> None:
    with steward(SLIPWAY_STACK="shop", SLIPWAY_KEEP_CONTAINERS="all") as process:
        output = process.communicate(timeout=60)[0]
    assert process.returncode == 2
    assert output == "SLIPWAY_KEEP_CONTAINERS is 'all': expected a whole number, such as 20; 0 keeps none.\n"


def test_a_heartbeat_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    with steward(SLIPWAY_STACK="shop", SLIPWAY_HEARTBEAT_FILE=str(tmp_path / "no" / "beat")) as process:
        output = process.communicate(timeout=60)[0]
    assert process.returncode == 2
    assert output.splitlines()[-1].startswith("SLIPWAY_HEARTBEAT_FILE: expected a file that can be written; found ")


def test_a_full_disk_stops_no_task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError("No space left on device")

    stop, rounds = threading.Event(), threading.Semaphore(0)
    service = Service([Task("good", 0.01, rounds.release)], tmp_path / "beat")
    monkeypatch.setattr(Heartbeat, "beat", full)
    thread = threading.Thread(target=service.run, args=(stop,))
    thread.start()
    for _ in range(5):
        assert rounds.acquire(timeout=10)
    stop.set()
    thread.join(10)
    assert not thread.is_alive()


def test_check_and_help_do_without_dagster() -> None:
    code = "import sys, slipway.steward.__main__; sys.exit('dagster' in sys.modules or 'docker' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0
