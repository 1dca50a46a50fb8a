"""The one calendar of all locations, from SLIPWAY_FIRST_DAY, SLIPWAY_LAST_DAY and SLIPWAY_TIMEZONE."""

from slipway.calendar import Calendar

calendar = Calendar.from_environment()
days = calendar.days
weeks = calendar.weeks
