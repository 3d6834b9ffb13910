/* Uploads: plain HTTP, piece by piece as the browser reads the file, with progress and cancel. */
(function () {
  "use strict";
  let running = null;

  const element = (id) => document.getElementById(id);
  /* Whoever has gone to another page meanwhile sees none of it; the upload goes on. */
  const show = (id, what) => Object.assign(element(id) || {}, what);
  const say = (text) => show("upload-problem", { textContent: text });
  function busy(on) {
    show("upload-running", { hidden: !on });
    if (on) show("upload-cancel", { hidden: false });
  }
  function send(batch, file, before, total) {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      running.request = request;
      request.open("PUT", `/upload/${batch}/${encodeURIComponent(file.name)}`);
      request.upload.onprogress = (event) => show("upload-progress", { value: String((100 * (before + event.loaded)) / total) });
      request.onload = () => (request.status === 200 ? resolve() : reject(new Error(sentence(request))));
      request.onerror = () => reject(new Error("The connection was lost: nothing was kept. Try again."));
      request.onabort = () => reject(new Error("Cancelled: nothing was kept."));
      request.send(file);
    });
  }
  function sentence(request) {
    if (request.status === 401) return "You are signed out: nothing was kept. Sign in and try again.";
    try {
      const said = JSON.parse(request.responseText);
      return said.error || said.detail || `The server answered ${request.status}.`;
    } catch {
      return request.status === 413 ? "The file is larger than this server takes." : `The server answered ${request.status}.`;
    }
  }
  async function upload(files) {
    if (running) return void say("An upload is running: let it end, or cancel it.");
    if (!files.length) return;
    const batch = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    const total = files.reduce((sum, file) => sum + file.size, 0) || 1;
    running = { batch, request: null, cancelled: false };
    say("");
    busy(true);
    try {
      let before = 0;
      for (const file of files) {
        if (running.cancelled) throw new Error("Cancelled: nothing was kept.");
        await send(batch, file, before, total);
        before += file.size;
      }
      if (running.cancelled) throw new Error("Cancelled: nothing was kept.");
      // All of it has arrived and is being opened: there is nothing left to cancel.
      element("upload-progress")?.removeAttribute("value");
      show("upload-cancel", { hidden: true });
      const answer = await fetch(`/upload/${batch}`, { method: "POST" });
      const said = await answer.json().catch(() => ({}));
      if (!answer.ok) throw new Error(said.error || said.detail || `The server answered ${answer.status}.`);
      window.location.assign(said.address);
    } catch (problem) {
      say(problem.message);
      fetch(`/upload/${batch}`, { method: "DELETE" }).catch(() => {});
      busy(false);
    } finally {
      running = null;
    }
  }
  function choose() {
    const input = document.createElement("input");
    input.type = "file";
    input.multiple = true;
    input.id = "upload-input";
    input.hidden = true;
    input.addEventListener("change", () => { upload([...input.files]); input.remove(); });
    element("upload-input")?.remove();
    document.body.append(input);
    input.click();
  }
  const zone = (event) => event.target.closest && event.target.closest("#drop-zone");

  document.addEventListener("click", (event) => {
    if (zone(event)) choose();
    if (event.target.id === "upload-cancel" && running) { running.cancelled = true; running.request?.abort(); }
  });
  document.addEventListener("keydown", (event) => {
    if (zone(event) && (event.key === "Enter" || event.key === " ")) { event.preventDefault(); choose(); }
  });
  for (const kind of ["dragover", "dragleave", "drop"])
    document.addEventListener(kind, (event) => {
      const target = zone(event);
      if (!target) return;
      event.preventDefault();
      target.classList.toggle("over", kind === "dragover");
      if (kind === "drop") upload([...event.dataTransfer.files]);
    });
  window.spikeboardUpload = upload;
})();
