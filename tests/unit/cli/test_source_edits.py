"""Adding a name to an import or to `__all__` leaves the rest of the file as it is, and valid Python in order."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.cli.source_edits import call, import_line, with_all, with_import

OWN = {"contracts", "slipway"}
FILE = '''"""A subject."""

import polars as pl

from contracts.calendar import days
from slipway.quality import Table
from slipway.quality.types import Date, Int32

X = 1
'''


def test_a_name_joins_the_import_that_is_there() -> None:
    changed = with_import(FILE, "slipway.quality.types", ["Text", "Int32", "Decimal12_3"], OWN)
    assert changed == FILE.replace("import Date, Int32", "import Date, Decimal12_3, Int32, Text")


@pytest.mark.parametrize(
    ("module", "before"),
    [
        ("contracts.alpha", "from contracts.calendar"),
        ("slipway.calendar", "from slipway.quality import"),
        ("slipway.zebra", "\nX = 1"),
    ],
)
def test_a_new_import_stands_in_its_place(module: str, before: str) -> None:
    line = f"from {module} import a\n"
    assert with_import(FILE, module, ["a"], OWN) == FILE.replace(before, line + before)


def test_the_projects_own_imports_are_a_block_below_the_others() -> None:
    assert with_import('"""A."""\n\nimport polars as pl\n', "slipway.quality", ["Table"], OWN) == (
        '"""A."""\n\nimport polars as pl\n\nfrom slipway.quality import Table\n'
    )
    assert with_import('"""A."""\n', "slipway.quality", ["Table"], OWN) == (
        '"""A."""\n\nfrom slipway.quality import Table\n'
    )


def test_an_import_over_many_lines_is_written_anew() -> None:
    source = "from slipway.quality import (\n    Table,\n    column as col,\n)\nY = 2\n"
    assert with_import(source, "slipway.quality", ["Rule"], OWN) == (
        "from slipway.quality import Rule, Table, column as col\nY = 2\n"
    )


def test_a_long_import_is_broken() -> None:
    names = [f"Name{n}" for n in range(30)]
    assert all(len(line) <= 120 for line in import_line("slipway.quality", names).splitlines())


@settings(deadline=None)
@given(st.sets(st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,8}", fullmatch=True), min_size=1, max_size=30))
def test_every_name_is_imported_once_whatever_was_there(names: set[str]) -> None:
    names = {name for name in names if name.isidentifier() and not __import__("keyword").iskeyword(name)}
    changed = with_import(with_import(FILE, "slipway.quality", names, OWN), "slipway.quality", names, OWN)
    [node] = [n for n in ast.parse(changed).body if isinstance(n, ast.ImportFrom) and n.module == "slipway.quality"]
    assert sorted(alias.name for alias in node.names) == sorted({*names, "Table"})
    assert ast.unparse(ast.parse(changed).body[-1]) == "X = 1"


def test_all_is_kept_in_order() -> None:
    source = 'import b\n\n__all__ = ["a", "c"]\n\nX = 1\n'
    assert with_all(source, "b") == 'import b\n\n__all__ = ["a", "b", "c"]\n\nX = 1\n'
    assert with_all(source, "a") == source
    assert with_all("X = 1\n", "a") == "X = 1\n"
    long = with_all(f"__all__ = {[f'name_{n}' for n in range(30)]!r}\n", "more")
    assert max(map(len, long.splitlines())) <= 120
    assert "more" in ast.literal_eval(long.split("=", 1)[1].strip())


def test_a_long_call_is_broken() -> None:
    assert call("f", ["a", "b"], "    ", "x = ") == "    x = f(a, b)"
    assert call("f", ["a" * 70, "b" * 70], "    ").count("\n") == 3
