"""Dagster's daemon as the stack runs it: it knows the library's conditions, and looks at backfills more often.

python -m slipway.daemon --workspace workspace.yaml
"""
