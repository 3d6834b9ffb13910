/* A recording that is being imported: its card shows how far that is, and gives way to the recording when it is done. */
(function () {
  "use strict";
  const EVERY_MS = 500;
  let card = null;

  async function ask(name) {
    try {
      const answer = await fetch(`/import/${name}`);
      return answer.ok ? await answer.json() : {};
    } catch {
      return {}; // the server may be there again a moment later
    }
  }
  async function follow(shown) {
    while (shown.isConnected) {
      const said = await ask(shown.dataset.import);
      if (!shown.isConnected) return;
      if (said.over) return void window.location.reload();
      if (said.stage) {
        shown.querySelector("progress").value = 100 * said.part;
        shown.querySelector("#import-part").textContent = `${Math.round(100 * said.part)} %`;
        // Said to those who hear the page once for each stage, not for each step.
        const stage = shown.querySelector("#import-stage");
        if (stage.textContent !== said.stage) stage.textContent = said.stage;
      }
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    }
  }
  document.addEventListener("click", (event) => {
    if (event.target.id !== "import-cancel") return;
    event.target.disabled = true;
    fetch(`/import/${event.target.closest("[data-import]").dataset.import}`, { method: "DELETE" }).catch(() => {});
  });
  new MutationObserver(() => {
    const shown = document.querySelector("[data-import]");
    if (shown && shown !== card) follow(shown);
    card = shown;
  }).observe(document.documentElement, { childList: true, subtree: true });
})();
