// The selector engine that all of this is asked through. It runs in Playwright's isolated world, where the page's own
// scripts cannot reach. A selector can only give elements; so what is not one is handed over as the text of an element
// that belongs to no page.
//
//   pointsman=read:ARGS            the page as a tree (read.js); on an element, that part of it
//   pointsman=about:ARGS           what a ref means now, as text
//   pointsman=ref:e12              the element that a ref means
//   <element> >> pointsman=self    its ref, role and name; names, facts, obstacle:ARGS, tables, items:KIND, layout, box, reach (scrolls to it) likewise
//   <fields> >> pointsman=hidden   those of the fields whose value must not be seen
//   <field> >> pointsman=mark      remembers the field as one that holds a secret (matches nothing)
//   pointsman=shows:ARGS           elements whose own text shows one of these values
//   pointsman=focus                what has the focus
//   pointsman=point:12,34          what lies under a point of the frame
//   <element> >> pointsman=wraps   the element, when it holds controls or frames that a click on it could hit
//   <element> >> pointsman=frame   the element, when it holds a frame
//   <element> >> pointsman=hit     the control or frame in it that a click in its middle would hit
//   <element> >> pointsman=of:URL  the element, when its document belongs to the origin of the address
const ACTIVATABLE =
  "a[href],button,input,select,textarea,option,summary,label,[onclick],[contenteditable]," +
  "[role=button],[role=link],[role=checkbox],[role=radio],[role=tab],[role=menuitem],[role=option]," +
  "[role=switch],[role=combobox],[role=textbox],[role=treeitem]";
const FRAMES = "iframe,frame,object,embed";

const said = (value) => {
  const element = document.createElement("data");
  element.textContent = JSON.stringify(value);
  return [element];
};
const decoded = (argument) => {
  const bytes = Uint8Array.from(atob(argument.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes));
};
const brief = (element, near = false) => {
  const role = roles.roleOf(element);
  const name = roles.nameOf(element, role) || (roles.CONTROLS.has(role) ? "" : roles.content(element).slice(0, 120));
  const ref = refs.of(element);
  return { id: marks.id, ref, role, name, near: (near && beside.of(element, beside.alike(element))?.words) || "" };
};
const about = (ref) => {
  const { element, healed, was, candidates } = refs.find(ref);
  const former = was && { role: was.role, name: was.name };
  if (!element) return { id: marks.id, gone: true, was: former, candidates: (candidates ?? []).map((each) => brief(each, true)) };
  const now = brief(element);
  refs.remember(ref, element, now.role, now.name);
  return { ...now, id: marks.id, ref, healed: !!healed, was: former, own: refs.of(element) };
};

// Attributes that mean an element alone, on a page that keeps to custom.
const names = (element) => {
  const found = {};
  for (const key of ["data-testid", "data-test-id", "data-test", "id", "name", "aria-label", "placeholder"]) {
    const value = roles.attribute(element, key);
    if (value && !/["\\]/.test(value)) found[key] = value;
  }
  return found;
};

const deepest = (scope, step) => {
  let found = step(scope);
  while (found && dom.shadowRoot(found)) {
    const inner = step(dom.shadowRoot(found));
    if (!inner || inner === found) break;
    found = inner;
  }
  return found;
};
const host = (element) => dom.closest(element, ACTIVATABLE) ?? element;
const atPoint = (page, x, y) => deepest(page, (scope) => scope.elementFromPoint(x, y));
const firstBox = (element) => dom.getClientRects(element)[0] ?? dom.getBoundingClientRect(element);
const middle = (element) => {
  const box = firstBox(element);
  return [box.left + box.width / 2, box.top + box.height / 2];
};
const wraps = (element) => {
  if (dom.tagName(element) === "SELECT") return false; // its options are its own
  const acts = (inner) => dom.shadowRoot(inner) || dom.matches(inner, `${ACTIVATABLE},${FRAMES}`);
  return [...dom.querySelectorAll(element, "*")].some(acts) || !!dom.shadowRoot(element) || dom.matches(element, FRAMES);
};
const hit = (element) => {
  const top = atPoint(dom.ownerDocument(element), ...middle(element));
  const found = top && host(top);
  if (!found || found === dom.closest(element, ACTIVATABLE) || !dom.matches(found, `${ACTIVATABLE},${FRAMES}`)) return [];
  for (let node = found; node; node = dom.above(node)) if (node === element) return [found];
  return [];
};

// The innermost elements whose text has one of the values in it, fields and open shadow roots included.
const showing = (page, values) => {
  const tidy = (text) => (text ?? "").replace(/\s+/g, " ").trim();
  const forms = [...new Set(values.flatMap((value) => [value, tidy(value)]))].filter(Boolean);
  const has = (text) =>
    [text ?? "", tidy(text)].some((t) => forms.some((form) => (form.length < 3 ? t === form : t.includes(form))));
  const found = new Set();
  const search = (element) => {
    const inner = [...element.children].filter((child) => has(child.textContent));
    inner.forEach(search);
    const own = [...element.childNodes].filter((child) => !inner.includes(child)).map((child) => child.textContent);
    if (!inner.length || has(own.join(""))) found.add(element.closest("select") ?? element);
  };
  const walk = (scope) => {
    for (const child of scope.children) if (has(child.textContent)) search(child);
    for (const element of scope.querySelectorAll("*")) {
      if (element.shadowRoot) walk(element.shadowRoot);
      if (!element.children.length && has(element.textContent)) search(element); // a short value stands alone
      if ("value" in element && typeof element.value === "string" && has(element.value)) found.add(element);
      if (has(element.getAttribute("placeholder")) || has(element.getAttribute("alt"))) found.add(element);
    }
  };
  walk(page);
  return [...found];
};

const queryAll = (root, body) => {
  const at = body.indexOf(":");
  const [what, argument] = at < 0 ? [body, ""] : [body.slice(0, at), body.slice(at + 1)];
  const page = root instanceof Document ? root : (dom.ownerDocument(root) ?? document);
  switch (what) {
    case "read":
      return said(read(root, decoded(argument)));
    case "about":
      return said(about(argument));
    case "ref":
      return [refs.find(argument).element].filter(Boolean);
    case "self":
      return said(brief(root, argument === "near"));
    case "names":
      return said(names(root));
    case "facts":
      return said(describe(root));
    case "obstacle":
      return said(obstacle(root, argument === "typing"));
    case "tables":
      return said(tables(root instanceof Element ? root : null));
    case "items":
      return said(items(root instanceof Element ? root : null, argument));
    case "layout":
      return said(layout(root instanceof Element ? root : null));
    case "reach":
      root.scrollIntoViewIfNeeded();
      return said(null);
    case "box": {
      const box = root.getBoundingClientRect();
      return said({ middle: middle(root), edge: [box.left + root.clientLeft, box.top + root.clientTop] });
    }
    case "frame":
      return dom.matches(root, FRAMES) ? [root] : [];
    case "hidden":
      return secrets.hides(root) ? [root] : [];
    case "mark":
      secrets.keep(root);
      return [];
    case "shows":
      return showing(page, decoded(argument));
    case "focus": {
      const found = deepest(page, (scope) => scope.activeElement);
      return found && found !== page.body ? [found] : [];
    }
    case "point": {
      const found = atPoint(page, ...argument.split(",").map(Number));
      return found ? [host(found)] : [];
    }
    case "wraps":
      return wraps(root) ? [root] : [];
    case "hit":
      return hit(root);
    case "of":
      return URL.parse(argument)?.origin === globalThis.origin ? [root] : [];
    default:
      return [];
  }
};

return { queryAll, query: (root, body) => queryAll(root, body)[0] };
