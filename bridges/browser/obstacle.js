// Why an element cannot be acted on, in words; "" when nothing speaks against it.
const obstacle = (element, typing) => {
  const name = (node) => {
    const id = node.id ? `#${node.id}` : "";
    const text = (node.innerText ?? "").replace(/\s+/g, " ").trim().slice(0, 60);
    return `<${node.tagName.toLowerCase()}${id}>${text ? ` "${text}"` : ""}`;
  };
  // What may take the cover away: a button in it, or in what it belongs to, that says so.
  const wayOut = (cover) => {
    const WORDS = /^(close|dismiss|accept|agree|allow|ok|okay|got it|no thanks|not now|reject|decline|skip|cancel|[×✕✖x])\b|^[×✕✖]$/i;
    const box = (node) => node.getBoundingClientRect();
    for (let node = cover, up = 0; node && node !== document.body && up < 6; node = node.parentElement, up += 1) {
      for (const button of node.querySelectorAll("button,[role=button],a[href],input[type=button],input[type=submit]")) {
        const label = roles.nameOf(button, roles.roleOf(button)) || roles.content(button);
        if (WORDS.test(label) && box(button).width > 0 && button !== element)
          return `; ${roles.roleOf(button)} "${label}" in it may take it away [ref=${refs.of(button)}]`;
      }
    }
    return "";
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
  return top ? `it is covered by ${name(top)}${wayOut(top)}` : "";
};
