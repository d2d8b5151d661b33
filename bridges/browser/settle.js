// Runs before a document's own scripts and keeps what is needed to know whether the page is done reacting:
// when it last changed, and which short timers an action set off. A timer that an older timer set does not count,
// so a page that polls is not waited for.
(() => {
  if (window.__pointsman) return;
  const LONGEST = 1000; // ms; a timer beyond this is not a reaction
  const DEEPEST = 5; // timers that set timers
  const LEAVING = 1000; // ms from the wish to leave to the request for the next document, on a busy machine
  const native = { set: window.setTimeout.bind(window), clear: window.clearTimeout.bind(window) };
  const state = { action: 0, changedAt: performance.now(), changes: 0, running: null, timers: new Map(), leftAt: 0 };

  window.setTimeout = function setTimeout(handler, delay = 0, ...rest) {
    if (typeof handler !== "function") return native.set(handler, delay, ...rest);
    const parent = state.running;
    const cause = parent ? parent.cause : state.action;
    const timer = { cause, depth: parent ? parent.depth + 1 : 0, due: performance.now() + Number(delay) };
    const id = native.set(() => {
      state.timers.delete(id);
      const before = state.running;
      state.running = timer;
      try {
        handler.apply(window, rest);
      } finally {
        state.running = before;
      }
    }, delay);
    if (delay <= LONGEST && timer.depth < DEEPEST) state.timers.set(id, timer);
    return id;
  };
  window.clearTimeout = function clearTimeout(id) {
    state.timers.delete(id);
    return native.clear(id);
  };

  // A form that is sent, or an address that is set, asks for its document only a moment later.
  const leaves = () => {
    state.leftAt = performance.now();
  };
  const submits = (event) => {
    const before = state.leftAt;
    leaves(); // at once: whoever asks now must not think that nothing will come
    native.set(() => event.defaultPrevented && (state.leftAt = before), 0);
  };
  window.addEventListener("submit", submits, true);
  window.navigation?.addEventListener("navigate", (event) => {
    if (!event.destination.sameDocument && !event.hashChange && event.downloadRequest === null) leaves();
  });

  new MutationObserver(() => {
    state.changedAt = performance.now();
    state.changes += 1;
  }).observe(document, { subtree: true, childList: true, attributes: true, characterData: true });

  const waiting = (now) => {
    const found = [];
    for (const [id, timer] of state.timers) {
      if (timer.due + 100 < now) state.timers.delete(id); // the page was suspended, or the timer belongs to the past
      else if (timer.cause === state.action) found.push("timer");
    }
    const finite = (animation) => {
      const end = animation.effect?.getComputedTiming().endTime;
      return animation.playState === "running" && Number.isFinite(end) && end <= LONGEST;
    };
    if (state.leftAt && now - state.leftAt < LEAVING) found.push("navigation");
    if (document.getAnimations?.().some(finite)) found.push("animation");
    return found;
  };

  const api = {
    id: `${performance.timeOrigin}/${Math.random()}`, // tells this document from the next one in the same frame
    arm() {
      state.action += 1;
    },
    changes: () => state.changes,
    // Resolves to what is still going on: nothing, or the words for it when the time is over.
    quiet: (quietFor, longest) =>
      new Promise((resolve) => {
        const started = performance.now();
        const look = () => {
          const now = performance.now();
          const found = waiting(now);
          const still = now - state.changedAt >= quietFor;
          if (window.closed) return resolve(["closing"]);
          const restless = now - started >= 400; // changes without an end: a ticker, not a reaction
          if (!found.length && (still || restless)) resolve([]);
          else if (now - started >= longest) resolve(found);
          else native.set(look, 16);
        };
        look();
      }),
  };
  Object.defineProperty(window, "__pointsman", { value: Object.freeze(api) });
})();
