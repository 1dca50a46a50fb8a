"""Column types for table declarations: what a Python reader sees, and the Arrow type that is stored."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal as _Decimal
from typing import Annotated

import pyarrow as pa

Text = Annotated[str, pa.string()]
Category = Annotated[str, pa.dictionary(pa.int32(), pa.string())]
Boolean = Annotated[bool, pa.bool_()]
Int32 = Annotated[int, pa.int32()]
Int64 = Annotated[int, pa.int64()]
Float64 = Annotated[float, pa.float64()]
Date = Annotated[dt.date, pa.date32()]
Timestamp = Annotated[dt.datetime, pa.timestamp("us")]
TimestampUTC = Annotated[dt.datetime, pa.timestamp("us", tz="UTC")]
Decimal12_3 = Annotated[_Decimal, pa.decimal128(12, 3)]
Decimal18_3 = Annotated[_Decimal, pa.decimal128(18, 3)]
Decimal18_6 = Annotated[_Decimal, pa.decimal128(18, 6)]
