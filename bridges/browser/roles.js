// What an element is (role), what it is called (accessible name) and what state it is in.
//
// After HTML-AAM and the accessible name computation (W3C accname-1.2), cut down to what a reader of a page needs.
const roles = (() => {
  const KNOWN = new Set(
    ("alert alertdialog application article banner blockquote button caption cell checkbox code columnheader " +
      "combobox complementary contentinfo definition deletion dialog document emphasis feed figure form generic grid " +
      "gridcell group heading img insertion link list listbox listitem log main mark marquee math menu menubar " +
      "menuitem menuitemcheckbox menuitemradio meter navigation none note option paragraph presentation progressbar " +
      "radio radiogroup region row rowgroup rowheader scrollbar search searchbox separator slider spinbutton status " +
      "strong subscript superscript switch tab table tablist tabpanel term textbox time timer toolbar tooltip tree " +
      "treegrid treeitem").split(" "),
  );
  const PLAIN = {
    ADDRESS: "group", ARTICLE: "article", ASIDE: "complementary", BLOCKQUOTE: "blockquote", BUTTON: "button",
    CAPTION: "caption", CODE: "code", DD: "definition", DEL: "deletion", DETAILS: "group", DFN: "term",
    DIALOG: "dialog", DT: "term", EM: "emphasis", FIELDSET: "group", FIGURE: "figure", FRAME: "iframe",
    H1: "heading", H2: "heading", H3: "heading", H4: "heading", H5: "heading", H6: "heading", HR: "separator",
    IFRAME: "iframe", INS: "insertion", LI: "listitem", MAIN: "main", MARK: "mark", MATH: "math", MENU: "list",
    METER: "meter", NAV: "navigation", OL: "list", OPTGROUP: "group", OPTION: "option", OUTPUT: "status",
    P: "paragraph", PROGRESS: "progressbar", SEARCH: "search", STRONG: "strong", SUB: "subscript", SUMMARY: "button",
    SUP: "superscript", SVG: "img", svg: "img", TABLE: "table", TBODY: "rowgroup", TEXTAREA: "textbox",
    TFOOT: "rowgroup", THEAD: "rowgroup", TIME: "time", TR: "row", UL: "list",
  };
  const INPUTS = {
    button: "button", checkbox: "checkbox", file: "button", image: "button", number: "spinbutton", radio: "radio",
    range: "slider", reset: "button", search: "searchbox", submit: "button",
  };
  const FROM_CONTENT = new Set(
    ("button checkbox columnheader heading link menuitem menuitemcheckbox menuitemradio option radio rowheader " +
      "switch tab tooltip treeitem").split(" "),
  );
  const CONTROLS = new Set(
    ("button checkbox combobox link listbox menuitem menuitemcheckbox menuitemradio option radio searchbox slider " +
      "spinbutton switch tab textbox treeitem").split(" "),
  );
  const SECTIONS = "article,aside,main,nav,section";
  const LONGEST_NAME = 300;

  const attribute = dom.getAttribute;
  const tidy = (text) => clean(text ?? "").replace(/\s+/g, " ").trim();

  // Characters that nobody sees but a model reads: tags, selectors, directions, fillers.
  const UNSEEN = /[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e0fff}]/gu;
  const PLAIN_TEXT = /^[\x20-\x7e\n\t\r]*$/;
  const clean = (text) => (PLAIN_TEXT.test(text) ? text : text.replace(UNSEEN, ""));

  const roleOf = (element) => {
    const stated = attribute(element, "role");
    if (stated) {
      const known = stated.trim().toLowerCase().split(/\s+/).find((role) => KNOWN.has(role));
      if (known) return known === "none" || known === "presentation" ? "generic" : known;
    }
    const tag = dom.tagName(element);
    switch (tag) {
      case "A":
      case "AREA":
        return element.hasAttribute("href") ? "link" : "generic";
      case "INPUT":
        return inputRole(element);
      case "SELECT":
        return element.multiple || element.size > 1 ? "listbox" : "combobox";
      case "IMG":
        return attribute(element, "alt") === "" && !element.hasAttribute("title") ? "generic" : "img";
      case "TD":
        return gridRole(element) ?? "cell";
      case "TH":
        return attribute(element, "scope") === "row" || besideCells(element) ? "rowheader" : "columnheader";
      case "HEADER":
        return dom.closest(element, SECTIONS) ? "generic" : "banner";
      case "FOOTER":
        return dom.closest(element, SECTIONS) ? "generic" : "contentinfo";
      case "SECTION":
        return isNamed(element) ? "region" : "generic";
      case "FORM":
        return isNamed(element) ? "form" : "generic";
    }
    const plain = PLAIN[tag];
    if (plain) return plain;
    return isEditingHost(element) ? "textbox" : "generic";
  };
  const inputRole = (input) => {
    if (input.type === "hidden") return "generic";
    if (input.list && ["text", "search", "tel", "url", "email"].includes(input.type)) return "combobox";
    return INPUTS[input.type] ?? "textbox";
  };
  const gridRole = (cell) => {
    const role = cell.closest("table")?.getAttribute("role");
    return role === "grid" || role === "treegrid" ? "gridcell" : null;
  };
  const besideCells = (head) =>
    !head.hasAttribute("scope") && !head.closest("thead") && [...(head.parentElement?.children ?? [])].some((cell) => cell.tagName === "TD");
  const isNamed = (element) =>
    ["aria-label", "aria-labelledby", "title"].some((name) => dom.hasAttribute(element, name));
  const isEditingHost = (element) =>
    element.isContentEditable === true && !dom.parentElement(element)?.isContentEditable;

  const byIds = (element, ids) => {
    const scope = dom.getRootNode(element);
    return ids.split(/\s+/).map((id) => id && scope.getElementById?.(id)).filter(Boolean);
  };
  const stated = (element) => {
    const ids = attribute(element, "aria-labelledby");
    if (ids) {
      const text = byIds(element, ids).map((of) => tidy(attribute(of, "aria-label")) || content(of)).join(" ").trim();
      if (text) return text;
    }
    return tidy(attribute(element, "aria-label"));
  };

  const nameOf = (element, role) => {
    const name = stated(element) || native(element, role);
    if (name) return name.slice(0, LONGEST_NAME);
    if (FROM_CONTENT.has(role)) {
      const text = content(element);
      if (text) return text.slice(0, LONGEST_NAME);
    }
    const title = tidy(attribute(element, "title"));
    if (title) return title.slice(0, LONGEST_NAME);
    return fieldLike(element) ? tidy(attribute(element, "placeholder") || attribute(element, "aria-placeholder")) : "";
  };
  const fieldLike = (element) => /^(INPUT|TEXTAREA)$/.test(dom.tagName(element)) || dom.hasAttribute(element, "aria-placeholder");

  // The name that HTML itself gives.
  const native = (element, role) => {
    switch (dom.tagName(element)) {
      case "INPUT":
        if (["submit", "reset", "button"].includes(element.type))
          return tidy(attribute(element, "value")) || { submit: "Submit", reset: "Reset" }[element.type] || labels(element);
        if (element.type === "image") return tidy(attribute(element, "alt") || attribute(element, "value")) || labels(element) || "Submit";
        return labels(element);
      case "TEXTAREA":
      case "SELECT":
      case "METER":
      case "PROGRESS":
      case "OUTPUT":
        return labels(element);
      case "BUTTON":
        return labels(element);
      case "IMG":
      case "AREA":
        return tidy(attribute(element, "alt"));
      case "FIELDSET":
        return ofChild(element, "LEGEND");
      case "FIGURE":
        return ofChild(element, "FIGCAPTION");
      case "TABLE":
        return ofChild(element, "CAPTION");
      case "OPTGROUP":
        return tidy(attribute(element, "label"));
      case "OPTION":
        return tidy(element.label);
      case "svg":
        return tidy([...element.children].find((child) => child.tagName === "title")?.textContent);
      case "IFRAME":
      case "FRAME":
        return tidy(attribute(element, "title")) || (element.tagName === "FRAME" ? tidy(attribute(element, "name")) : "");
      case "DETAILS":
        return ofChild(element, "SUMMARY");
      default:
        return role === "img" ? tidy(attribute(element, "alt")) : "";
    }
  };
  const ofChild = (element, tag) => {
    const child = [...element.children].find((each) => each.tagName === tag);
    return child ? content(child) : "";
  };
  const labels = (field) => [...(field.labels ?? [])].map((label) => content(label, (part) => part === field)).filter(Boolean).join(" ");

  // The words in an element, as they read: blocks apart, images by their alternative text.
  const content = (element, without = () => false) => tidy(wordsIn(element, without, 0));
  const wordsIn = (element, without, depth) => {
    if (!dom.firstElementChild(element) && !dom.shadowRoot(element)) return dom.textContent(element);
    if (depth > 20) return "";
    let text = "";
    for (const child of below(element)) {
      if (child instanceof Text) text += child.data;
      if (!(child instanceof Element) || SILENT.has(dom.tagName(child)) || without(child)) continue;
      if (attribute(child, "aria-hidden") === "true") continue;
      const style = getComputedStyle(child);
      if (style.display === "none" || style.visibility === "hidden") continue;
      const inline = style.display.startsWith("inline") || style.display === "contents";
      const words = stated(child) || inside(child, without, depth);
      text += inline ? words : ` ${words} `;
    }
    return text;
  };
  const inside = (child, without, depth) => {
    switch (dom.tagName(child)) {
      case "IMG":
        return attribute(child, "alt") || attribute(child, "title") || "";
      case "svg":
        return native(child, "img");
      case "BR":
        return " ";
      case "SELECT":
      case "INPUT":
      case "TEXTAREA":
        return ""; // values are said where they stand, and hidden where they must be
      default:
        return wordsIn(child, without, depth + 1);
    }
  };

  const SILENT = new Set(["SCRIPT", "STYLE", "TEMPLATE", "NOSCRIPT", "HEAD", "META", "LINK", "TITLE", "DATALIST"]);
  // What is rendered below an element: shadow roots and slots included.
  const below = (element) => {
    const root = dom.shadowRoot(element);
    if (root) return root.childNodes;
    if (dom.tagName(element) === "SLOT") {
      const assigned = element.assignedNodes();
      if (assigned.length) return assigned;
    }
    return dom.childNodes(element);
  };

  const truth = (element, name) => {
    const value = attribute(element, `aria-${name}`);
    return value === "true" || value === "mixed" ? value : null;
  };
  const CHECKABLE = new Set(["checkbox", "radio", "switch", "menuitemcheckbox", "menuitemradio", "option", "treeitem"]);
  const statesOf = (element, role) => {
    const found = [];
    if (CHECKABLE.has(role)) {
      const box = dom.tagName(element) === "INPUT" && (element.type === "checkbox" || element.type === "radio");
      const mixed = box ? element.indeterminate : truth(element, "checked") === "mixed";
      if (mixed) found.push("checked=mixed");
      else if (box ? element.checked : truth(element, "checked")) found.push("checked");
    }
    if (dom.matches(element, ":disabled") || (CONTROLS.has(role) && dom.closest(element, "[aria-disabled=true]"))) found.push("disabled");
    const expanded = dom.tagName(element) === "SUMMARY" ? String(!!dom.parentElement(element)?.open) : attribute(element, "aria-expanded");
    if (expanded === "true") found.push("expanded");
    else if (expanded === "false" && CONTROLS.has(role)) found.push("collapsed");
    if (attribute(element, "aria-invalid") === "true") found.push("invalid");
    if (role === "heading") found.push(`level=${attribute(element, "aria-level") || dom.tagName(element).match(/^H([1-6])$/)?.[1] || 2}`);
    if (truth(element, "pressed")) found.push(truth(element, "pressed") === "mixed" ? "pressed=mixed" : "pressed");
    if (dom.tagName(element) === "OPTION" ? element.selected : truth(element, "selected")) found.push("selected");
    const current = attribute(element, "aria-current");
    if (current && current !== "false") found.push("current");
    const field = /^(INPUT|TEXTAREA|SELECT)$/.test(dom.tagName(element));
    if (field && element.readOnly === true && !element.disabled && role !== "checkbox" && role !== "radio") found.push("readonly");
    if ((field && element.required === true) || truth(element, "required")) found.push("required");
    if (role === "dialog" || role === "alertdialog") if (dom.matches(element, ":modal") || truth(element, "modal")) found.push("modal");
    return found;
  };

  return { roleOf, nameOf, statesOf, stated, content, below, tidy, clean, attribute, CONTROLS, FROM_CONTENT, SILENT, UNSEEN, isEditingHost };
})();
