"""The command of the services' health checks."""

from __future__ import annotations

import importlib
import sys


def main(arguments: list[str]) -> int:
    """Exit code 0 if the service is well; otherwise 1, with a sentence that `docker inspect` shows."""
    # Only the one that is asked for is imported: the others would cost time.
    if arguments not in (["webserver"], ["daemon"], ["location"]):
        print("Usage: python -m slipway.health webserver|daemon|location", file=sys.stderr)
        return 2
    wrong: str | None = importlib.import_module(f"slipway.health.{arguments[0]}").check()
    if wrong is not None:
        print(wrong)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
