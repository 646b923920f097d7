// What is alive on a page: one socket a tab tells of the tenant's jobs; parts of the page then ask for themselves again.
// Without the socket they ask by the clock, ever more slowly. Nothing is kept but the jobs that the page shows.
(() => {
  "use strict";
  const tray = document.getElementById("tray");
  if (!tray && !document.querySelector("[data-job]")) return;
  const news = document.getElementById("news");
  const words = JSON.parse((tray && tray.dataset.words) || "{}");
  const polls = { first: 2000, most: 10000, whileOpen: 30000 };
  let socket = null;
  let tries = 0;
  let pause = polls.first;
  let polling = null;
  let listing = false;
  let outdated = false;
  const waiting = new Set();
  const subscribed = new Set();

  const running = () => [...document.querySelectorAll("[data-job]:not([data-over])")];
  const open = () => socket !== null && socket.readyState === WebSocket.OPEN;
  const say = (message) => { if (open()) socket.send(JSON.stringify(message)); };

  // Many messages at once wake a part once.
  const wake = (id) => {
    if (waiting.has(id)) return;
    waiting.add(id);
    setTimeout(() => {
      waiting.delete(id);
      if (id === "tray") { list(); return; }
      for (const part of document.querySelectorAll(`[data-job="${CSS.escape(id)}"]`)) htmx.trigger(part, "zephyr:news");
    }, 200);
  };

  // The tray is a convenience: what goes wrong with it is silent, and whoever was logged out learns it where they act.
  // News that come while an answer is under way may not be in it, so it is asked once more.
  const list = async () => {
    if (!tray) return;
    outdated = listing;
    if (listing) return;
    listing = true;
    try {
      const answer = await fetch(tray.dataset.list, { headers: { "hx-request": "true" } });
      if (!answer.ok) return;
      const found = new DOMParser().parseFromString(await answer.text(), "text/html").body;
      const number = found.querySelector("[data-count]");
      document.getElementById("tray-count").textContent = number ? number.textContent : "";
      if (number) number.remove();
      const place = document.getElementById("tray-list");
      place.replaceChildren(...found.childNodes);
      zephyr.tell(place);
      count();
    } catch {
      // The next news, or the clock, asks again.
    } finally {
      listing = false;
      if (outdated) wake("tray");
    }
  };

  const wakeAll = () => {
    wake("tray");
    for (const part of running()) wake(part.dataset.job);
  };

  // Each part that shows a running job hears of it from the last event on that it shows.
  const subscribe = () => {
    const shown = new Map(running().map((part) => [part.dataset.job, Number(part.dataset.sequence) || 0]));
    for (const id of subscribed) {
      if (!shown.has(id)) { subscribed.delete(id); say({ type: "unsubscribe", job: id }); }
    }
    for (const [id, after] of shown) {
      if (!open() || subscribed.has(id)) continue;
      subscribed.add(id);
      say({ type: "subscribe", job: id, after });
    }
  };

  const progress = (id, frame) => {
    if (frame.type !== "progress" || typeof frame.progress !== "number") return;
    for (const bar of document.querySelectorAll(`[data-job="${CSS.escape(id)}"] progress`)) {
      bar.max = 100;
      bar.value = frame.progress;
    }
  };

  const hear = (message) => {
    if (message.type === "running") wakeAll();
    else if (message.type === "frame") progress(message.job, message.frame);
    else if (message.type === "end") wake(message.job);
    else if (message.type === "event") {
      wake("tray");
      wake(message.job);
      const word = words[message.event.type];
      if (word && news) news.textContent = word;
    }
  };

  const connect = () => {
    const scheme = window.location.protocol === "https:" ? "wss" : "ws";
    socket = new WebSocket(`${scheme}://${window.location.host}/v1/ws`);
    socket.addEventListener("open", () => {
      tries = 0;
      subscribed.clear();
      say({ type: "follow" });
      subscribe();
    });
    socket.addEventListener("message", (event) => hear(JSON.parse(event.data)));
    socket.addEventListener("close", () => {
      socket = null;
      subscribed.clear();
      pause = polls.first;
      poll();
      tries += 1;
      const back = Math.min(30000, 500 * 2 ** tries);
      setTimeout(connect, back / 2 + Math.random() * back / 2);
    });
  };

  // By the clock: often at first, then ever less; seldom while the socket is there, and not in a hidden tab.
  const poll = () => {
    clearTimeout(polling);
    polling = setTimeout(() => {
      if (!document.hidden && (!open() || counted() !== "" || running().length > 0)) wakeAll();
      pause = Math.min(polls.most, pause * 1.5);
      poll();
    }, open() ? polls.whileOpen : pause);
  };

  const counted = () => {
    const number = document.getElementById("tray-count");
    return number ? number.textContent.trim() : "";
  };

  const count = () => {
    const known = counted();
    const title = document.title.replace(/^\(\d+\+?\) /, "");
    document.title = known ? `(${known}) ${title}` : title;
  };

  zephyr.bring(() => { subscribe(); count(); });
  document.addEventListener("DOMContentLoaded", () => {
    document.body.addEventListener("htmx:afterSettle", count);
    document.addEventListener("visibilitychange", () => { if (!document.hidden) wakeAll(); });
    document.addEventListener("click", (event) => { if (tray && tray.open && !tray.contains(event.target)) tray.open = false; });
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && tray && tray.open) { tray.open = false; tray.querySelector("summary").focus(); }
    });
    list();
    connect();
    poll();
  });
})();
