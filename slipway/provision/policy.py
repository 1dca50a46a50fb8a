"""Who may do what in the object store: pure functions, one declaration for the stack's own store and for AWS.

A location reads the whole lake and writes its own layer, with that layer's quarantine, refused partitions and scratch
space, and its own logs. Nothing may change a bucket, its policy or its versioning.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slipway.provision.settings import LOCATIONS, ProvisionSettings

READ = ("s3:GetObject",)
WRITE = ("s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload")


@dataclass(frozen=True)
class Grant:
    """
    Attributes:
        account: who.
        bucket: in which bucket.
        actions: on objects.
        prefixes: below which prefixes; "" is the whole bucket.
        lists: whether the bucket's objects may be listed, below the same prefixes.
    """

    account: str
    bucket: str
    actions: tuple[str, ...]
    prefixes: tuple[str, ...] = ("",)
    lists: bool = False


def layer_prefixes(layer: str) -> tuple[str, ...]:
    """All that belongs to a layer in the lake; see `slipway.lake.layout`."""
    return (f"{layer}/", f"quarantine/{layer}/", f"_rejected/{layer}/", f"_scratch/{layer}/")


def grants(settings: ProvisionSettings) -> list[Grant]:
    """All rights of all accounts."""
    lake, logs, landing = settings.lake_bucket, settings.logs_bucket, settings.landing_bucket
    found = []
    for location, layer in LOCATIONS.items():
        found += [
            Grant(location, lake, READ, lists=True),
            Grant(location, lake, WRITE, layer_prefixes(layer)),
            Grant(location, logs, (*READ, *WRITE), (f"{location}/",), lists=True),
        ]
    return [
        *found,
        Grant("ingestion", landing, READ, lists=True),
        Grant("webserver", logs, READ, lists=True),
        Grant("reports", lake, READ, tuple(f"{layer}/_files/" for layer in LOCATIONS.values())),
        Grant("daemon", logs, (*READ, *WRITE), ("daemon/",), lists=True),
        Grant("steward", logs, (*READ, *WRITE), lists=True),
        Grant("shop", landing, (*READ, *WRITE), lists=True),
    ]


def bucket_policy(bucket: str, given: Sequence[Grant], principal: Mapping[str, str]) -> dict[str, Any]:
    """The policy of a bucket, for all accounts.

    Args:
        principal: account -> its name in the store.
    """
    statements = []
    for grant in given:
        if grant.bucket == bucket:
            who = {"Principal": {"AWS": [principal[grant.account]]}}
            statements += [{"Effect": "Allow", **who, **statement} for statement in _statements(grant)]
    return {"Version": "2012-10-17", "Statement": statements}


def iam_policy(account: str, given: Sequence[Grant]) -> dict[str, Any]:
    """The same rights of one account as a policy for an IAM user or role on AWS."""
    statements = [
        {"Effect": "Allow", **statement}
        for grant in given
        if grant.account == account
        for statement in _statements(grant)
    ]
    return {"Version": "2012-10-17", "Statement": statements}


def _statements(grant: Grant) -> list[dict[str, Any]]:
    arn = f"arn:aws:s3:::{grant.bucket}"
    found: list[dict[str, Any]] = [
        {"Action": list(grant.actions), "Resource": [f"{arn}/{prefix}*" for prefix in grant.prefixes]}
    ]
    if grant.lists:
        # Without the right to list, a store answers 403 for an object that is not there, and not 404.
        listing: dict[str, Any] = {"Action": ["s3:ListBucket"], "Resource": [arn]}
        if grant.prefixes != ("",):
            listing["Condition"] = {"StringLike": {"s3:prefix": [f"{prefix}*" for prefix in grant.prefixes]}}
        found.append(listing)
    return found
