"""The environment of every test run: settings that the code locations read when they are imported.

It stands at the root because both `tests/` and `code_locations/*/tests/` need it, and because pytest imports it before
any test module. What the shell has set for a real platform must neither be used nor written to by a test.
"""

from __future__ import annotations

import atexit
import gc
import os
import shutil
import tempfile
from pathlib import Path

from hypothesis import settings

_ROOT = Path(tempfile.mkdtemp(prefix="slipway-tests-"))
(_ROOT / "landing").mkdir()
atexit.register(shutil.rmtree, _ROOT, ignore_errors=True)
# Hypothesis leaves a callback with the garbage collector, which outlives the interpreter's end and holds all that its
# tests have touched: DuckDB would print pages of "leaked" types behind the summary.
atexit.register(gc.callbacks.clear)

# What tests themselves are told, such as the address of a Postgres, stays.
_KEPT = ("SLIPWAY_TEST_", "SLIPWAY_REQUIRE_")

for _name in [name for name in os.environ if name.startswith(("SLIPWAY_", "DAGSTER_"))]:
    if not _name.startswith(_KEPT):
        del os.environ[_name]

os.environ |= {
    # The days of the built-in wholesale files.
    "SLIPWAY_FIRST_DAY": "2010-12-01",
    "SLIPWAY_LAST_DAY": "2011-01-31",
    "SLIPWAY_PSEUDONYM_KEY": "a key that is used in tests alone",
    "SLIPWAY_LAKE": str(_ROOT / "lake"),
    "SLIPWAY_LANDING": str(_ROOT / "landing"),
    "SLIPWAY_DELIVERY": str(_ROOT / "delivery"),
    "SLIPWAY_SHOP_DATABASE_URL": f"sqlite:///{_ROOT / 'shop' / 'shop.db'}",
    "SLIPWAY_SHOP_API_URL": "http://127.0.0.1:9",
    "DAGSTER_DISABLE_TELEMETRY": "1",
}

# A busy machine is no failure: how long a case takes is measured in bench/, never here.
settings.register_profile("slipway", deadline=None)
settings.load_profile("slipway")
