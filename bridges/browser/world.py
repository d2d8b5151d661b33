"""Questions to a document in Playwright's isolated world, where the page's own scripts cannot reach (`engine.js`)."""

import base64
import json
from typing import Any

from playwright.async_api import Frame, Locator, Page

from bridges.browser.scripts import ENGINE

__all__ = ["ask", "encoded"]


async def ask(scope: Page | Frame | Locator, what: str, argument: str = "", *, timeout_s: float) -> Any:
    """Return what the engine says about a document or an element.

    Raises:
        Error: The element or the document went away.
        TimeoutError: Playwright's; nothing answered in time.
    """
    body = f"{ENGINE}={what}:{argument}" if argument else f"{ENGINE}={what}"
    text = await scope.locator(body).text_content(timeout=timeout_s * 1000)
    return json.loads(text or "null")


def encoded(value: object) -> str:
    """Return a value as a selector can carry it."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()
