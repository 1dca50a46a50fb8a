"""The live shop: opens its database, serves the API, delivers and goes with the time until it is stopped."""

from __future__ import annotations

import logging
import os
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import Self, TypeVar

from sqlalchemy.exc import DBAPIError

from demo.api import Api, ApiServer, Faults, RateLimit, create_app
from demo.api.feedback import Feedback
from demo.database import ShopDatabase
from demo.database.shop_database import stored_settings
from demo.errors import AddressError, SettingsError
from demo.live.chore import Chore, sentence
from demo.live.delivery import Deliverer
from demo.live.landing import Landing, open_landing
from demo.live.timetable import DELIVERY_HOUR, Clock, Timetable, first_day_for, local_clock
from demo.settings import DEFAULT_SEED, Settings
from demo.wholesale import WholesaleFiles, most_sold, recorded_days

log = logging.getLogger("demo.live")
T = TypeVar("T")

TICK = 60.0
"""Seconds from one look at the clock to the next."""


@dataclass(frozen=True)
class LiveSettings:
    """What a live shop is told; see `python -m demo live --help`.

    `home` is needed for SQLite (without `database_url`) and for the landing folder `landing` in it (without `landing`).
    `first_day` None: that of the database if it is built, else `first_day_for` today.
    """

    home: Path | None = None
    landing: str | None = None
    database_url: str | None = field(default=None, repr=False)
    first_day: date | None = None
    original: bool = False
    hour: int = DELIVERY_HOUR
    seed: int = DEFAULT_SEED
    host: str = "127.0.0.1"
    port: int = 0
    rate_limit: RateLimit = field(default_factory=RateLimit)
    fault_share: float = 0.005

    def __post_init__(self) -> None:
        if self.home is None and (self.database_url is None or self.landing is None):
            raise SettingsError(
                "The shop needs a place for its SQLite files and its landing folder: give --home (SHOP_HOME), or both "
                "--database-url-file (SHOP_DATABASE_URL_FILE) and --landing (SHOP_LANDING)."
            )
        if self.first_day is not None:
            Timetable(self.first_day, self.original)  # refused before anything is waited for

    @property
    def landing_address(self) -> str:
        return self.landing or str(self._home / "landing")

    @property
    def _home(self) -> Path:
        # With Postgres, nothing is ever written there.
        return self.home or Path()


