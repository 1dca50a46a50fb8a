"""What a table promises: contracts, the checks made from them, and the quarantine for rows that break them.

A `Table` declares columns, rules, partitions, owner and deadline once. `@MyTable.asset` makes its asset from a plain
function; `judge` parts good rows from bad ones; the contract's checks judge each partition before it is published.
"""

from slipway.quality.asset import TableAsset, declared_tables, publish_tables, tables_asset
from slipway.quality.contract import Column, Contract
from slipway.quality.errors import ContractBroken, DeclarationError, QualityError
from slipway.quality.judging import Deduplicated, Judged, Rule, drop_exact_duplicates, judge
from slipway.quality.table import Table, column
from slipway.quality.upstream import Upstream

__all__ = [
    "Column",
    "Contract",
    "ContractBroken",
    "DeclarationError",
    "Deduplicated",
    "Judged",
    "QualityError",
    "Rule",
    "Table",
    "TableAsset",
    "Upstream",
    "column",
    "declared_tables",
    "drop_exact_duplicates",
    "judge",
    "publish_tables",
    "tables_asset",
]
