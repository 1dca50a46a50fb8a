"""`make dev`: an edit is in the UI after its reload button, and in the next run container, without a rebuild."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stack_process import ROOT, Stack, left_behind, started_stack
from tests.wholesale_csv import FIRST

_NEEDED = (
    *("Dockerfile", ".dockerignore", "docker-compose.yaml", "dagster.yaml"),
    *("requirements", "slipway", "demo", "code_locations", "deploy"),
)
_EDITED = Path("code_locations/reporting/src/reporting/defs/edition.py")
_JOB = '''"""A job that says which edition of this file its container has."""

import dagster as dg

EDITION = "{edition}"


@dg.op
def say(context: dg.OpExecutionContext) -> None:
    context.log.info(f"this is the {{EDITION}}")


@dg.job(description="{edition}")
def tell_edition() -> None:
    say()
'''
_JOBS = """{
  repositoryOrError(repositorySelector: {repositoryName: "__repository__", repositoryLocationName: "reporting"}) {
    ... on Repository { jobs { name description } }
  }
}"""
_RELOAD = """mutation {
  reloadRepositoryLocation(repositoryLocationName: "reporting") {
    __typename
    ... on WorkspaceLocationEntry {
      locationOrLoadError { ... on PythonError { message causes { message } } }
    }
  }
}"""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy, so that edits are no edits of this one."""
    copy = tmp_path_factory.mktemp("checkout")
    for name in _NEEDED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(ROOT / name, copy / name)
    return copy


@pytest.fixture(scope="module")
def developed(stack: Stack, checkout: Path) -> Iterator[Stack]:
    """The stack as `make dev` starts it. (`stack` says why there is none, where there is none.)"""
    settings = {
        "COMPOSE_FILE": "docker-compose.yaml:deploy/compose/dev.yaml",
        "SLIPWAY_CHECKOUT": str(checkout),
        "SLIPWAY_SHOP": "0",
        "SLIPWAY_FIRST_DAY": FIRST.isoformat(),
        "SLIPWAY_LAST_DAY": FIRST.isoformat(),
    }
    with started_stack(settings, checkout) as running:
        yield running
    assert left_behind(running.project) == []


def test_an_edit_is_in_the_ui_after_a_reload_and_in_the_next_run(developed: Stack, checkout: Path) -> None:
    assert "tell_edition" not in _jobs(developed)
    _edit(checkout, "first edition")
    _reload(developed)
    assert _jobs(developed)["tell_edition"] == "first edition"
    assert "this is the first edition" in _said(developed)

    _edit(checkout, "second edition")
    assert "this is the second edition" in _said(developed), "a run reads the file, not the code server's copy"
    assert _jobs(developed)["tell_edition"] == "first edition"
    _reload(developed)
    assert _jobs(developed)["tell_edition"] == "second edition"


def test_a_mistake_is_shown_and_mended_without_a_restart(developed: Stack, checkout: Path) -> None:
    (checkout / _EDITED).write_text("import nothing_of_that_name\n")
    assert "nothing_of_that_name" in _reload(developed)
    _edit(checkout, "third edition")
    assert _reload(developed) == ""
    assert _jobs(developed)["tell_edition"] == "third edition"


def _edit(checkout: Path, edition: str) -> None:
    (checkout / _EDITED).write_text(_JOB.format(edition=edition))


def _reload(stack: Stack) -> str:
    """What the reload button does; the error that it shows."""
    reloaded = stack.graphql(_RELOAD)["reloadRepositoryLocation"]
    assert reloaded["__typename"] == "WorkspaceLocationEntry", reloaded
    error = reloaded["locationOrLoadError"] or {}
    return "\n".join([error.get("message") or "", *(cause["message"] for cause in error.get("causes", []))]).strip()


def _jobs(stack: Stack) -> dict[str, str]:
    """Jobs that the UI shows, with their descriptions."""
    return {job["name"]: job["description"] or "" for job in stack.graphql(_JOBS)["repositoryOrError"]["jobs"]}


def _said(stack: Stack) -> list[str]:
    run_id = stack.launch_job("reporting", "tell_edition")
    assert stack.wait_run(run_id)["status"] == "SUCCESS", stack.run_messages(run_id)
    return stack.run_messages(run_id)