class LiveShop:
    """A shop that goes with `clock`: `run` until stopped, or `open`, `round` and `close` in a test.

    Raises:
        SettingsError: settings that cannot be meant, at once; of what was built before, from `open`.
    """

    def __init__(
        self,
        settings: LiveSettings,
        clock: Clock | None = None,
        environ: Mapping[str, str] | None = None,
        stopped: Event | None = None,
    ) -> None:
        self.settings = settings
        self.landing: Landing = open_landing(settings.landing_address, os.environ if environ is None else environ)
        self._clock = clock or local_clock()
        self._stopped = stopped or Event()
        self._database: ShopDatabase | None = None
        self._timetable: Timetable | None = None
        self._deliverer: Deliverer | None = None
        self._server: ApiServer | None = None

    @property
    def timetable(self) -> Timetable:
        return _opened(self._timetable)

    @property
    def database(self) -> ShopDatabase:
        return _opened(self._database)

    @property
    def url(self) -> str:
        """Where the API answers."""
        return _opened(self._server).url

    def open(self) -> Self:
        """Build the database, or go on with it, as of now. To be repeated after AddressError and DBAPIError."""
        home, url = self._make_home(), self.settings.database_url
        built = stored_settings(home, url)
        timetable = Timetable(self._first_day(built), self.settings.original, self.settings.hour)
        wanted = Settings(timetable.calendar, self.settings.seed)
        if built is not None:
            _require_same(wanted, built)
        database = ShopDatabase.open(home, wanted, lambda: most_sold(WholesaleFiles().contents()), url)
        try:
            _advance(database, timetable.as_of(self._clock()))
        except BaseException:
            database.close()
            raise
        self._database, self._timetable = database, timetable
        self._deliverer = Deliverer(timetable, self.landing, self._stopped)
        return self

    def serve(self) -> None:
        """Serve the API; AddressError if the port is taken."""
        seed = self.settings.seed
        api = Api(
            Feedback(seed, self.database.products),
            Faults(seed, self.settings.fault_share),
            self.settings.rate_limit,
            uuid.uuid4().hex,
            rates_moved=self.timetable.moved,
            problem=self.problem,
        )
        server = ApiServer(create_app(api), self.settings.host, self.settings.port)
        server.start()
        self._server = server

    def advance(self, now: datetime | None = None) -> None:
        """Let everything in the database happen until `now`.

        A clock that has gone back, as on an autumn night, is waited for: time in the shop never runs backwards.
        """
        _advance(self.database, self.timetable.as_of(now or self._clock()))

    def deliver(self, now: datetime | None = None) -> list[date]:
        """Deliver what is due by `now` and has not landed; returns the days."""
        delivered = _opened(self._deliverer).round(now or self._clock())
        if delivered:
            log.info("Delivered %s into %s.", _files(delivered), self.landing)
        return delivered

    def round(self, now: datetime) -> list[date]:
        """What happens once a minute: the database and the landing as of `now`; returns the days delivered."""
        self.advance(now)
        return self.deliver(now)

    def problem(self) -> str | None:
        """Why the shop is not well, in a sentence: the database does not answer, or nothing has been delivered yet."""
        if self._database is None or self._deliverer is None:
            return "The shop is not open yet."
        try:
            _ = self._database.now
        except DBAPIError as error:
            return sentence(error)
        if not self._deliverer.begun:
            return f"The files that are due have not been delivered into {self.landing} yet."
        return None

    def run(self) -> None:
        """Open, serve and go with the time until `stopped`. What is not there yet is waited for.

        Raises:
            SettingsError, AddressError (the port is taken): nothing that waiting would mend.
        """
        try:
            opening = Chore(self.open, 0, (AddressError, DBAPIError))
            while self._deliverer is None:
                if self._stopped.wait(opening.do()):
                    return
            self.serve()
            log.info("%s", self._summary())
            chores = [Chore(self.advance, TICK), Chore(self.deliver, TICK)]
            while not self._stopped.wait(min([chore.do() for chore in chores])):
                pass
        finally:
            self.close()

    def close(self) -> None:
        """Stop the API and close the database."""
        if self._server is not None:
            self._server.stop()
        if self._database is not None:
            self._database.close()
        self._server = self._database = self._deliverer = None

    def __enter__(self) -> Self:
        return self.open()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _first_day(self, built: Settings | None) -> date:
        if self.settings.first_day is not None:
            return self.settings.first_day
        if self.settings.original:
            return recorded_days()[0]
        return built.calendar.first_day if built else first_day_for(self._clock().date())

    def _make_home(self) -> Path:
        home = self.settings.home
        if home is None or self.settings.database_url is not None:
            return home or Path()
        try:
            home.mkdir(parents=True, exist_ok=True)
            (home / ".writable").touch()
            (home / ".writable").unlink()
        except OSError as error:
            raise SettingsError(
                f"The shop's home {home} cannot be written to ({error.strerror}): its SQLite files lie there. Choose "
                "another one, or give a Postgres database."
            ) from error
        return home.resolve()

    def _summary(self) -> str:
        orders, customers = (self.database.count(f"shop.{name}") for name in ("orders", "customers"))
        return (
            f"The shop is at {self.database.now}, its first day is {self.timetable.first_day}: {orders:,} orders, "
            f"{customers:,} customers. API at {self.url}, files into {self.landing}."
        )


def _advance(database: ShopDatabase, to: datetime) -> None:
    if to > database.now:
        database.advance(to)


def _require_same(wanted: Settings, built: Settings) -> None:
    try:
        wanted.require_same(built, "this database")
    except SettingsError as error:
        raise SettingsError(
            f"{str(error).partition(' Leave')[0]} A shop keeps its days: give the same ones, or begin anew with an "
            "empty database (without the schemas shop, warehouse and simulation) and an empty landing."
        ) from None


def _files(days: Sequence[date]) -> str:
    return f"the file of {days[0]}" if len(days) == 1 else f"{len(days)} files, of {days[0]} to {days[-1]},"


def _opened(part: T | None) -> T:
    if part is None:
        raise AddressError("The shop is not open: call open() first.")
    return part
