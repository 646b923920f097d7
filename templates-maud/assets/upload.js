// Files are dropped on the form or chosen; they go up one by one, and the form says how far they are.
(() => {
  "use strict";
  const send = (form, file, bar) => new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const body = new FormData();
    body.append("csrf_token", form.querySelector("[name=csrf_token]").value);
    body.append("file", file, file.name);
    request.upload.addEventListener("progress", (event) => { if (event.lengthComputable) { bar.max = event.total; bar.value = event.loaded; } });
    request.addEventListener("load", () => {
      if (request.status < 400) resolve();
      else reject(new Error(`${file.name}: ${request.status}`));
    });
    request.addEventListener("error", () => reject(new Error(file.name)));
    request.open("POST", form.action);
    request.send(body);
  });

  const sendAll = async (form, files) => {
    if (files.length === 0 || form.dataset.sending) return;
    form.dataset.sending = "yes";
    const status = document.createElement("p");
    status.className = "uploading";
    status.setAttribute("role", "status");
    const bar = document.createElement("progress");
    form.append(status);
    let failed = false;
    for (const [place, file] of files.entries()) {
      status.textContent = `${form.dataset.word} ${place + 1}/${files.length}: ${file.name}`;
      bar.removeAttribute("value");
      status.append(bar);
      try { await send(form, file, bar); } catch (error) { failed = true; zephyr.toast(error.message, true); }
    }
    status.remove();
    delete form.dataset.sending;
    if (!failed) window.location.reload();
  };

  zephyr.bring((root) => {
    for (const form of root.querySelectorAll("form[data-drop]")) {
      const chosen = form.querySelector("input[type=file]");
      form.addEventListener("dragover", (event) => { event.preventDefault(); form.classList.add("over"); });
      form.addEventListener("dragleave", () => form.classList.remove("over"));
      form.addEventListener("drop", (event) => {
        event.preventDefault();
        form.classList.remove("over");
        sendAll(form, [...event.dataTransfer.files]);
      });
      form.addEventListener("submit", (event) => { event.preventDefault(); sendAll(form, [...chosen.files]); });
    }
  });
})();
