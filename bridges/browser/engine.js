// A selector engine that runs in Playwright's isolated world, where the page's own scripts cannot reach.
//
// It knows which fields hold something that must not be seen: passwords, fields that a secret was typed into, and
// fields that show the same value again. It also finds elements by point and by focus.
//
//   <fields> >> pointsman=hidden   those of the fields whose value must not be seen
//   <field> >> pointsman=mark      remembers the field as one that holds a secret (matches nothing)
//   pointsman=focus                what has the focus
//   pointsman=point:12,34          what lies under a point of the frame
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
    const activatable =
      "a[href],button,input,select,textarea,option,summary,label,[onclick],[contenteditable]," +
      "[role=button],[role=link],[role=checkbox],[role=radio],[role=tab],[role=menuitem],[role=option]," +
      "[role=switch],[role=combobox],[role=textbox],[role=treeitem]";
    const host = (element) => element.closest(activatable) ?? element;
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
