// A conversation, streamed by the route that API clients use. It is a tree: to edit a question or to ask for another answer
// begins a branch beside the old one. What a model said is set as text; its markup comes from the server, once it is whole.
(() => {
  "use strict";
  const pictureMost = 4 * 1024 * 1024;
  const picturesMost = 8;

  const element = (name, className, text) => {
    const made = document.createElement(name);
    if (className) made.className = className;
    if (text) made.textContent = text;
    return made;
  };

  const button = (word, act) => {
    const made = element("button", "link", word);
    made.type = "button";
    made.addEventListener("click", act);
    return made;
  };

  const asUrl = (file) => new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => resolve(reader.result));
    reader.addEventListener("error", () => reject(reader.error));
    reader.readAsDataURL(file);
  });

  const converse = (form) => {
    const text = form.querySelector('textarea[name="p.messages"]');
    const results = document.getElementById("results");
    const send = form.querySelector("button[type=submit]");
    if (!text || !results || form.dataset.conversing) return;
    form.dataset.conversing = "yes";
    const words = JSON.parse(form.closest(".bench").dataset.words || "{}");
    const system = form.querySelector('textarea[name="system"]');
    const speaker = form.querySelector('select[name="model"]');
    const pictures = form.querySelector("input[data-pictures]");
    const attached = form.querySelector("[data-attached]");
    const root = { children: [], chosen: 0 };
    let leaf = root;
    let running = null;
    let begun = 0;
    if (pictures) pictures.closest("[hidden]").hidden = false;
    results.replaceChildren();

    // One way through the tree is shown: at each turn the branch that was chosen last.
    const show = () => {
      results.replaceChildren();
      leaf = root;
      while (leaf.children.length > 0) {
        leaf = leaf.children[leaf.chosen];
        results.append(leaf.shown);
        branches(leaf);
      }
    };

    const branches = (node) => {
      const { children: siblings, chosen: at } = node.parent;
      const place = node.shown.querySelector(".branches");
      place.replaceChildren();
      if (siblings.length < 2) return;
      const turn = (step) => () => { node.parent.chosen = (at + step + siblings.length) % siblings.length; show(); };
      const [earlier, later] = [button("‹", turn(-1)), button("›", turn(1))];
      earlier.setAttribute("aria-label", words.earlier);
      later.setAttribute("aria-label", words.later);
      place.append(earlier, ` ${at + 1}/${siblings.length} `, later);
    };

    const add = (parent, role, content) => {
      const node = { parent, role, content, children: [], chosen: 0 };
      node.shown = element("article", "turn " + role);
      node.body = element("div", "answer", typeof content === "string" ? content : content[0].text);
      const foot = element("p", "turn-foot soft");
      node.figures = element("span", "amount");
      const acts = role === "user" ? [button(words.edit, () => edit(node))] : [button(words.regenerate, () => again(node))];
      foot.append(element("span", "branches"), node.figures, ...acts);
      node.shown.append(node.body, foot);
      if (Array.isArray(content)) {
        const strip = element("p", "attached");
        for (const part of content.slice(1)) {
          const picture = element("img");
          picture.src = part.image_url.url;
          picture.alt = "";
          strip.append(picture);
        }
        node.body.after(strip);
      }
      parent.children.push(node);
      parent.chosen = parent.children.length - 1;
      return node;
    };

    const edit = (node) => {
      if (running) return;
      text.value = typeof node.content === "string" ? node.content : node.content[0].text;
      node.parent.chosen = node.parent.children.indexOf(node);
      leaf = node.parent;
      text.dispatchEvent(new Event("input", { bubbles: true }));
      text.focus();
    };

    const again = (node) => { if (!running) answer(node.parent); };

    const params = () => {
      const found = {};
      for (const [name, value] of new FormData(form)) {
        if (!name.startsWith("p.") || name === "p.messages" || value === "") continue;
        const path = name.slice(2).split(".");
        const last = path.pop();
        const input = form.querySelector(`[name="${CSS.escape(name)}"]`);
        const inner = path.reduce((object, key) => (object[key] ||= {}), found);
        inner[last] = input.type === "number" ? Number(value) : value === "true" ? true : value === "false" ? false : value;
      }
      return found;
    };

    const said = (node) => {
      const messages = [];
      for (let at = node; at !== root; at = at.parent) {
        if (at.role === "user" || at.content) messages.unshift({ role: at.role, content: at.content });
      }
      if (system && system.value.trim()) messages.unshift({ role: "system", content: system.value.trim() });
      return messages;
    };

    const question = async () => {
      const content = text.value.trim();
      if (!content) return null;
      const files = pictures ? [...pictures.files].slice(0, picturesMost) : [];
      if (files.some((file) => file.size > pictureMost)) { zephyr.toast(words.too_large, true); return null; }
      if (files.length === 0) return content;
      const urls = await Promise.all(files.map(asUrl));
      return [{ type: "text", text: content }, ...urls.map((url) => ({ type: "image_url", image_url: { url } }))];
    };

    const ask = async () => {
      const content = await question();
      if (content === null) return;
      const node = add(leaf, "user", content);
      text.value = "";
      text.dispatchEvent(new Event("input", { bubbles: true }));
      if (pictures) { pictures.value = ""; attached.textContent = ""; }
      await answer(node);
    };

    const answer = async (asked) => {
      const node = add(asked, "assistant", "");
      show();
      node.shown.setAttribute("aria-busy", "true");
      running = new AbortController();
      begun = performance.now();
      const label = send.firstChild;
      const word = label.textContent;
      label.textContent = words.stop;
      form.classList.add("running");
      const heard = {};
      try {
        const model = speaker ? speaker.value : form.dataset.model;
        const response = await fetch("/v1/chat/completions", {
          method: "POST",
          signal: running.signal,
          headers: { "content-type": "application/json", "x-csrf-token": zephyr.token(), "idempotency-key": crypto.randomUUID() },
          body: JSON.stringify({ ...params(), model, messages: said(asked), stream: true, stream_options: { include_usage: true } }),
        });
        if (!response.ok) throw new Error((await response.json()).error.message);
        await read(response.body, node, heard);
      } catch (error) {
        node.shown.classList.add(error.name === "AbortError" ? "stopped" : "broken");
        if (error.name !== "AbortError") zephyr.toast(error.message, true);
      } finally {
        node.content = node.body.textContent;
        node.shown.removeAttribute("aria-busy");
        label.textContent = word;
        form.classList.remove("running");
        running = null;
      }
      if (heard.whole && heard.job) dress(node, heard.job);
    };

    const read = async (stream, node, heard) => {
      const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
      let rest = "";
      for (;;) {
        const { value, done } = await reader.read();
        if (done) return;
        const lines = (rest + value).split("\n");
        rest = lines.pop();
        for (const line of lines) {
          if (line === "data: [DONE]") heard.whole = true;
          else if (line.startsWith("data: ")) take(JSON.parse(line.slice(6)), node, heard);
        }
      }
    };

    const take = (chunk, node, heard) => {
      if (chunk.error) throw new Error(chunk.error.message);
      heard.job = chunk.id;
      const delta = chunk.choices && chunk.choices[0] && chunk.choices[0].delta;
      if (delta && delta.reasoning_content) {
        let thought = node.shown.querySelector("details");
        if (!thought) {
          thought = element("details", "reasoning");
          thought.append(element("summary", "", words.reasoning), element("div"));
          node.shown.prepend(thought);
        }
        thought.lastChild.append(delta.reasoning_content);
      }
      if (delta && delta.content) node.body.append(delta.content);
      if (chunk.usage) node.figures.textContent = figures(chunk);
    };

    const figures = ({ model, usage }) => [
      model,
      `${usage.prompt_tokens} ${words.tokens_in}, ${usage.completion_tokens} ${words.tokens_out}`,
      usage.cost ? `${usage.cost} ${words.credits}` : "",
    ].filter(Boolean).join(" · ");

    // The whole answer again, as markup that the server made and cleaned.
    const dress = async (node, job) => {
      const response = await fetch(form.dataset.answer.replace("{id}", job), { headers: { "hx-request": "true" } });
      if (!response.ok) return;
      const dressed = new DOMParser().parseFromString(await response.text(), "text/html").querySelector(".markdown");
      if (!dressed) return;
      node.body.className = "answer markdown";
      node.body.replaceChildren(...dressed.childNodes);
      for (const block of node.body.querySelectorAll("pre")) copyable(block);
    };

    const copyable = (block) => {
      if (!navigator.clipboard) return;
      const copy = element("button", "quiet copy-code", words.copy);
      copy.type = "button";
      copy.addEventListener("click", async () => {
        await navigator.clipboard.writeText(block.querySelector("code").textContent);
        copy.classList.add("done");
        setTimeout(() => copy.classList.remove("done"), 1500);
      });
      block.before(copy);
    };

    if (pictures) {
      pictures.addEventListener("change", () => {
        attached.textContent = pictures.files.length > 0 ? `${pictures.files.length} ${words.attached}` : "";
      });
    }
    text.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.ctrlKey || event.metaKey || event.isComposing) return;
      event.preventDefault();
      if (!running) form.requestSubmit(send);
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      event.stopImmediatePropagation();
      // The second press of a double click does not stop what the first began.
      if (!running) ask(); else if (performance.now() - begun > 600) running.abort();
    }, true);
  };

  zephyr.bring((root) => {
    for (const form of zephyr.within(root, '.bench[data-layout="chat"] form.run')) converse(form);
  });
})();
