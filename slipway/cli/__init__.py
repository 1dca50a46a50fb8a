"""`slipway ...`: one file a command group, imported only when it is asked for."""

from slipway.cli.main import main

__all__ = ["main"]
