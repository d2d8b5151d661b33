// Whether a person can see a text: not clear as glass, not the colour of its ground, not a pixel high, not beside the
// page. Text that nobody sees is how pages talk to models behind people's backs.
const sight = (() => {
  const start = () => ({ depth: 0, kept: 0, faint: false, clipped: false, off: false, tiny: false, ground: undefined, ink: null, pointer: false });

  const within = (around, element, style, box) => ({
    faint: around.faint || Number(style.opacity) < 0.05,
    clipped: around.clipped || isClipped(style, box),
    off: box.bottom <= 0 || box.top >= innerHeight,
    beside: style.display !== "contents" && box.width > 0 && (box.right + scrollX <= 0 || box.bottom + scrollY <= 0),
    tiny: parseFloat(style.fontSize) < 2,
    ink: style.color,
    ground: groundOf(around, style),
    pointer: around.pointer,
    element,
  });
  const isClipped = (style, box) => {
    if (style.clipPath !== "none" && /inset\((?:50|100)%|circle\(0|polygon\(0(?:px)? 0(?:px)?(?:, 0(?:px)? 0(?:px)?)*\)/.test(style.clipPath)) return true;
    if (style.position === "absolute" && style.clip !== "auto" && /^rect\((?:0|1)px,? (?:0|1)px,? (?:0|1)px,? (?:0|1)px\)$/.test(style.clip)) return true;
    return style.overflow !== "visible" && style.display !== "inline" && style.display !== "contents" && (box.width <= 1 || box.height <= 1);
  };
  const groundOf = (around, style) => {
    if (style.backgroundImage !== "none") return null; // may be of any colour
    return colour(style.backgroundColor)[3] > 0.5 ? style.backgroundColor : around.ground;
  };

  const shows = (here, node) => {
    if (here.faint || here.clipped || here.beside || here.tiny) return false;
    const [red, green, blue, alpha] = colour(here.ink);
    if (alpha < 0.05) return false;
    if (here.ground === null) return true;
    const ground = colour(here.ground ?? "rgb(255, 255, 255)");
    if (!near([red, green, blue], ground)) return true;
    return !isAlone(here, node, [red, green, blue]);
  };
  const near = (one, other) => [0, 1, 2].every((at) => Math.abs(one[at] - other[at]) < 10);
  // Of the colour of its ground, so far as ancestors tell. A picture behind it may show it yet.
  const isAlone = (here, node, ink) => {
    const range = document.createRange();
    range.selectNodeContents(node);
    const box = range.getBoundingClientRect();
    const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
    if (x < 0 || y < 0 || x >= innerWidth || y >= innerHeight) return !!here.ground;
    for (const behind of document.elementsFromPoint(x, y)) {
      if (/^(IMG|VIDEO|CANVAS|svg|PICTURE|INPUT)$/.test(behind.tagName)) return false;
      const style = getComputedStyle(behind);
      if (style.backgroundImage !== "none") return false;
      const ground = colour(style.backgroundColor);
      if (ground[3] > 0.5) return near(ink, ground);
    }
    return near(ink, [255, 255, 255]) && !getComputedStyle(document.documentElement).colorScheme.includes("dark");
  };

  const known = new Map();
  const colour = (text) => {
    let found = known.get(text);
    if (!found) {
      const numbers = (text.match(/[\d.]+/g) ?? []).map(Number);
      found = text.startsWith("rgb") ? [numbers[0], numbers[1], numbers[2], numbers[3] ?? 1] : [-1, -1, -1, 1];
      known.set(text, found);
    }
    return found;
  };

  return { start, within, shows, colour };
})();
