"""`make test`: every check and test that this machine can run, and a plain word on what was left out.

    python -m tests.run [pytest arguments]

With SLIPWAY_REQUIRE_STACK=1 nothing may be left out: what needs Docker or a browser fails where it is missing.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = [
    "slipway",
    "demo",
    "bench",
    "tests",
    *(f"code_locations/{name}/src" for name in ("contracts", "ingestion", "transformation", "reporting")),
    *(f"code_locations/{name}/tests" for name in ("ingestion", "transformation", "reporting")),
]


def checks() -> list[list[str]]:
    """Lint, format, types, import rules: quick, so they come first."""
    bin_ = Path(sys.executable).parent
    return [
        [str(bin_ / "ruff"), "check", "--quiet", "."],
        [str(bin_ / "ruff"), "format", "--check", "--quiet", "."],
        [str(bin_ / "mypy"), *SOURCES],
        [str(bin_ / "lint-imports"), "--no-logo"],
    ]


class LeftOut:
    """Collects what pytest skipped, and why."""

    def __init__(self) -> None:
        self.reasons: dict[str, int] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped and not hasattr(report, "wasxfail"):
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
            reason = reason.removeprefix("Skipped: ")
            self.reasons[reason] = self.reasons.get(reason, 0) + 1


def main(arguments: list[str]) -> int:
    os.chdir(ROOT)
    failed = []
    for command in checks():
        started = time.monotonic()
        name = Path(command[0]).name + (" format" if "format" in command else "")
        print(f"{name} ...", end=" ", flush=True)
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        print("ok" if done.returncode == 0 else "FAILED", f"({time.monotonic() - started:.0f} s)", flush=True)
        if done.returncode:
            print(done.stdout + done.stderr)
            failed.append(name)
    left_out = LeftOut()
    code = int(pytest.main(["--durations=10", *arguments], plugins=[left_out]))
    if left_out.reasons:
        print("\nLeft out on this machine:")
        for reason, count in sorted(left_out.reasons.items()):
            print(f"  {count} tests: {reason}")
        if os.environ.get("SLIPWAY_REQUIRE_STACK") == "1":
            print("SLIPWAY_REQUIRE_STACK=1: leaving anything out is a failure.")
            failed.append("left out")
    else:
        print("\nNothing was left out.")
    if failed:
        print(f"Failed before or beside the tests: {', '.join(failed)}")
    return code or (1 if failed else 0)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
