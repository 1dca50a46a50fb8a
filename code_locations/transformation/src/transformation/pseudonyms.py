"""Pseudonyms: a keyed hash in place of a customer number, the same in every table, of no use without the key."""

import hashlib

import dagster as dg
import polars as pl
from pydantic import PrivateAttr

from slipway.location import setting

_VARIABLE = "SLIPWAY_PSEUDONYM_KEY"


def _key(text: str) -> bytes:
    if len(text) < 16:
        raise ValueError("it is too short to keep guesses out")
    return text.encode()


class Pseudonyms(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Replaces customer numbers by 16 hex digits.

    The key comes from SLIPWAY_PSEUDONYM_KEY or the file that SLIPWAY_PSEUDONYM_KEY_FILE names, and is no part of the
    resource's configuration, which Dagster would store and show.
    """

    _secret: bytes = PrivateAttr(default=b"")

    @classmethod
    def from_environment(cls) -> "Pseudonyms":
        return cls.with_key(setting(_VARIABLE, "a secret of at least 16 characters", _key, secret=True))

    @classmethod
    def with_key(cls, key: bytes) -> "Pseudonyms":
        pseudonyms = cls()
        pseudonyms._secret = key
        return pseudonyms

    def of(self, number: str) -> str:
        return hashlib.blake2b(number.encode(), key=self._secret, digest_size=8).hexdigest()

    def column(self, numbers: pl.Series) -> pl.Series:
        """A column of numbers as pseudonyms; a missing number stays missing."""
        different = numbers.cast(pl.String).drop_nulls().unique()
        known = {number: self.of(number) for number in different}
        return numbers.cast(pl.String).replace_strict(known, default=None, return_dtype=pl.String)
