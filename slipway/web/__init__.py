"""Dagster's webserver as the stack serves it: with the name of who has signed in, and with the published reports.

python -m slipway.web [--read-only]
"""
