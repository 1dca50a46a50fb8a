"""The whole shop in one home: database, API, landing folder, and a note where to find them."""

from __future__ import annotations

import http.client
import json
import os
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

from sqlalchemy import make_url

from demo.api import Api, ApiServer, Faults, RateLimit, create_app
from demo.api.feedback import Feedback
from demo.atomic import write_atomically
from demo.database import Advanced, ShopDatabase
from demo.database.shop_database import stored_settings
from demo.errors import AddressError, SettingsError
from demo.settings import DEFAULT_SEED, Calendar, Settings
from demo.wholesale import DEFAULT_PATTERN, WholesaleFiles, most_sold

NOTE = "shop.json"
T = TypeVar("T")


@dataclass(frozen=True)
class Wish:
    """Settings as asked for; None is `as the home was built`, or else the default."""

    first_day: date | None = None
    last_day: date | None = None
    seed: int | None = None
    source: Path | None = None
    pattern: str | None = None

    def settled(self, built: Settings | None) -> Settings:
        """All settings: those asked for, those built, or the defaults, in this order.

        The default calendar is that of the wholesale files on hand.
        """
        source = self.source or (built.source if built else None)
        pattern = self.pattern or (built.pattern if built else DEFAULT_PATTERN)
        seed = built.seed if built else DEFAULT_SEED
        first, last = self.first_day, self.last_day
        if built is not None:
            first, last = first or built.calendar.first_day, last or built.calendar.last_day
        if first is None or last is None:
            days = WholesaleFiles(source, pattern).days()
            first, last = first or days[0], last or days[-1]
        calendar = Calendar(first, last)
        return Settings(calendar, seed if self.seed is None else self.seed, source, pattern)


