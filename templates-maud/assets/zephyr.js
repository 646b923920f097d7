// What scripts add to pages that work without them: pairs of inputs, conditions between fields, copying, confirming.
// Each other script stands on `zephyr`: the form's token, notes to the reader, and what is done to each part of a page.
(() => {
  "use strict";
  const token = () => JSON.parse(document.body.getAttribute("hx-headers") || "{}")["x-csrf-token"] || "";

  const toast = (text, bad) => {
    const note = document.createElement("p");
    note.className = bad ? "toast bad" : "toast";
    note.textContent = text;
    const toasts = document.getElementById("toasts");
    toasts.append(note);
    while (toasts.children.length > 3) toasts.firstChild.remove();
    if (!bad) setTimeout(() => note.remove(), 5000);
    else note.addEventListener("click", () => note.remove());
  };

  // What a part of a page holds of a kind, the part itself included: a form may come back alone.
  const within = (root, css) => [...(root.matches && root.matches(css) ? [root] : []), ...root.querySelectorAll(css)];

  // A range beside its number input, and a die beside a seed.
  const pair = (root) => {
    for (const range of root.querySelectorAll("input[data-pair]")) {
      const number = document.getElementById(range.dataset.pair);
      range.hidden = false;
      range.value = number.value;
      range.addEventListener("input", () => { number.value = range.value; number.dispatchEvent(new Event("input", { bubbles: true })); });
      number.addEventListener("input", () => { range.value = number.value; });
    }
    for (const die of root.querySelectorAll("button[data-dice]")) {
      die.hidden = false;
      die.addEventListener("click", () => {
        const seed = document.getElementById(die.dataset.dice);
        const most = Math.min(Number(seed.max) || 2147483647, 4294967295);
        seed.value = String(crypto.getRandomValues(new Uint32Array(1))[0] % most);
        seed.dispatchEvent(new Event("input", { bubbles: true }));
      });
    }
  };

  // A field that depends on another is shown, and sent, only while its condition holds.
  const depend = (root) => {
    for (const form of within(root, "form.run, form[data-fields]")) {
      const check = () => {
        for (const field of form.querySelectorAll("[data-depends]")) {
          const names = ["p." + field.dataset.depends, "f." + field.dataset.depends];
          const inputs = names.flatMap((name) => [...form.querySelectorAll(`[name="${CSS.escape(name)}"]`)]);
          const given = inputs.filter((input) => !/radio|checkbox/.test(input.type) || input.checked).map((input) => input.value);
          const values = JSON.parse(field.dataset.dependsIn || "[]").map(String);
          const holds = given.some((value) => value !== "" && (values.length === 0 || values.includes(value)));
          field.hidden = !holds;
          for (const input of field.querySelectorAll("input, select, textarea, button")) input.disabled = !holds;
        }
      };
      form.addEventListener("input", check);
      form.addEventListener("change", check);
      check();
    }
  };

  // A text grows with what is typed, and says when it is too long.
  const grow = (root) => {
    for (const text of root.querySelectorAll("textarea[data-grow]")) {
      const fit = () => {
        text.style.setProperty("height", "auto");
        text.style.setProperty("height", Math.min(text.scrollHeight + 2, 480) + "px");
        const most = Number(text.dataset.most);
        text.classList.toggle("over", most > 0 && [...text.value].length > most);
      };
      text.addEventListener("input", fit);
      if (text.value) fit();
    }
  };

  const copying = (root) => {
    for (const button of root.querySelectorAll("button[data-copy]")) {
      if (!navigator.clipboard) continue;
      button.hidden = false;
      button.addEventListener("click", async () => {
        await navigator.clipboard.writeText(button.closest("figure").querySelector("code").textContent);
        button.classList.add("done");
        setTimeout(() => button.classList.remove("done"), 1500);
      });
    }
  };

  // The result of one run becomes the input of the next.
  const reuse = (root) => {
    const target = document.querySelector("form.run .media input[type=text], form.run .media textarea");
    for (const button of root.querySelectorAll("button[data-use]")) {
      if (!target) continue;
      button.hidden = false;
      button.addEventListener("click", () => {
        target.value = button.dataset.use;
        target.dispatchEvent(new Event("input", { bubbles: true }));
        target.focus();
      });
    }
  };

  // A filled form is a link: its short texts stand in the address, and in the links to the other views of it.
  const mirror = (root) => {
    for (const form of within(root, "form[data-mirror]")) {
      const reflect = () => {
        const query = new URLSearchParams(window.location.search);
        for (const name of [...query.keys()]) if (name.startsWith("p.") || name === "example" || name === "from") query.delete(name);
        for (const [name, value] of new FormData(form)) {
          if (name.startsWith("p.") && name !== "p.messages" && typeof value === "string" && value !== "" && value.length <= 1000) query.set(name, value);
        }
        history.replaceState(history.state, "", `${window.location.pathname}?${query}`);
        for (const link of document.querySelectorAll("a[data-mirrored]")) {
          const url = new URL(link.href);
          for (const name of [...url.searchParams.keys()]) if (name.startsWith("p.")) url.searchParams.delete(name);
          for (const [name, value] of query) if (name.startsWith("p.")) url.searchParams.set(name, value);
          link.href = url.href;
        }
      };
      form.addEventListener("change", reflect);
    }
  };

  // What each script does to a page, and to each part of it that comes later.
  const brought = [pair, depend, grow, copying, reuse, mirror];
  const bring = (root) => { for (const one of brought) one(root); };
  window.zephyr = { token, toast, within, bring: (one) => { brought.push(one); } };

  if (navigator.serviceWorker) navigator.serviceWorker.register("/sw.js").catch(() => {});

  document.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (button && button.dataset.confirm && !window.confirm(button.dataset.confirm)) event.preventDefault();
  });

  document.addEventListener("keydown", (event) => {
    const typing = /INPUT|TEXTAREA|SELECT/.test(event.target.tagName);
    if ((event.ctrlKey || event.metaKey) && event.key === "Enter") {
      const form = event.target.closest("form");
      if (form) { event.preventDefault(); form.requestSubmit(); }
    } else if (event.key === "/" && !typing) {
      const search = document.querySelector("[data-search]");
      if (search) { event.preventDefault(); search.focus(); }
    }
  });

  // The line of a text that a problem names, and a warning before typed texts are left behind.
  const drafting = () => {
    document.addEventListener("click", (event) => {
      const link = event.target.closest("a[data-line]");
      const text = link && document.getElementById(link.hash.slice(1));
      if (!text || !("selectionStart" in text)) return;
      event.preventDefault();
      const line = Number(link.dataset.line) - 1;
      const lines = text.value.split("\n");
      const start = lines.slice(0, line).reduce((sum, one) => sum + one.length + 1, 0);
      text.focus();
      text.setSelectionRange(start, start + (lines[line] || "").length);
      text.scrollTop = Math.max(0, (text.scrollHeight / lines.length) * (line - 3));
    });
    for (const form of document.querySelectorAll("form[data-unsaved]")) {
      let changed = false;
      form.addEventListener("input", (event) => { changed = changed || event.target.matches("textarea, .route input"); });
      form.addEventListener("submit", () => { changed = false; });
      window.addEventListener("beforeunload", (event) => { if (changed) event.preventDefault(); });
    }
    for (const text of document.querySelectorAll("textarea[data-file]")) {
      const file = document.createElement("input");
      file.type = "file";
      file.accept = ".json,application/json";
      file.setAttribute("aria-label", text.labels[0] ? text.labels[0].textContent.trim() : "");
      file.addEventListener("change", async () => { if (file.files[0]) text.value = await file.files[0].text(); });
      text.before(file);
    }
  };

  document.addEventListener("DOMContentLoaded", () => {
    bring(document);
    drafting();
    const summary = document.querySelector("[data-focus]");
    if (summary) summary.focus();
    if (!window.htmx) return;
    document.body.addEventListener("htmx:load", (event) => {
      bring(event.detail.elt);
      const wrong = event.detail.elt.matches("form.run") && event.detail.elt.querySelector("[data-focus]");
      if (wrong) wrong.focus();
    });
    document.body.addEventListener("htmx:responseError", (event) => {
      const status = event.detail.xhr.status;
      if (status === 401) window.location.reload();
      else toast(`${status} · ${event.detail.xhr.getResponseHeader("x-request-id") || ""}`, true);
    });
    // A form that was run is a new one: its next run is another job, and nothing is wrong with it any more.
    document.body.addEventListener("htmx:afterRequest", (event) => {
      const form = event.detail.elt;
      if (!form.matches("form.run") || event.detail.xhr.status !== 200) return;
      form.querySelector("input[name=once]").value = crypto.randomUUID();
      for (const told of form.querySelectorAll(".note, .field > .wrong")) told.remove();
      for (const field of form.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
    });
  });
})();
