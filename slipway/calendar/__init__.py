"""The calendar: one setting of all code locations, which says which days and weeks exist and when they are due."""

from slipway.calendar.calendar import Calendar, iso_week, week_start
from slipway.calendar.day_pattern import DayPattern
from slipway.calendar.deadline import Deadline, next_morning

__all__ = ["Calendar", "DayPattern", "Deadline", "iso_week", "next_morning", "week_start"]
