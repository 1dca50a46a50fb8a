"""Every wrong setting is one sentence that names the variable and what is expected."""

from __future__ import annotations

from pathlib import Path

import pytest

from slipway.lake import LakeSettings, LakeSettingsError

KEYS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}


@pytest.mark.parametrize(
    ("address", "folder"),
    [
        ("/data/lake", "/data/lake"),
        ("file:///data/lake", "/data/lake"),
        ("file://localhost/data/my%20lake", "/data/my lake"),
    ],
)
def test_a_folder(address: str, folder: str) -> None:
    settings = LakeSettings.from_environment({"SLIPWAY_LAKE": address})

    assert settings.folder == Path(folder)
    assert settings.s3 is None
    assert settings.uri == folder


def test_a_relative_folder_is_the_same_from_everywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert LakeSettings.parse("lake").folder == tmp_path / "lake"
    monkeypatch.setenv("HOME", str(tmp_path))
    assert LakeSettings.parse("~/lake").folder == tmp_path / "lake"


def test_a_bucket_of_another_server() -> None:
    environ = {**KEYS, "AWS_ENDPOINT_URL": "http://objectstore:7070", "AWS_REGION": "eu-central-1"}
    s3 = LakeSettings.parse("s3://bucket/some/prefix/", environ).s3

    assert s3 is not None
    assert (s3.bucket, s3.prefix, s3.endpoint, s3.region) == (
        "bucket", "some/prefix", "http://objectstore:7070", "eu-central-1",
    )  # fmt: skip
    assert LakeSettings(s3=s3).uri == "s3://bucket/some/prefix"
    assert s3.for_obstore()["client_options"]["allow_http"] is True
    assert s3.for_obstore()["virtual_hosted_style_request"] is False
    assert s3.for_polars()["aws_allow_http"] == "true"
    assert s3.for_boto3()["endpoint_url"] == "http://objectstore:7070"


def test_a_bucket_on_aws_by_the_machines_role() -> None:
    """Compose files hand on unset variables as empty ones: they count as unset."""
    empty = dict.fromkeys([*KEYS, "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_REGION"], "")
    s3 = LakeSettings.parse("s3://bucket", {**empty, "AWS_DEFAULT_REGION": "eu-west-1"}).s3

    assert s3 is not None
    assert (s3.prefix, s3.region, s3.endpoint) == ("", "eu-west-1", None)
    assert (s3.access_key_id, s3.secret_access_key, s3.session_token) == (None, None, None)
    assert s3.for_boto3() == {"region_name": "eu-west-1"}
    assert s3.for_polars() == {"aws_region": "eu-west-1"}
    assert s3.for_obstore()["virtual_hosted_style_request"] is True


def test_the_endpoint_for_s3_alone_wins() -> None:
    environ = {"AWS_ENDPOINT_URL": "http://one", "AWS_ENDPOINT_URL_S3": "http://other"}
    s3 = LakeSettings.parse("s3://bucket", environ).s3

    assert s3 is not None
    assert s3.endpoint == "http://other"


def test_secrets_are_not_shown() -> None:
    settings = LakeSettings.parse("s3://bucket", {**KEYS, "AWS_SESSION_TOKEN": "a-token"})

    assert "secret'" not in repr(settings)
    assert "a-token" not in repr(settings)


EXPECTED = r"expected the lake's folder \(such as /data/lake\) or bucket \(such as s3://bucket/prefix\)\."


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("", "SLIPWAY_LAKE is not set"),
        ("  ", "SLIPWAY_LAKE is '  '"),
        ("gs://bucket", "SLIPWAY_LAKE is 'gs://bucket'"),
        ("s3://", "SLIPWAY_LAKE is 's3://'"),
        ("s3:///prefix", "SLIPWAY_LAKE is 's3:///prefix'"),
        ("s3://bucket/a#b", "SLIPWAY_LAKE is 's3://bucket/a#b'"),
        ("file://lake", "SLIPWAY_LAKE is 'file://lake'"),
    ],
)
def test_an_address_that_is_neither(address: str, found: str) -> None:
    with pytest.raises(LakeSettingsError, match=f"^{found}: {EXPECTED}$"):
        LakeSettings.parse(address, {})


def test_no_address() -> None:
    with pytest.raises(LakeSettingsError, match="SLIPWAY_LAKE is not set"):
        LakeSettings.from_environment({})


@pytest.mark.parametrize(("given", "missing"), [tuple(KEYS), tuple(KEYS)[::-1]])
def test_half_an_account(given: str, missing: str) -> None:
    with pytest.raises(LakeSettingsError, match=f"^{missing} is not set, .* expected both, or neither"):
        LakeSettings.parse("s3://bucket", {given: "x"})


@pytest.mark.parametrize("endpoint", ["objectstore:7070", "ftp://objectstore:7070"])
def test_an_endpoint_without_its_scheme(endpoint: str) -> None:
    with pytest.raises(LakeSettingsError, match=r"AWS_ENDPOINT_URL is .* such as http://objectstore:7070\.$"):
        LakeSettings.parse("s3://bucket", {"AWS_ENDPOINT_URL": endpoint})


@pytest.mark.parametrize("address", ["/data/env=prod/lake", "file:///data/env=prod", "s3://bucket/env=prod/lake"])
def test_a_path_that_readers_would_take_for_a_partition(address: str) -> None:
    with pytest.raises(LakeSettingsError, match="has the part 'env=prod' in its path"):
        LakeSettings.parse(address, {})
