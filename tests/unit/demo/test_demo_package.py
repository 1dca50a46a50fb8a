"""The package as others see it: its public names, and what it may import."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

import demo
from demo import Calendar, Settings
from demo.chance import Draws
from demo.errors import SettingsError

ROOT = Path(demo.__file__).parent
ALLOWED = {"demo", "sqlalchemy", "starlette", "uvicorn", "click", "rich", "obstore"}


def test_public_names() -> None:
    assert demo.__all__ == sorted(demo.__all__)
    assert set(demo.__all__) == {
        "Calendar",
        "Settings",
        "Shop",
        "ShopDatabase",
        "ShopError",
        "WholesaleFiles",
    }
    assert all(hasattr(demo, name) for name in demo.__all__)


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            yield (node.module or "").split(".")[0]


def test_the_shop_knows_nothing_of_the_platform() -> None:
    found = {name for path in ROOT.rglob("*.py") for name in imports(path)}
    assert found - set(sys.stdlib_module_names) == ALLOWED


def test_a_health_check_imports_neither_database_nor_web_server() -> None:
    """It runs every few seconds for as long as the shop does."""
    code = "import sys, demo.live.check; print({'sqlalchemy', 'starlette', 'click', 'obstore'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT.parent, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = demo.Nothing


def test_settings_survive_as_text(tmp_path: Path) -> None:
    settings = Settings(Calendar(date(2010, 12, 1), date(2011, 1, 31)), 5, tmp_path, "{day}.csv")
    assert Settings.from_text(settings.as_text()) == settings
    built_in = Settings(settings.calendar)
    assert Settings.from_text(built_in.as_text()) == built_in
    with pytest.raises(SettingsError, match=r"source .* there, \(built in\) asked for"):
        built_in.require_same(settings, "home")


def test_a_calendar_must_not_end_before_it_begins() -> None:
    with pytest.raises(SettingsError, match="ends on 2010-11-30, before it begins on 2010-12-01"):
        Calendar(date(2010, 12, 1), date(2010, 11, 30))


def test_draws_stay_within_their_bounds_and_reach_them() -> None:
    draws = Draws("bounds")
    assert {draws.whole(2, 5) for _ in range(200)} == {2, 3, 4, 5}
    assert {draws.weighted("abc", [3, 3, 4]) for _ in range(200)} == {"a", "c"}
