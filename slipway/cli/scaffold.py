"""The files of a new table: its contract, its asset, a test. Pure: text by path; nothing is written here."""

from __future__ import annotations

import ast
import keyword
import re
import tomllib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from slipway.cli.scaffold_text import NewTable, asset_source, contract_source, starting_columns, test_source
from slipway.cli.source_edits import with_all, with_import
from slipway.quality import QualityError, Table

_NAME = re.compile(r"[a-z][a-z0-9_]*")


class ScaffoldRefused(QualityError):
    """The table cannot be added as asked; the message says why and what to do."""


@dataclass(frozen=True)
class Project:
    """A code location in a checkout, and the layer that it makes."""

    package: str
    folder: Path
    layer: str

    @property
    def source(self) -> Path:
        return self.folder / "src" / self.package


def projects(root: Path) -> list[Project]:
    """The code locations that `dg.toml` lists, each with the layer that its definitions.py names.

    Raises:
        ScaffoldRefused: there is no dg.toml.
    """
    listing = root / "dg.toml"
    if not listing.is_file():
        raise ScaffoldRefused(f"Expected a checkout with a dg.toml in {root}, found none. Name its root with --root.")
    found = []
    for entry in tomllib.loads(listing.read_text(encoding="utf-8")).get("workspace", {}).get("projects", []):
        folder = root / entry["path"]
        settings = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
        package = settings["tool"]["dg"]["project"]["root_module"]
        definitions = folder / "src" / package / "definitions.py"
        if definitions.is_file() and (layer := _layer(definitions.read_text(encoding="utf-8"))):
            found.append(Project(package, folder, layer))
    return found


def _layer(source: str) -> str | None:
    """The `layer` that a call of code_location() is given."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("code_location"):
            for argument in node.keywords:
                if argument.arg == "layer" and isinstance(argument.value, ast.Constant):
                    return str(argument.value.value)
    return None


def contracts_folder(root: Path, package: str, locations: Sequence[Project]) -> Path:
    """The source folder of the contracts package, beside the code locations.

    Raises:
        ScaffoldRefused
    """
    for folder in sorted({project.folder.parent for project in locations}):
        for candidate in sorted(folder.glob(f"*/src/{package}")):
            if (candidate / "__init__.py").is_file():
                return candidate
    raise ScaffoldRefused(f"Expected the package {package!r} beside the code locations of {root}, found none.")


def new_table(
    key: str,
    *,
    root: Path,
    package: str,
    tables: Sequence[type[Table]],
    daily: bool,
    upstream: str | None = None,
    subject: str | None = None,
) -> tuple[NewTable, dict[Path, str]]:
    """Work out a new table and the files to write for it, whole.

    Args:
        key: layer and name, such as silver/returns.
        tables: the declared tables.
        upstream: the key of a declared table that it is made from.
        subject: the contracts' file; default: called after the table.

    Raises:
        ScaffoldRefused: the key is no good or taken, a file would be overwritten, or the upstream table is unknown.
    """
    path = key.split("/")
    locations = projects(root)
    _check_key(path, {tuple(table.contract.path) for table in tables}, {p.layer for p in locations})
    [location] = [project for project in locations if project.layer == path[0]][:1]
    folder = contracts_folder(root, package, locations)
    source = _upstream(upstream, tables)
    subject = subject or path[-1]
    if not _NAME.fullmatch(subject):
        raise ScaffoldRefused(f"Expected a subject that is a Python module's name, such as sales; found {subject!r}.")
    table = NewTable(
        key=key,
        name=_class_name(path, {table.__name__ for table in tables}),
        module=f"{package}.{subject}",
        package=package,
        location=location.package,
        daily=daily,
        columns=starting_columns(source),
        upstream=source,
    )
    asset_folder = location.source / "defs" / table.function
    test_folder = location.folder / "tests" / table.function
    for taken in (asset_folder, test_folder):
        if taken.exists():
            raise ScaffoldRefused(
                f"{taken.relative_to(root)} is there already, and nothing is overwritten. Choose another name, or "
                "move the folder away."
            )
    files = {
        **_contract_files(folder, subject, table),
        asset_folder / "__init__.py": "",
        asset_folder / "assets.py": asset_source(table),
        test_folder / "test_assets.py": test_source(table),
    }
    return table, files


def _contract_files(folder: Path, subject: str, table: NewTable) -> dict[Path, str]:
    """The contract in its subject's file, and the subject in the package's __init__.py."""
    if not (folder / "calendar.py").is_file():
        raise ScaffoldRefused(f"Expected {folder / 'calendar.py'} with the calendar's `days`, found none.")
    own = {table.package, "slipway"}
    file, init = folder / f"{subject}.py", folder / "__init__.py"
    imports, declaration = contract_source(table)
    text = file.read_text(encoding="utf-8") if file.exists() else f'"""{table.title}."""\n'
    for module, names in imports:
        text = with_import(text, module, names, own)
    text = f"{text.rstrip()}\n\n\n{declaration}"
    listing = init.read_text(encoding="utf-8")
    listed = with_all(with_import(listing, table.package, [subject], own), subject)
    return {file: text, **({init: listed} if listed != listing else {})}


def _check_key(path: Sequence[str], taken: Collection[tuple[str, ...]], layers: Collection[str]) -> None:
    key = "/".join(path)
    if len(path) < 2 or path[0] not in layers:
        raise ScaffoldRefused(
            f"Expected LAYER/NAME with a layer that a code location makes ({', '.join(sorted(layers))}), found {key!r}."
        )
    for part in path[1:]:
        if not _NAME.fullmatch(part) or keyword.iskeyword(part):
            raise ScaffoldRefused(
                f"Expected a name of lower-case letters, digits, underscores, such as silver/returns; found {part!r}."
            )
    if tuple(path) in taken:
        raise ScaffoldRefused(f"Table {key} is declared already. Change its contract, or choose another name.")


def _upstream(key: str | None, tables: Sequence[type[Table]]) -> type[Table] | None:
    if key is None:
        return None
    for table in tables:
        if table.contract.key_text == key:
            return table
    known = ", ".join(sorted(table.contract.key_text for table in tables))
    raise ScaffoldRefused(f"Expected a declared table as --upstream, found {key!r}. Declared are {known}.")


def _class_name(path: Sequence[str], taken: Collection[str]) -> str:
    """After the last part of the key; after all of it where that name is taken."""
    for parts in (path[-1:], path[1:], path):
        name = "".join(word.capitalize() for part in parts for word in part.split("_"))
        if name not in taken:
            return name
    raise ScaffoldRefused(f"Every class name for {'/'.join(path)} is taken. Choose another name.")
