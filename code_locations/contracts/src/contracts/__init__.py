"""The tables of the example platform: key, columns, partitions, owner, deadline, personal data.

A file is a subject. Every code location imports its own tables and those of the others from here, and nothing else
passes between locations. `slipway contracts diff` compares this package with its committed snapshot.
"""

from contracts import feedback, rates, revenue, shop, wholesale
from contracts.calendar import calendar, days, weeks

__all__ = ["calendar", "days", "feedback", "rates", "revenue", "shop", "weeks", "wholesale"]
