// Runs before a document's own scripts and keeps what is needed to know whether the page is done reacting.
//
// Whatever the page sets going (a timer, a frame, a question to a worker) is noted with the action that caused it, and
// how long it is worth waiting for. Callbacks run under the cause of whoever set them, so a page that ticks is not
// waited for. What cannot be followed back, such as what comes after an answer of the server, belongs to the latest
// action, unless the same was going on while nobody acted.
(() => {
  if (window.__pointsman) return;
  const LONGEST = 1000; // ms; a timer, animation or answer beyond this is not a reaction
  const FINITE = 3000; // ms; an animation beyond this decorates
  const FARTHEST = 1200; // ms; what timers that set timers may add up to
  const CHECK = 100; // ms; an interval up to this may be what looks at what an action changed, and shows it
  const PERIOD = 300; // ms; an interval beyond this is a clock, not a progress
  const LATE = 300; // ms; the page was suspended, or the timer belongs to the past
  const UNDRAWN = 100; // ms; a page that is not drawn by then is hidden
  const IDLE = 250; // ms; work for idle time is rarely what a reader waits for
  const RESTLESS = 400; // ms; changes without an end: a ticker, not a reaction
  const LEAVING = 1000; // ms from the wish to leave to the request for the next document, on a busy machine
  const OFTEN = { loading: 4, resting: 2 }; // times; what comes that often is no reaction
  const MOST = 200; // things remembered
  const now = () => performance.now();
  const OPENING = "a page is opening";
  const state = { action: 0, opens: 0, stirredAt: now(), running: null, leftAt: 0, restedAt: 0 };
  const going = new Set(); // {what, cause, until, ends, …}: waited for till `until`, spoken of till `ends`
  const native = {
    setTimeout: window.setTimeout.bind(window),
    requestAnimationFrame: window.requestAnimationFrame.bind(window),
  };

  const around = (owner, name, apply) => {
    if (typeof owner?.[name] === "function") owner[name] = new Proxy(owner[name], { apply });
  };
  const cause = () => state.running ?? { action: state.action, reach: 0 };
  const stir = () => {
    if (cause().action === state.action) state.stirredAt = now();
  };
  const changed = (records) => {
    if (!records.length) return;
    stir();
  };
  const changes = new MutationObserver(changed);
  changes.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });

  const under = (cause, handler, self, given) => {
    const before = state.running;
    changed(changes.takeRecords());
    state.running = cause;
    try {
      return handler.apply(self, given);
    } finally {
      changed(changes.takeRecords());
      state.running = before;
    }
  };

  // What goes on while nobody acts, and what repeats itself while a page loads, is no reaction: a poll.
  const background = new Set();
  const seen = new Map();
  const note = (what) => {
    const times = (seen.get(what) ?? 0) + 1;
    if (times > 1 || seen.size < MOST) seen.set(what, times);
    const often = !state.action ? OFTEN.loading : state.restedAt ? OFTEN.resting : Infinity;
    if (times >= often && background.size < MOST) background.add(what);
  };
  const resting = (since) => {
    state.restedAt = since;
    if (state.action) seen.clear();
  };
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const asks = entry.initiatorType === "fetch" || entry.initiatorType === "xmlhttprequest";
      if (asks && entry.startTime >= state.restedAt) note(entry.name);
    }
  }).observe({ type: "resource" });

  // An input that asks for what the page polls for wants an answer all the same.
  const wanted = new Set();
  const wants = (whom) => {
    const address = whom?.url ?? whom?.href ?? whom;
    if (typeof address !== "string" || !window.event?.isTrusted || !URL.canParse(address, document.baseURI)) return;
    wanted.add(new URL(address, document.baseURI).href);
  };
  around(window, "fetch", (plain, self, given) => {
    wants(given[0]);
    return Reflect.apply(plain, self, given);
  });
  around(window.XMLHttpRequest?.prototype, "open", (plain, self, given) => {
    wants(given[1]);
    return Reflect.apply(plain, self, given);
  });

  const isBackground = (ms) => {
    if (state.action && !state.restedAt && !background.size) return false; // finding the place costs a little
    const place = `${ms} ${new Error().stack}`;
    note(place);
    return background.has(place);
  };

  // Timers, frames and idle callbacks

  const scheduled = (set, clears, what, items, plan) => {
    around(window, set, (plain, self, [handler, ...rest]) => {
      const { ms, until, ends, repeats = false } = plan(...rest);
      const { action, reach } = cause();
      const item = { what, cause: { action, reach: reach + Math.max(4, ms) }, until, ends, every: repeats ? ms : 0 };
      const heard = function (...given) {
        if (repeats) item.ranAt = now();
        else if (items.delete(id)) going.delete(item);
        return under(item.cause, handler, this, given);
      };
      const id = Reflect.apply(plain, self, [typeof handler === "function" ? heard : handler, ...rest]);
      if (ms > LONGEST) return id;
      if (item.cause.reach > FARTHEST || (repeats && !action)) item.until = 0;
      if (!repeats && isBackground(ms)) return id;
      items.set(id, item);
      going.add(item);
      return id;
    });
    for (const clear of clears) {
      around(window, clear, (plain, self, [id, ...rest]) => {
        going.delete(items.get(id));
        items.delete(id);
        return Reflect.apply(plain, self, [id, ...rest]);
      });
    }
  };
  const number = (given) => Math.max(0, Number(given) || 0);
  const timers = new Map();
  scheduled("setTimeout", ["clearTimeout"], "a timer is still running", timers, (delay) => {
    const due = now() + number(delay) + LATE;
    return { ms: number(delay), until: due, ends: due };
  });
  scheduled("setInterval", ["clearInterval"], "a timer is still running", timers, (delay) => {
    const ms = number(delay);
    return { ms, until: ms <= PERIOD ? now() + FARTHEST : 0, ends: Infinity, repeats: true };
  });
  scheduled("requestAnimationFrame", ["cancelAnimationFrame"], "an animation is still running", new Map(), () => {
    const due = state.action ? now() + LATE : 0; // a page may animate from the start, and for ever
    return { ms: 16, until: due, ends: due };
  });
  scheduled("requestIdleCallback", ["cancelIdleCallback"], "work for idle time is left", new Map(), () => {
    return { ms: 0, until: now() + IDLE, ends: now() + LONGEST };
  });

  // Questions to others

  const silent = new WeakSet(); // who once did not answer is not waited for again
  const asked = new WeakMap();
  const answered = (whom) => {
    going.delete(asked.get(whom));
  };
  const ask = (whom, what) => {
    answered(whom);
    if (!cause().action || silent.has(whom)) return;
    const item = { what: `waiting for ${what}`, cause: cause(), until: now() + LONGEST, ends: Infinity, whom };
    asked.set(whom, item);
    going.add(item);
  };
  const heed = (whom, signals) => {
    for (const signal of signals) whom.addEventListener(signal, () => answered(whom));
  };
  const conversation = (name, what, talk, signals, ear = (made) => made) => {
    const plain = window[name];
    if (!plain) return;
    const construct = (target, given, self) => {
      const made = Reflect.construct(target, given, self);
      heed(ear(made), signals);
      ask(ear(made), what);
      return made;
    };
    window[name] = new Proxy(plain, { construct });
    around(plain.prototype, talk, (say, self, given) => {
      ask(self, what);
      return Reflect.apply(say, self, given);
    });
  };
  conversation("Worker", "a worker", "postMessage", ["message", "error"]);
  conversation("WebSocket", "a WebSocket", "send", ["message", "error", "close"]);
  conversation("EventSource", "an event stream", "", ["message", "error"]);
  conversation("SharedWorker", "a worker", "", ["message"], (made) => made.port);
  around(window.EventSource?.prototype, "addEventListener", (plain, self, [signal, ...rest]) => {
    Reflect.apply(plain, self, [signal, () => answered(self)]);
    return Reflect.apply(plain, self, [signal, ...rest]);
  });

  const answering = (owner, name, what, signals) =>
    around(owner, name, (plain, self, given) => {
      const made = Reflect.apply(plain, self, given);
      heed(made, signals);
      ask(made, what);
      return made;
    });
  answering(window.IDBFactory?.prototype, "open", "a database", ["success", "error", "blocked"]);
  answering(window.IDBDatabase?.prototype, "transaction", "a database", ["complete", "error", "abort"]);

  const source = Object.getOwnPropertyDescriptor(HTMLImageElement.prototype, "src");
  const loading = new WeakSet();
  const set = function (address) {
    source.set.call(this, address);
    if (this.complete || this.loading === "lazy") return;
    if (!loading.has(this)) heed(this, ["load", "error"]);
    loading.add(this);
    ask(this, "an image");
  };
  Object.defineProperty(HTMLImageElement.prototype, "src", { ...source, set });

  around(window.MessagePort?.prototype, "postMessage", (plain, self, given) => {
    stir();
    return Reflect.apply(plain, self, given);
  });
  window.addEventListener("message", stir, true);
  const promising = (owner, name, what, end) =>
    around(owner, name, (plain, self, given) => {
      const made = Reflect.apply(plain, self, given);
      ask(made, what);
      end(made).then(
        () => answered(made),
        () => answered(made),
      );
      return made;
    });
  promising(Document.prototype, "startViewTransition", "a transition", (made) => made.finished);
  promising(window.Scheduler?.prototype, "postTask", "a task", (made) => made);

  // A form that is sent, or an address that is set, asks for its document only a moment later.
  const leaves = () => {
    state.leftAt = now();
  };
  const submits = (event) => {
    const before = state.leftAt;
    leaves(); // at once: whoever asks now must not think that nothing will come
    native.setTimeout(() => event.defaultPrevented && (state.leftAt = before), 0);
  };
  window.addEventListener("submit", submits, true);
  window.navigation?.addEventListener("navigate", (event) => {
    if (!event.destination.sameDocument && !event.hashChange && event.downloadRequest === null) leaves();
  });

  // A page that is to open is there only a moment later.
  const opens = () => {
    state.opens = state.action;
  };
  around(window, "open", (plain, self, given) => {
    const made = Reflect.apply(plain, self, given);
    if (made || /noopener|noreferrer/.test(String(given[2] ?? ""))) opens();
    return made;
  });
  window.addEventListener(
    "click",
    (event) => {
      const link = event.target?.closest?.("a[target],area[target]");
      if (link && link.href && !/^(_self|_top|_parent)$/i.test(link.target) && !frames[link.target]) opens();
      native.setTimeout(() => event.defaultPrevented && state.opens === state.action && link && (state.opens = 0), 0);
    },
    true,
  );

  // An interval of old that has not run since the wait began.
  const isDue = ({ every, ranAt }, began, at) => every && every <= CHECK && !(ranAt >= began) && at < began + 2 * CHECK;

  // Return what is waited for, and what goes on without being waited for any longer.
  const goingOn = (began, at) => {
    const found = [];
    const left = [];
    for (const item of going) {
      if (item.ends < at) going.delete(item);
      else if (item.cause.action !== state.action) isDue(item, began, at) && found.push(item.what);
      else if (at < item.until) found.push(item.what);
      else {
        if (item.whom) silent.add(item.whom);
        if (state.action) left.push(item.what);
      }
    }
    if (state.leftAt && at - state.leftAt < LEAVING) found.push("a navigation is under way");
    for (const animation of document.getAnimations?.() ?? []) {
      const end = animation.effect?.getComputedTiming().endTime;
      if (animation.playState !== "running" || !(end <= FINITE)) continue;
      (end <= LONGEST ? found : left).push("an animation is still running");
    }
    return { found, left };
  };

  const api = {
    id: `${performance.timeOrigin}/${Math.random()}`, // tells this document from the next one in the same frame
    arm() {
      state.action += 1;
      wanted.clear();
      resting(0);
    },
    background: () => [...background].filter((what) => !wanted.has(what)),
    // Resolves to the words for what is still going on.
    quiet: (quietFor, longest) =>
      new Promise((resolve) => {
        const started = now();
        let drawnAt = started + UNDRAWN; // Chromium holds messages and timers back from an input to the next frame
        native.requestAnimationFrame(() => (drawnAt = now()));
        if (state.restedAt) resting(0);
        const look = () => {
          const at = now();
          const { found, left } = goingOn(started, at);
          const still = at - Math.max(state.stirredAt, drawnAt) >= quietFor || at - started >= RESTLESS;
          if (window.closed) return resolve(["closing"]);
          if ((found.length || !still) && at - started < longest) return native.setTimeout(look, 8);
          resting(at);
          const opening = state.action && state.opens === state.action ? [OPENING] : [];
          resolve([...found, ...left, ...opening]);
        };
        look();
      }),
  };
  Object.defineProperty(window, "__pointsman", { value: Object.freeze(api) });
})();
