"""The platform on one machine without Docker: SQLite, a folder as the lake, code servers as processes.

`Home` is the folder that holds it; `materialize_all` brings every asset of every location up to date; the same asset
code runs unchanged in containers.
"""

from slipway.embedded.home import Home, HomeError
from slipway.embedded.materialize import Outcome, materialize_all

__all__ = ["Home", "HomeError", "Outcome", "materialize_all"]
