"""A headless Chromium, as the system has it: nothing is downloaded."""

from __future__ import annotations

import atexit
import functools
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROGRAMS = ("chromium", "chromedriver")
LOGS = ("browser", "performance")


def missing() -> str:
    """Why there is no browser to test in; empty where there is one."""
    gone = [name for name in PROGRAMS if shutil.which(name) is None]
    return f"{' and '.join(gone)} not installed (Debian: chromium, chromium-driver)" if gone else ""


@functools.cache
def chromium():
    """The browser of this process, which is started once."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for flag in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu",
                 "--disable-background-networking", "--hide-scrollbars"):  # fmt: skip
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", dict.fromkeys(LOGS, "ALL"))
    service = webdriver.ChromeService(executable_path=shutil.which("chromedriver"))
    driver = webdriver.Chrome(options=options, service=service)
    atexit.register(driver.quit)
    return driver


@contextmanager
def browser(width: int = 1280, height: int = 900, *, dark: bool = False) -> Iterator[object]:
    """A page's width is the emulated one: a window is never as narrow as a phone."""
    driver = chromium()
    driver.switch_to.new_window("tab")
    try:
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        theme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [theme]})
        for log in LOGS:
            driver.get_log(log)  # what other pages said
        yield driver
    finally:
        driver.close()
        driver.switch_to.window(driver.window_handles[0])


def open_page(driver, page: Path) -> None:
    """Open a report and wait until its charts are drawn."""
    from selenium.webdriver.support.ui import WebDriverWait

    driver.get(page.resolve().as_uri())
    drawn = "return document.documentElement.classList.contains('drawn')"
    WebDriverWait(driver, 60).until(lambda d: d.execute_script(drawn))
