"""The platform on one machine without Docker: SQLite, a folder as the lake, code servers as processes.

`home.Home` is the folder that holds it; `materialize.materialize_all` brings every asset of every location up to date,
with real runs (`runs`) in an order that `plan` works out. The same asset code runs unchanged in containers.
Import from the modules: a command that only needs the folder's paths should not wait for Dagster's imports.
"""
