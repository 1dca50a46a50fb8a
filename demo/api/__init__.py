"""The shop's HTTP API: customer feedback and exchange rates, with the manners of a real one.

It paginates, limits the rate, answers 304 to a known ETag, fails at times, and can be told to fail.
"""

from demo.api.app import Api, create_app
from demo.api.faults import Faults
from demo.api.rate_limit import RateLimit
from demo.api.server import ApiServer

__all__ = ["Api", "ApiServer", "Faults", "RateLimit", "create_app"]
