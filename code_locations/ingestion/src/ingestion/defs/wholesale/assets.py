"""bronze/wholesale_sales: a day's wholesale file, line by line: download -> parse -> validate."""

import datetime as dt
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import dagster as dg
import pyarrow as pa
import pyarrow.compute as pc

from contracts.calendar import calendar
from contracts.wholesale import COLUMNS, WholesaleSales
from ingestion.defs.wholesale.reading import RAW, REJECTS, UnreadableFile, check_types, complete, read_lines
from ingestion.landing import LANDING, Content, FileUnreadable, Landing
from slipway.lake import Lake, LakeError, PartitionFailure, Partitions, Verdict
from slipway.quality import Judged
from slipway.quality.graph import graph_asset, publishing_op

_FACTS = b"facts"
_NO_LINES = pa.schema(
    [pa.field(name, pa.string()) for name in COLUMNS]
    + [pa.field("source_file", pa.string()), pa.field("source_line", pa.int32()), pa.field(RAW, pa.string())]
)
_OTHER_DAY = "other_day"


@dg.op(out=dg.Out(Partitions), required_resource_keys={"io_manager", "landing"})
def download(context: dg.OpExecutionContext) -> Partitions:
    """Fetch the files of the run's days. A day without a file is one without trade, once its deadline has passed."""
    landing, lake = context.resources.landing, context.resources.io_manager.lake
    return Partitions((key, fetched(landing, lake, key)) for key in context.partition_keys)


def fetched(
    landing: Landing,
    lake: Lake,
    key: str,
    now: dt.datetime | None = None,
    wait: Callable[[float], None] = time.sleep,
) -> pa.Table | PartitionFailure:
    """One row (name, version, sha256, data) for a day's file; none for a day without one.

    A file that is being written to is waited for. A day that was made from a file needs one: archived files and a
    wrong landing place must not make days without trade of days with sales.
    """
    day = dt.date.fromisoformat(key)
    try:
        landing.await_rest(day, wait)
        content = landing.read(day)
        made_from = None if content else _file_before(lake, key)
    except (FileUnreadable, LakeError) as error:
        return PartitionFailure(str(error))
    if made_from:
        return PartitionFailure(
            f"the day was made from {made_from}, which is no longer in {landing.address}; its content stays. Deliver "
            f"{landing.file_name(day)} again or correct {LANDING}; to say that there was no trade, deliver a file of "
            "that name with the header line alone."
        )
    if content is None and (now or calendar.now()) < due(key):
        return PartitionFailure(
            f"there is no file {landing.file_name(day)} in {landing.address} yet; expected it by "
            f"{due(key):%Y-%m-%d %H:%M}. After that the day counts as one without trade."
        )
    return _one_row(content)


def _file_before(lake: Lake, key: str) -> str | None:
    """The file that the day in the lake was made from; None if there is no such day yet, or it had no file."""
    provenance = lake.provenance(WholesaleSales.contract.path, {"day": key})
    return provenance.source.get("file") if provenance else None


def due(key: str) -> dt.datetime:
    """When a day without a file is taken for one without trade."""
    assert WholesaleSales.contract.due is not None
    window = calendar.days.time_window_for_partition_key(key)
    return WholesaleSales.contract.due.due(window.end)


def _one_row(content: Content | None) -> pa.Table:
    rows = [content] if content else []
    return pa.table(
        {
            "name": pa.array([row.file.name for row in rows], pa.string()),
            "version": pa.array([row.file.version for row in rows], pa.string()),
            "sha256": pa.array([row.sha256 for row in rows], pa.string()),
            "data": pa.array([row.data for row in rows], pa.large_binary()),
        }
    )


@dg.op(out=dg.Out(Partitions))
def parse(files: Partitions, landing: Landing) -> Partitions:
    """Read each file's lines as text; what is no line of eight fields is set aside."""
    return Partitions((key, parsed(table, landing.encoding or None)) for key, table in files)


