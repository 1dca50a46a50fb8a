"""Variables as Compose takes them, and what `docker compose config` says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from slipway.doctor.command import NO_ANSWER, Told
from slipway.doctor.finding import Level
from slipway.doctor.project import Project, Service, judge_config, read_config, read_variables, runs_at_once
from tests.unit.doctor.stack import ROOT, is_problem, is_warning, variables


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "docker-compose.yaml").write_text('ports: ["${PORT:-1}"]\nsite: ${SITE:-${PORT:-1}}')
    return tmp_path


def test_the_environment_wins_over_the_file(checkout: Path) -> None:
    (checkout / ".env").write_text('# ours\nPORT=2  # two\nexport SITE="three"\nEMPTY=\n')
    found = read_variables(checkout, {"PORT": "9", "HOME": "/root"})
    assert (found.get("PORT"), found.get("SITE")) == ("9", "three")
    assert found.in_file == {"PORT", "SITE", "EMPTY"}


def test_without_a_file_all_is_as_by_default(checkout: Path) -> None:
    found = read_variables(checkout, {"PORT": ""})
    assert (found.get("PORT"), found.get("SITE"), found.in_file) == ("1", "1", frozenset())
    assert not found.is_set("PORT")


def test_a_default_follows_what_it_refers_to(checkout: Path) -> None:
    assert read_variables(checkout, {"PORT": "7"}).get("SITE") == "7"
    assert variables(SLIPWAY_LAKE_BUCKET="ours").get("SLIPWAY_DELIVERY") == "s3://ours/gold/_delivery"


def test_more_files_by_compose_s_own_variables(checkout: Path) -> None:
    (checkout / "team.env").write_text("PORT=3\n")
    (checkout / "more.yaml").write_text("own: ${TEAM_OWN:-x}")
    found = read_variables(checkout, {"COMPOSE_ENV_FILES": "team.env", "COMPOSE_FILE": "docker-compose.yaml:more.yaml"})
    assert found.get("PORT") == "3"
    assert found.known["TEAM_OWN"] == "x"


def test_what_is_no_text_holds_nothing(checkout: Path) -> None:
    (checkout / ".env").write_bytes(b"PORT=\xff\xfe")
    assert read_variables(checkout, {}).in_file == frozenset()


def test_config_that_compose_reads() -> None:
    output = {"name": "team", "services": {"shop": {"image": "shop", "scale": 0}, "proxy": {"image": "caddy"}}}
    project = read_config(json.dumps(output))
    assert project == Project("team", {"shop": Service("shop", wanted=False), "proxy": Service("caddy")})
    assert judge_config(Told(0, json.dumps(output)), project).level == Level.OK


def test_config_that_compose_refuses() -> None:
    told = Told(15, "", "error decoding 'services[ingestion].mem_limit': invalid size: 'lots'\n")
    is_problem(judge_config(told, Project()), "invalid size: 'lots'", "correct the variable in .env")
    is_problem(judge_config(Told(NO_ANSWER, "", "no answer within 60 s"), Project()), "no answer within 60 s")
    assert read_config("not json") == Project()


def test_config_that_compose_warns_of() -> None:
    line = (
        'time="2026-01-01T00:00:00Z" level=warning msg="The \\"SLIPWAY_X\\" variable is not set. Defaulting to a blank '
        'string."\n'
    )
    is_warning(
        judge_config(Told(0, "{}", line), Project("team", {"a": Service("b")})), '"SLIPWAY_X" variable is not set'
    )


def test_runs_at_once(tmp_path: Path) -> None:
    assert runs_at_once(ROOT) == 4
    assert runs_at_once(tmp_path) == 10, "as Dagster does by itself"
    (tmp_path / "dagster.yaml").write_text("concurrency: {runs: {max_concurrent_runs: -1}}")
    assert runs_at_once(tmp_path) == -1
    (tmp_path / "dagster.yaml").write_text("[")
    assert runs_at_once(tmp_path) == 10
