"""Pseudonyms are keyed, stable, and keyed in a real run too."""

from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from slipway.location import SettingError
from transformation.pseudonyms import VARIABLE, Pseudonyms


@dg.asset
def hashed(pseudonyms: Pseudonyms) -> str:
    return pseudonyms.of("17850")


def in_a_run() -> str:
    result = dg.materialize(
        [hashed], resources={"pseudonyms": Pseudonyms.from_environment(), "io_manager": dg.mem_io_manager}
    )
    return str(result.output_for_node("hashed"))


def test_a_run_uses_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Dagster gives a run a copy of the resource: the key must survive that."""
    monkeypatch.setenv(VARIABLE, "one key of many letters")
    one = in_a_run()
    assert one == Pseudonyms().of("17850")
    monkeypatch.setenv(VARIABLE, "another key of many letters")
    assert in_a_run() != one


def test_the_key_may_be_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(VARIABLE, "one key of many letters")
    one = Pseudonyms().of("17850")
    (tmp_path / "key").write_text("one key of many letters\n")
    monkeypatch.delenv(VARIABLE)
    monkeypatch.setenv(f"{VARIABLE}_FILE", str(tmp_path / "key"))
    assert Pseudonyms().of("17850") == one


def test_a_column(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Pseudonyms().column(pl.Series([17850, None, 17850, 13047], dtype=pl.Int32))
    assert found[0] == found[2] != found[3]
    assert found[1] is None
    assert found[0] == Pseudonyms().of("17850")


@pytest.mark.parametrize("key", ["", "short"])
def test_without_a_key_there_is_one_sentence_that_does_not_show_it(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv(VARIABLE, key)
    with pytest.raises(SettingError, match=rf"^{VARIABLE} is not .*expected a secret of at least 16 characters") as error:
        Pseudonyms.from_environment()
    assert "short" not in str(error.value).replace("too short", "")
