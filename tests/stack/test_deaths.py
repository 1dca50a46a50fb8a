"""However a run dies: soon it is a failure, with the cause on its page, and its log is kept.

All that is to die does so at the same time, in threads; each test then looks at one of the deaths.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from tests.stack.crashes import built, finished_at, forget, instead
from tests.stack.landing import first_day
from tests.stack.run_pages import ComputeLog, Event, compute_log, downloaded, events
from tests.stack.slow_ingestion import LINE, WHOLESALE, all_days, code_appended, slow_image
from tests.stack_process import Stack, docker, wait_for

SECONDS = 10
STOP_TIMEOUT = 30
LOGS_BEHIND = 15
ONCE = {"dagster/max_retries": "0"}
_PROJECT = "/app/code_locations/transformation/src/transformation"


@dataclass(frozen=True)
class Dead:
    """A run that is over.

    Attributes:
        died: when its container ended or was removed; where none was started: when that was tried. Seconds since 1970.
        container: what `docker inspect` says of it, if it is there.
        log: as it was shown while the run was under way.
    """

    run: dict[str, Any]
    events: list[Event]
    died: float
    container: dict[str, Any] | None = None
    log: ComputeLog | None = None

    @property
    def id(self) -> str:
        return str(self.run["runId"])

    @property
    def page(self) -> str:
        return "\n".join(event.message for event in self.events)

    @property
    def facts(self) -> dict[str, Any]:
        """The figures of the event that tells of the death."""
        [told] = [event for event in self.events if "exit code" in event.facts]
        return told.facts


Deaths = dict[str, Future[Dead]]


@pytest.fixture(scope="module")
def deaths(stack: Stack) -> Iterator[Deaths]:
    stack.quiet(timeout=400, seconds=5)
    transformation = stack.image("transformation")
    other = built(transformation, "RUN rm -r " + f"{_PROJECT}/pseudonyms.py {_PROJECT}/__pycache__/pseudonyms.*")
    asking = built(
        transformation,
        *code_appended(
            f"{_PROJECT}/definitions.py",
            "from slipway.location import setting\nsetting('SLIPWAY_SHOP_REGION', 'a region, such as uk', str)",
        ),
    )
    day = first_day(stack).isoformat()
    with ExitStack() as undo:
        undo.callback(forget, other)
        undo.callback(forget, asking)
        slow = undo.enter_context(slow_image(stack))
        threads = undo.enter_context(ThreadPoolExecutor())

        def submitted(how: Callable[[Stack, str], Dead], location: str, asset: str, **given: Any) -> Future[Dead]:
            run_id = stack.materialize(location, [asset], **given)
            return threads.submit(how, stack, run_id)

        deaths: Deaths = {}
        with instead(stack, "reporting", None):
            deaths["no image"] = submitted(never_started, "reporting", "gold/daily_revenue", partition=day)
            with instead(stack, "transformation", other):
                deaths["import"] = submitted(by_itself, "transformation", "silver/customers")
            with instead(stack, "transformation", asking):
                deaths["variable"] = submitted(by_itself, "transformation", "silver/customers")
            deaths["refused"] = submitted(
                never_started, "ingestion", WHOLESALE, partition=day, tags={"slipway/memory": "900g"}
            )
            with instead(stack, "ingestion", slow):
                lasting = {"location": "ingestion", "asset": WHOLESALE, "partition": all_days(stack)}
                deaths["memory"] = submitted(out_of_memory, **lasting, tags={"slipway/memory": "448m"})
                deaths["killed"] = submitted(killed, **lasting)
                deaths["removed"] = submitted(removed, **lasting, tags=ONCE)
                deaths["canceled"] = submitted(canceled, **lasting)
            deaths["no image"].exception()
        deaths["killed again"] = submitted(killed_again_and_again, "transformation", "silver/customers")
        yield deaths
        # Retries that these deaths lead to, too.
        stack.quiet(timeout=200, seconds=5)


# -- the ways to die


def dead(stack: Stack, run_id: str, died: float | None = None, log: ComputeLog | None = None) -> Dead:
    run = stack.wait_run(run_id, 120)
    if stack.run_containers(run_id):
        # Why code does not load is told a moment after Dagster itself has ended the run.
        wait_for(lambda: any("exit code" in event.facts for event in events(stack, run_id)) or died is not None, 10)
    told = events(stack, run_id)
    containers = stack.run_containers(run_id)
    if died is None:
        begun = [event.time for event in told if event.kind == "RunStartingEvent"]
        died = finished_at(containers[0]) if containers else begun[0]
    return Dead(run, told, died, containers[0] if containers else None, log)


def never_started(stack: Stack, run_id: str) -> Dead:
    return dead(stack, run_id)


def by_itself(stack: Stack, run_id: str) -> Dead:
    return dead(stack, run_id)


def out_of_memory(stack: Stack, run_id: str) -> Dead:
    return dead(stack, run_id, log=wait_for_lines(stack, run_id))


def killed(stack: Stack, run_id: str) -> Dead:
    log = wait_for_lines(stack, run_id)
    docker("kill", stack.run_containers(run_id)[0]["Id"])
    return dead(stack, run_id, log=log)


def removed(stack: Stack, run_id: str) -> Dead:
    log = wait_for_lines(stack, run_id)
    docker("rm", "--force", stack.run_containers(run_id)[0]["Id"])
    return dead(stack, run_id, time.time(), log)


def canceled(stack: Stack, run_id: str) -> Dead:
    """By the API, as the UI's button does. Until then, it is watched how far its log is behind."""
    wait_for_lines(stack, run_id)
    seen: dict[str, float] = {}
    until = time.monotonic() + 8
    while time.monotonic() < until:
        log = compute_log(stack, run_id)
        assert log
        for written in LINE.findall(log.out):
            seen.setdefault(written, time.time() - float(written))
        time.sleep(0.5)
    # What was there at the first look may have been seen earlier.
    behind = sorted(seen.items())[1:]
    assert len(behind) > 5
    assert max(seconds for _, seconds in behind) < LOGS_BEHIND, behind
    asked = time.time()
    stack.graphql("mutation($id: String!) { terminateRun(runId: $id) { __typename } }", {"id": run_id})
    return dead(stack, run_id, asked)


