"""What the UI shows of a partition: a few rows, nothing personal, nothing that breaks the page."""

from __future__ import annotations

from decimal import Decimal

import pyarrow as pa

from slipway.lake.recording import column_schema, preview


def test_the_first_rows_as_markdown() -> None:
    table = pa.table({"day": ["a", "b"], "revenue": [Decimal("1.50"), None]})

    assert preview(table, set()) == "| day | revenue |\n| --- | --- |\n| a | 1.50 |\n| b |  |"


def test_only_a_few_rows_and_short_cells() -> None:
    lines = preview(pa.table({"text": ["x" * 1000] * 100}), set()).splitlines()

    assert len(lines) == 7
    assert max(map(len, lines)) < 60
    assert lines[-1].endswith("… |")


def test_personal_columns_are_named_but_not_shown() -> None:
    table = pa.table({"id": [1], "email": ["someone@example.org"], "name": ["Some One"]})
    text = preview(table, {"email", "name"})

    assert "someone" not in text.lower()
    assert "Some One" not in text
    assert text.endswith("Not shown, because personal: email, name.")


def test_nothing_but_personal_columns() -> None:
    assert "Some One" not in preview(pa.table({"name": ["Some One"]}), {"name"})


def test_cells_do_not_break_the_table_or_the_page() -> None:
    text = preview(pa.table({"a|b": ["x|y\nz <script>"]}), set())

    assert text == "| a\\|b |\n| --- |\n| x\\|y z &lt;script> |"


def test_columns_and_types() -> None:
    schema = column_schema(pa.schema([("x", pa.int64()), ("m", pa.decimal128(12, 3))]))

    assert [(column.name, column.type) for column in schema.columns] == [
        ("x", "int64"),
        ("m", "decimal128(12, 3)"),
    ]


def test_what_markdown_would_take_for_its_own_stays_as_it_is() -> None:
    text = preview(pa.table({"product": ["*ROSE* `X` [link](y) ~~old~~ C:\\"]}), set())

    assert text.splitlines()[-1] == r"| \*ROSE\* \`X\` \[link](y) \~\~old\~\~ C:\\ |"


def test_a_long_cell_is_cut_before_its_signs_are_escaped() -> None:
    cell = preview(pa.table({"x": ["*" * 100]}), set()).splitlines()[-1]

    assert cell == "| " + r"\*" * 47 + "… |"
