// Repeated items of a page, and fields of a form, as values by all the words that could mean them; each with its ref.
const items = (() => {
  const { tidy, content, attribute, nameOf, roleOf } = roles;
  const MOST = 2000; // items
  const LIST = "ul,ol,dl,[role=list],[role=feed],[role=listbox],[role=tree]";

  const ASIDE = "nav,form,header,footer,table";

  const shown = (element) => element.getClientRects().length > 0;
  // The items: those of a list, or the siblings that look alike and say most.
  const itemsIn = (root) => {
    const list = root.matches(LIST) ? root : null;
    if (list) return [...list.children].filter(shown);
    let [best, most] = [[], 0];
    for (const parent of [root, ...root.querySelectorAll("*")]) {
      const groups = new Map();
      for (const child of parent.children) {
        const kind = `${child.tagName}.${[...child.classList].sort()[0] ?? ""}`;
        if (!groups.has(kind)) groups.set(kind, []);
        groups.get(kind).push(child);
      }
      for (const group of groups.values()) {
        const kept = group.filter((child) => shown(child) && child.children.length && !["OPTION", "BR", "SCRIPT"].includes(child.tagName));
        const said = kept.length > 1 && !parent.closest(ASIDE) ? kept.reduce((sum, each) => sum + content(each).length, 0) : 0;
        if (said > most) [best, most] = [kept, said];
      }
    }
    return best;
  };

  const keysOf = (element) => {
    const keys = [attribute(element, "itemprop"), attribute(element, "data-field"), attribute(element, "aria-label"), ...element.classList];
    if (/^H[1-6]$/.test(element.tagName) || roleOf(element) === "heading") keys.push("title", "name", "heading");
    if (element.tagName === "TIME") keys.push("date", "time");
    return keys.filter(Boolean);
  };
  const fieldsOf = (item) => {
    const found = [{ keys: ["text"], value: content(item), ref: refs.of(item) }];
    const put = (keys, value, element) => {
      if (value) found.push({ keys, value, ref: refs.of(element) });
    };
    for (const element of [item, ...item.querySelectorAll("*")]) {
      if (!shown(element) && element !== item) continue;
      if (element.tagName === "DT") {
        const value = element.nextElementSibling;
        if (value?.tagName === "DD") put([content(element).replace(/:$/, "")], content(value), value);
        continue;
      }
      if (element.matches("a[href]")) put(["link", "url", "href"], element.href, element);
      if (element.tagName === "IMG") put(["image", "picture", "src"], element.src, element);
      if (element.tagName === "META") put(keysOf(element), attribute(element, "content"), element);
      if (element.tagName === "TIME" && attribute(element, "datetime")) put(["datetime"], attribute(element, "datetime"), element);
      const words = content(element);
      const keys = keysOf(element);
      if (keys.length && words && element !== item) put(keys, words, element);
      if (element.matches("a[href]") && words) put(["title", "name"], words, element);
      const labelled = !element.children.length || element.children.length === 1 ? /^([\p{L}][^:]{0,40}):\s*(\S.*)$/u.exec(words) : null;
      if (labelled) put([labelled[1]], labelled[2], element);
    }
    return found;
  };

  const valueOf = (field) => {
    if (secrets.hides(field)) return HIDDEN;
    if (field.tagName === "SELECT") return [...field.selectedOptions].map((option) => tidy(option.label)).join(", ");
    if (field.type === "checkbox") return String(field.checked);
    if (field.type === "file") return [...field.files].map((file) => file.name).join(", ");
    return String(field.value ?? field.innerText ?? "");
  };
  const formFields = (root) => {
    const found = new Map();
    for (const field of root.querySelectorAll("input:not([type=hidden]):not([type=submit]):not([type=button]):not([type=image]):not([type=reset]),select,textarea,[contenteditable]:not([contenteditable=false])")) {
      if (!shown(field)) continue;
      const role = roleOf(field);
      const keys = [nameOf(field, role) || beside.label(field, role), attribute(field, "name"), field.id].filter(Boolean);
      if (field.type !== "radio") {
        found.set(field, { keys, value: valueOf(field), ref: refs.of(field) });
        continue;
      }
      const legend = field.closest("fieldset,[role=radiogroup]");
      const group = attribute(field, "name") || field.id;
      const known = [...found.values()].find((each) => each.group === group);
      const entry = known ?? { keys: [legend ? nameOf(legend, "group") : "", group].filter(Boolean), value: "", ref: refs.of(field), group };
      if (!known) found.set(field, entry);
      if (field.checked) [entry.value, entry.ref] = [keys[0] ?? field.value, refs.of(field)];
    }
    return [...found.values()].map(({ keys, value, ref }) => ({ keys, value, ref }));
  };

  return (root, kind) => {
    const scope = root ?? document.body;
    if (kind === "form") return { id: marks.id, items: [formFields(scope)] };
    return { id: marks.id, items: itemsIn(scope).slice(0, MOST).map(fieldsOf) };
  };
})();
