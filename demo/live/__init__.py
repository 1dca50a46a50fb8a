"""The shop as a service that goes with the real time, for ever: `python -m demo live`.

The recorded days are shifted by whole weeks, so that today is one of them; a file lands each morning, and the database
is as of this minute. Importing this is cheap: `first_day_for` needs neither a database nor a web server.
"""

from demo.live.timetable import Delivery, Timetable, first_day_for

__all__ = ["Delivery", "Timetable", "first_day_for"]
