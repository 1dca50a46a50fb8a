"""The daemon is well if each of its threads has told so lately.

`dagster-daemon liveness-check` asks the same and takes seconds of processor time for its imports, each time.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Mapping
from contextlib import closing

import psycopg2

REQUIRED = ("SENSOR", "BACKFILL", "SCHEDULER", "QUEUED_RUN_COORDINATOR", "MONITORING", "EVENT_LOG_CONSUMER", "ASSET")
PASSFILE = "/run/secrets/slipway/pgpass"


def check(tolerance: float = 120) -> str | None:
    """What is wrong, as a sentence; None if nothing is. Each thread writes a heartbeat every 30 s (Dagster's
    `daemon_heartbeats`)."""
    try:
        connection = psycopg2.connect(
            host=os.environ["DAGSTER_PG_HOST"],
            port=os.environ["DAGSTER_PG_PORT"],
            user=os.environ["DAGSTER_PG_USER"],
            dbname=os.environ["DAGSTER_PG_DB"],
            passfile=PASSFILE,
            connect_timeout=5,
        )
    except psycopg2.OperationalError as error:
        return f"Postgres does not answer: {str(error).strip()}"
    with closing(connection), connection.cursor() as cursor:
        cursor.execute(
            "SELECT daemon_type, extract(epoch from (now() at time zone 'utc') - timestamp) FROM daemon_heartbeats"
        )
        ages = {kind: float(age) for kind, age in cursor.fetchall()}
    return judge(ages, tolerance)


def judge(ages: Mapping[str, float], tolerance: float) -> str | None:
    """The same of the age in seconds of each thread's heartbeat."""
    for kind in REQUIRED:
        if kind not in ages:
            return f"The daemon's thread {kind} has not begun."
        if ages[kind] > tolerance:
            return f"The daemon's thread {kind} was last seen {dt.timedelta(seconds=round(ages[kind]))} ago."
    return None
