"""Screenshots with what must not be seen covered, and the size of a PNG."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from playwright.async_api import Locator, Page

from bridges.browser.tree import Node

__all__ = ["DIFF", "DRAW", "Picture", "labels_of", "size_of"]

_COVER = "#404040"
Label = tuple[str, int, int, int, int]
"""A ref, and the box that it labels: x, y, width and height in CSS pixels of the viewport."""

# Runs in a blank page of ours: draws the picture anew, smaller or in another format or with labels on it.
DRAW = """async ([picture, longest, kind, labels]) => {
  const image = new Image();
  image.src = "data:image/png;base64," + picture;
  await image.decode();
  const scale = Math.min(1, longest / Math.max(image.width, image.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(image.width * scale));
  canvas.height = Math.max(1, Math.round(image.height * scale));
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  context.font = "bold 11px sans-serif";
  context.textBaseline = "top";
  const colours = ["#d00000", "#0050c8", "#007a3d", "#8a2be2", "#b35c00"];
  labels.forEach(([ref, x, y, width, height], at) => {
    const colour = colours[at % colours.length];
    const [left, top] = [x * scale, y * scale];
    context.strokeStyle = context.fillStyle = colour;
    context.lineWidth = 1.5;
    context.strokeRect(left, top, width * scale, height * scale);
    const wide = context.measureText(ref).width + 4;
    const above = top >= 14 ? top - 13 : top;
    context.fillRect(left, above, wide, 13);
    context.fillStyle = "white";
    context.fillText(ref, left + 2, above + 1);
  });
  return canvas.toDataURL("image/" + kind, 0.75).split(",")[1];
}"""


# Runs in a blank page of ours: compares two pictures, pixel by pixel. A pixel differs when one of its colours does by
# more than a tenth: edges of letters are drawn a little otherwise from one run to the next.
DIFF = """async ([before, after]) => {
  const drawn = async (picture) => {
    const image = new Image();
    image.src = "data:image/png;base64," + picture;
    await image.decode();
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [image.width, image.height];
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0);
    const { width, height } = image;
    return { data: context.getImageData(0, 0, width, height).data, width, height };
  };
  const [one, other] = [await drawn(before), await drawn(after)];
  const sizes = [[one.width, one.height], [other.width, other.height]];
  const [width, height] = [Math.max(one.width, other.width), Math.max(one.height, other.height)];
  let [count, left, top, right, bottom] = [0, width, height, 0, 0];
  const at = (picture, x, y, part) =>
    x < picture.width && y < picture.height ? picture.data[4 * (y * picture.width + x) + part] : -255;
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1)
      if ([0, 1, 2].some((part) => Math.abs(at(one, x, y, part) - at(other, x, y, part)) > 25)) {
        count += 1;
        [left, top] = [Math.min(left, x), Math.min(top, y)];
        [right, bottom] = [Math.max(right, x + 1), Math.max(bottom, y + 1)];
      }
  const box = count ? [left, top, right - left, bottom - top] : [0, 0, 0, 0];
  return { share: count / (width * height), box, sizes };
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


def labels_of(root: Node, size: tuple[int, int]) -> tuple[Label, ...]:
    """Return refs with their boxes, for what lies in a picture of this size; frames are put where they stand."""

    def below(node: Node, left: int, top: int) -> Iterator[Label]:
        for child in node.children:
            x, y, width, height = child.box if child.box else (0, 0, 0, 0)
            if child.ref and child.box and 0 <= left + x < size[0] and 0 <= top + y < size[1]:
                yield child.ref, left + x, top + y, width, height
            inside = (left + x, top + y) if child.role == "iframe" else (left, top)
            yield from below(child, *inside)

    return tuple(below(root, 0, 0))
