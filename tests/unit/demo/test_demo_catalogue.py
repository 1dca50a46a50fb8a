"""Products from wholesale lines: which count, at what price, in which category."""

from __future__ import annotations

from decimal import Decimal

import pytest

from demo.errors import SourceError
from demo.wholesale import WholesaleFiles, most_sold
from demo.wholesale.categories import CATEGORIES, category_of

HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"


def file_of(*lines: str) -> list[tuple[str, bytes]]:
    return [("day.csv", "\n".join((HEADER, *lines, "")).encode())]


def line(
    invoice: str = "536365",
    code: str = "85123A",
    description: str = "LANTERN",
    quantity: str = "6",
    price: str = "2.55",
    customer: str = "17850",
) -> str:
    return f"{invoice},{code},{description},{quantity},2010-12-01 08:26:00,{price},{customer},EIRE"


def test_the_real_files_give_300_products() -> None:
    files = WholesaleFiles()
    products = most_sold((str(day), files.read(day)) for day in files.days())
    assert len(products) == len({product.sku for product in products}) == 300
    first = products[0]
    assert (first.sku, first.unit_price, first.category) == (
        "85123A",
        Decimal("2.950"),
        "lighting",
    )
    assert {product.category for product in products} == set(CATEGORIES)
    others = [product for product in products if product.category == "other"]
    assert len(others) < 30
    assert all(product.unit_price > 0 for product in products)
    lines = [product.lines_sold for product in products]
    assert lines == sorted(lines, reverse=True)


def test_spellings_are_one_product_and_duplicates_count_once() -> None:
    text = [
        line(),
        line(),
        line(code="85123a", price="2.95"),
        line(invoice="536366", description=" LANTERN "),
    ]
    (product,) = most_sold(file_of(*text))
    assert (product.sku, product.description, product.lines_sold) == ("85123A", "LANTERN", 3)


def test_the_price_is_one_that_was_charged() -> None:
    prices = ["2.55", "2.95", "99", "1.255"]
    (product,) = most_sold(file_of(*(line(price=price) for price in prices)))
    assert product.unit_price == Decimal("2.550")


@pytest.mark.parametrize(
    "invalid",
    [
        line(invoice="C536365"),
        line(invoice="A563185"),
        line(quantity="-6"),
        line(quantity="0"),
        line(quantity="six"),
        line(price="0"),
        line(price="-11062.06"),
        line(price="NaN"),
        line(price=""),
        line(code="POST"),
        line(code="BANK CHARGES"),
        "536365,85123A",
    ],
)
def test_lines_that_are_no_sale_of_an_article_do_not_count(invalid: str) -> None:
    (product,) = most_sold(file_of(invalid, line(code="11111", customer="")))
    assert product.sku == "11111"


def test_a_missing_description_falls_back_to_another_line_then_to_the_code() -> None:
    text = [line(description=""), line(description="", price="3"), line(price="4")]
    assert most_sold(file_of(*text))[0].description == "LANTERN"
    assert most_sold(file_of(line(description="")))[0].description == "85123A"


def test_files_that_hold_no_sales_are_refused() -> None:
    with pytest.raises(SourceError, match="no valid sales line"):
        most_sold(file_of(line(quantity="-1")))
    with pytest.raises(SourceError, match="no column UnitPrice: expected at least"):
        most_sold([("x.csv", b"InvoiceNo,StockCode,Description,Quantity\n")])
    with pytest.raises(SourceError, match=r"x.csv cannot be read as UTF-8 CSV"):
        most_sold([("x.csv", b"\xff\xfe")])


@pytest.mark.parametrize(
    ("description", "category"),
    [
        ("WHITE HANGING HEART T-LIGHT HOLDER", "lighting"),
        ("CHRISTMAS LUNCH BAG", "christmas"),
        ("LUNCH BAG RED SPOTTY", "bags"),
        ("LUNCH BOX I LOVE LONDON", "kitchen"),
        ("hot water bottle tea and sympathy", "home"),
        ("PACK OF 12 LONDON TISSUES", "stationery"),
        ("SET OF 6 SOLDIER SKITTLES", "toys"),
        ("CHOCOLATE THIS WAY METAL SIGN", "decoration"),
        ("EDWARDIAN PARASOL BLACK", "other"),
        ("DESIGNER BAGUETTE", "other"),
        ("", "other"),
    ],
)
def test_categories_come_from_whole_words(description: str, category: str) -> None:
    assert category_of(description) == category
