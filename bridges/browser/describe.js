// What policy and audit need to know of an element. Getters come from the prototypes and attributes are read as
// attributes, because a form field named "action" or "method" shadows the form's own.
(element) => {
  const attribute = (of, name) => Element.prototype.getAttribute.call(of, name);
  const getter = (type, name) => Object.getOwnPropertyDescriptor(type.prototype, name).get;
  const elementsOf = getter(HTMLFormElement, "elements");
  const tidy = (text) => (text ?? "").replace(/\s+/g, " ").trim();
  const absolute = (address) => {
    try {
      return new URL(address ?? "", document.baseURI);
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

  const control = element.closest("button,input,select,textarea,a[href],summary,option") ?? element;
  const label = element.closest("label");
  const acts = control === element && label?.control ? label.control : control;
  const tag = acts.tagName.toLowerCase();
  const type = tag === "input" || tag === "button" ? acts.type : "";
  const form = acts instanceof HTMLElement && "form" in acts ? acts.form : element.closest("form");
  const submits =
    !!form && ((tag === "button" && type === "submit") || (tag === "input" && ["submit", "image"].includes(type)));
  const facts = { tag, type, submits, method: "", action: "", destination: "", names: [], values: {}, submitter: "" };

  if (form) {
    const presses = [...elementsOf.call(form)].find((field) => field.type === "submit" && !field.disabled);
    if (presses) facts.submitter = labelsOf(presses)[0] ?? (tidy(presses.textContent) || tidy(presses.value) || "Submit");
    const overrides = (name) => (submits ? attribute(acts, `form${name}`) : null);
    const method = (overrides("method") ?? attribute(form, "method") ?? "get").toLowerCase();
    facts.method = ["post", "dialog"].includes(method) ? method : "get";
    const action = absolute(overrides("action") || attribute(form, "action") || document.location.href);
    facts.action = action && action.origin !== "null" ? action.origin : (action?.href ?? "");
    for (const field of elementsOf.call(form)) {
      const kind = field.type;
      if (["hidden", "password", "submit", "button", "image", "reset", "fieldset", "output"].includes(kind)) continue;
      if (["checkbox", "radio"].includes(kind) && !field.checked) continue;
      let value = field.value;
      if (field.tagName === "SELECT") value = [...field.selectedOptions].map((o) => tidy(o.label)).join(", ");
      else if (kind === "checkbox") value = "checked";
      else if (kind === "file") value = [...field.files].map((file) => file.name).join(", ");
      else if (kind === "radio") {
        const group = attribute(field, "name") || "choice";
        facts.values[group] = labelOf(field) || value;
        continue;
      }
      facts.values[labelOf(field) || "field"] = String(value).slice(0, 500);
    }
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
