"""Dagster's daemon as the stack runs it, which knows the library's conditions and looks at queue and backfills sooner.

python -m slipway.daemon --workspace workspace.yaml
"""
