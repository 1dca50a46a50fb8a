"""A code location: its definitions put together with what every Slipway location has.

`code_location` gives a project's assets the lake, the specs of the tables that they read from other locations, an
automation sensor that runs, and the cleaning up of scratch space.
"""

from slipway.location.definitions import code_location
from slipway.location.settings import SettingError, setting

__all__ = ["SettingError", "code_location", "setting"]
