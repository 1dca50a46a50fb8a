"""What can go wrong in the shop, and the exit code of the command for it.

    ShopError                 1
    ├── SourceError           3   wholesale files: folder, pattern, day or content
    ├── SettingsError         4   calendar, pattern or settings that do not fit (the home's)
    ├── AddressError          5   the port is taken, the home is being served, or a service is unreachable
    ├── ClockError            6   simulated time does not run backwards
    ├── NoSuchRow             7   a forced change names a row that is not there
    └── RequestError          8   an API request or a fault switch that makes no sense (HTTP 400)

Exit code 2 is click's own, for a wrong command line.
"""


class ShopError(Exception):
    """Base of all errors the shop raises on purpose; the text is a sentence for people."""

    exit_code = 1


class SourceError(ShopError):
    exit_code = 3


class SettingsError(ShopError):
    exit_code = 4


class AddressError(ShopError):
    exit_code = 5


class ClockError(ShopError):
    exit_code = 6


class NoSuchRow(ShopError):
    exit_code = 7


class RequestError(ShopError):
    exit_code = 8
