"""Who may do what in the object store: asked of the policies as a store reads them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from slipway.lake import layout
from slipway.provision.policy import bucket_policy, grants, iam_policy, layer_prefixes
from slipway.provision.secrets import ACCOUNTS
from slipway.provision.settings import LOCATIONS
from tests.unit.provision.environment import settings

GRANTS = grants(settings())
PRINCIPALS = {account: f"slipway-{account}" for account in ACCOUNTS}
BUCKETS = ("lake", "logs", "landing")
READ, PUT, DELETE, LIST = "s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket"


def matches(pattern: str, text: str) -> bool:
    """As in AWS's policies: `*` and `?` only."""
    return bool(re.fullmatch("".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in pattern), text))


def allows(statements: Iterable[Mapping[str, Any]], action: str, resource: str, listed: str | None = None) -> bool:
    for statement in statements:
        assert statement["Effect"] == "Allow"
        prefixes = statement.get("Condition", {}).get("StringLike", {}).get("s3:prefix", ["*"])
        if (
            any(matches(each, action) for each in statement["Action"])
            and any(matches(each, resource) for each in statement["Resource"])
            and (listed is None or any(matches(each, listed) for each in prefixes))
        ):
            return True
    return False


def may(account: str, action: str, bucket: str, key: str = "") -> bool:
    """Whether both forms of the policy allow it, which must agree."""
    resource = f"arn:aws:s3:::{bucket}" + ("" if action == LIST else f"/{key}")
    listed = key if action == LIST else None
    theirs = [
        statement
        for statement in bucket_policy(bucket, GRANTS, PRINCIPALS)["Statement"]
        if PRINCIPALS[account] in statement["Principal"]["AWS"]
    ]
    of_bucket = allows(theirs, action, resource, listed)
    assert of_bucket == allows(iam_policy(account, GRANTS)["Statement"], action, resource, listed)
    return of_bucket


@pytest.mark.parametrize(("location", "layer"), LOCATIONS.items())
def test_a_location_reads_the_whole_lake_and_writes_its_layer(location: str, layer: str) -> None:
    for other in LOCATIONS.values():
        for key in (
            layout.data_path([other, "sales"], {"day": "2026-01-01"}),
            layout.file_path([other, "report"], {}, "report.html"),
            f"quarantine/{layout.data_path([other, 'sales'], {})}",
            layout.rejected_path([other, "sales"], {}),
            layout.scratch_path(other, "run", "op"),
        ):
            assert may(location, READ, "lake", key)
            assert may(location, LIST, "lake", key)
            for action in (PUT, DELETE, "s3:AbortMultipartUpload"):
                assert may(location, action, "lake", key) == (other == layer), f"{action} {key}"


@pytest.mark.parametrize("location", LOCATIONS)
@pytest.mark.parametrize(
    "key", ["data.parquet", "bronzed/x", "_rejected/x", "_scratch/none/x", "quarantine/x", "%2E/x"]
)
def test_nothing_is_written_beside_the_layers(location: str, key: str) -> None:
    assert not may(location, PUT, "lake", key)


def test_ingestion_alone_reads_the_landing_and_nobody_but_the_shop_writes_it() -> None:
    assert {account for account in ACCOUNTS if may(account, READ, "landing", "wholesale/x.csv")} == {
        "ingestion",
        "shop",
    }
    assert {account for account in ACCOUNTS if may(account, PUT, "landing", "wholesale/x.csv")} == {"shop"}


def test_logs_are_written_by_whose_they_are_and_the_steward() -> None:
    for folder in (*LOCATIONS, "daemon", "steward", "other"):
        writers = {account for account in ACCOUNTS if may(account, PUT, "logs", f"{folder}/storage/run/x.err")}
        assert writers == {"steward", *({folder} & {*LOCATIONS, "daemon"})}
    readers = {account for account in ACCOUNTS if may(account, READ, "logs", "ingestion/storage/run/x.err")}
    assert readers == {"ingestion", "webserver", "steward"}
    listers = {account for account in ACCOUNTS if may(account, LIST, "logs", "ingestion/storage/run/")}
    assert listers == readers
    assert {account for account in ACCOUNTS if may(account, LIST, "logs", "")} == {"webserver", "steward"}


def test_the_webserver_sees_nothing_of_the_lake_but_pages_with_a_key_of_their_own() -> None:
    assert {bucket for bucket in BUCKETS if may("webserver", READ, bucket, "gold/_files/x.html")} == {"logs"}
    assert not any(may("webserver", PUT, bucket, "x") for bucket in BUCKETS)
    assert may("reports", READ, "lake", "gold/_files/weekly/week=2026-01-05/report.html")
    assert not may("reports", READ, "lake", "gold/daily_revenue/day=2026-01-05/data.parquet")
    assert not any(may("reports", LIST, bucket, "") for bucket in BUCKETS)


@pytest.mark.parametrize("account", ACCOUNTS)
def test_nobody_changes_a_bucket_or_sees_and_removes_versions(account: str) -> None:
    for bucket in BUCKETS:
        for action in (
            *("s3:CreateBucket", "s3:DeleteBucket", "s3:PutBucketPolicy", "s3:PutBucketVersioning"),
            *("s3:PutBucketAcl", "s3:PutObjectAcl", "s3:DeleteObjectVersion", "s3:GetObjectVersion"),
            *("s3:ListBucketVersions", "s3:BypassGovernanceRetention", "s3:PutLifecycleConfiguration"),
        ):
            assert not may(account, action, bucket, "bronze/x"), action


@pytest.mark.parametrize("bucket", BUCKETS)
def test_no_statement_is_wider_than_it_looks(bucket: str) -> None:
    for statement in bucket_policy(bucket, GRANTS, PRINCIPALS)["Statement"]:
        assert len(statement["Principal"]["AWS"]) == 1, "never everybody"
        assert not [action for action in statement["Action"] if "*" in action]
        for resource in statement["Resource"]:
            assert resource == f"arn:aws:s3:::{bucket}" or resource.startswith(f"arn:aws:s3:::{bucket}/")


@pytest.mark.parametrize("account", ACCOUNTS)
def test_the_iam_policy_is_the_bucket_policies_without_their_principals(account: str) -> None:
    statements = [
        {name: value for name, value in statement.items() if name != "Principal"}
        for bucket in BUCKETS
        for statement in bucket_policy(bucket, GRANTS, PRINCIPALS)["Statement"]
        if statement["Principal"] == {"AWS": [PRINCIPALS[account]]}
    ]
    found = iam_policy(account, GRANTS)["Statement"]
    assert statements
    assert sorted(map(repr, found)) == sorted(map(repr, statements))


def test_other_names_of_buckets_go_into_the_policies() -> None:
    given = grants(settings(SLIPWAY_LAKE_BUCKET="my-lake", SLIPWAY_LOGS_BUCKET="my-logs"))
    resources = [each for statement in iam_policy("reporting", given)["Statement"] for each in statement["Resource"]]
    assert {resource.split(":::")[1].split("/")[0] for resource in resources} == {"my-lake", "my-logs"}


def test_a_layers_prefixes_are_those_of_the_lake() -> None:
    assert layer_prefixes("silver") == ("silver/", "quarantine/silver/", "_rejected/silver/", "_scratch/silver/")
