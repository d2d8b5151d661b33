// Ways in which a page reacts to a click. Each ends, if ever, with `done`, which shows "All done".
// `load` runs with the page, before any click.
const out = document.getElementById("out");
const box = document.getElementById("box");
const tick = document.getElementById("tick");
const done = () => {
  out.textContent = "All done";
};
const show = (text) => {
  out.textContent = text;
};
const after = async (ms) => (await fetch(`/after?ms=${ms}`)).text();
const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const inserted = (tag, attributes) => document.body.appendChild(Object.assign(document.createElement(tag), attributes));
const program = (code) => URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
const workerOf = (code) => new Worker(program(code));
const ticking = (ms) => {
  let count = 0;
  return setInterval(() => {
    tick.textContent = `Tick ${(count += 1)}`;
  }, ms);
};
const polling = async (asks = 60, pause = 120) => {
  let count = 0;
  for (;;) {
    await after(asks);
    tick.textContent = `Polled ${(count += 1)} times`;
    await later(pause);
  }
};
const hops = (post, left) => {
  if (left) post(left - 1);
  else done();
};

const behaviours = {
  "sync": { click: done },
  "microtasks": {
    async click() {
      for (let at = 0; at < 200; at += 1) await null;
      done();
    },
  },
  "fetch-150": { click: () => after(150).then(done) },
  "fetch-1500": { click: () => after(1500).then(done) },
  "fetch-chain-3": {
    async click() {
      for (let at = 0; at < 3; at += 1) await after(100);
      done();
    },
  },
  "fetch-chain-10": {
    async click() {
      for (let at = 0; at < 10; at += 1) await after(80);
      done();
    },
  },
  "fetch-in-parts": {
    async click() {
      const reader = (await fetch("/parts?ms=150&count=4")).body.getReader();
      while (!(await reader.read()).done);
      done();
    },
  },
  "xhr": {
    click() {
      const request = new XMLHttpRequest();
      request.onload = done;
      request.open("GET", "/after?ms=300");
      request.send();
    },
  },
  "timer-300": { click: () => setTimeout(done, 300) },
  "timer-700": { click: () => setTimeout(done, 700) },
  "timer-950": { click: () => setTimeout(done, 950) },
  "timer-as-text": { click: () => setTimeout("done()", 300) },
  "timers-6x100": {
    async click() {
      for (let at = 0; at < 6; at += 1) await later(100);
      done();
    },
  },
  "nested-timers-8x80": {
    click() {
      const step = (left) => (left ? setTimeout(step, 80, left - 1) : done());
      step(8);
    },
  },
  "debounce-and-fetch": {
    click() {
      clearTimeout(behaviours.waiting);
      behaviours.waiting = setTimeout(() => after(150).then(done), 250);
    },
  },
  "fetch-and-timer": { click: () => after(200).then(() => setTimeout(done, 600)) },
  "progress-that-ends": {
    click() {
      let percent = 0;
      const timer = setInterval(() => {
        percent += 12.5;
        show(`${percent} %`);
        if (percent < 100) return;
        clearInterval(timer);
        done();
      }, 100);
    },
  },
  "css-transition": {
    click() {
      box.addEventListener("transitionend", done);
      box.className = "faded";
    },
  },
  "css-keyframes": {
    click() {
      box.addEventListener("animationend", done);
      box.className = "keyed";
    },
  },
  "web-animation": { click: () => box.animate({ opacity: [0, 1] }, 500).finished.then(done) },
  "frames-for-500-ms": {
    click() {
      const began = performance.now();
      const frame = (now) => {
        box.style.opacity = Math.min(1, (now - began) / 500);
        if (now - began < 500) requestAnimationFrame(frame);
        else done();
      };
      requestAnimationFrame(frame);
    },
  },
  "frames-without-changes": {
    click() {
      const began = performance.now();
      const frame = (now) => (now - began < 500 ? requestAnimationFrame(frame) : done());
      requestAnimationFrame(frame);
    },
  },
  "navigation-fast": { click: () => location.assign("/arrived?ms=0") },
  "navigation-slow": { click: () => location.assign("/arrived?ms=700") },
  "navigation-after-300-ms": { click: () => setTimeout(() => location.assign("/arrived?ms=100"), 300) },
  "navigation-after-fetch": { click: () => after(200).then(() => location.assign("/arrived?ms=100")) },
  "push-state-and-fetch": {
    async click() {
      history.pushState({}, "", "?case=push-state-and-fetch&step=2");
      await after(200);
      done();
    },
  },
  "message-channel": {
    click() {
      const { port1, port2 } = new MessageChannel();
      const until = performance.now() + 300;
      port1.onmessage = () => (performance.now() < until ? port2.postMessage("on") : done());
      port2.postMessage("on");
    },
  },
  "window-messages": {
    click() {
      const post = (left) => window.postMessage(left, "*");
      window.addEventListener("message", (event) => hops(post, event.data));
      post(40);
    },
  },
  "idle-callbacks": {
    click() {
      const step = (left) => (left ? requestIdleCallback(() => step(left - 1)) : done());
      step(4);
    },
  },
  "worker": {
    load() {
      behaviours.worker.at = workerOf("onmessage = () => setTimeout(() => postMessage('done'), 300)");
    },
    click() {
      behaviours.worker.at.onmessage = done;
      behaviours.worker.at.postMessage("go");
    },
  },
  "new-worker": {
    click() {
      workerOf("setTimeout(() => postMessage('done'), 300)").onmessage = done;
    },
  },
  "image": {
    click() {
      const image = new Image();
      image.onload = done;
      image.src = "/image?ms=300";
    },
  },
  "script": { click: () => inserted("script", { src: "/script?ms=300" }) },
  "module": { click: () => import("/script?ms=200&module=1") },
  "stylesheet": {
    click() {
      inserted("link", { rel: "stylesheet", href: "/style?ms=300", onload: done });
    },
  },
  "frame": { click: () => inserted("iframe", { src: "/arrived?ms=300", title: "inner" }) },
  "frame-that-answers": {
    load() {
      inserted("iframe", { title: "inner", srcdoc: "<script>onmessage = () => setTimeout(() => parent.postMessage(0, '*'), 300)</script>" });
      window.addEventListener("message", done);
    },
    click: () => frames[0].postMessage(0, "*"),
  },
  "event-source": {
    click() {
      const source = new EventSource("/events?ms=300");
      source.onmessage = () => {
        source.close();
        done();
      };
    },
  },
  "event-source-named": {
    click() {
      const source = new EventSource("/events?ms=300&name=ready");
      source.addEventListener("ready", () => {
        source.close();
        done();
      });
    },
  },
  "web-socket": {
    load() {
      behaviours["web-socket"].at = new WebSocket(`ws://${location.host}/socket?ms=300`);
    },
    click() {
      behaviours["web-socket"].at.onmessage = done;
      behaviours["web-socket"].at.send("go");
    },
  },
  "new-web-socket": {
    click() {
      const socket = new WebSocket(`ws://${location.host}/socket?ms=200`);
      socket.onopen = () => socket.send("go");
      socket.onmessage = done;
    },
  },
  "intersection": {
    click() {
      const mark = inserted("p", { textContent: "Mark" });
      new IntersectionObserver(([entry]) => entry.isIntersecting && done()).observe(mark);
    },
  },
  "view-transition": {
    click() {
      document.startViewTransition(() => show("Changing")).finished.then(done);
    },
  },
  "database": {
    click() {
      const request = indexedDB.open("settle", 1);
      request.onupgradeneeded = () => request.result.createObjectStore("things");
      request.onsuccess = () => {
        const writing = request.result.transaction("things", "readwrite");
        writing.objectStore("things").put("value", "key");
        writing.oncomplete = done;
      };
    },
  },
  "busy-then-timer": {
    click() {
      const until = performance.now() + 300;
      while (performance.now() < until);
      setTimeout(done, 200);
    },
  },
  "post-task": { click: () => scheduler.postTask(done, { delay: 300 }) },
  "shared-worker": {
    click() {
      const code = "onconnect = ({ ports: [port] }) => setTimeout(() => port.postMessage(0), 300)";
      const worker = new SharedWorker(program(code));
      worker.port.onmessage = done;
      worker.port.start();
    },
  },
  "broadcast": {
    load() {
      inserted("iframe", {
        title: "inner",
        srcdoc: "<script>const c = new BroadcastChannel('x'); c.onmessage = () => setTimeout(() => c.postMessage(0), 200)</script>",
      });
    },
    click() {
      const channel = new BroadcastChannel("x");
      channel.onmessage = done;
      channel.postMessage(0);
    },
  },
  "form-that-asks": {
    click() {
      const form = inserted("form", { action: "/arrived", method: "get" });
      form.append(Object.assign(document.createElement("input"), { name: "ms", value: "400" }));
      form.requestSubmit();
    },
  },
  "redirects": { click: () => location.assign("/moved?to=/moved?to=/arrived") },
  "reload": {
    load() {
      if (sessionStorage.reloaded) done();
    },
    click() {
      sessionStorage.reloaded = "yes";
      location.reload();
    },
  },
  "image-of-a-canvas": {
    click() {
      const canvas = inserted("canvas", { width: 10, height: 10 });
      canvas.toBlob((blob) => createImageBitmap(blob).then(done));
    },
  },
  "hash-then-route": {
    load: () => window.addEventListener("hashchange", () => after(200).then(done)),
    click() {
      location.hash = "#two";
    },
  },
  "long-transition": {
    click() {
      box.animate({ opacity: [0, 1] }, 1800).finished.then(done);
    },
  },
  "custom-element": {
    click() {
      import("data:text/javascript,customElements.define('x-late', class extends HTMLElement { connectedCallback() { setTimeout(done, 250) } })");
      inserted("x-late", {});
    },
  },
  "streamed-text": {
    async click() {
      const response = await fetch("/parts?ms=120&count=6");
      for await (const part of response.body) show(`Part of ${part.length}`);
      done();
    },
  },
  "polling-behind": { load: () => polling(), click: done },
  "polling-behind-a-fetch": { load: () => polling(), click: () => after(300).then(done) },
  "polling-refreshed": { load: () => polling(250, 50), click: () => after(250).then(done) },
  "ticking-behind": { load: () => ticking(30), click: done },
  "ticking-behind-a-fetch": { load: () => ticking(30), click: () => after(300).then(done) },
  "drawn-by-a-loop": {
    load() {
      const frame = () => {
        if (behaviours.changed) done();
        requestAnimationFrame(frame);
      };
      frame();
    },
    click() {
      behaviours.changed = true;
    },
  },
  "looked-at-every-80-ms": {
    load: () => setInterval(() => behaviours.changed && done(), 80),
    click() {
      behaviours.changed = true;
    },
  },
  "starts-ticking": {
    click() {
      ticking(30);
      done();
    },
  },
  "hanging-request": { click: () => after(20_000).then(done) },
  "hanging-navigation": { click: () => location.assign("/arrived?ms=20000") },
  "hanging-worker": {
    click() {
      workerOf("onmessage = () => {}").postMessage("go");
    },
  },
  "hanging-event-source": {
    click() {
      new EventSource("/events?ms=20000").onmessage = done;
    },
  },
  "progress-for-long": {
    click() {
      let percent = 0;
      setInterval(() => show(`${(percent += 1)} %`), 100);
    },
  },
};

const behaviour = behaviours[new URLSearchParams(location.search).get("case")];
behaviour.load?.();
document.getElementById("go").onclick = () => void behaviour.click();
