"""`python -m slipway.docker_api` serves; with the argument `check`: exit 0 if it and the engine behind it answer."""

from __future__ import annotations

import os
import sys

from slipway.docker_api.settings import Settings, SettingsError, listen_address


def main(arguments: list[str]) -> int:
    try:
        if arguments == ["check"]:
            from slipway.docker_api.health import check

            return check(*listen_address(os.environ))
        if arguments:
            print("Expected no argument, or: check.", file=sys.stderr)
            return 2
        from slipway.docker_api.serving import run

        return run(Settings.read(os.environ))
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2


sys.exit(main(sys.argv[1:]))
