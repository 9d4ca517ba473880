"""The page in a real browser."""

from __future__ import annotations

import json

import pytest
from browser import browser, missing, open_page

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(missing()), reason=missing())]


@pytest.fixture
def page(pages):
    return pages[0]


def test_charts_are_drawn_without_an_error_or_a_request(page):
    with browser() as driver:
        open_page(driver, page)
        drawn = driver.execute_script(
            "return [...document.querySelectorAll('.plot')]"
            ".map(p => p.querySelectorAll('.scatterlayer .trace path').length)"
        )
        assert len(drawn) >= 5
        assert all(drawn)
        assert [e for e in driver.get_log("browser") if e["level"] in ("SEVERE", "WARNING")] == []
        sent = [json.loads(e["message"])["message"] for e in driver.get_log("performance")]
        urls = [m["params"]["request"]["url"] for m in sent if "requestWillBe" in m["method"]
                and "request" in m["params"]]  # fmt: skip
        assert urls
        assert all(url.startswith(("file:", "data:", "blob:")) for url in urls), urls


def test_a_point_of_a_map_shows_its_thumbnail_in_the_colours_of_its_class(page):
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.by import By

    with browser() as driver:
        open_page(driver, page)
        card = driver.find_element(By.CSS_SELECTOR, ".map")
        thumb = card.find_element(By.CSS_SELECTOR, ".thumb")
        points = card.find_elements(By.CSS_SELECTOR, ".scatterlayer .point")
        assert len(points) == 20
        assert not thumb.is_displayed()
        driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", card)
        ActionChains(driver).move_to_element(points[-1]).perform()
        assert thumb.is_displayed()
        assert thumb.size == {"width": 24, "height": 24}
        named = card.find_elements(By.CSS_SELECTOR, ".legendtext")
        assert len({text.text for text in named}) == len(named) > 1


def test_the_slider_moves_and_the_picture_changes(page):
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    with browser() as driver:
        open_page(driver, page)
        film = driver.find_element(By.CSS_SELECTOR, "[data-film]")
        image = film.find_element(By.TAG_NAME, "img")
        before = image.get_attribute("src")
        film.find_element(By.TAG_NAME, "input").send_keys(Keys.HOME)
        assert image.get_attribute("src") != before
        assert film.find_element(By.TAG_NAME, "output").text == "step 0"
        assert int(image.get_attribute("naturalWidth")) > 0


@pytest.mark.parametrize("width", [1280, 950, 375])
def test_each_heading_stands_above_its_part_in_one_column(pages, width):
    """The verdict below "Health" too, which is long where a run has many problems."""
    with browser(width) as driver:
        open_page(driver, pages[1])
        lefts = driver.execute_script(
            "const all = document.querySelectorAll('.parts h3, .parts p, .parts figure');"
            "return [...all].map(e => [e.tagName, e.getClientRects().length, e.offsetLeft])"
        )
    column = None
    for tag, boxes, left in lefts:
        assert boxes == 1, "no paragraph is split between columns"
        column = left if tag == "H3" else column
        assert left == column


def test_a_phone_needs_no_sideways_scrolling(page):
    with browser(375, 800) as driver:
        open_page(driver, page)
        wide, seen = driver.execute_script(
            "return [document.documentElement.scrollWidth, window.innerWidth]"
        )
        assert (wide, seen) == (375, 375)


@pytest.mark.parametrize("dark", [True, False], ids=["dark", "light"])
def test_colours_follow_the_theme(page, dark):
    with browser(dark=dark) as driver:
        open_page(driver, page)
        paper, ink = driver.execute_script(
            "const s = getComputedStyle(document.body), t = document.querySelector('.xtick text');"
            "return [s.backgroundColor, getComputedStyle(t).fill]"
        )
        paper, ink = (sum(int(x) for x in c[4:-1].split(",")) for c in (paper, ink))
        assert (paper < 200) == dark
        assert (ink > paper) == dark
