"""Adding to Python source without disturbing the rest: a name to an import, a name to `__all__`."""

from __future__ import annotations

import ast
from collections.abc import Collection, Sequence

_WIDTH = 120


def with_import(source: str, module: str, names: Collection[str], own: Collection[str]) -> str:
    """`from <module> import <names>` among a file's imports: into the import that is there, or on a line in order.

    Args:
        own: the project's packages, whose imports stand in a block of their own below all others.
    """
    lines = source.splitlines(keepends=True)
    imports = [node for node in ast.parse(source).body if isinstance(node, ast.Import | ast.ImportFrom)]
    block = [n for n in imports if isinstance(n, ast.ImportFrom) and (n.module or "").split(".")[0] in own]
    for node in block:
        if node.module == module:
            there = [alias.name if alias.asname is None else f"{alias.name} as {alias.asname}" for alias in node.names]
            return _replaced(lines, node, import_line(module, {*there, *names}))
    line = import_line(module, names)
    if following := next((node for node in block if (node.module or "") > module), None):
        at = following.lineno - 1
    elif imports:
        at = imports[-1].end_lineno or 0
        line = line if block else f"\n{line}"
    else:
        at, line = _after_docstring(source), f"\n{line}"
    return "".join([*lines[:at], line, *lines[at:]])


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


def _order(name: str) -> tuple[int, str]:
    """Constants, then classes, then the rest, as ruff sorts imported names."""
    return (0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2), name


def _quoted(name: str) -> str:
    return f'"{name}"'
