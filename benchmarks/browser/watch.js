/* Runs before the first script of a page: when a person last acted, and when what they see last changed. */
(() => {
  const seen = { acted: 0, changed: 0, asking: 0, asked: 0 };
  const changed = () => { seen.changed = performance.now(); };
  for (const kind of ["keydown", "pointerup", "click"])
    window.addEventListener(kind, (event) => { if (event.isTrusted) seen.acted = event.timeStamp; }, true);
  new MutationObserver(changed).observe(document, { childList: true, subtree: true, attributes: true, characterData: true });
  const fetched = window.fetch;
  window.fetch = async (...request) => {
    seen.asking += 1;
    seen.asked += 1;
    try { return await fetched(...request); }
    finally { seen.asking -= 1; changed(); }
  };
  window.bench = {
    act() { seen.acted = performance.now(); seen.asked = 0; },
    /* Milliseconds from the last act to the last change, once nothing has been asked for or changed for a while. */
    drawn(quiet, patience, done) {
      const from = performance.now();
      const look = () => {
        const last = Math.max(seen.acted, seen.changed);
        if (!seen.asking && performance.now() - last > quiet) done({ drawn: last - seen.acted, asked: seen.asked });
        else if (performance.now() - from > patience) done({ drawn: null, asked: seen.asked });
        else setTimeout(look, 25);
      };
      look();
    },
    /* The x axis of a figure: its range, and a new one. */
    range(graph) { return [...graph._fullLayout.xaxis.range]; },
    zoom(graph, range) { this.act(); window.Plotly.relayout(graph, { "xaxis.range": range }); },
  };
})();
