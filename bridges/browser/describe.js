// What policy and audit need to know of an element. Getters come from the prototypes and attributes are read as
// attributes, because a form field named "action" or "method" shadows the form's own.
const describe = (element) => {
  const attribute = (of, name) => Element.prototype.getAttribute.call(of, name);
  const getter = (type, name) => Object.getOwnPropertyDescriptor(type.prototype, name).get;
  const elementsOf = getter(HTMLFormElement, "elements");
  const tidy = (text) => (text ?? "").replace(/\s+/g, " ").trim();
  const base = getter(Node, "baseURI").call(document);
  const absolute = (address) => {
    try {
      return new URL(address ?? "", base);
    } catch {
      return null;
    }
  };
  const words = (node) => {
    if (node.nodeType === Node.TEXT_NODE) return node.data;
    if (["SELECT", "TEXTAREA", "BUTTON", "SCRIPT", "STYLE"].includes(node.tagName)) return "";
    return [...node.childNodes].map(words).join(" ");
  };
  const labelsOf = (field) => {
    const of = [...(field.labels ?? [])].map((label) => tidy(words(label)));
    const by = (attribute(field, "aria-labelledby") ?? "").split(/\s+/).filter(Boolean);
    for (const id of by) of.push(tidy(field.getRootNode().getElementById?.(id)?.textContent));
    of.push(tidy(attribute(field, "aria-label")), tidy(attribute(field, "title")));
    return of.filter(Boolean);
  };
  const labelOf = (field) =>
    labelsOf(field)[0] ?? (tidy(attribute(field, "placeholder")) || attribute(field, "name") || field.id);
  // What a field adds to what its form sends, by name; null for a password. The event that a real FormData would
  // raise is for the page alone.
  const entriesOf = (field, sender) => {
    const name = attribute(field, "name") ?? "";
    switch (field.type) {
      case "submit":
      case "image":
        return field === sender ? [[name, String(field.value ?? "")]] : [];
      case "button":
      case "reset":
      case "fieldset":
      case "output":
        return [];
      case "checkbox":
      case "radio":
        return field.checked ? [[name, String(field.value)]] : [];
      case "password":
        return [[name, null]];
      case "file":
        return [...field.files].map((file) => [name, `${file.name} ${file.size}`]);
      default:
        if (field.tagName !== "SELECT") return [[name, String(field.value ?? "")]];
        return [...field.selectedOptions].filter((o) => !o.disabled).map((o) => [name, o.value]);
    }
  };

  const control = element.closest("button,input,select,textarea,a[href],summary,option") ?? element;
  const label = element.closest("label");
  const acts = control === element && label?.control ? label.control : control;
  const tag = acts.tagName.toLowerCase();
  const type = tag === "input" || tag === "button" ? acts.type : "";
  const form = acts instanceof HTMLElement && "form" in acts ? acts.form : element.closest("form");
  const submits =
    !!form && ((tag === "button" && type === "submit") || (tag === "input" && ["submit", "image"].includes(type)));
  const facts = { tag, type, submits, method: "", stated_method: true, action: "", action_origin: "" };
  Object.assign(facts, { destination: "", names: [], values: {}, entries: [], submitter: "" });

  if (form) {
    const presses = [...elementsOf.call(form)].find((field) => field.type === "submit" && !field.disabled);
    const said = (button) => labelsOf(button)[0] ?? (tidy(button.textContent) || tidy(button.value) || "Submit");
    if (presses) facts.submitter = said(presses);
    const sender = submits ? acts : presses; // Enter in a field sends as the first button does
    const overrides = (name) => (sender ? attribute(sender, `form${name}`) : null);
    const stated = overrides("method") || attribute(form, "method");
    const method = (stated || "get").toLowerCase();
    facts.stated_method = !!stated;
    facts.method = ["post", "dialog"].includes(method) ? method : "get";
    const action = absolute(overrides("action") || attribute(form, "action") || document.location.href);
    facts.action = action?.href ?? "";
    facts.action_origin = action && action.origin !== "null" ? action.origin : facts.action;
    const values = new Map();
    const put = (label, value) => {
      let unique = label;
      for (let number = 2; values.has(unique); number += 1) unique = `${label} (${number})`;
      values.set(unique, value);
    };
    for (const field of elementsOf.call(form)) {
      const kind = field.type;
      if (attribute(field, "name") && !field.matches(":disabled")) facts.entries.push(...entriesOf(field, sender));
      if (["hidden", "password", "submit", "button", "image", "reset", "fieldset", "output"].includes(kind)) continue;
      if (["checkbox", "radio"].includes(kind) && !field.checked) continue;
      let value = field.value;
      if (field.tagName === "SELECT") value = [...field.selectedOptions].map((o) => tidy(o.label)).join(", ");
      else if (kind === "checkbox") value = "checked";
      else if (kind === "file") value = [...field.files].map((file) => file.name).join(", ");
      else if (kind === "radio") {
        const group = attribute(field, "name") || "choice";
        put(group, labelOf(field) || value);
        continue;
      }
      put(labelOf(field) || "field", String(value));
    }
    if (sender?.type === "image") facts.entries.push(...entriesOf(sender, sender)); // no element of its form
    facts.values = Object.fromEntries(values);
  }
  const link = element.closest("a[href],area[href]");
  if (link) {
    const href = attribute(link, "href") ?? attribute(link, "xlink:href");
    facts.destination = absolute(href)?.href ?? "";
  }
  const names = [attribute(acts, "name"), acts.id, attribute(acts, "autocomplete"), attribute(acts, "placeholder")];
  facts.names = [...labelsOf(acts), ...names.map(tidy)].filter(Boolean);
  facts.readonly = !!acts.readOnly;
  facts.fillable =
    tag === "textarea" ||
    acts.isContentEditable === true ||
    (tag === "input" && !["checkbox", "radio", "submit", "button", "image", "reset", "file"].includes(type));
  facts.options =
    tag === "select"
      ? [...acts.options].map((o) => ({ label: tidy(o.label), value: o.value, disabled: o.disabled }))
      : null;
  facts.multiple = !!acts.multiple;
  return facts;
};
