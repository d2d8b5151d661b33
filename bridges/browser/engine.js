// A selector engine that runs in Playwright's isolated world, where the page's own scripts cannot reach.
//
// It knows which fields hold something that must not be seen: passwords, fields that a secret was typed into, and
// fields that show the same value again. It also finds elements by point and by focus.
//
//   <fields> >> pointsman=hidden   those of the fields whose value must not be seen
//   <field> >> pointsman=mark      remembers the field as one that holds a secret (matches nothing)
//   pointsman=shows:BASE64         elements whose own text shows one of these values (a JSON list)
//   pointsman=focus                what has the focus
//   pointsman=point:12,34          what lies under a point of the frame
//   <element> >> pointsman=wraps   the element, when it holds controls or frames that a click on it could hit
//   <element> >> pointsman=hit     the control or frame in it that a click in its middle would hit
//   <element> >> pointsman=of:URL  the element, when its document belongs to the origin of the address
({
  queryAll(root, body) {
    const state = (globalThis.__pointsmanHidden ??= { fields: new WeakSet(), values: new Set() });
    const shown = (field) => field.value ?? field.textContent ?? "";
    const remember = (field) => {
      state.fields.add(field);
      const value = shown(field);
      if (value.length >= 4) state.values.add(value);
    };
    const deepest = (document, step) => {
      let found = step(document);
      while (found && found.shadowRoot) {
        const inner = step(found.shadowRoot);
        if (!inner || inner === found) break;
        found = inner;
      }
      return found;
    };
    // The innermost elements whose text has one of the values in it, fields and open shadow roots included.
    const showing = (page, values) => {
      const tidy = (text) => (text ?? "").replace(/\s+/g, " ").trim();
      const forms = [...new Set(values.flatMap((value) => [value, tidy(value)]))].filter(Boolean);
      const has = (text) =>
        [text ?? "", tidy(text)].some((t) => forms.some((form) => (form.length < 3 ? t === form : t.includes(form))));
      const found = new Set();
      const search = (element) => {
        const below = [...element.children].filter((child) => has(child.textContent));
        below.forEach(search);
        const own = [...element.childNodes].filter((child) => !below.includes(child)).map((child) => child.textContent);
        if (!below.length || has(own.join(""))) found.add(element.closest("select") ?? element);
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
    const activatable =
      "a[href],button,input,select,textarea,option,summary,label,[onclick],[contenteditable]," +
      "[role=button],[role=link],[role=checkbox],[role=radio],[role=tab],[role=menuitem],[role=option]," +
      "[role=switch],[role=combobox],[role=textbox],[role=treeitem]";
    const host = (element) => element.closest(activatable) ?? element;
    const FRAMES = "iframe,frame,object,embed";
    const boxOf = (element) => element.getClientRects()[0] ?? element.getBoundingClientRect();
    if (body === "wraps") {
      if (root.tagName === "SELECT") return []; // its options are its own
      const inside = [...root.querySelectorAll("*")].some((e) => e.shadowRoot || e.matches(`${activatable},${FRAMES}`));
      return inside || root.shadowRoot || root.matches(FRAMES) ? [root] : [];
    }
    if (body === "hit") {
      const box = boxOf(root);
      const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
      const top = deepest(root.ownerDocument, (scope) => scope.elementFromPoint(x, y));
      const found = top && host(top);
      if (!found || found === root.closest(activatable) || !found.matches(`${activatable},${FRAMES}`)) return [];
      for (let node = found; node; node = node.parentNode ?? node.host) if (node === root) return [found];
      return [];
    }
    if (body.startsWith("of:")) return URL.parse(body.slice(3))?.origin === globalThis.origin ? [root] : [];
    if (body.startsWith("shows:")) {
      const bytes = Uint8Array.from(atob(body.slice(6).replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
      return showing(root.ownerDocument ?? root, JSON.parse(new TextDecoder().decode(bytes)));
    }
    if (body === "mark") {
      remember(root);
      return [];
    }
    if (body === "hidden") {
      const password = root.tagName === "INPUT" && root.type === "password";
      if (password || state.fields.has(root)) remember(root); // a "show password" switch changes the type
      return state.fields.has(root) || state.values.has(shown(root)) ? [root] : [];
    }
    const page = root.ownerDocument ?? root;
    if (body === "focus") {
      const found = deepest(page, (scope) => scope.activeElement);
      return found && found !== page.body ? [found] : [];
    }
    if (body.startsWith("point:")) {
      const [x, y] = body.slice(6).split(",").map(Number);
      const found = deepest(page, (scope) => scope.elementFromPoint(x, y));
      return found ? [host(found)] : [];
    }
    return [];
  },
  query(root, body) {
    return this.queryAll(root, body)[0];
  },
})
