// Runs before a document's own scripts: closed shadow roots are open to our isolated world, and closed to the page.
(() => {
  const attach = Element.prototype.attachShadow;
  const shadowRoot = Object.getOwnPropertyDescriptor(Element.prototype, "shadowRoot");
  const mode = Object.getOwnPropertyDescriptor(ShadowRoot.prototype, "mode");
  const closed = new WeakSet();
  Element.prototype.attachShadow = function attachShadow(options) {
    if (options?.mode !== "closed") return attach.call(this, options);
    const root = attach.call(this, { ...options, mode: "open" });
    closed.add(root);
    return root;
  };
  Object.defineProperty(Element.prototype, "shadowRoot", {
    ...shadowRoot,
    get() {
      const root = shadowRoot.get.call(this);
      return root && closed.has(root) ? null : root;
    },
  });
  Object.defineProperty(ShadowRoot.prototype, "mode", {
    ...mode,
    get() {
      return closed.has(this) ? "closed" : mode.get.call(this);
    },
  });
})();
