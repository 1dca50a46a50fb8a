"""The declared tables against what was promised when they were last committed, and their page in the docs."""

from __future__ import annotations

from pathlib import Path

from slipway.quality import Table, snapshot
from slipway.quality.declarations import project_of, tables_of
from slipway.quality.tables_page import tables_page
from slipway.quality.types import Int64

ROOT = Path(__file__).parents[3]


def test_no_declared_table_breaks_who_relies_on_it() -> None:
    path = project_of("contracts") / snapshot.FILE
    assert path.exists(), "write it: slipway contracts diff --write"
    changes = snapshot.compare(snapshot.read(path), snapshot.tables_as_json(tables_of("contracts")))
    broken = [change.sentence for change in changes if change.breaking]
    assert not broken, "make it additive, or tell the readers: slipway contracts diff --write --accept-breaking"


def test_the_snapshot_is_up_to_date() -> None:
    path = project_of("contracts") / snapshot.FILE
    now = snapshot.render(snapshot.tables_as_json(tables_of("contracts")))
    assert path.read_text(encoding="utf-8") == now, "write it: slipway contracts diff --write"


def test_the_page_of_tables_is_up_to_date() -> None:
    page = (ROOT / "docs" / "tables.md").read_text(encoding="utf-8")
    assert page == tables_page(tables_of("contracts")), "write it: slipway contracts docs"


def test_only_the_packages_own_tables_are_compared() -> None:
    class SnapshotForeign(Table):
        """Declared in a test; not the package's."""

        key = "foreign/table"
        id: Int64

    assert SnapshotForeign.contract.key_text not in {contract.key_text for contract in tables_of("contracts")}
