// What stands beside a control: the words that tell it from others of its name, as a person would.
const beside = (() => {
  const { content, tidy } = roles;
  const HIGHEST = 12;
  const CONTROL = "script,style,button,a,select,option,[role=button],[role=option],[role=listbox]";

  // The words, and how far up they were found; none where others share all that is around.
  const of = (element, group) => {
    const page = dom.ownerDocument(element);
    let [top, rise] = [element, 0];
    while (rise < HIGHEST) {
      const parent = dom.outer(top);
      if (!parent || parent === page.body || group.some((other) => other !== element && dom.contains(parent, other))) break;
      [top, rise] = [parent, rise + 1];
    }
    if (!rise) return null;
    const words = wordsOf(top, element);
    return words ? { words, rise } : null;
  };
  const wordsOf = (top, element) => {
    const heading = dom.querySelector(top, "h1,h2,h3,h4,h5,h6,[role=heading],legend,caption");
    if (heading && !dom.contains(element, heading) && seen(heading)) return content(heading).slice(0, 60);
    const walker = dom.ownerDocument(element).createTreeWalker(top, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const words = tidy(node.data);
      const parent = dom.parentElement(node);
      if (/[\p{L}\p{N}]/u.test(words) && !dom.contains(element, node) && !dom.closest(parent, CONTROL) && seen(parent)) return words.slice(0, 60);
    }
    return "";
  };
  const seen = (element) => {
    const box = dom.getBoundingClientRect(element);
    return box.width > 1 && box.height > 1 && getComputedStyle(element).visibility === "visible";
  };
  // The words that stand where a field's label does, when nobody tied them to it: after a box, before other fields.
  const label = (element, role) => {
    const after = role === "checkbox" || role === "radio" || role === "switch";
    let from = element;
    for (let up = 0; up < 3 && from; up += 1) {
      const next = after ? from.nextSibling : from.previousSibling;
      for (let node = next; node; node = after ? node.nextSibling : node.previousSibling) {
        const words = node instanceof Text ? tidy(node.data) : node instanceof Element ? content(node) : "";
        if (words) return words.length <= 60 && !node.querySelector?.("input,select,textarea,button") ? words : "";
      }
      from = dom.parentElement(from);
      if (from && dom.querySelectorAll(from, "input:not([type=hidden]),select,textarea").length > 1) return "";
      if (from && dom.tagName(from) === "FORM") return "";
    }
    return "";
  };
  const still = (element, { words, rise }) => {
    let top = element;
    for (let at = 0; at < rise && top; at += 1) top = dom.outer(top);
    return !!top && wordsOf(top, element) === words;
  };
  // Elements of the same kind and words in the same tree.
  const alike = (element) => {
    const label = element.getAttribute("aria-label");
    const same = (other) => other.textContent === element.textContent && other.getAttribute("aria-label") === label;
    return [...element.getRootNode().querySelectorAll(element.tagName)].filter(same);
  };
  return { of, still, alike, label };
})();
