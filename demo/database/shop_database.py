"""The application database as of a simulated moment, moved forward by the timeline."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    Table,
    and_,
    bindparam,
    delete,
    func,
    insert,
    make_url,
    select,
    update,
)

from demo.database import tables
from demo.database.engine import postgres_engine, sqlite_engine, sqlite_files
from demo.database.timeline import Happenings, Row, Timeline
from demo.errors import ClockError, NoSuchRow, SettingsError
from demo.settings import Settings
from demo.wholesale.catalogue import Product

# Long windows are computed in parts, so that a year does not have to be in memory at once.
_STEP = timedelta(days=31)


@dataclass(frozen=True)
class Advanced:
    """How many rows each kind of event has touched."""

    customers: int = 0
    orders: int = 0
    order_lines: int = 0
    customer_changes: int = 0
    cancellations: int = 0
    corrections: int = 0
    deletions: int = 0
    recounts: int = 0

    def plus(self, happenings: Happenings) -> Advanced:
        return Advanced(
            **{kind.name: getattr(self, kind.name) + len(getattr(happenings, kind.name)) for kind in fields(self)}
        )


class ShopDatabase:
    """`shop.customers`, `.products`, `.orders`, `.order_lines` and `warehouse.stock`.

    Build or reopen it with `open`. Everything is applied in transactions: a reader sees the shop
    before or after a step, and a process that dies leaves it at a moment that it can go on from.
    """

    def __init__(self, engine: Engine, timeline: Timeline, urls: dict[str, str]) -> None:
        self.engine = engine
        self.urls = urls
        """Schema to database URL: a SQLite file each, or Postgres for all (with its password)."""
        self._timeline = timeline

    @classmethod
    def open(
        cls,
        home: Path,
        settings: Settings,
        products: Callable[[], Sequence[Product]],
        url: str | None = None,
    ) -> ShopDatabase:
        """The shop's database in `home` (SQLite) or at a Postgres `url`, built if it is not there.

        `products` is called only to build; afterwards the database knows its catalogue. Raises
        SettingsError if it was built with other settings.
        """
        engine = sqlite_engine(home) if url is None else postgres_engine(url)
        built = _settings_in(engine)
        where = str(home) if url is None else make_url(url).render_as_string(hide_password=True)
        if built is not None:
            settings.require_same(built, where)
            timeline = Timeline(settings.seed, settings.calendar, _catalogue_in(engine))
        else:
            timeline = Timeline(settings.seed, settings.calendar, products())
            with engine.begin() as connection:
                _build(connection, settings, timeline)
        if url is None:
            urls = {schema: f"sqlite:///{file}" for schema, file in sqlite_files(home).items()}
        else:
            urls = dict.fromkeys((tables.SHOP, tables.WAREHOUSE), url)
        return cls(engine, timeline, urls)

    @property
    def products(self) -> Sequence[Product]:
        """The catalogue the shop was built with, most sold first."""
        return self._timeline.products

    @property
    def now(self) -> datetime:
        """The simulated moment: everything until then has happened, and nothing after it."""
        with self.engine.connect() as connection:
            return _read_clock(connection)

    def advance(self, to: datetime) -> Advanced:
        """Let everything happen until `to`; in one go or in steps, the tables are the same.

        Raises ClockError if `to` is before `now`.
        """
        advanced = Advanced()
        while True:
            with self.engine.begin() as connection:
                now = _take_clock(connection)
                if to < now:
                    raise ClockError(
                        f"The shop is at {now} and cannot go back to {to}: build another one in "
                        "another home for an earlier moment."
                    )
                step = min(to, now + _STEP)
                happenings = self._timeline.between(now, step)
                _apply(connection, happenings)
                connection.execute(update(tables.clock).values(now=step))
            advanced = advanced.plus(happenings)
            if step == to:
                return advanced

    def change_customer(self, customer_id: int, **columns: Any) -> datetime:
        """Change a customer now (the clock moves on by a second); returns its new `updated_at`."""
        return self._force(tables.customers, {"customer_id": customer_id}, columns)

    def change_product(self, sku: str, **columns: Any) -> datetime:
        """Change a product now, such as `category="garden"`; orders placed keep their price."""
        return self._force(tables.products, {"sku": sku}, columns)

    def correct_line(
        self,
        order_id: int,
        line_no: int,
        *,
        quantity: int | None = None,
        unit_price: Decimal | None = None,
        sku: str | None = None,
    ) -> datetime:
        """Correct a line of an order now; returns its new `updated_at`."""
        given = {"quantity": quantity, "unit_price": unit_price, "sku": sku}
        columns = {name: value for name, value in given.items() if value is not None}
        return self._force(tables.order_lines, {"order_id": order_id, "line_no": line_no}, columns)

    def delete_order(self, order_id: int) -> datetime:
        """Delete an order and its lines now, without a trace; returns the moment."""
        at = self._tick()
        with self.engine.begin() as connection:
            found = connection.execute(delete(tables.orders).where(tables.orders.c.order_id == order_id))
            if found.rowcount == 0:
                raise NoSuchRow(f"There is no order {order_id} in shop.orders as of {at}.")
            connection.execute(delete(tables.order_lines).where(tables.order_lines.c.order_id == order_id))
        return at

    def rows(self, table: str) -> list[Row]:
        """All rows of a table such as `shop.orders`, by its key."""
        source = tables.PUBLIC[table]
        with self.engine.connect() as connection:
            found = connection.execute(select(source).order_by(*source.primary_key.columns))
            return [dict(row) for row in found.mappings()]

    def count(self, table: str) -> int:
        """The number of rows in a table."""
        with self.engine.connect() as connection:
            query = select(func.count()).select_from(tables.PUBLIC[table])
            return connection.execute(query).scalar_one()

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    def _tick(self) -> datetime:
        # A forced change gets a second of its own: a reader that remembers the largest
        # `updated_at` it has seen would miss a change at the very same moment.
        at = self.now + timedelta(seconds=1)
        self.advance(at)
        return at

    def _force(self, table: Table, key: Row, columns: Row) -> datetime:
        allowed = {column.name for column in table.columns} - set(key) - {"updated_at"}
        wrong = sorted(set(columns) - allowed)
        if wrong or not columns:
            raise SettingsError(
                f"{table.fullname} cannot be changed at {', '.join(wrong) or 'no column at all'}: "
                f"give one of {', '.join(sorted(allowed))}."
            )
        at = self._tick()
        this = and_(*(table.c[name] == value for name, value in key.items()))
        with self.engine.begin() as connection:
            found = connection.execute(update(table).where(this).values(**columns, updated_at=at))
            if found.rowcount == 0:
                named = ", ".join(f"{name} {value}" for name, value in key.items())
                raise NoSuchRow(f"There is no row with {named} in {table.fullname} as of {at}.")
        return at


def stored_settings(home: Path, url: str | None = None) -> Settings | None:
    """The settings with which the shop in `home` was built, or None if there is none yet."""
    if url is None and not (home / "simulation.db").exists():
        return None
    engine = sqlite_engine(home) if url is None else postgres_engine(url)
    try:
        return _settings_in(engine)
    finally:
        engine.dispose()


def _settings_in(engine: Engine) -> Settings | None:
    with engine.connect() as connection:
        found = connection.execute(select(tables.settings.c.name, tables.settings.c.value)).all()
    return Settings.from_text({row.name: row.value for row in found}) if found else None


def _catalogue_in(engine: Engine) -> list[Product]:
    columns = [tables.catalogue.c[column.name] for column in fields(Product)]
    with engine.connect() as connection:
        found = connection.execute(select(*columns).order_by(tables.catalogue.c.rank)).all()
    return [Product(*row) for row in found]


def _build(connection: Connection, settings: Settings, timeline: Timeline) -> None:
    for name, rows in timeline.opening().items():
        connection.execute(insert(tables.PUBLIC[name]), rows)
    connection.execute(
        insert(tables.catalogue),
        [
            {"rank": rank, **{item.name: getattr(product, item.name) for item in fields(product)}}
            for rank, product in enumerate(timeline.products, 1)
        ],
    )
    connection.execute(insert(tables.clock).values(now=timeline.calendar.opening))
    text = settings.as_text()
    connection.execute(insert(tables.settings), [{"name": name, "value": text[name]} for name in text])


def _take_clock(connection: Connection) -> datetime:
    # Writing first takes the lock (SQLite: the file, Postgres: the row), so that two processes
    # that advance the same shop wait for each other instead of applying a window twice.
    connection.execute(update(tables.clock).values(now=tables.clock.c.now))
    return _read_clock(connection)


def _read_clock(connection: Connection) -> datetime:
    now: datetime = connection.execute(select(tables.clock.c.now)).scalar_one()
    return now


def _apply(connection: Connection, happenings: Happenings) -> None:
    # Inserts, then changes, then deletions: right for any window, because no row is deleted before
    # it is changed, and no two kinds of change touch the same row. One statement a kind is fast.
    for table, rows in (
        (tables.customers, happenings.customers),
        (tables.orders, happenings.orders),
        (tables.order_lines, happenings.order_lines),
    ):
        if rows:
            connection.execute(insert(table), rows)
    _change(connection, tables.customers, ("customer_id",), happenings.customer_changes)
    _change(connection, tables.orders, ("order_id",), happenings.cancellations)
    _change(connection, tables.order_lines, ("order_id", "line_no"), happenings.corrections)
    _change(connection, tables.stock, ("sku",), happenings.recounts)
    if happenings.deletions:
        for table in (tables.order_lines, tables.orders):
            this = table.c.order_id == bindparam("deleted")
            gone = [{"deleted": row["order_id"]} for row in happenings.deletions]
            connection.execute(delete(table).where(this), gone)


def _change(connection: Connection, table: Table, key: Sequence[str], rows: Sequence[Row]) -> None:
    by_columns: defaultdict[tuple[str, ...], list[Row]] = defaultdict(list)
    for row in rows:
        by_columns[tuple(sorted(set(row) - set(key)))].append(row)
    for columns, some in by_columns.items():
        this = and_(*(table.c[name] == bindparam(f"key_{name}") for name in key))
        statement = update(table).where(this).values({name: bindparam(name) for name in columns})
        renamed = [{(f"key_{name}" if name in key else name): value for name, value in row.items()} for row in some]
        connection.execute(statement, renamed)
