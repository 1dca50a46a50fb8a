"""New, corrected and missing files become runs; a file that was seen already does not."""

import datetime as dt
import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import dagster as dg

from contracts.calendar import calendar
from contracts.wholesale import COLUMNS, WholesaleSales
from ingestion.defs.wholesale.assets import due
from ingestion.defs.wholesale.reading import complete
from ingestion.landing import Content, FileUnreadable, Landing
from slipway.automation import ranged_runs
from slipway.lake import Lake, LakeIOManager

_CONTRACT = WholesaleSales.contract
NO_FILE = ""
"""The version of a day without a file."""
_GIVE_UP_WAITING = dt.timedelta(minutes=5)


@dataclass(frozen=True)
class Taken:
    """What the lake holds of a day: the version and hash of the file that it was made from."""

    version: str
    sha256: str = ""


@dataclass
class Known:
    """What the sensor has seen: its cursor.

    Attributes:
        seen: the version of each day's file when it was looked at last.
        asked: where it is another one, the version that the last run was for, and that the lake holds once it is over.
    """

    seen: dict[str, str] = field(default_factory=dict)
    asked: dict[str, str] = field(default_factory=dict)

    @classmethod
    def from_cursor(cls, cursor: str | None, lake: Lake) -> "Known":
        """As it was left at the last tick; if that is lost, as the lake tells it."""
        if cursor:
            return cls(**json.loads(cursor))
        return cls({day: held.version for day, held in taken(lake).items()})

    def as_cursor(self) -> str:
        return json.dumps({"seen": self.seen, "asked": self.asked}, separators=(",", ":"))

    def expected(self, key: str) -> str | None:
        """The version that the lake holds once all runs that were asked for are over."""
        return self.asked.get(key, self.seen.get(key))

    def requested(self, key: str, version: str) -> None:
        self.seen[key] = version
        self.asked.pop(key, None)

    def same(self, key: str, version: str) -> None:
        """The content that the lake holds came again under another version."""
        if (expected := self.expected(key)) is not None:
            self.asked[key] = expected
        self.seen[key] = version


@dataclass
class Findings:
    """What a look at the landing place has found.

    Attributes:
        versions: the version of each day's file that is to be taken, or NO_FILE.
        same: days whose file was delivered again with the content that the lake holds.
        waiting: sentences about files that are not finished yet.
    """

    versions: dict[str, str] = field(default_factory=dict)
    same: dict[str, str] = field(default_factory=dict)
    waiting: list[str] = field(default_factory=list)


def taken(lake: Lake) -> dict[str, Taken]:
    """The file that each day in the lake was made from, by its provenance: the truth when a cursor is lost."""
    found = {}
    for dims, _size in lake.partitions(_CONTRACT.path):
        provenance = lake.provenance(_CONTRACT.path, dims)
        if provenance:
            source = provenance.source
            found[dims["day"]] = Taken(source.get("version", NO_FILE), source.get("sha256", ""))
    return found


def look(landing: Landing, lake: Lake, known: Known, now: dt.datetime, clock: float | None = None) -> Findings:
    """Compare the files on hand with the versions that are known.

    A file with a new version is taken when it is settled and whole; if its content is what the lake holds already (the
    same file again) and no run is on its way to change that, nothing is to be done. A file that stays unfinished is
    taken after some minutes all the same, so that its failure is seen. A day whose deadline has passed without a file
    is taken as one without trade.
    """
    findings = Findings()
    moment = time.time() if clock is None else clock
    files = landing.files()
    for day in calendar.all_days():
        key = day.isoformat()
        file = files.get(day)
        if file is None:
            if key not in known.seen and now >= due(key):
                findings.versions[key] = NO_FILE
            continue
        if known.seen.get(key) == file.version:
            continue
        if not landing.settled(file, moment):
            findings.waiting.append(f"{file.name} was written to just now")
            continue
        try:
            content = landing.read(day)
        except FileUnreadable as error:
            findings.waiting.append(str(error))
            continue
        if content is None or content.file.version != file.version:
            findings.waiting.append(f"{file.name} changes while it is looked at")
            continue
        if (why := _unfinished(content, landing, moment)) is not None:
            findings.waiting.append(f"{file.name} is not whole: {why}")
            continue
        held = _held(lake, key)
        if held.sha256 == content.sha256 and known.expected(key) in (held.version, None):
            findings.same[key] = file.version
        else:
            findings.versions[key] = file.version
    return findings


def _unfinished(content: Content, landing: Landing, moment: float) -> str | None:
    if moment - content.file.modified > _GIVE_UP_WAITING.total_seconds():
        return None
    return complete(content.data, columns=COLUMNS, encoding=landing.encoding or None)


def _held(lake: Lake, key: str) -> Taken:
    provenance = lake.provenance(_CONTRACT.path, {"day": key})
    source = provenance.source if provenance else {}
    return Taken(source.get("version", NO_FILE), source.get("sha256", ""))


@dg.sensor(
    minimum_interval_seconds=15,
    default_status=dg.DefaultSensorStatus.RUNNING,
    target=dg.AssetSelection.assets(_CONTRACT.key),
    required_resource_keys={"io_manager", "landing"},
)
def wholesale_files(context: dg.SensorEvaluationContext) -> dg.SensorResult:
    """Requests the days whose file is new or corrected: neighbouring days as one run, the newest first."""
    manager: LakeIOManager = context.resources.io_manager
    known = Known.from_cursor(context.cursor, manager.lake)
    findings = look(context.resources.landing, manager.lake, known, calendar.now())
    requests, left = ranged_runs(
        [_CONTRACT.key],
        calendar.days,
        list(findings.versions),
        run_key=lambda first, last: _run_key(findings.versions, first, last),
    )
    for key, version in findings.same.items():
        known.same(key, version)
    for key in findings.versions.keys() - set(left):
        known.requested(key, findings.versions[key])
    # As warnings, because a skip reason is dropped where other files do become runs.
    for sentence in findings.waiting:
        context.log.warning(sentence)
    return dg.SensorResult(
        run_requests=requests,
        cursor=known.as_cursor(),
        skip_reason=None if requests else dg.SkipReason("; ".join(findings.waiting) or "No new file."),
    )


def _run_key(versions: Mapping[str, str], first: str, last: str) -> str:
    """The same files never start twice; the same content under a new version does (A -> B -> A ends in A)."""
    files = "\n".join(f"{day}={version}" for day, version in sorted(versions.items()) if first <= day <= last)
    return f"{first}...{last} {hashlib.blake2b(files.encode(), digest_size=8).hexdigest()}"
