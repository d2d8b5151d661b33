// Why an element cannot be acted on, in words; "" when nothing speaks against it.
const obstacle = (element, typing) => {
  const name = (node) => {
    const id = node.id ? `#${node.id}` : "";
    const text = (node.innerText ?? "").replace(/\s+/g, " ").trim().slice(0, 60);
    return `<${node.tagName.toLowerCase()}${id}>${text ? ` "${text}"` : ""}`;
  };
  if (!element.isConnected) return "it is not on the page any more (detached)";
  if (element.matches(":disabled") || element.closest("[aria-disabled=true]")) return "it is disabled";
  if (typing && (element.readOnly || element.ariaReadOnly === "true")) return "it is read-only";
  const style = getComputedStyle(element);
  element.scrollIntoView({ block: "center", inline: "center", behavior: "instant" });
  const box = element.getBoundingClientRect();
  if (style.visibility === "hidden" || (!box.width && !box.height)) return "it is not visible";
  if (typing) return "";
  const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
  if (x < 0 || y < 0 || x > innerWidth || y > innerHeight) return "it lies off-screen and cannot be scrolled into view";
  let top = document.elementFromPoint(x, y);
  while (top?.shadowRoot) {
    const inner = top.shadowRoot.elementFromPoint(x, y);
    if (!inner || inner === top) break;
    top = inner;
  }
  for (let node = top; node; node = node.parentNode ?? node.host) if (node === element) return "";
  if (top && element.closest("label")?.contains(top)) return "";
  if (style.pointerEvents === "none") return "it takes no clicks (pointer-events: none)";
  return top ? `it is covered by ${name(top)}` : "";
};
