// What is wrong with the look of a page, as far as boxes and colours tell: controls that lie on each other, text that is
// cut off, what can never be scrolled to, text too faint to read (WCAG 2.2, 1.4.3: 4.5 to 1, 3 to 1 for large text).
const layout = (() => {
  const { content, nameOf, roleOf, CONTROLS, below } = roles;
  const MOST = 100;
  const SHARE = 0.25; // of the smaller control's area, from which on two lie on each other
  const CUT = 3; // pixels of text that may be cut before it is told

  const everything = function* (root) {
    for (const node of below(root)) {
      if (node.nodeType !== Node.ELEMENT_NODE) continue;
      yield node;
      yield* everything(node);
    }
  };
  const shown = (element, style, box) =>
    style.visibility === "visible" && style.display !== "none" && Number(style.opacity) > 0.05 && box.width > 1 && box.height > 1;
  const said = (element) => {
    const role = roleOf(element);
    const name = nameOf(element, role) || content(element).slice(0, 60);
    return { role, name, ref: refs.of(element) };
  };

  const luminance = ([red, green, blue]) => {
    const part = (value) => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    };
    return 0.2126 * part(red) + 0.7152 * part(green) + 0.0722 * part(blue);
  };
  const contrast = (one, other) => {
    const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
    return (light + 0.05) / (dark + 0.05);
  };
  // The colour behind an element; null where a picture or something clear makes that unknown.
  const groundOf = (element) => {
    for (let node = element; node; node = node.parentElement ?? node.getRootNode().host) {
      const style = getComputedStyle(node);
      if (style.backgroundImage !== "none") return null;
      const colour = sight.colour(style.backgroundColor);
      if (colour[3] >= 0.99) return colour;
      if (colour[3] > 0) return null;
    }
    return [255, 255, 255, 1];
  };

  return (root) => {
    const page = root?.ownerDocument ?? document;
    const scope = root ?? page.documentElement;
    const found = [];
    const tell = (kind, element, words) => found.length < MOST && found.push({ kind, ...said(element), words });
    const controls = [];
    const width = page.documentElement.scrollWidth;
    for (const element of everything(scope)) {
      const style = getComputedStyle(element);
      const box = element.getBoundingClientRect();
      if (!shown(element, style, box)) continue;
      const own = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && /\S/.test(node.data));
      const control = CONTROLS.has(roleOf(element));
      if (control) controls.push([element, box]);
      const left = box.left + scrollX;
      if ((control || own) && (left + box.width <= 0 || box.top + scrollY + box.height <= 0 || left >= Math.max(width, innerWidth)))
        tell("off-screen", element, "nobody can scroll to it");
      const clips = /hidden|clip/.test(style.overflowX + style.overflowY);
      if (own && clips && (element.scrollWidth > element.clientWidth + CUT || element.scrollHeight > element.clientHeight + CUT))
        tell("clipped", element, `its text needs ${element.scrollWidth}×${element.scrollHeight} pixels and has ${element.clientWidth}×${element.clientHeight}`);
      if (own && !element.matches(":disabled")) {
        const ground = groundOf(element);
        const ink = sight.colour(style.color);
        const size = parseFloat(style.fontSize);
        const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
        if (ground && ink[3] >= 0.99 && ink[0] >= 0) {
          const ratio = contrast(ink, ground);
          if (ratio < (large ? 3 : 4.5)) tell("contrast", element, `${ratio.toFixed(2)} to 1, ${large ? 3 : 4.5} to 1 is wanted`);
        }
      }
    }
    for (const [at, [one, a]] of controls.entries()) {
      for (const [other, b] of controls.slice(at + 1, at + 60)) {
        if (one.contains(other) || other.contains(one)) continue;
        const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
        const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
        if (wide <= 0 || high <= 0) continue;
        if (wide * high >= SHARE * Math.min(a.width * a.height, b.width * b.height)) {
          const { role, name } = said(other);
          tell("overlap", one, `it lies on ${role} "${name}"`);
        }
      }
    }
    return { id: marks.id, problems: found };
  };
})();
