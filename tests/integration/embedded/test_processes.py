"""Runs and code servers of a platform on one machine: what becomes of one that ends early or does not load."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from slipway.embedded.home import Home

_LOCATION = """
import os, signal
import dagster as dg

@dg.asset
def good(): ...

@dg.asset
def killed():
    os.kill(os.getpid(), signal.SIGKILL)

@dg.asset
def leaves():
    os._exit(7)

defs = dg.Definitions([good, killed, leaves], executor=dg.in_process_executor)
"""

# A module of its own: what the fork server starts imports the main module again.
_PROGRAM = """
import json, sys, time
from pathlib import Path
import dagster as dg
from slipway.embedded.processes import Processes
from slipway.embedded.runs import Stretch, runner
from slipway.embedded.servers import LocationBroken

def main():
    outcome = {}
    try:
        with runner(sys.argv[2:], Processes(Path(sys.argv[1]))) as run:
            for name in ("good", "killed", "leaves"):
                run_id = run.start(Stretch(sys.argv[2], (dg.AssetKey(name),)))
                while not run.finished(run_id):
                    run.pause()
                outcome[name] = (run.instance.get_run_by_id(run_id).status.value, run.failure(run_id))
    except LocationBroken as error:
        outcome["broken"] = str(error)
    print(json.dumps(outcome))

if __name__ == "__main__":
    main()
"""


def outcome(folder: Path, **locations: str) -> dict[str, list[str | None]]:
    """Run the program over locations of one module each."""
    for name, code in locations.items():
        (folder / name).mkdir()
        (folder / name / "definitions.py").write_text(code)
    (folder / "program.py").write_text(_PROGRAM)
    variables = Home(folder / "platform").make({}, list(locations))
    done = subprocess.run(
        [sys.executable, "program.py", str(folder / "logs"), *locations],
        cwd=folder,
        env={**os.environ, **variables, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, list[str | None]] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_a_run_whose_process_ends_early_has_failed_and_says_how(tmp_path: Path) -> None:
    assert outcome(tmp_path, shop_location=_LOCATION) == {
        "good": ["SUCCESS", None],
        "killed": ["FAILURE", "The process of the run ended early, killed by SIGKILL (is memory short?)."],
        "leaves": ["FAILURE", "The process of the run ended early, with exit code 7."],
    }


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("raise RuntimeError('SLIPWAY_X is not set')", "RuntimeError: SLIPWAY_X is not set"),
        ("import nothing_of_this_name", "No module named 'nothing_of_this_name'"),
    ],
)
def test_a_location_that_does_not_load_says_why(tmp_path: Path, code: str, says: str) -> None:
    found = outcome(tmp_path, shop_location=_LOCATION, broken_location=code)
    assert "Code location broken_location does not load" in str(found["broken"])
    assert says in str(found["broken"])
