"""Dagster's daemon as the stack runs it: it knows the library's conditions, and looks at the queue and
at backfills sooner.

python -m slipway.daemon --workspace workspace.yaml
"""
