"""The landing place and the lake of the stack, from inside: in containers that have the right to each."""

from __future__ import annotations

import base64
import datetime as dt
import json
from decimal import Decimal
from typing import Any

from demo.wholesale import WholesaleFiles
from demo.wholesale.moving import moved
from tests.stack_process import Stack, docker
from tests.wholesale_csv import FIRST, Figures, of_day

_PUT = """
import base64, sys
import boto3
boto3.client("s3").put_object(Bucket="landing", Key={key!r}, Body=base64.b64decode(sys.stdin.read()))
"""
_READ = """
import json
from pathlib import Path
from slipway.lake import LakeSettings
from slipway.lake.store import open_store
import io, polars as pl
data = open_store(LakeSettings.from_environment()).get({path!r})
print("null" if data is None else pl.read_parquet(io.BytesIO(data)).write_json())
"""


def first_day(stack: Stack) -> dt.date:
    """The first day of the stack's calendar, as its first start has settled it."""
    told = stack.compose("exec", "-T", "ingestion", "cat", "/run/secrets/slipway/calendar.env")
    settled = dict(line.split("=", 1) for line in told.splitlines() if "=" in line)
    return dt.date.fromisoformat(settled["SLIPWAY_FIRST_DAY"])


def recorded_day(stack: Stack, day: dt.date) -> dt.date:
    """The recorded day that the shop delivers as `day`."""
    return day - (first_day(stack) - FIRST)


def expected(stack: Stack, day: dt.date) -> Figures:
    """The figures of a day's file, worked out by DuckDB from the raw file."""
    return of_day(recorded_day(stack, day))


def file_of(stack: Stack, day: dt.date) -> bytes:
    """The day's file as the shop delivers it."""
    recorded = recorded_day(stack, day)
    return moved(WholesaleFiles().read(recorded), day - recorded)


def deliver(stack: Stack, day: dt.date, content: bytes) -> None:
    """Put a file into the landing place, with the shop's key, in a container beside the shop's."""
    docker_run = ["run", "--rm", "-i", "--network", f"{stack.project}_ingestion"]
    docker_run += ["--volume", f"{stack.project}_secrets-shop:/s:ro", "--env", "AWS_SHARED_CREDENTIALS_FILE=/s/s3.ini"]
    docker_run += ["--env", "AWS_ENDPOINT_URL_S3=http://objectstore:7070", "--env", "AWS_REGION=us-east-1"]
    key = f"wholesale/online_retail_{day}.csv"
    image = stack.image("ingestion")
    docker(*docker_run, image, "python", "-c", _PUT.format(key=key), stdin=base64.b64encode(content).decode())


def rows(stack: Stack, asset: str, **dimensions: str) -> list[dict[str, Any]] | None:
    """A partition's rows as the lake has them now; None if it has none."""
    folder = "/".join([asset, *(f"{name}={key}" for name, key in sorted(dimensions.items()))])
    answer = stack.compose("exec", "-T", "reporting", "python", "-c", _READ.format(path=f"{folder}/data.parquet"))
    found: list[dict[str, Any]] | None = json.loads(answer.strip().splitlines()[-1])
    return found


def wholesale_revenue(stack: Stack, day: dt.date) -> Decimal | None:
    """gold/daily_revenue of a day, channel wholesale."""
    found = rows(stack, "gold/daily_revenue", day=day.isoformat())
    if found is None:
        return None
    return next(Decimal(str(row["revenue"])) for row in found if row["channel"] == "wholesale")
