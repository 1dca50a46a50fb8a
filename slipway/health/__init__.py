"""Whether a service does its work, asked within its container: `python -m slipway.health webserver|daemon|location`.

A health check is a new process every few seconds: nothing here imports Dagster.
"""
