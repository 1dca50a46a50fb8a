"""What the page of silver/sales shows: schema, partitions, checks, figures, a preview without personal data, plots."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.ui_process import UI

SALES = "/assets/silver/sales"


def test_columns_with_types_descriptions_and_constraints(page: Page, ui: UI) -> None:
    page.goto(ui.url + SALES)
    for column, *words in (
        ("invoice", "string", "non-nullable", "matches ^[0-9]{6}$", "invoice number"),
        ("quantity", "int32", "non-nullable", "> 0", "in pieces"),
        ("revenue", "decimal128(18, 3)", "non-nullable", "> 0", "quantity x unit price, in GBP"),
        ("customer", "personal", "string", "keyed hash of the customer number"),
    ):
        row = page.get_by_role("row").filter(has_text=words[-1])
        expect(row.get_by_text(column, exact=True)).to_be_visible()
        for word in words:
            expect(row).to_contain_text(word)
    expect(page.get_by_role("row").filter(has_text="keyed hash")).not_to_contain_text("non-nullable")


def test_owner_kind_description_and_automation(page: Page, ui: UI) -> None:
    page.goto(ui.url + SALES)
    expect(page.get_by_text("One valid wholesale line.")).to_be_visible()
    for heading, value in {
        "Owners": "sales",
        "Kinds": "Parquet",
        "Storage": "silver.sales",
        "Automation condition": "when_inputs_change",
    }.items():
        expect(page.get_by_text(heading, exact=True)).to_be_visible()
        expect(page.get_by_text(value, exact=True).first).to_be_visible()


def test_every_day_is_there(page: Page, ui: UI) -> None:
    page.goto(f"{ui.url}{SALES}?view=partitions")
    expect(page.get_by_text("62 Partitions Selected")).to_be_visible()
    for count in ("Materialized (62)", "Missing (0)", "Failed (0)"):
        expect(page.get_by_text(count)).to_be_visible()


def test_figures_and_preview_of_a_day(page: Page, ui: UI) -> None:
    page.goto(f"{ui.url}{SALES}?view=partitions&partition=2011-01-18")
    for name, value in (
        ("dagster/partition_row_count", "1421"),
        ("revenue_total", "95947.73"),
        ("num_orders", "41"),
        ("average_order_value", "2340.189"),
        ("rows in quarantine", "19"),
        ("exact duplicates", "7"),
    ):
        row = page.get_by_role("row").filter(has=page.get_by_text(name, exact=True))
        expect(row.get_by_text(value, exact=True)).to_be_visible()
    preview = page.get_by_role("table").filter(has_text="stock_code").last
    expect(preview.locator("tbody tr")).to_have_count(5)
    assert preview.locator("th").all_inner_texts() == [
        *("invoice", "stock_code", "description", "quantity", "invoiced_at"),
        *("unit_price", "revenue", "country", "source_file", "source_line"),
    ]
    expect(page.get_by_text("Not shown, because personal: customer.")).to_be_visible()


def test_checks_were_made_and_passed(page: Page, ui: UI) -> None:
    page.goto(f"{ui.url}{SALES}?view=checks")
    expect(page.get_by_text("Checks (3)")).to_be_visible()
    for check, says in {
        "contract": "Every row holds against the declared columns and rules.",
        "every_row_accounted_for": "Every row of bronze/wholesale_sales is here, in quarantine, or an exact duplicate.",
        "within_usual_bounds": "are within what the same weekday had in its last eight weeks.",
    }.items():
        page.goto(f"{ui.url}{SALES}?view=checks&checkDetail={check}")
        expect(page.get_by_text(says)).to_be_visible()
        # The newest day's verdict.
        expect(page.get_by_text("Passed", exact=True).first).to_be_visible()
        expect(page.get_by_text("2011-01-31", exact=True).first).to_be_visible()
    # Those that block have passed on all days. The bounds only warn, and some days were strange.
    expect(page.get_by_text("Succeeded", exact=True)).to_have_count(2)


def test_the_overview_counts_the_checks(page: Page, ui: UI) -> None:
    page.goto(ui.url + SALES)
    heading = page.get_by_text("Latest check results", exact=True)
    expect(heading).to_be_visible()
    expect(heading.locator("xpath=..")).to_contain_text("3")


def test_measures_are_plotted_over_partitions(page: Page, ui: UI) -> None:
    page.goto(ui.url + SALES)
    with page.expect_response(lambda answer: "op=AssetPartitionEventsQuery" in answer.url) as answered:
        page.get_by_role("button", name="Plots").click()
    for measure in ("revenue_total", "num_orders", "average_order_value", "units"):
        expect(page.get_by_text(measure, exact=True)).to_be_visible()
    expect(page.get_by_text("Asset plots are automatically generated")).to_have_count(0)
    # The curves are pixels; what they are drawn from is in the answer: a materialization of each day.
    found = answered.value.json()["data"]["assetNodeOrError"]["latestMaterializationByPartition"]
    assert len([each for each in found if each]) == 62
    expect(page.locator("canvas").nth(5)).to_be_attached()


def test_two_dimensional_partitions(page: Page, ui: UI) -> None:
    page.goto(f"{ui.url}/assets/gold/revenue_by_category?view=partitions")
    expect(page.get_by_text("620 Partitions Selected")).to_be_visible()
    expect(page.get_by_text("Materialized (620)")).to_be_visible()
    expect(page.get_by_text("kitchen", exact=True).first).to_be_visible()


def test_rejected_rows_are_beside_the_table(page: Page, ui: UI) -> None:
    page.goto(f"{ui.url}/assets/quarantine/silver/sales?view=partitions&partition=2011-01-18")
    expect(page.get_by_text("Materialized (62)")).to_be_visible()
    row = page.get_by_role("row").filter(has=page.get_by_text("dagster/partition_row_count", exact=True))
    expect(row.get_by_text("19", exact=True)).to_be_visible()