def parsed(landed: Any, encoding: str | None = None) -> dict[str, pa.Table] | PartitionFailure:
    """`lines` and `rejects` of a file; how it was read stands in the schema's metadata of `lines`."""
    if isinstance(landed, PartitionFailure):
        return landed
    if len(landed) == 0:
        facts: dict[str, Any] = {"no_file": True, "lines_read": 0}
        return {"lines": _with_facts(_NO_LINES.empty_table(), facts), "rejects": REJECTS.empty_table()}
    [row] = landed.to_pylist()
    if why := complete(row["data"], columns=COLUMNS, encoding=encoding):
        return PartitionFailure(f"{row['name']} is not whole: {why}")
    try:
        reading = read_lines(row["data"], columns=COLUMNS, source=row["name"], encoding=encoding)
    except UnreadableFile as error:
        return PartitionFailure(str(error))
    facts = {
        "file": row["name"],
        "version": row["version"],
        "sha256": row["sha256"],
        "encoding": reading.encoding,
        "extra_columns": list(reading.extra_columns),
        "lines_read": reading.lines_read,
    }
    return {"lines": _with_facts(reading.lines, facts), "rejects": reading.rejects}


def _with_facts(lines: pa.Table, facts: dict[str, Any]) -> pa.Table:
    return lines.replace_schema_metadata({_FACTS: json.dumps(facts).encode()})


@publishing_op(WholesaleSales, resources={"landing"})
def validate(context: dg.OpExecutionContext, partitions: Partitions) -> Iterator[tuple[str, Any]]:
    """Check each line's types and day, and each file's share of lines that cannot be read; publish day by day."""
    landing: Landing = context.resources.landing
    for key, item in partitions:
        if isinstance(item, PartitionFailure):
            yield key, item
        else:
            yield key, validated(item, dt.date.fromisoformat(key), landing.unreadable_share)


def validated(item: dict[str, pa.Table], day: dt.date, unreadable_share: float) -> Judged | PartitionFailure:
    """Part the lines of a day's file into those that are what they should be and those for the quarantine.

    Lines of another day can be read, so they do not count as unreadable; a file without any other is the wrong one.
    """
    lines = item["lines"]
    facts = json.loads((lines.schema.metadata or {})[_FACTS])
    kept, refused = check_types(lines.replace_schema_metadata(None), day=day)
    rejects = pa.concat_tables(
        [item["rejects"].replace_schema_metadata(None), refused.select(REJECTS.names).cast(REJECTS)]
    )
    unreadable = rejects.filter(pc.field("rule") != _OTHER_DAY)
    read, good, bad, other_day = facts["lines_read"], len(kept), len(rejects), len(rejects) - len(unreadable)
    share = len(unreadable) / read if read else 0.0
    if other_day and not good and share <= unreadable_share:
        return PartitionFailure(
            f"{other_day} of {read} lines of {facts['file']} are of another day and none is of {day.isoformat()}: it "
            f"looks like another day's file under this name; the first: {_first(rejects)} Have the right one delivered."
        )
    metadata: dict[str, Any] = {
        "no_file": facts.get("no_file", False),
        "share set aside": round(bad / read if read else 0.0, 4),
    }
    if other_day:
        metadata["lines of another day"] = other_day
    if facts.get("encoding"):
        metadata["encoding"] = facts["encoding"]
    if facts.get("extra_columns"):
        metadata["columns not in the contract"] = ", ".join(facts["extra_columns"])
    source = {name: facts[name] for name in ("file", "version", "sha256", "no_file") if name in facts}
    return Judged(
        kept.drop_columns([RAW]),
        rejected=rejects,
        metadata=metadata,
        source=source,
        verdicts=[
            Verdict(
                "every_line_accounted_for",
                passed=read == good + bad,
                reason="" if read == good + bad else f"{read} lines were read, {good} are here and {bad} in quarantine",
                metadata={"lines read": read, "lines": good, "in quarantine": bad},
            ),
            Verdict(
                "few_unreadable_lines",
                passed=share <= unreadable_share,
                reason=""
                if share <= unreadable_share
                else f"{len(unreadable)} of {read} lines ({share:.1%}) cannot be read, more than "
                f"{unreadable_share:.1%}; the first: {_first(unreadable)}",
                metadata={"share": round(share, 4), "allowed": unreadable_share},
            ),
        ],
    )


def _first(rejects: pa.Table) -> str:
    row = rejects.sort_by("source_line").slice(0, 1).to_pylist()[0]
    return f"line {row['source_line']}, {row['rule']}: {row['reason']}"


@graph_asset(WholesaleSales)
def wholesale_sales() -> Any:
    """Download, parse and validate the day's file."""
    return validate(parse(download()))
