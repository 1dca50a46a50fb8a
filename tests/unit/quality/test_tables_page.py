"""The page that a reader of the lake looks up."""

from __future__ import annotations

import re

import pyarrow as pa

from slipway.quality import Column, Contract
from slipway.quality.tables_page import tables_page

BRONZE = Contract(
    "A",
    ("bronze", "shop", "a_b"),
    (
        Column("id", pa.int64(), matches="^a|b$", unit="pieces"),
        Column("who", pa.string(), nullable=True, personal="keyed hash", description="two\nlines"),
    ),
    description="Rows.",
    owner="team:x",
    unique=("id",),
)
QUARANTINE = Contract("AR", ("quarantine", "bronze", "a"), (Column("rule", pa.string()),))
GOLD = Contract("B", ("gold", "b"), (Column("id", pa.int64()),))


def test_layers_come_in_the_order_of_their_data_and_quarantines_last() -> None:
    page = tables_page([QUARANTINE, GOLD, BRONZE])
    assert re.findall(r"^## (\w+)$", page, re.M) == ["bronze", "gold", "quarantine"]


def test_a_cell_cannot_break_its_row() -> None:
    rows = [line for line in tables_page([BRONZE]).splitlines() if line.startswith("|")]
    assert len(rows) == 4
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {7}
    assert "`matches ^a\\|b$`" in rows[2]
    assert "two lines; **personal** (keyed hash)" in rows[3]


def test_every_link_leads_to_a_heading() -> None:
    page = tables_page([BRONZE, GOLD, QUARANTINE])
    headings = {re.sub(r"[^\w-]", "", heading.lower()) for heading in re.findall(r"^### (.*)$", page, re.M)}
    assert set(re.findall(r"\]\(#([^)]*)\)", page)) == headings