class Shop:
    """A shop in the folder `home`, running between `start` and `stop`, or as a context manager.

    first_day, last_day, seed, source, pattern
                  what the shop is; a home that has been built keeps them, and refuses others
    now           the simulated moment to start at; by default the end of the last day
    landing       where wholesale files are delivered; by default `landing` in the home
    deliver       deliver the calendar's files at the start, except those that have landed
    database_url  a Postgres database; by default SQLite files in the home
    """

    def __init__(
        self,
        home: Path,
        first_day: date | None = None,
        last_day: date | None = None,
        seed: int | None = None,
        source: Path | None = None,
        *,
        pattern: str | None = None,
        now: datetime | None = None,
        landing: Path | None = None,
        deliver: bool = False,
        database_url: str | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        rate_limit: RateLimit | None = None,
        fault_share: float = 0.005,
    ) -> None:
        self.home = home.resolve()
        self.landing = (landing or self.home / "landing").resolve()
        self._wish = Wish(first_day, last_day, seed, source, pattern)
        self._now = now
        self._deliver = deliver
        self._database_url = database_url
        self._host, self._port = host, port
        self._limit = rate_limit or RateLimit()
        self._fault_share = fault_share
        self._instance = uuid.uuid4().hex
        self._settings: Settings | None = None
        self._database: ShopDatabase | None = None
        self._server: ApiServer | None = None
        self._faults: Faults | None = None

    def start(self) -> Self:
        """Build the database or go on with it, deliver, serve the API, and write `shop.json`."""
        self._refuse_if_served()
        self.home.mkdir(parents=True, exist_ok=True)
        built = stored_settings(self.home, self._database_url)
        self._settings = self._wish.settled(built)
        try:
            self._open_database(self._settings)
            self.landing.mkdir(parents=True, exist_ok=True)
            if self._deliver:
                calendar = self._settings.calendar
                days = [day for day in self.files.days() if day in calendar]
                self.files.deliver_all(self.landing, days, only_missing=True)
            self._serve(self._settings.seed)
        except BaseException:
            self._close()
            raise
        self._write_note(self.url)
        return self

    def stop(self) -> None:
        """Stop the API and close the database; the home keeps everything."""
        if self._server is not None:
            self._write_note(None)
        self._close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where the API answers, such as `http://127.0.0.1:40001`."""
        return _running(self._server).url

    @property
    def database(self) -> ShopDatabase:
        return _running(self._database)

    @property
    def database_urls(self) -> dict[str, str]:
        """Schema (`shop`, `warehouse`) to database URL: a SQLite file each, or one Postgres."""
        return self.database.urls

    @property
    def faults(self) -> Faults:
        """The switches to let the API fail."""
        return _running(self._faults)

    @property
    def settings(self) -> Settings:
        return _running(self._settings)

    @property
    def calendar(self) -> Calendar:
        return self.settings.calendar

    @property
    def files(self) -> WholesaleFiles:
        """The wholesale files, to deliver, half deliver or correct."""
        return WholesaleFiles(self.settings.source, self.settings.pattern)

    @property
    def note(self) -> Path:
        """The file that tells others where this shop is."""
        return self.home / NOTE

    def advance(self, to: datetime) -> Advanced:
        """Let everything in the database happen until `to`."""
        return self.database.advance(to)

    def deliver(self, days: Iterable[date] | None = None) -> list[Path]:
        """Deliver wholesale files: those of these days, or all of the calendar."""
        if days is None:
            days = [day for day in self.files.days() if day in self.calendar]
        return self.files.deliver_all(self.landing, days)

    def _open_database(self, settings: Settings) -> None:
        self._database = ShopDatabase.open(
            self.home, settings, lambda: most_sold(self.files.contents()), self._database_url
        )
        at = self._database.now
        to = self._now if self._now is not None else max(at, settings.calendar.closing)
        self._database.advance(to)

    def _serve(self, seed: int) -> None:
        self._faults = Faults(seed, self._fault_share)
        feedback = Feedback(seed, self.database.products)
        api = Api(feedback, self._faults, self._limit, self._instance)
        server = ApiServer(create_app(api), self._host, self._port)
        server.start()
        self._server = server

    def _close(self) -> None:
        if self._server is not None:
            self._server.stop()
        if self._database is not None:
            self._database.close()
        self._server = self._database = None

    def _refuse_if_served(self) -> None:
        # The process id alone would not do: in a container it is the same after every restart.
        if not self.note.exists():
            return
        note = read_note(self.home)
        if note.get("url") and _answers(note["url"], note.get("instance")):
            raise AddressError(
                f"The shop in {self.home} is being served already, at {note['url']} by process "
                f"{note.get('pid')}: use that one, stop it, or choose another home."
            )

    def _write_note(self, url: str | None) -> None:
        note = {
            "url": url,
            "pid": None if url is None else os.getpid(),
            "instance": self._instance,
            "databases": {
                schema: make_url(database).render_as_string(hide_password=True)
                for schema, database in self.database_urls.items()
            },
            "landing": str(self.landing),
            "calendar": {
                "first_day": self.calendar.first_day.isoformat(),
                "last_day": self.calendar.last_day.isoformat(),
            },
            "seed": self.settings.seed,
            "source": None if self.settings.source is None else str(self.settings.source.resolve()),
            "pattern": self.settings.pattern,
        }
        write_atomically(self.note, (json.dumps(note, indent=2) + "\n").encode())


def read_note(home: Path) -> dict[str, Any]:
    """What `shop.json` in a home says; SettingsError if there is none."""
    try:
        note: dict[str, Any] = json.loads((home / NOTE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsError(
            f"There is no shop in {home} (no {NOTE}): start one with `python -m demo serve --home {home}`."
        ) from None
    except ValueError as error:
        raise SettingsError(f"{home / NOTE} cannot be read ({error}): remove it and serve the home again.") from error
    return note


def _running(part: T | None) -> T:
    if part is None:
        raise AddressError("The shop is not running: call start() first, or use it in `with`.")
    return part


def _answers(url: str, instance: str | None) -> bool:
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=2)
    try:
        connection.request("GET", "/health")
        return bool(json.loads(connection.getresponse().read()).get("instance") == instance)
    except (OSError, ValueError, AttributeError, http.client.HTTPException):
        return False
    finally:
        connection.close()
