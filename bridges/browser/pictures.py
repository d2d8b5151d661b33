"""Screenshots with what must not be seen covered, and the size of a PNG."""

import struct
from dataclasses import dataclass

from playwright.async_api import Locator, Page

__all__ = ["SHRINK", "Picture", "size_of"]

_COVER = "#404040"

# Runs in a blank page of ours: draws the picture smaller and returns it as base64.
SHRINK = """async ([png, longest]) => {
  const image = new Image();
  image.src = "data:image/png;base64," + png;
  await image.decode();
  const scale = longest / Math.max(image.width, image.height);
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(image.width * scale));
  canvas.height = Math.max(1, Math.round(image.height * scale));
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  return canvas.toDataURL("image/png").split(",")[1];
}"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """How pictures are taken: one image pixel a CSS pixel. `timeout` is in milliseconds."""

    mask: list[Locator]
    timeout: float

    async def of_page(self, page: Page, *, full_page: bool) -> bytes:
        """Return a PNG of the viewport or of the whole page."""
        return await page.screenshot(
            type="png",
            scale="css",
            full_page=full_page,
            mask=self.mask,
            mask_color=_COVER,
            timeout=self.timeout,
        )

    async def of_element(self, element: Locator) -> bytes:
        """Return a PNG of one element."""
        return await element.screenshot(
            type="png", scale="css", mask=self.mask, mask_color=_COVER, timeout=self.timeout
        )


def size_of(png: bytes) -> tuple[int, int]:
    """Return width and height of a PNG, from its header."""
    width, height = struct.unpack(">II", png[16:24])
    return int(width), int(height)
