"""The web shop's products: what the wholesale files sell most, at the prices in them."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from statistics import median_low
from typing import NamedTuple

from demo.errors import SourceError
from demo.wholesale.categories import category_of

SIZE = 300
_COLUMNS = ("InvoiceNo", "StockCode", "Description", "Quantity", "UnitPrice")
_INVOICE = re.compile(r"[0-9]{6}")
# Five digits and letters are articles; POST, DOT, M, BANK CHARGES and the like are bookings.
_ARTICLE = re.compile(r"[0-9]{5}[A-Z]*")


@dataclass(frozen=True)
class Product:
    """`unit_price` in GBP: the (low) median over valid lines, so a price that was charged.

    `lines_sold` is the number of valid wholesale lines, the measure of how often it is bought.
    """

    sku: str
    description: str
    category: str
    unit_price: Decimal
    lines_sold: int


class _ValidLine(NamedTuple):
    sku: str
    description: str
    unit_price: Decimal


@dataclass
class _Article:
    prices: list[Decimal] = field(default_factory=list)
    descriptions: Counter[str] = field(default_factory=Counter)


def most_sold(files: Iterable[tuple[str, bytes]], size: int = SIZE) -> list[Product]:
    """The `size` articles with most valid lines in the files (name, content), most sold first.

    Valid: a six-digit invoice, quantity and price above 0, exact duplicates once. Stock codes are
    in capitals (the files have `85123a` and `85123A`), descriptions the most frequent ones. Files
    that cannot be read add nothing.

    Raises:
        SourceError: there is no valid line in any of them.
    """
    articles: defaultdict[str, _Article] = defaultdict(_Article)
    unreadable: list[str] = []
    for name, content in files:
        try:
            lines = list(_valid_lines(name, content))
        except SourceError as error:
            # A day's file may be broken; who reads the files has to find that out, and the shop opens all the same.
            unreadable.append(str(error))
            continue
        for line in lines:
            article = articles[line.sku]
            article.prices.append(line.unit_price)
            article.descriptions[line.description] += 1
    if not articles:
        raise SourceError(
            "The wholesale files hold no valid sales line (six-digit invoice, article code, "
            "quantity and price above 0), so the shop has no products to sell. " + " ".join(unreadable[:3])
        )
    ranked = sorted(articles.items(), key=lambda item: (-len(item[1].prices), item[0]))
    return [_product(sku, article) for sku, article in ranked[:size]]


def _product(sku: str, article: _Article) -> Product:
    count = article.descriptions.items()
    description = min(count, key=lambda item: (not item[0], -item[1], item[0]))[0] or sku
    price = median_low(article.prices).quantize(Decimal("0.001"))
    return Product(sku, description, category_of(description), price, len(article.prices))


def _valid_lines(name: str, content: bytes) -> Iterator[_ValidLine]:
    try:
        lines = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))
        header = next(lines, [])
        missing = [column for column in _COLUMNS if column not in header]
        if missing:
            raise SourceError(
                f"{name} has no column {', '.join(missing)}: expected at least "
                f"{', '.join(_COLUMNS)}, found {', '.join(header) or 'an empty file'}."
            )
        places = [header.index(column) for column in _COLUMNS]
        # Equal lines have equal invoice times, so duplicates never spread over two days' files.
        distinct = dict.fromkeys(tuple(line) for line in lines if len(line) == len(header))
    except (UnicodeDecodeError, csv.Error) as error:
        raise SourceError(f"{name} cannot be read as UTF-8 CSV: {error}.") from error
    for line in distinct:
        valid = _valid(*(line[place] for place in places))
        if valid is not None:
            yield valid


def _valid(invoice: str, stock_code: str, description: str, quantity: str, price: str) -> _ValidLine | None:
    sku = stock_code.strip().upper()
    if not (_INVOICE.fullmatch(invoice) and _ARTICLE.fullmatch(sku)):
        return None
    try:
        pieces, unit_price = int(quantity), _decimal(price)
    except (ValueError, InvalidOperation):
        return None
    if pieces <= 0 or not unit_price.is_finite() or unit_price <= 0:
        return None
    return _ValidLine(sku, description.strip(), unit_price)


# The same few hundred prices on 78,000 lines: shared, they are 7 MB less in memory.
_decimal = lru_cache(maxsize=4096)(Decimal)
