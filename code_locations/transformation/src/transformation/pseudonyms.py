"""Pseudonyms: a keyed hash in place of a customer number, the same in every table, of no use without the key."""

import hashlib
import os

import dagster as dg
import polars as pl

from slipway.location import setting

VARIABLE = "SLIPWAY_PSEUDONYM_KEY"
_EXPECTED = "a secret of at least 16 characters"


def _key(text: str) -> bytes:
    if len(text) < 16:
        raise ValueError("it is too short to keep guesses out")
    return text.encode()


class Pseudonyms(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Replaces customer numbers by 16 hex digits.

    Attributes:
        variable: names the environment variable that holds the key, or `<variable>_FILE` a file with it. The key itself
            is no field, because Dagster stores and shows a resource's fields; nor a private attribute, because
            Dagster gives a run a copy made of the fields alone.
    """

    variable: str = VARIABLE

    @classmethod
    def from_environment(cls) -> "Pseudonyms":
        """Check at start that there is a key.

        Raises:
            SettingError
        """
        pseudonyms = cls()
        pseudonyms.key()
        return pseudonyms

    def key(self) -> bytes:
        return setting(self.variable, _EXPECTED, _key, environ=os.environ, secret=True)

    def of(self, number: str) -> str:
        return _hash(number, self.key())

    def column(self, numbers: pl.Series) -> pl.Series:
        """A column of numbers as pseudonyms; a missing number stays missing."""
        key = self.key()
        different = numbers.cast(pl.String).drop_nulls().unique()
        known = {number: _hash(number, key) for number in different}
        return numbers.cast(pl.String).replace_strict(known, default=None, return_dtype=pl.String)


def _hash(number: str, key: bytes) -> str:
    return hashlib.blake2b(number.encode(), key=key, digest_size=8).hexdigest()
