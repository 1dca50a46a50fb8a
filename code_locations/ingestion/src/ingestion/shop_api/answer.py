"""An answer's lists of records, and tables made of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from ingestion.conversion import ValueUnreadable, converted
from ingestion.shop_api.errors import ApiChanged

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Answer:
    """All pages of one call.

    Attributes:
        call: the call, without secrets.
        lists: the records, by the name of their list.
    """

    call: str
    lists: Mapping[str, Sequence[Record]]

    def table(self, name: str, schema: pa.Schema, hidden: Collection[str] = ()) -> pa.Table:
        """One list as a table, in the schema's columns and types; every record must have every field.

        Args:
            hidden: columns whose values no error may repeat.

        Raises:
            ApiChanged: fields are missing, or values are of another type.
        """
        records = self.lists[name]
        for column in schema.names:
            if lacking := sum(column not in record for record in records):
                found = sorted({key for record in records for key in record})
                raise ApiChanged(
                    f"GET {self.call}: expected the fields {', '.join(schema.names)} in {name}, found "
                    f"{', '.join(found)}: {column} is missing in {lacking} of {len(records)}. "
                    "Ask the API's owner, or change the contract."
                )
        arrays = [self._array(name, column, [record[column] for record in records]) for column in schema.names]
        rows = pa.table(arrays, names=schema.names)
        try:
            return converted(rows, schema, f"{name} of GET {self.call}", hidden)
        except ValueUnreadable as error:
            raise ApiChanged(str(error)) from error

    def extra(self, name: str, schema: pa.Schema) -> list[str]:
        """Fields that the schema does not have; they are left out."""
        return sorted({key for record in self.lists[name] for key in record} - set(schema.names))

    def _array(self, name: str, column: str, values: list[Any]) -> pa.Array:
        kinds = {type(value).__name__ for value in values if value is not None}
        try:
            return pa.array(values)
        except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError) as error:
            raise ApiChanged(
                f"GET {self.call}: expected values of one type for {column} in {name}, "
                f"found {', '.join(sorted(kinds))}."
            ) from error
