"""Chromium and its WebDriver: only found here; the tests start their own."""

from .places import program


def find() -> dict[str, str] | None:
    """Both programs, or nothing."""
    driver = program("chromedriver")
    browser = program("chromium", "chromium-browser", "google-chrome")
    return {"TEST_CHROMEDRIVER": driver, "TEST_CHROMIUM": browser} if driver and browser else None