def killed_again_and_again(stack: Stack, run_id: str) -> Dead:
    """Killed as soon as it runs, and so is each of its retries; the last one's end."""
    last = killed_at_once(stack, run_id)
    for _ in range(2):
        last = killed_at_once(stack, wait_for_retry(stack, last.id))
    return last


def killed_at_once(stack: Stack, run_id: str) -> Dead:
    wait_for(lambda: _is_running(stack, run_id), 60, f"run {run_id} has no container")
    docker("kill", stack.run_containers(run_id)[0]["Id"])
    return dead(stack, run_id)


def _is_running(stack: Stack, run_id: str) -> bool:
    containers = stack.run_containers(run_id)
    return bool(containers) and containers[0]["State"]["Running"]


def wait_for_lines(stack: Stack, run_id: str) -> ComputeLog:
    """The log of a run that is under way, once a line is shown."""
    shown: list[ComputeLog] = []

    def is_shown() -> bool:
        log = compute_log(stack, run_id)
        if log and LINE.search(log.out):
            shown.append(log)
        return bool(shown)

    wait_for(is_shown, 90, f"nothing of what run {run_id} prints is shown")
    assert stack.run(run_id)["status"] == "STARTED", "the log was shown only when the run was over"
    assert shown[0].out_link is None
    return shown[0]


def retry_of(stack: Stack, run_id: str) -> str | None:
    found = [str(run["runId"]) for run in stack.runs() if run["tags"].get("dagster/parent_run_id") == run_id]
    assert len(found) <= 1
    return found[0] if found else None


def wait_for_retry(stack: Stack, run_id: str) -> str:
    wait_for(lambda: retry_of(stack, run_id) is not None, 30, f"run {run_id} is not tried again")
    return str(retry_of(stack, run_id))


# -- what is told


@pytest.mark.parametrize("way", ["no image", "refused", "import", "variable", "memory", "killed", "removed"])
def test_it_is_a_failure_within_seconds(deaths: Deaths, way: str) -> None:
    death = deaths[way].result()
    assert death.run["status"] == "FAILURE"
    assert death.run["endTime"] - death.died < SECONDS


@pytest.mark.parametrize(
    ("way", "sentence", "hint"),
    [
        ("no image", "The run's container was never started: No such image: ", "Build or pull the image"),
        ("refused", "The run asks for 900 GiB of memory, and the host has ", "Lower the tag slipway/memory"),
        (
            "import",
            "because its code does not import: ModuleNotFoundError: No module named 'transformation.pseudonyms'",
            "Look whether the image was built from the code that the code server has",
        ),
        ("variable", "because a variable is missing: ", "Give SLIPWAY_SHOP_REGION to the location's runs"),
        ("memory", "The run was killed because it took more memory than its limit of 448 MiB.", "such as 896m"),
        ("killed", "killed by SIGKILL (exit code 137), not for its memory limit.", "Somebody killed the container"),
        ("removed", "The run's container is gone: somebody removed it", "Start the run again from failure."),
    ],
)
def test_its_page_says_why_and_what_to_do(deaths: Deaths, way: str, sentence: str, hint: str) -> None:
    page = deaths[way].result().page
    assert sentence in page
    assert hint in page[page.index(sentence) :]


