"""From what a failed run said to the one sentence about one partition."""

from __future__ import annotations

import pytest
from dagster_shared.error import SerializableErrorInfo

from slipway.lake import PartitionsFailed
from slipway.observe.failures import StepFailure, first_sentence, message_of, reason

MANY = StepFailure(
    "sales",
    str(
        PartitionsFailed(
            "silver/sales",
            [
                ("2010-12-03", "3 rows break the contract: quantity: 3 rows fail > 0. Look at them. (refused rows: x)"),
                ("a|2010-12-04", "ValueError: bad day"),
            ],
            60,
        )
    ),
)


def test_the_line_of_the_partition_is_told() -> None:
    assert reason("2010-12-03", [MANY]) == "3 rows break the contract: quantity: 3 rows fail > 0."
    assert reason("a|2010-12-04", [MANY]) == "ValueError: bad day"


def test_the_assets_own_failure_comes_before_that_of_another_step_with_the_same_partition() -> None:
    other = StepFailure("other", str(PartitionsFailed("silver/other", [("2010-12-03", "something else")], 0)))
    assert reason("2010-12-03", [other, MANY], "silver/sales").startswith("3 rows")


def test_an_unpartitioned_asset_is_listed_without_a_key() -> None:
    failure = StepFailure("customers", str(PartitionsFailed("silver/customers", [("the asset", "no key")], 0)))
    assert reason("", [failure], "silver/customers") == "no key"


def test_a_partition_that_the_run_never_reached_is_told_which_step_failed() -> None:
    assert reason("2010-12-09", [StepFailure("download", "the source is gone")]) == "step download: the source is gone"


def test_a_run_that_was_killed_has_no_failed_step() -> None:
    assert reason("2010-12-09", [StepFailure("", "Run was terminated. Bye.")]) == "Run was terminated."
    assert reason("2010-12-09", []) == "the run ended without saying why"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("One. Two.", "One."),
        ("file a.csv is not whole: 3.5 of 4 MB", "file a.csv is not whole: 3.5 of 4 MB"),
        ("first line\nsecond", "first line"),
        ("  \nleading", "leading"),
        ("", ""),
    ],
)
def test_first_sentence(text: str, sentence: str) -> None:
    assert first_sentence(text) == sentence


def test_a_long_sentence_is_cut() -> None:
    assert first_sentence("x" * 1000).endswith("…")
    assert len(first_sentence("x" * 1000)) == 240


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("slipway.lake.errors.PartitionMissing: 1 of 3 is not there.", "1 of 3 is not there."),
        ("KeyError: 'day'\n", "KeyError: 'day'\n"),
        ("polars.exceptions.ColumnNotFoundError: no a.b: c", "ColumnNotFoundError: no a.b: c"),
        ("a sentence. with: colons", "a sentence. with: colons"),
    ],
)
def test_errors_of_this_project_are_told_without_their_class(message: str, told: str) -> None:
    error = SerializableErrorInfo(message, [], "X")
    wrapped = SerializableErrorInfo("DagsterExecutionStepExecutionError: x", [], "DagsterExecutionStepError", error)
    assert message_of(error) == message_of(wrapped) == told
    assert message_of(None) == ""
