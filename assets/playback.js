/* Playback on the States page: one moment, as a line on traces over time and as a dot on paths through states.
   A figure takes part by layout.meta.cursor: "time" (its x is time, s) or "path" (customdata of its lines is time, s).
   Nothing here asks the server; what is played is what is drawn. */
(function () {
  "use strict";
  const playing = { timer: 0, last: 0, at: null };
  const paths = new WeakMap(); // data of a figure → its paths, in order of time

  const bar = () => document.getElementById("playback");
  const graphs = (kind) => [...document.querySelectorAll(".card .js-plotly-plot")]
    .filter((graph) => graph._fullLayout?.meta?.cursor === kind && graph._fullLayout._size);

  /* ---- what is drawn ---- */
  function pathsOf(graph) {
    if (paths.has(graph.data)) return paths.get(graph.data);
    const found = new Map();
    for (const trace of graph._fullData) {
      if (trace.mode !== "lines" || !trace.customdata) continue;
      const points = found.get(trace.name) || [];
      for (let i = 0; i < trace.customdata.length; i += 1) {
        const time = Number(trace.customdata[i]);
        if (Number.isFinite(time) && trace.customdata[i] !== null) points.push([time, trace.x[i], trace.y[i], trace.line.color]);
      }
      found.set(trace.name, points);
    }
    const sorted = [...found.values()].filter((points) => points.length).map((points) => points.sort((a, b) => a[0] - b[0]));
    paths.set(graph.data, sorted);
    return sorted;
  }
  function span() {
    const [lines] = graphs("time");
    if (lines) return lines._fullLayout.xaxis.range.map(Number);
    const ends = graphs("path").flatMap(pathsOf).flatMap((points) => [points[0][0], points[points.length - 1][0]]);
    return ends.length ? [Math.min(...ends), Math.max(...ends)] : null;
  }
  /* The last point that is drawn at or before a time. */
  function pointAt(points, time) {
    let [low, high] = [0, points.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (points[middle][0] <= time) low = middle + 1; else high = middle;
    }
    return low ? points[low - 1] : null;
  }

  /* ---- marks over the figures ---- */
  function marks(graph, wanted) {
    const there = [...graph.querySelectorAll(":scope > .cursor")];
    there.slice(wanted.length).forEach((mark) => mark.remove());
    wanted.forEach((style, i) => {
      const mark = there[i] || graph.appendChild(Object.assign(document.createElement("div"), { ariaHidden: "true" }));
      mark.className = `cursor cursor-${graph._fullLayout.meta.cursor}`;
      Object.assign(mark.style, style);
    });
  }
  function inside(axis, value) {
    const place = axis.l2p(value);
    return place >= 0 && place <= axis._length ? axis._offset + place : null;
  }
  function draw() {
    for (const graph of graphs("time")) {
      const { xaxis, _size } = graph._fullLayout;
      const left = playing.at === null ? null : inside(xaxis, playing.at);
      marks(graph, left === null ? [] : [{ left: `${left}px`, top: `${_size.t}px`, height: `${_size.h}px` }]);
    }
    for (const graph of graphs("path")) {
      const { xaxis, yaxis } = graph._fullLayout;
      const points = playing.at === null ? [] : pathsOf(graph).map((path) => pointAt(path, playing.at)).filter(Boolean);
      const placed = points.map(([, x, y, colour]) => [inside(xaxis, x), inside(yaxis, y), colour]).filter(([x, y]) => x !== null && y !== null);
      marks(graph, placed.map(([x, y, colour]) => ({ left: `${x}px`, top: `${y}px`, background: colour })));
    }
  }

  /* ---- the bar ---- */
  const CONTROLS = `
    <button type="button" class="action" data-play aria-pressed="false" title="Move through what is drawn">▶ Play</button>
    <input type="range" min="0" max="1000" step="1" value="0" aria-label="Moment" aria-valuetext="not set">
    <output></output>
    <select class="text" aria-label="Speed">
      <option value="1">real time</option><option value="10" selected>10 × slower</option>
      <option value="100">100 × slower</option><option value="1000">1,000 × slower</option>
    </select>
    <button type="button" class="action" data-forget title="Take the marks away">✕</button>`;
  function show() {
    const range = span();
    const [slider, said] = [bar()?.querySelector("input"), bar()?.querySelector("output")];
    if (!slider || !range) return;
    if (playing.at !== null) slider.value = String(1000 * (playing.at - range[0]) / (range[1] - range[0]));
    said.textContent = playing.at === null ? "" : `${playing.at.toFixed(4)} s`;
    slider.setAttribute("aria-valuetext", said.textContent || "not set");
    draw();
  }
  function stop() {
    cancelAnimationFrame(playing.timer);
    playing.timer = 0;
    const button = bar()?.querySelector("[data-play]");
    if (button) { button.textContent = "▶ Play"; button.setAttribute("aria-pressed", "false"); }
  }
  function step(now) {
    const range = span();
    if (!bar() || !range) { stop(); return; }
    const slower = Number(bar().querySelector("select").value);
    playing.at += (now - playing.last) / 1000 / slower;
    playing.last = now;
    if (playing.at >= range[1]) { playing.at = range[1]; show(); stop(); return; }
    show();
    playing.timer = requestAnimationFrame(step);
  }
  function play() {
    const range = span();
    if (!range) return;
    if (playing.at === null || playing.at < range[0] || playing.at >= range[1]) playing.at = range[0];
    const button = bar().querySelector("[data-play]");
    button.textContent = "❚❚ Pause";
    button.setAttribute("aria-pressed", "true");
    playing.last = performance.now();
    playing.timer = requestAnimationFrame(step);
  }

  document.addEventListener("click", (event) => {
    if (event.target.closest?.("#playback [data-play]")) { if (playing.timer) stop(); else play(); }
    if (event.target.closest?.("#playback [data-forget]")) { stop(); playing.at = null; show(); }
  });
  document.addEventListener("input", (event) => {
    const range = span();
    if (!event.target.matches?.("#playback input") || !range) return;
    stop();
    playing.at = range[0] + (range[1] - range[0]) * Number(event.target.value) / 1000;
    show();
  });

  /* A figure that is drawn anew, zoomed or laid out on another page keeps its marks, or loses them. */
  const heard = new WeakSet();
  new MutationObserver(() => {
    if (!bar()) { if (playing.timer) stop(); playing.at = null; return; }
    if (!bar().firstChild) bar().innerHTML = CONTROLS;
    for (const graph of document.querySelectorAll(".card .js-plotly-plot")) {
      if (heard.has(graph) || !graph.on) continue;
      heard.add(graph);
      graph.on("plotly_afterplot", show);
      graph.on("plotly_relayouting", draw);
    }
  }).observe(document.documentElement, { childList: true, subtree: true });
})();