@pytest.mark.parametrize(
    ("way", "facts"),
    [
        ("memory", {"exit code": 137, "out of memory": True, "memory limit": "448 MiB"}),
        ("killed", {"exit code": 137, "out of memory": False, "memory limit": "1 GiB"}),
        ("import", {"exit code": 1, "out of memory": False}),
        ("variable", {"exit code": 1, "out of memory": False}),
    ],
)
def test_exit_code_and_limit_are_figures_of_the_event(deaths: Deaths, way: str, facts: dict[str, Any]) -> None:
    death = deaths[way].result()
    assert death.container
    assert death.facts == death.facts | facts | {"container": death.container["Name"].strip("/")}


def test_the_missing_image_is_named(deaths: Deaths, stack: Stack) -> None:
    assert stack.image("reporting") in deaths["no image"].result().page


@pytest.mark.parametrize("way", ["no image", "refused"])
def test_what_cannot_be_started_leaves_no_container(deaths: Deaths, way: str) -> None:
    assert deaths[way].result().container is None


@pytest.mark.parametrize("way", ["memory", "killed"])
def test_the_end_of_its_log_is_on_its_page(deaths: Deaths, way: str) -> None:
    death = deaths[way].result()
    assert death.container
    log = docker("logs", "--tail", "50", death.container["Id"], check=False).splitlines()
    [told] = [event.message for event in death.events if "exit code" in event.facts]
    last = [line.strip() for line in log if line.strip()][-1]
    assert last[:200] in told


def test_nothing_stays_on_the_way(deaths: Deaths, stack: Stack) -> None:
    for death in deaths.values():
        death.exception()
    runs = stack.quiet(timeout=200, seconds=3)
    assert {run["status"] for run in runs} <= {"SUCCESS", "FAILURE", "CANCELED"}


# -- retries


@pytest.mark.parametrize("way", ["no image", "refused", "import", "variable", "memory"])
def test_what_would_happen_again_is_not_tried_again(deaths: Deaths, stack: Stack, way: str) -> None:
    death = deaths[way].result()
    assert stack.run(death.id)["tags"]["dagster/will_retry"] == "false"
    assert retry_of(stack, death.id) is None


def test_a_run_that_was_killed_is_tried_again(deaths: Deaths, stack: Stack) -> None:
    death = deaths["killed"].result()
    assert stack.wait_run(wait_for_retry(stack, death.id))["status"] == "SUCCESS"


def test_it_is_tried_again_twice_and_no_more(deaths: Deaths, stack: Stack) -> None:
    last = deaths["killed again"].result()
    assert last.run["tags"]["dagster/retry_number"] == "2"
    assert last.run["status"] == "FAILURE"
    wait_for(lambda: "dagster/will_retry" in stack.run(last.id)["tags"], 10, "nothing was decided about a retry")
    assert stack.run(last.id)["tags"]["dagster/will_retry"] == "false"


# -- canceling


def test_a_canceled_run_ends_within_its_stop_timeout(deaths: Deaths, stack: Stack) -> None:
    death = deaths["canceled"].result()
    assert death.run["status"] == "CANCELED"
    assert death.run["endTime"] - death.died < STOP_TIMEOUT + SECONDS
    wait_for(lambda: not _is_running(stack, death.id), STOP_TIMEOUT, "its container runs on")
    [container] = stack.run_containers(death.id)
    assert finished_at(container) - death.died < STOP_TIMEOUT + SECONDS


# -- logs


@pytest.mark.parametrize("way", ["memory", "killed", "removed"])
def test_the_log_of_a_dead_run_is_whole_and_can_be_fetched(deaths: Deaths, stack: Stack, way: str) -> None:
    death = deaths[way].result()
    assert death.log
    found: list[ComputeLog] = []

    def is_whole() -> bool:
        log = compute_log(stack, death.id)
        if log and log.out_link and log.err_link:
            found.append(log)
        return bool(found)

    wait_for(is_whole, 20, "its log counts as one that is still being written")
    assert found[0].out.startswith(death.log.out)
    assert "a warning of a library" in found[0].err
    out, err = (downloaded(stack, link) for link in (found[0].out_link, found[0].err_link))
    assert (out.status, out.body.decode()) == (200, found[0].out)
    assert (err.status, err.body.decode()) == (200, found[0].err)
    assert downloaded(stack, found[0].out_link, user=None).status == 401
