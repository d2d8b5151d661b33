// What is remembered of this document: what changed, which ref means which element, and what must not be seen.
const HIDDEN = "(hidden)";

// What changed since the caller was shown the page, and what was put in since then.
const marks = (() => {
  const MOST = 5000;
  const id = `${performance.timeOrigin}/${Math.random()}`; // tells this document from the next one in the same frame
  const known = new WeakSet(); // items that were read
  const watched = new WeakSet();
  const inserted = new WeakMap(); // when an element was put into the page
  let touched = new Set();
  let time = 0;

  const note = (records) => {
    for (const record of records) {
      if (touched.size < MOST) touched.add(record.target);
      for (const node of record.addedNodes) {
        inserted.set(node, time);
        if (touched.size < MOST) touched.add(node);
      }
    }
  };
  const observer = new MutationObserver(note);
  const watch = (root) => {
    if (watched.has(root)) return;
    watched.add(root);
    observer.observe(root, { subtree: true, childList: true, attributes: true, characterData: true });
  };
  // Everything that holds a change: the elements themselves and all above them.
  const changed = () => {
    note(observer.takeRecords());
    const found = new Set();
    for (const target of touched)
      for (let node = target; node && !found.has(node); node = dom.above(node)) found.add(node);
    return found;
  };
  const forget = () => {
    note(observer.takeRecords());
    touched = new Set();
  };
  const pass = () => {
    note(observer.takeRecords());
    time += 1;
  };
  const insertedAfter = (element, then) => {
    note(observer.takeRecords());
    for (let node = element; node; node = dom.above(node)) if ((inserted.get(node) ?? -1) >= then) return true;
    return false;
  };
  return { id, known, watch, changed, forget, insertedAfter, now: () => time, pass };
})();

// A ref means one element for as long as that lives. When it was replaced, the ref goes over to its successor, if there
// is exactly one that was put in since, is of the same kind and name (or has the same id) and stands beside the same words.
const refs = (() => {
  const { roleOf, nameOf, attribute } = roles;
  const byElement = new WeakMap();
  const byRef = new Map();
  const prints = new Map();
  let next = 1;

  const of = (element) => {
    let ref = byElement.get(element);
    if (!ref) {
      ref = `e${next}`;
      next += 1;
      byElement.set(element, ref);
      byRef.set(ref, new WeakRef(element));
    }
    return ref;
  };
  const KEYS = ["id", "name", "data-testid", "data-test-id", "data-test", "href"];
  const remember = (ref, element, role, name) => {
    const keys = KEYS.map((key) => [key, attribute(element, key)]).filter(([, value]) => value);
    prints.set(ref, { role, name, keys, at: marks.now() });
  };
  const place = (ref, near) => {
    prints.get(ref).near = near;
  };
  const alive = (ref) => {
    const element = byRef.get(ref)?.deref();
    return element && dom.getRootNode(element, { composed: true }) === document ? element : null;
  };

  // What a ref means now: { element }, { element, healed } or { gone, candidates }.
  const find = (ref) => {
    const was = prints.get(ref);
    const element = alive(ref);
    if (element) return { element, was };
    if (!was) return { gone: true };
    const kin = everything(document).filter((each) => roleOf(each) === was.role && isShown(each));
    const inPlace = (each) => marks.insertedAfter(each, was.at) && (!was.near || beside.still(each, was.near));
    const fresh = kin.filter(inPlace);
    const named = fresh.filter((each) => was.name && nameOf(each, was.role) === was.name);
    const keyed = fresh.filter((each) => was.keys.some(([key, value]) => attribute(each, key) === value));
    const both = named.filter((each) => keyed.includes(each));
    const heir = [both, named, keyed].find((found) => found.length)?.filter((each, _, all) => all.length === 1)[0];
    const others = kin.filter((each) => nameOf(each, was.role) === was.name).concat(kin);
    if (!heir) return { gone: true, was, candidates: [...new Set(others)].slice(0, 6) };
    byRef.set(ref, new WeakRef(heir));
    remember(ref, heir, was.role, nameOf(heir, was.role));
    return { element: heir, healed: true, was };
  };
  const isShown = (element) => dom.getClientRects(element).length > 0 && getComputedStyle(element).visibility === "visible";
  const everything = (root, found = []) => {
    for (const element of root.querySelectorAll("*")) {
      found.push(element);
      const inner = dom.shadowRoot(element);
      if (inner) everything(inner, found);
    }
    return found;
  };

  return { of, remember, place, find };
})();

// Fields whose value must not be seen: passwords, those that a secret was typed into, and those that show the same.
const secrets = (() => {
  const fields = new WeakSet();
  const values = new Set();
  const shown = (field) => field.value ?? field.textContent ?? "";
  const keep = (field) => {
    fields.add(field);
    const value = shown(field);
    if (value.length >= 4) values.add(value);
  };
  const hides = (field) => {
    const password = field.tagName === "INPUT" && field.type === "password";
    if (password || fields.has(field)) keep(field); // a "show password" switch changes the type
    return fields.has(field) || values.has(shown(field));
  };
  return { keep, hides };
})();
