"""Compute logs in the object store: those of runs that died become whole, and old ones go.

A step's log is `<name>.out.partial` and `<name>.err.partial` while it runs, uploaded anew every few seconds, and
`<name>.out` and `<name>.err` once it is over. A container that is killed leaves the first, which Dagster takes for a
step that is still running, for ever: no download, and a page that keeps waiting. And no store removes what is old.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Iterable, Sequence

from dagster import DagsterInstance, DagsterRun, DagsterRunStatus, RunsFilter

from slipway.lake.store import Store

logger = logging.getLogger(__name__)

PARTIAL = ".partial"
_ENDED_BADLY = [DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED]
_LOCATION_TAG = "dagster/code_location"
_OVERLAP = dt.timedelta(minutes=5)
"""Looks overlap, so that a run which was reported late, or by a clock that is behind, is not missed."""


def promotions(paths: Iterable[str]) -> list[tuple[str | None, str]]:
    """What to copy so that every log is whole: (from, to); from None: an empty one is to be made.

    Args:
        paths: all objects of a run that is over.
    """
    present = set(paths)
    logs = {path.removesuffix(PARTIAL).rpartition(".")[0] for path in present if path.endswith(PARTIAL)}
    found: list[tuple[str | None, str]] = []
    for log in sorted(logs):
        # Dagster looks at `.err` to tell whether a log is whole: it comes last, and even if nothing was written to it.
        for whole in (f"{log}.out", f"{log}.err"):
            if whole not in present:
                found.append((whole + PARTIAL if whole + PARTIAL in present else None, whole))
    return found


class LogKeeper:
    """
    Args:
        store: the bucket of logs.
        keep: how long logs are kept.
    """

    def __init__(self, store: Store, instance: Callable[[], DagsterInstance], keep: dt.timedelta) -> None:
        self._store = store
        self._instance = instance
        self._keep = keep
        self._looked: dt.datetime | None = None

    def promote(self, now: dt.datetime | None = None) -> int:
        """Make the logs of runs that died whole; the number of objects that were made.

        Raises:
            LakeUnavailable: the object store does not answer.
        """
        now = now or dt.datetime.now(dt.UTC)
        # The first look after a start goes back as far as a steward may have been away.
        since = self._looked - _OVERLAP if self._looked else now - dt.timedelta(days=1)
        filters = RunsFilter(statuses=_ENDED_BADLY, updated_after=since)
        made = sum(self._promote(run) for run in self._instance().get_runs(filters))
        self._looked = now
        return made

    def _promote(self, run: DagsterRun) -> int:
        prefix = f"{run.tags.get(_LOCATION_TAG, '')}/storage/{run.run_id}"
        wanted = promotions(found.path for found in self._store.list(prefix))
        for source, target in wanted:
            data = self._store.get(source) if source else b""
            self._store.put(target, data or b"", content_type="text/plain")
        if wanted:
            logger.info("run %s died: %d of its logs are kept as they were last seen", run.run_id, len(wanted))
        return len(wanted)

    def forget(self, now: dt.datetime | None = None) -> int:
        """Remove logs that are older than they are to be kept; the number of objects that went."""
        oldest = ((now or dt.datetime.now(dt.UTC)) - self._keep).timestamp()
        old: Sequence[str] = [found.path for found in self._store.list("") if found.modified < oldest]
        for path in old:
            self._store.delete(path)
        if old:
            logger.info("removed %d logs that are older than %g days", len(old), self._keep.days)
        return len(old)
