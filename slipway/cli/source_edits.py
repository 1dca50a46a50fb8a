"""Adding to Python source without disturbing the rest: a name to an import, a name to `__all__`."""

from __future__ import annotations

import ast
from collections.abc import Collection, Sequence

_WIDTH = 120


def with_import(source: str, module: str, names: Collection[str]) -> str:
    """`from <module> import <names>` among a file's imports: into the import that is there, or on a line in order."""
    lines = source.splitlines(keepends=True)
    imports = [node for node in ast.parse(source).body if isinstance(node, ast.Import | ast.ImportFrom)]
    for node in imports:
        if isinstance(node, ast.ImportFrom) and node.module == module and node.level == 0:
            there = [alias.name if alias.asname is None else f"{alias.name} as {alias.asname}" for alias in node.names]
            return _replaced(lines, node, import_line(module, {*there, *names}))
    new = import_line(module, names)
    after = [n for n in imports if isinstance(n, ast.ImportFrom) and (n.module or "") > module]
    # Among those of its own kind; what is imported from elsewhere stands above them.
    if after and _root(after[0]) == module.split(".")[0]:
        return "".join([*lines[: after[0].lineno - 1], new, *lines[after[0].lineno - 1 :]])
    before = [n for n in imports if isinstance(n, ast.ImportFrom) and (n.module or "") < module]
    if after:
        at = after[0].lineno - 1
        return "".join([*lines[:at], new, *lines[at:]])
    at = (before or imports)[-1].end_lineno or 0 if imports else _after_docstring(source)
    return "".join([*lines[:at], new if imports else f"\n{new}", *lines[at:]])


def with_all(source: str, name: str) -> str:
    """A name in a module's `__all__`, in order; a module without one stays as it is."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["__all__"]:
            names = sorted({*ast.literal_eval(node.value), name}, key=_order)
            line = f"__all__ = [{', '.join(_quoted(one) for one in names)}]\n"
            if len(line) > _WIDTH:
                line = "__all__ = [\n" + "".join(f"    {_quoted(one)},\n" for one in names) + "]\n"
            return _replaced(source.splitlines(keepends=True), node, line)
    return source


def import_line(module: str, names: Collection[str]) -> str:
    """An import as the formatter would write it."""
    ordered = sorted(names, key=_order)
    line = f"from {module} import {', '.join(ordered)}\n"
    if len(line) <= _WIDTH:
        return line
    return f"from {module} import (\n" + "".join(f"    {name},\n" for name in ordered) + ")\n"


def call(function: str, arguments: Sequence[str], indent: str, before: str = "") -> str:
    """A call on one line if it fits, else with one argument a line."""
    line = f"{indent}{before}{function}({', '.join(arguments)})"
    if len(line) <= _WIDTH:
        return line
    return f"{indent}{before}{function}(\n" + "".join(f"{indent}    {one},\n" for one in arguments) + f"{indent})"


def _replaced(lines: list[str], node: ast.stmt, text: str) -> str:
    return "".join([*lines[: node.lineno - 1], text, *lines[node.end_lineno or node.lineno :]])


def _after_docstring(source: str) -> int:
    body = ast.parse(source).body
    return (body[0].end_lineno or 0) if body and isinstance(body[0], ast.Expr) else 0


def _root(node: ast.ImportFrom) -> str:
    return (node.module or "").split(".")[0]


def _order(name: str) -> tuple[int, str]:
    """Constants, then classes, then the rest, as ruff sorts imported names."""
    return (0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2), name


def _quoted(name: str) -> str:
    return f'"{name}"'
