"""The page of the global lineage: opened with all groups unfolded, and drawn so that all of it is in the window."""

from __future__ import annotations

from urllib.parse import quote

from playwright.sync_api import Page, expect

from tests.browser.chromium import SIZE

GROUPS = ("bronze", "silver", "gold", "quarantine", "applications")

REMEMBERED = {
    "dagster-nav-collapsed": "true",
    # Small nodes: their names, and the colour of their state.
    "asset-node-facets": "[]",
}

_BOX = """() => {
    const boxes = [...document.querySelectorAll('svg foreignObject')].map(each => each.getBoundingClientRect());
    const min = side => Math.min(...boxes.map(box => box[side]));
    const max = side => Math.max(...boxes.map(box => box[side]));
    return [min('left'), min('top'), max('right'), max('bottom')];
}"""
# What lies around the graph: navigation, title and search, buttons.
_LEFT, _TOP, _RIGHT, _BOTTOM = 90, 130, SIZE[0] - 70, SIZE[1] - 20


def open_lineage(page: Page, url: str, selection: str = "", awaited: str = "bronze") -> None:
    """Show assets by a selection (default: all), with their groups unfolded.

    Args:
        awaited: the name of an asset or group that shows that the graph is there.
    """
    unfolded = ",".join(quote(f"global@global:{group}", safe="") for group in GROUPS)
    selected = f"~{quote(selection, safe='')}" if selection else ""
    page.goto(f"{url}/asset-groups{selected}/?expanded={unfolded}")
    expect(page.locator("svg").get_by_text(awaited, exact=True).first).to_be_visible()
    _hide_list(page)
    _fit(page)


def _hide_list(page: Page) -> None:
    jump = page.get_by_placeholder("Jump to…")
    expect(jump).to_be_visible()
    # The button beside it has neither text nor label.
    box = jump.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] + 30, box["y"] + box["height"] / 2)
    expect(jump).to_be_hidden()
    page.wait_for_timeout(1000)


def _fit(page: Page) -> None:
    for _ in range(60):
        left, top, right, bottom = page.evaluate(_BOX)
        if right - left <= _RIGHT - _LEFT and bottom - top <= _BOTTOM - _TOP:
            break
        page.mouse.move((_LEFT + _RIGHT) / 2, _BOTTOM - 5)
        page.keyboard.down("Control")
        page.mouse.wheel(0, 5)
        page.keyboard.up("Control")
        page.wait_for_timeout(100)
    else:
        raise AssertionError("The graph does not fit in the window.")
    _drag(page, (_LEFT + _RIGHT - left - right) / 2, (_TOP + _BOTTOM - top - bottom) / 2)


def _drag(page: Page, right: float, down: float) -> None:
    x, y = (_LEFT + _RIGHT) / 2, (_TOP + _BOTTOM) / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + right, y + down, steps=5)
    page.mouse.up()
    page.wait_for_timeout(500)
