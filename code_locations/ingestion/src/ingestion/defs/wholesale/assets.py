"""bronze/wholesale_sales: a day's wholesale file, line by line: download -> parse -> validate."""

import csv
import datetime as dt
import io
import json
from collections.abc import Iterator
from typing import Any

import dagster as dg
import pyarrow as pa

from contracts.calendar import calendar
from contracts.wholesale import COLUMNS, WholesaleSales
from ingestion.defs.wholesale.reading import REJECTS, UnreadableFile, check_types, complete, read_lines
from ingestion.landing import Content, FileUnreadable, Landing
from slipway.lake import PartitionFailure, Partitions, Verdict
from slipway.quality import Judged
from slipway.quality.graph import graph_asset, publishing_op

_FACTS = b"facts"
_NO_LINES = pa.schema(
    [pa.field(name, pa.string()) for name in COLUMNS]
    + [pa.field("source_file", pa.string()), pa.field("source_line", pa.int32())]
)


@dg.op(out=dg.Out(Partitions))
def download(context: dg.OpExecutionContext, landing: Landing) -> Partitions:
    """Fetch the files of the run's days. A day without a file is one without trade, once its deadline has passed."""
    return Partitions((key, fetched(landing, key)) for key in context.partition_keys)


def fetched(landing: Landing, key: str, now: dt.datetime | None = None) -> pa.Table | PartitionFailure:
    """One row (name, version, sha256, data) for a day's file; none for a day without one."""
    try:
        content = landing.read(dt.date.fromisoformat(key))
    except FileUnreadable as error:
        return PartitionFailure(str(error))
    if content is None and (now or calendar.now()) < due(key):
        return PartitionFailure(
            f"there is no file {landing.pattern.replace('{day}', key)} in {landing.address} yet; expected it by "
            f"{due(key):%Y-%m-%d %H:%M}. After that the day counts as one without trade."
        )
    return _one_row(content)


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


def validated(item: dict[str, pa.Table], day: dt.date, unreadable_share: float) -> Judged:
    """Part the lines of a day's file into those that are what they should be and those for the quarantine."""
    lines = item["lines"]
    facts = json.loads((lines.schema.metadata or {})[_FACTS])
    kept, refused = check_types(lines.replace_schema_metadata(None), day=day)
    rejects = pa.concat_tables([item["rejects"].replace_schema_metadata(None), _as_rejects(refused)])
    read, good, bad = facts["lines_read"], len(kept), len(rejects)
    share = bad / read if read else 0.0
    metadata: dict[str, Any] = {"no_file": facts.get("no_file", False), "share set aside": round(share, 4)}
    if facts.get("encoding"):
        metadata["encoding"] = facts["encoding"]
    if facts.get("extra_columns"):
        metadata["columns not in the contract"] = ", ".join(facts["extra_columns"])
    source = {name: facts[name] for name in ("file", "version", "sha256", "no_file") if name in facts}
    return Judged(
        kept,
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
                else f"{bad} of {read} lines ({share:.1%}) cannot be read, more than {unreadable_share:.1%}; "
                f"the first: {_first(rejects)}",
                metadata={"share": round(share, 4), "allowed": unreadable_share},
            ),
        ],
    )


def _as_rejects(refused: pa.Table) -> pa.Table:
    """Lines with a wrong type as they stood in the file, for the quarantine."""
    raw = []
    for row in refused.select(list(COLUMNS)).to_pylist():
        text = io.StringIO()
        csv.writer(text, lineterminator="").writerow(["" if value is None else value for value in row.values()])
        raw.append(text.getvalue())
    return pa.table(
        {
            "source_file": refused.column("source_file"),
            "source_line": refused.column("source_line"),
            "raw": pa.array(raw, pa.string()),
            "rule": refused.column("rule"),
            "reason": refused.column("reason"),
        },
    ).cast(REJECTS)


def _first(rejects: pa.Table) -> str:
    row = rejects.sort_by("source_line").slice(0, 1).to_pylist()[0]
    return f"line {row['source_line']}, {row['rule']}: {row['reason']}"


@graph_asset(WholesaleSales)
def wholesale_sales() -> Any:
    """Download, parse and validate the day's file."""
    return validate(parse(download()))
