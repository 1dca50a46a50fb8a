"""Queries of DuckDB, with the type that a query has: `duckdb.sql` may return None, for statements without a result."""

from __future__ import annotations

import duckdb


def query(sql: str) -> duckdb.DuckDBPyRelation:
    found = duckdb.sql(sql)
    assert found is not None, f"Expected a query, found a statement without a result: {sql}"
    return found
