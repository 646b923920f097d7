// What scripts add to the console: parts that renew themselves while somebody looks, moments that are counted down to, and
// wide tables that follow the focus.
// A part says how often by data-every (seconds); errors make the pauses longer, up to a minute. It never builds markup.
(() => {
  "use strict";
  const LONGEST = 60;
  let pause = 1;
  let last = 0;

  const counted = () => {
    const now = Date.now();
    for (const time of document.querySelectorAll("time[data-until]")) {
      const left = Math.round((Date.parse(time.dateTime) - now) / 1000);
      time.textContent = left <= 0 ? "0 s" : left < 120 ? `${left} s` : `${Math.round(left / 60)} min`;
    }
  };

  // Nobody is disturbed who types, selects or has come to something within the part with the keyboard.
  const busy = (part) => {
    const selection = window.getSelection();
    return part.contains(document.activeElement) || (selection && !selection.isCollapsed && part.contains(selection.anchorNode));
  };

  const renew = () => {
    if (document.hidden || !window.htmx) return;
    const now = Date.now();
    const parts = [...document.querySelectorAll("[data-every]")];
    const due = parts.filter((part) => now - last >= Number(part.dataset.every) * 1000 * pause);
    if (!due.length) return;
    last = now;
    for (const part of due) {
      const calm = part.dataset.calm && document.querySelector(part.dataset.calm);
      if (calm && (busy(part) || part.matches(":hover"))) htmx.trigger(calm, "zephyr:refresh");
      else if (!busy(part)) htmx.trigger(part, "zephyr:refresh");
    }
  };

  document.addEventListener("DOMContentLoaded", () => {
    last = Date.now();
    counted();
    setInterval(() => { counted(); renew(); }, 1000);
    document.body.addEventListener("htmx:afterRequest", (event) => {
      if (!event.detail.elt.matches("[data-every]")) return;
      pause = event.detail.successful ? 1 : Math.min(pause * 2, LONGEST);
    });
    document.addEventListener("visibilitychange", renew);
    // Browsers leave half of a link outside of a wide table's frame.
    document.addEventListener("focusin", (event) => {
      if (event.target.closest(".scroll")) event.target.scrollIntoView({ block: "nearest", inline: "nearest" });
    });
  });
})();
