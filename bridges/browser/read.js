// The page as a tree of what a reader can see and use, for one document; `snapshot.py` says it in lines.
//
// On a large page the repeated items (rows, cards, paragraphs) that lie outside the viewport are counted, not read,
// unless they changed: what an action did is seen wherever it happened, and a long table costs what it shows.
//
// A node: r role, n name, s states, e ref, t text or value, u address, c takes clicks, o lies outside the viewport,
// b box, p placeholder, x what stands beside it (where several are called alike), k children, m how many items were not
// read, q an item that came into view and did not change.
const read = (() => {
  const { roleOf, nameOf, statesOf, content, below, tidy, clean, attribute, CONTROLS, FROM_CONTENT, SILENT } = roles;
  const LARGE = 1500; // elements; below that everything is read
  const MANY = 30; // siblings of one kind that make them items
  const FIRST = 3; // items that are read wherever they lie
  const CHANGED = 60; // changed items outside the viewport that are read
  const KNOWN = 200; // items that were read before and are read again
  const OPTIONS = 300;
  const LONGEST_TEXT = 2000;
  const LONGEST_MS = 2000;
  const DEEPEST = 700; // elements in elements
  const DEEPEST_KEPT = 100; // nodes in nodes
  const PLACES = new Set(["alertdialog", "dialog", "form", "grid", "iframe", "region", "table", "tabpanel", "treegrid"]);
  const LIVE = "[aria-live]:not([aria-live=off]),[role=status],[role=alert],[role=log],output";
  const PHRASES = new Set(["strong", "emphasis", "mark", "code", "subscript", "superscript", "time", "insertion", "term"]);
  const FIELDS = new Set(["textbox", "searchbox", "spinbutton", "slider", "combobox", "listbox"]);

  const reader = (page, options) => {
    const started = performance.now();
    const until = started + LONGEST_MS;
    const wanted = options.query?.toLowerCase();
    const large = page.getElementsByTagName("*").length > LARGE;
    const all = options.all || !large;
    const changed = large ? marks.changed() : new Set();
    const arrived = new WeakSet(); // items that came into view and did not change
    const controls = new Map(); // by role and name, to tell those apart that are called alike
    const told = { deep: false, hidden: 0, changedItems: 0, knownItems: 0, cut: false };
    const height = innerHeight;
    const width = innerWidth;

    const visit = (element, around) => {
      const tag = dom.tagName(element);
      if (SILENT.has(tag)) return [];
      if (tag === "LABEL" && saidByControl(element))
        return splice(kidsOf(element, around), false).filter((kid) => kid.r !== "text");
      const style = getComputedStyle(element);
      if (style.display === "none" || style.contentVisibility === "hidden") return [];
      const box = dom.getBoundingClientRect(element);
      const here = sight.within(around, element, style, box);
      here.depth = around.depth + 1;
      here.kept = around.kept;
      if (here.depth > DEEPEST || here.kept > DEEPEST_KEPT) {
        told.deep = true;
        const words = tidy(dom.textContent(element)).slice(0, 200);
        return words ? [{ r: "text", t: words }] : [];
      }
      const role = roleOf(element);
      const inline = style.display.startsWith("inline") || style.display === "contents";
      if (style.visibility !== "visible" && Number(style.opacity) === 0) return []; // hidden twice: nobody means it
      if (style.visibility !== "visible") return splice(kidsOf(element, here), inline);
      const boxed = (box.width > 0 && box.height > 0) || style.display === "contents" || overflows(element);
      const pointer = style.cursor === "pointer";
      const clicks = boxed && ((pointer && !around.pointer) || dom.hasAttribute(element, "onclick"));
      here.pointer = pointer;
      const plain = (role === "generic" || (PHRASES.has(role) && inline)) && !clicks && !attribute(element, "aria-label");
      if (plain && tag !== "CANVAS") return asked(element, box, boxed, splice(kidsOf(element, here), inline));
      if (CONTROLS.has(role) && !boxed && tag !== "OPTION") return [];
      here.kept += 1;
      const node = { r: tag === "CANVAS" && role === "generic" ? "canvas" : role };
      const name = nameOf(element, role);
      if (name) node.n = name;
      const states = statesOf(element, role);
      if (states.length) node.s = states;
      if (!name && boxed && (FIELDS.has(role) || role === "checkbox" || role === "radio" || role === "switch")) {
        const near = beside.label(element, role);
        if (near) node.x = near;
      }
      if (clicks) node.c = 1;
      if (box.bottom <= 0 || box.top >= height || box.right <= 0 || box.left >= width) node.o = 1;
      if (options.boxes && boxed) node.b = [box.x, box.y, box.width, box.height].map(Math.round);
      if (role === "link") address(node, element);
      if (boxed && (CONTROLS.has(role) || clicks || PLACES.has(role))) refer(node, element, role);
      fill(node, element, role, here);
      return tag === "BR" ? [] : [node];
    };

    // Where boxes are asked for, a text has its own, and a ref.
    const asked = (element, box, boxed, kids) => {
      if (!options.boxes || !boxed || kids.length !== 1 || kids[0].r !== "text" || kids[0].e) return kids;
      const words = tidy(kids[0].t);
      return words ? [{ r: "text", t: words, e: refs.of(element), b: [box.x, box.y, box.width, box.height].map(Math.round) }] : kids;
    };
    // A label whose control is there says nothing that the control's name does not.
    const saidByControl = (label) => {
      const control = label.control;
      return control && control.getClientRects().length > 0 && getComputedStyle(control).visibility === "visible";
    };
    const overflows = (element) => dom.scrollHeight(element) > 0 && !!dom.firstElementChild(element);
    const address = (node, element) => {
      const href = attribute(element, "href") ?? "";
      if (href && !href.startsWith("javascript:")) node.u = clean(href.slice(0, 300));
    };
    const refer = (node, element, role) => {
      node.e = refs.of(element);
      refs.remember(node.e, element, role, node.n ?? "");
      const alike = `${role}\n${node.n ?? ""}`;
      if (!controls.has(alike)) controls.set(alike, []);
      controls.get(alike).push([node, element]);
    };

    // What is in an element: its value, its options, its text, its children.
    const fill = (node, element, role, here) => {
      if (role === "iframe") return;
      if (dom.tagName(element) === "svg") {
        const words = content(element).slice(0, LONGEST_TEXT);
        if (words && words !== node.n) node.t = words;
        return;
      }
      const tag = dom.tagName(element);
      if (tag === "SELECT") {
        if (secrets.hides(element)) node.t = HIDDEN;
        else node.k = [...element.options].slice(0, OPTIONS).map(option);
        if (element.options.length > OPTIONS) node.k.push({ r: "more", m: element.options.length - OPTIONS });
        return;
      }
      const value = valueOf(element, role);
      if (value !== null) {
        if (value) node.t = value;
        else if (attribute(element, "placeholder") && tidy(attribute(element, "placeholder")) !== node.n)
          node.p = tidy(attribute(element, "placeholder"));
        return;
      }
      const kids = kidsOf(element, here);
      const only = kids.length === 1 && kids[0].r === "text" ? kids[0].t : null;
      const saysAll = FROM_CONTENT.has(role) && node.n && !roles.stated(element); // its name is what it holds
      if (saysAll && !kids.some(holdsControls)) return;
      if (only !== null) {
        if (only !== node.n) node.t = only;
      } else if (FROM_CONTENT.has(role) && !kids.some(holdsControls)) {
        const words = content(element);
        if (words && !(node.n ?? "").includes(words.slice(0, 280))) node.t = words;
      } else if (kids.length) node.k = kids;
      if (node.c && !node.n && !node.t && !node.k) hint(node, element);
      if (node.r === "button" && !node.n && !node.t && !node.k) hint(node, element);
      if (FROM_CONTENT.has(role) && node.n && node.t && node.n.includes(node.t)) delete node.t;
    };
    const holdsControls = (node) => node.e !== undefined || (node.k ?? []).some(holdsControls);
    const option = (each) => {
      const states = [each.selected && "selected", each.disabled && "disabled"].filter(Boolean);
      return { r: "option", n: tidy(each.label), ...(states.length && { s: states }) };
    };
    const valueOf = (element, role) => {
      const tag = dom.tagName(element);
      if (tag === "INPUT") {
        if (["checkbox", "radio", "submit", "button", "reset", "image"].includes(element.type)) return "";
        if (element.type === "file") return [...element.files].map((file) => clean(file.name)).join(", ");
        return shownValue(element, element.value);
      }
      if (tag === "TEXTAREA") return shownValue(element, element.value);
      if (tag === "PROGRESS" || tag === "METER")
        return element.hasAttribute("value") ? `${element.value} of ${element.max}` : "";
      if (role === "textbox" && roles.isEditingHost(element)) return shownValue(element, edited(element));
      if (["slider", "spinbutton", "progressbar", "meter", "scrollbar"].includes(role))
        return tidy(attribute(element, "aria-valuetext") ?? attribute(element, "aria-valuenow"));
      return null;
    };
    // What was written: placeholders and gutters of editors are parts that cannot be edited.
    const edited = (element) => {
      if (!element.querySelector("[contenteditable=false]")) return element.innerText;
      return content(element, (part) => attribute(part, "contenteditable") === "false");
    };
    const shownValue = (element, value) => {
      if (!value) return "";
      return secrets.hides(element) ? HIDDEN : tidy(value).slice(0, LONGEST_TEXT);
    };
    // A control without words: what its picture or colour says.
    const hint = (node, element) => {
      const use = element.querySelector("use");
      const drawn = use ? (attribute(use, "href") ?? attribute(use, "xlink:href") ?? "").split("#")[1] : "";
      const icon = drawn || [...element.querySelectorAll("i,span,svg"), element].map(iconOf).find(Boolean);
      const colour = getComputedStyle(element).backgroundColor;
      const [red, green, blue, alpha] = sight.colour(colour);
      if (icon) node.t = `(icon ${tidy(icon)})`;
      else if (alpha > 0.5 && !(red === green && green === blue && red > 240))
        node.t = `(colour #${[red, green, blue].map((part) => part.toString(16).padStart(2, "0")).join("")})`;
    };
    const iconOf = (element) =>
      /(?:^|\s)(?:fa|icon|bi|mdi|glyphicon|ti|ri|oi|pi|codicon)-([a-z][\w-]+)/i.exec(attribute(element, "class") ?? "")?.[1];

    const kidsOf = (element, here) => {
      if (dom.tagName(element) === "DETAILS" && !element.open)
        return [...dom.children(element)].filter((child) => child.tagName === "SUMMARY").flatMap((child) => visit(child, here));
      const shadow = dom.shadowRoot(element);
      if (shadow) marks.watch(shadow);
      const nodes = below(element);
      const pick = picker(nodes);
      const kids = [];
      for (const node of nodes) {
        if (performance.now() > until) told.cut = true;
        if (told.cut) break;
        if (node instanceof Text) text(kids, node, here);
        else if (node instanceof Element) {
          if (dom.tagName(node) === "BR") inlineText(kids, " ");
          else if (pick(node, kids)) for (const kid of visit(node, here)) push(kids, arrived.has(node) ? { ...kid, q: 1 } : kid);
        }
      }
      return kids.filter((kid) => kid.r !== "text" || settled(kid));
    };
    const settled = (kid) => {
      if (kid.i !== undefined) {
        delete kid.i;
        kid.t = tidy(kid.t).slice(0, LONGEST_TEXT);
      }
      return kid.t !== "";
    };
    const text = (kids, node, here) => {
      if (!/\S/.test(node.data)) return inlineText(kids, " ");
      if (!sight.shows(here, node)) {
        const live = node.parentElement?.closest(LIVE);
        if (!live) {
          told.hidden += 1;
          return;
        }
        kids.push({ r: "text", t: `(hidden text) ${tidy(node.data).slice(0, 200)}` });
        return;
      }
      inlineText(kids, node.data, here.off);
    };
    const inlineText = (kids, data, off) => {
      const last = kids.at(-1);
      if (last?.r === "text" && last.i) last.t += data;
      else kids.push({ r: "text", t: data, i: true, ...(off && { o: 1 }) });
    };
    const push = (kids, kid) => {
      const last = kids.at(-1);
      if (kid.r === "text" && kid.i && last?.r === "text" && last.i) last.t += kid.t;
      else kids.push(kid);
    };
    // Unnamed boxes vanish: an inline one into the text around it, a block into its only child.
    const splice = (kids, inline) => {
      if (inline) {
        for (const kid of kids) if (kid.r === "text" && kid.i === undefined) kid.i = true;
        return kids;
      }
      if (kids.length <= 1) return kids;
      return [{ r: "generic", k: kids }];
    };

    // Which children are read: all, or of many alike those that can be seen, that changed, or that hold what is sought.
    const picker = (nodes) => {
      const elements = wanted || !all ? [...nodes].filter((node) => node instanceof Element) : [];
      if (elements.length <= MANY) return () => true;
      const kinds = new Map();
      for (const element of elements) kinds.set(dom.tagName(element), (kinds.get(dom.tagName(element)) ?? 0) + 1);
      let at = 0;
      return (element, kids) => {
        if (kinds.get(dom.tagName(element)) <= MANY) return true;
        at += 1;
        const read = wanted ? holds(element) || at <= 1 : at <= FIRST || worth(element);
        if (read) {
          if (!marks.known.has(element) && !changed.has(element)) arrived.add(element);
          marks.known.add(element);
          return true;
        }
        const last = kids.at(-1);
        if (last?.r === "more") last.m += 1;
        else kids.push({ r: "more", m: 1, n: { TR: "rows", LI: "items", P: "paragraphs", OPTION: "options" }[dom.tagName(element)] ?? "items" });
        return false;
      };
    };
    const holds = (element) => dom.textContent(element).toLowerCase().includes(wanted);
    const worth = (element) => {
      const box = dom.getBoundingClientRect(element);
      if (box.bottom > 0 && box.top < height && box.right > 0 && box.left < width && (box.width || box.height)) return true;
      if (changed.has(element) && told.changedItems < CHANGED) {
        told.changedItems += 1;
        return true;
      }
      if (element === page.activeElement || dom.contains(element, page.activeElement)) return true;
      if (marks.known.has(element) && told.knownItems < KNOWN) {
        told.knownItems += 1;
        return true;
      }
      return false;
    };

    // Controls that are called alike, told apart by what stands beside them.
    const tellApart = () => {
      for (const group of controls.values()) {
        if (group.length < 2 || group.length > 60) continue;
        const elements = group.map(([, element]) => element);
        for (const [node, element] of group) {
          const near = beside.of(element, elements);
          if (!near) continue;
          refs.place(node.e, near);
          if (near.words !== node.n && !(node.t ?? "").includes(near.words)) node.x = near.words;
        }
      }
    };

    const tree = (root) => {
      const top = root === page ? page.documentElement : root;
      const kids = top ? visit(top, sight.start()) : [];
      const flat = root === page && kids.length === 1 && kids[0].r === "generic" ? kids[0].k : kids;
      const tidied = flat.filter((kid) => kid.r !== "text" || settled(kid));
      tellApart();
      return tidied;
    };
    return { tree, told, large };
  };

  return (root, options) => {
    const page = root instanceof Document ? root : dom.ownerDocument(root);
    marks.watch(page);
    marks.pass();
    const { tree, told, large } = reader(page, options);
    const kids = tree(root);
    const answer = { id: marks.id, title: clean(page.title), kids, hidden: told.hidden, cut: told.cut || told.deep, large, type: page.contentType };
    if (options.mark) marks.forget();
    return answer;
  };
})();
