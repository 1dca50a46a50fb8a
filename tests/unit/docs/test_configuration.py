"""docs/configuration.md and docker-compose.yaml know the same variables, with the same defaults."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from slipway.doctor.compose_file import defaults
from slipway.doctor.variables import FORMS, tls_kinds
from slipway.steward.settings import Settings

ROOT = Path(__file__).resolve().parents[3]
COMPOSE = (ROOT / "docker-compose.yaml").read_text()
PAGE = (ROOT / "docs" / "configuration.md").read_text()
ROWS = [
    (found[1], found[2] or "", found[3])
    for found in re.finditer(r"^\| `([A-Z0-9_]+)` \| (?:`(.*?)` )?\| (.+) \|$", PAGE, re.MULTILINE)
]


def in_the_code() -> dict[str, str]:
    """Defaults of variables that docker-compose.yaml leaves empty for their reader."""
    keep = Settings(stack="any")
    return {
        "COMPOSE_PROJECT_NAME": yaml.safe_load(COMPOSE)["name"],
        "SLIPWAY_KEEP_CONTAINERS_HOURS": f"{keep.retention.hours:g}",
        "SLIPWAY_KEEP_FAILED_CONTAINERS_HOURS": f"{keep.retention.failed_hours:g}",
        "SLIPWAY_KEEP_CONTAINERS": str(keep.retention.most),
        "SLIPWAY_KEEP_FAILED_CONTAINERS": str(keep.retention.most_failed),
        "SLIPWAY_KEEP_LOGS_DAYS": str(keep.keep_logs.days),
    }


def test_every_variable_has_its_row_and_its_default() -> None:
    expected = {name: default or "" for name, default in defaults(COMPOSE).items()} | in_the_code()
    assert {name: default for name, default, _meaning in ROWS} == expected


def test_no_variable_has_two_rows() -> None:
    names = [name for name, _default, _meaning in ROWS]
    assert len(names) == len(set(names))


def test_the_page_names_every_kind_of_tls() -> None:
    [meaning] = [meaning for name, _default, meaning in ROWS if name == "SLIPWAY_TLS"]
    kinds = tls_kinds((ROOT / "deploy" / "compose" / "Caddyfile").read_text())
    assert kinds
    assert set(re.findall(r"`(\w+)`", meaning)) == set(kinds)


def test_the_doctor_knows_the_form_of_every_variable() -> None:
    """A variable that is new in docker-compose.yaml needs a form in slipway/doctor/variables.py."""
    without = {name for name in defaults(COMPOSE) if name not in FORMS and not name.startswith("SLIPWAY_KEEP_")}
    assert without == {"SLIPWAY_TLS"}


def test_every_default_has_the_form_that_the_doctor_expects() -> None:
    for name, default in defaults(COMPOSE).items():
        if name == "SLIPWAY_LANDING_FOLDER":  # an empty folder, which no run is given
            continue
        if default and "${" not in default and name in FORMS:
            assert FORMS[name].fits(default), name
