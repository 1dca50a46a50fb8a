"""Slipway: a self-hosted data platform on Dagster.

The rooms, from the ground up: `lake` (frames <-> Parquet partitions), `quality` (tables, checks, quarantine),
`automation` (conditions, sensors, code locations), `instance` (parts of the Dagster instance), `observe` (status),
`cli`. The library knows nothing of the code locations that use it.
"""
