// Properties and methods of elements as the platform has them. In a form, a field that is called "parentNode" or "matches"
// stands in the way of the form's own, in every world; so nothing that may be a form is asked directly.
const dom = (() => {
  const getter = (type, name) => {
    const get = Object.getOwnPropertyDescriptor(type.prototype, name).get;
    return (node) => get.call(node);
  };
  const method = (type, name) => {
    const call = type.prototype[name];
    return (node, ...given) => call.apply(node, given);
  };
  const parentNode = getter(Node, "parentNode");
  const parentElement = getter(Node, "parentElement");
  const getRootNode = method(Node, "getRootNode");
  const hostOf = (node) => (node instanceof ShadowRoot ? node.host : null);
  return {
    parentNode,
    parentElement,
    getRootNode,
    // What a node lies in: its parent, or the host of the shadow root that it stands in.
    above: (node) => parentNode(node) ?? hostOf(node),
    outer: (element) => parentElement(element) ?? hostOf(getRootNode(element)),
    childNodes: getter(Node, "childNodes"),
    children: getter(Element, "children"),
    firstElementChild: getter(Element, "firstElementChild"),
    ownerDocument: getter(Node, "ownerDocument"),
    textContent: getter(Node, "textContent"),
    tagName: getter(Element, "tagName"),
    shadowRoot: getter(Element, "shadowRoot"),
    scrollHeight: getter(Element, "scrollHeight"),
    contains: method(Node, "contains"),
    matches: method(Element, "matches"),
    closest: method(Element, "closest"),
    getAttribute: method(Element, "getAttribute"),
    hasAttribute: method(Element, "hasAttribute"),
    getBoundingClientRect: method(Element, "getBoundingClientRect"),
    getClientRects: method(Element, "getClientRects"),
    querySelector: method(Element, "querySelector"),
    querySelectorAll: method(Element, "querySelectorAll"),
  };
})();
