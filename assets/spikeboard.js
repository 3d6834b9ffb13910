/* The little JavaScript of Spikeboard: what must not wait for the server.
   Functions of `dash_clientside.spikeboard` are callbacks; the rest watches the page. */
(function () {
  "use strict";
  const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
  const skip = () => window.dash_clientside.no_update;
  /* Something of the page may be gone by the time it is told: to Dash, telling nobody is an error. */
  function set(id, props) {
    const { getLayout, stringifyId } = window.dash_component_api;
    const told = getLayout(id)?.props?.id;
    if (told !== undefined && stringifyId(told) === stringifyId(id)) window.dash_clientside.set_props(id, props);
  }

  /* ---- the selection: one value, with a past ---- */
  const state = { selection: null, past: [], timers: {}, ranges: {} };
  /* ---- requests are numbered, so that what was overtaken is neither computed nor shown ---- */
  const tab = [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  let turns = 0;
  const shownTurn = {};
  const without = (object, ...names) => Object.fromEntries(Object.entries(object || {}).filter(([name]) => !names.includes(name)));
  // Servers and proxies refuse addresses that are much longer.
  const LONGEST_ADDRESS = 16000;

  function choose(next, remember = true) {
    const clean = Object.fromEntries(Object.entries(next).filter(([, v]) => v !== null && v !== undefined && v !== "_"));
    if (same(clean, state.selection)) return;
    if (new URLSearchParams(clean).toString().length > LONGEST_ADDRESS) {
      set("sel-errors", { children: "Too many separate units for one selection: the address cannot hold them. Nothing was changed." });
      return;
    }
    if (remember && state.selection) state.past = [...state.past.slice(-99), state.selection];
    state.selection = clean;
    state.touched = false;
    // Until the address says so; it does not while a page is on its way.
    state.unwritten = true;
    publish();
  }
  /* A field that is told two things before it has drawn the first says both again, in turns and for ever: the page is
     told one selection at a time, and of those that follow at once the last. */
  function publish() {
    if (state.publishing) return;
    const told = state.selection;
    state.publishing = true;
    set("selection", { data: told });
    setTimeout(() => {
      state.publishing = false;
      if (!same(told, state.selection)) publish();
    }, 120);
  }
  function undo() {
    while (state.past.length && same(state.past[state.past.length - 1], state.selection)) state.past.pop();
    if (state.past.length) choose(state.past.pop(), false);
  }
  const clear = () => choose({});

  function rowsOf(text) {
    if (text === undefined || text === null) return null;
    return text.split(",").filter(Boolean).map((run) => run.split("-").map(Number));
  }
  function countOf(text) {
    return (rowsOf(text) || []).reduce((sum, [a, b]) => sum + (b === undefined ? 1 : b - a + 1), 0);
  }
  function runs(rows) {
    const found = [];
    for (const row of [...new Set(rows)].sort((a, b) => a - b)) {
      const last = found[found.length - 1];
      if (last && row === last[1] + 1) last[1] = row;
      else found.push([row, row]);
    }
    return found.map(([a, b]) => (a === b ? `${a}` : `${a}-${b}`)).join(",");
  }
  const namesOf = (text) =>
    text ? text.match(/(?:\\.|[^,\\])+/gs).map((name) => name.replace(/\\(.)/gs, "$1")) : [];
  const joined = (names) => names.map((name) => name.replace(/\\/g, "\\\\").replace(/,/g, "\\,")).join(",");
  const sorted = (object) => Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)));
  const number = (value) => (value === "" || value === null || value === undefined ? null : Number(value));

  function windowOf(from, to) {
    const [a, b] = [number(from), number(to)];
    return a === null && b === null ? null : `${a === null ? "" : a}_${b === null ? "" : b}`;
  }

  /* ---- which cards are on screen, and how wide ---- */
  const shown = new Map();
  const eyes = new IntersectionObserver(
    (changes) => changes.forEach((change) => {
      const card = shown.get(change.target);
      if (card) tell(change.target, { ...card, visible: change.isIntersecting });
    }),
    { rootMargin: "150px" },
  );
  const ruler = new ResizeObserver((changes) => changes.forEach((change) => {
    const card = shown.get(change.target);
    const width = Math.round(change.contentRect.width);
    // A few pixels of scroll bar are no reason to compute anything anew.
    if (card && Math.abs(width - card.width) > 24) tell(change.target, { ...card, width });
  }));
  function tell(element, card) {
    if (same(card, shown.get(element))) return;
    shown.set(element, card);
    set({ view: element.dataset.view, part: "seen" }, { data: card });
  }
  function watch() {
    document.querySelectorAll(".card[data-view]").forEach((element) => {
      if (shown.has(element)) return;
      shown.set(element, { visible: false, width: Math.round(element.getBoundingClientRect().width) });
      eyes.observe(element);
      ruler.observe(element);
    });
    for (const element of shown.keys()) {
      if (element.isConnected) continue;
      eyes.unobserve(element);
      ruler.unobserve(element);
      shown.delete(element);
    }
  }
  new MutationObserver(watch).observe(document.documentElement, { childList: true, subtree: true });

  /* ---- a list of the selection bar is left, and so counts, as soon as something of it was chosen or cleared ---- */
  document.addEventListener("click", (event) => {
    const list = event.target.closest?.("[role=option]")?.closest("[role=listbox]");
    const input = list ? document.querySelector(`.sel-bar input[aria-controls="${list.id}"]`)
      : event.target.closest?.(".sel-bar button[aria-label]")?.closest(".control")?.querySelector("input:not([type=hidden])");
    if (input) setTimeout(() => { input.focus(); input.blur(); });
  }, true);

  /* Fields say what they were told, too, and on a busy machine late: what counts is what a person did to them. */
  for (const kind of ["input", "keydown", "click"])
    document.addEventListener(kind, (event) => { if (event.target.closest?.(".sel-fields, [role=listbox]")) state.touched = true; }, true);

  /* ---- a number of a card counts soon after it was typed, and at once where its field is left or Enter is pressed:
     what is left sooner than it counts would be lost ---- */
  function count(event) {
    const field = event.target.closest?.(".controls .control-number input");
    const value = field && number(field.value);
    if (typeof value !== "number" || Number.isNaN(value) || (event.type === "keydown" && event.key !== "Enter")) return;
    const id = JSON.parse(field.id);
    if (window.dash_component_api.getLayout(id)?.props?.value !== value) set(id, { value });
  }
  for (const kind of ["focusout", "keydown"]) document.addEventListener(kind, count, true);

  /* ---- keys ---- */
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest && event.target.closest("input, textarea, select, [contenteditable], [role=listbox], [role=dialog]");
    if (event.key === "Escape" && !typing) clear();
    if ((event.ctrlKey || event.metaKey) && !event.shiftKey && event.key.toLowerCase() === "z" && !typing) {
      event.preventDefault();
      undo();
    }
    if (event.key === "?" && !typing) set("keys-help", { opened: true });
  });

  /* ---- the theme follows the system until a person chooses ---- */
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const scheme = (chosen) => (chosen === "auto" || !chosen ? (system.matches ? "dark" : "light") : chosen);
  function paint() {
    const now = scheme(state.theme);
    document.documentElement.dataset.scheme = now;
    document.body.dataset.agThemeMode = now;
    return [now, now, now === "dark" ? "Light" : "Dark"];
  }
  system.addEventListener("change", () => {
    const [now, , other] = paint();
    set("mantine", { forceColorScheme: now });
    set("shown-theme", { data: now });
    set("theme-toggle", { children: other });
  });

  /* ---- a session that has ended leads back to the sign-in ---- */
  const ask = window.fetch;
  window.fetch = async (...request) => {
    const answer = await ask(...request);
    if (answer.status === 401) window.location.reload();
    return answer;
  };

  /* ---- pictures ---- */
  function figureOf(view) {
    const graphs = [...document.querySelectorAll(".card[data-view]")].filter((card) => card.dataset.view === view);
    return graphs.length ? graphs[0].querySelector(".js-plotly-plot") : null;
  }
  function wrapped(text, width) {
    const lines = [""];
    for (const word of text.split(" ")) {
      if ((lines[lines.length - 1] + word).length > width) lines.push("");
      lines[lines.length - 1] += word + " ";
    }
    return lines.map((line) => line.trim().replace(/&/g, "&amp;").replace(/</g, "&lt;")).join("<br>");
  }
  const fileName = (view) =>
    `${document.querySelector(".recording-name").textContent || "recording"}-${view}`.replace(/[^\w-]+/g, "-");
  function picture(format, id, caption) {
    const graph = figureOf(id.view);
    const pictures = window.spikeboard.pictures;
    if (pictures && pictures.hasGraph(id.view)) {
      pictures.graph(id.view, format, fileName(id.view));
      return String(Date.now());
    }
    if (!graph || !graph.data || !graph.data.length) return skip();
    const card = graph.closest(".card");
    const subtitle = wrapped(caption || "", 110);
    const lines = subtitle.split("<br>").length;
    const width = 1100;
    const legend = graph.layout.showlegend === false ? 0 : 30;
    const top = 70 + 17 * lines + legend;
    const height = Math.round((graph._fullLayout.height || 420) + top);
    const layout = {
      ...graph.layout,
      title: { text: card.querySelector("h2").textContent, subtitle: { text: subtitle, font: { size: 12 } }, x: 0.01, y: 0.99, yanchor: "top" },
      margin: { ...(graph.layout.margin || {}), t: top },
      width, height, autosize: false,
    };
    const name = fileName(id.view);
    window.Plotly.downloadImage({ data: graph.data, layout, config: { plotlyServerURL: "" } },
      { format, filename: name, width, height, scale: format === "png" ? 3 : 1 });
    return String(Date.now());
  }

  /* Whether something that matters with some values of some settings only does so with these. */
  const matters = (when, about, settings) =>
    Object.entries(when).every(([name, values]) => values.includes({ ...about.defaults, ...settings }[name]));
  /* A control that changes nothing with the other settings as they are is hidden. */
  function hideIrrelevant(view, about, settings) {
    if (!view) return;
    const card = [...document.querySelectorAll(".card[data-view]")].find((one) => one.dataset.view === view);
    card?.querySelectorAll("[data-setting]").forEach((control) => {
      control.hidden = !matters(about.when[control.dataset.setting] || {}, about, settings);
    });
  }

  /* ---- callbacks ---- */
  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.spikeboard = {
    /* What a card wants to be computed: only what it depends on, only while it is on screen, only if it changed. */
    ask(values, checks, selection, seen, zoom, valueIds, flagIds, recording, about, request, drawn, id) {
      const settings = {};
      valueIds.forEach((id, i) => { if (values[i] !== null && values[i] !== "" && values[i] !== undefined) settings[id.setting] = values[i]; });
      flagIds.forEach((id, i) => { settings[id.flag] = !!checks[i]; });
      hideIrrelevant((valueIds[0] || flagIds[0] || {}).view, about, settings);
      if (!seen || !seen.visible || !selection || !recording) return skip();
      const parts = { time: ["t", "interval"], units: ["units", "pop"] };
      const used = about.uses.flatMap((part) => parts[part] || []);
      const chosen = Object.fromEntries(Object.entries(selection).filter(([name]) => used.includes(name)));
      const next = { rec: recording, selection: sorted(chosen), settings: sorted(settings) };
      const zooms = about.zooms === true || (about.zooms && matters(about.zooms, about, settings));
      // Another selection is shown whole, whatever was looked at closely before; so are other axes.
      const axes = (asked) => [asked.rec, asked.selection, about.endsZoom.map((name) => asked.settings[name] ?? null)];
      if (!zooms || !request || !same(axes(request), axes(next))) state.ranges[id.view] = {};
      const { xaxis: x, yaxis: y } = state.ranges[id.view];
      if (zooms) next.viewport = { ...(x && { x }), ...(y && { y }), width: Math.round(Math.min(seen.width, 2000)), height: about.height };
      if (same(next, without(request, "tab", "turn", "refines"))) return skip();
      turns += 1;
      // Of a figure that is drawn already, only what the part of the axes on screen changes has to be sent.
      const asked = zooms ? { ...without(next, "viewport"), width: next.viewport.width } : next;
      const refines = zooms && !!drawn && same(drawn.asked, asked);
      return { ...next, tab, turn: turns, refines };
    },
    /* The figure in the theme of the page; never one that was asked for before the one that is shown. */
    show(drawn, theme, templates, id) {
      if (drawn && drawn.turn < shownTurn[id.view]) return skip();
      shownTurn[id.view] = drawn ? drawn.turn : 0;
      if (!drawn) return { data: [], layout: { xaxis: { visible: false }, yaxis: { visible: false }, template: templates[theme || "light"] } };
      const layout = { ...drawn.layout, template: templates[theme || "light"] };
      // Dash draws what a person zoomed before it is told what to draw: Plotly then takes it for what was told.
      for (const [axis, range] of Object.entries(state.ranges[id.view] || {})) layout[axis] = { ...layout[axis], range, autorange: false };
      return { data: drawn.data, layout };
    },
    zoomed(relayout, about, id) {
      if (!about.zooms || !relayout) return skip();
      const view = id.view;
      const ranges = { ...state.ranges[view] };
      for (const [name, value] of Object.entries(relayout)) {
        const [, axis, end] = name.match(/^([xy]axis\d*)\.(?:range(?:\[([01])\])?|autorange)$/) || [];
        if (!axis) continue;
        if (name.endsWith("autorange")) delete ranges[axis];
        else if (end === undefined) ranges[axis] = value.map(Number);
        else ranges[axis] = Object.assign([...(ranges[axis] || [])], { [end]: Number(value) });
      }
      if (same(ranges, state.ranges[view] || {})) return skip();
      state.ranges[view] = ranges;
      clearTimeout(state.timers[view]);
      state.timers[view] = setTimeout(() => set({ view, part: "zoom" }, { data: ranges }), 120);
      return skip();
    },
    /* A box drawn on a figure becomes a question to its view: what does it select? */
    brushed(boxes, requests, ids, abouts) {
      const asked = window.dash_clientside.callback_context.triggered[0];
      if (!asked || !asked.value || !asked.value.range) return skip();
      const view = JSON.parse(asked.prop_id.slice(0, asked.prop_id.lastIndexOf("."))).view;
      const i = ids.findIndex((id) => id.view === view);
      if (i < 0 || !abouts[i].brushes || !requests[i]) return skip();
      const range = asked.value.range;
      return { view, request: requests[i], x: range.x || range[Object.keys(range)[0]], y: range.y || range[Object.keys(range)[1]], n: Date.now() };
    },
    proposed(selection) {
      if (selection) choose(sorted(selection));
      return skip();
    },
    clear() { clear(); return skip(); },
    undo() { undo(); return skip(); },

    fieldsChanged(from, to, populations, units, interval, selection) {
      if (!selection || !state.touched) return skip();
      const [a, b] = [number(from), number(to)];
      if (a !== null && b !== null && b <= a) return "The window must end after it starts.";
      const rows = (units || "").replace(/\s+/g, "");
      if (rows && !/^\d{1,9}(-\d{1,9})?(,\d{1,9}(-\d{1,9})?)*$/.test(rows)) return "Units are row numbers such as 0-9,12.";
      choose(sorted({
        t: windowOf(from, to), units: rows || null,
        pop: populations && populations.length ? joined(populations) : null, interval: interval || null,
      }));
      return "";
    },
    showSelection(selection, about) {
      if (!selection || !about) return Array(8).fill(skip());
      const [a, b] = (selection.t || "_").split("_");
      const names = namesOf(selection.pop);
      const size = selection.units !== undefined ? countOf(selection.units)
        : names.length ? about.populations.filter((p) => names.includes(p.name)).reduce((n, p) => n + p.size, 0) : about.units;
      const plain = Object.keys(selection).length === 0;
      const [from, to] = [a || about.start.toPrecision(6) / 1, b || about.stop.toPrecision(6) / 1];
      const span = `${from} to ${to} s`;
      const interval = selection.interval && !selection.t && selection.interval.replace(/:(\d+)$/, " $1");
      const units = `${plain ? "" : `${size.toLocaleString("en")} of `}${about.units.toLocaleString("en")} units`;
      const what = plain ? `Everything: ${units}, ${span}` : `Selected: ${units}, ${interval || span}`;
      const short = `${plain ? "All" : "Selected"}: ${interval || (from < 0 ? span : `${from}–${to} s`)} · ${units}`;
      return [a === "" ? "" : Number(a), b === "" ? "" : Number(b), names, selection.units || "", selection.interval || null,
        what, short, String(!!state.unfolded)];
    },

    /* On a narrow screen the bar is one line until it is opened; it stays open from page to page. */
    fold() {
      state.unfolded = !state.unfolded;
      return String(state.unfolded);
    },

    /* Ticked rows of the unit table are the selected units. */
    unitsTicked(rows, selection) {
      if (!rows || !selection) return skip();
      const chosen = runs(rows.map((row) => row.unit));
      if (chosen === (selection.units || "")) return skip();
      choose(sorted({ ...selection, units: chosen || null }));
      return skip();
    },
    tickUnits(selection, rowData, rows) {
      if (!selection || !rowData) return skip();
      const chosen = selection.units === undefined ? [] : rowsOf(selection.units);
      const inside = (unit) => chosen.some(([a, b]) => unit >= a && unit <= (b === undefined ? a : b));
      const wanted = rowData.filter((row) => inside(row.unit));
      return same(wanted.map((row) => row.unit), (rows || []).map((row) => row.unit).sort((a, b) => a - b)) ? skip() : wanted;
    },

    /* A page has come with the selection of its address: it counts, unless a person has selected something else while
       the page was on its way. What was selected in another recording means nothing in this one. */
    arrived(selection, recording) {
      const another = recording !== state.recording;
      if (another) state.past = [];
      state.recording = recording;
      if (!another && state.unwritten) return skip();
      // As this page spells it: 1, not 1.0.
      state.selection = selection.t ? { ...selection, t: windowOf(...selection.t.split("_")) } : selection;
      return state.selection;
    },
    /* Selection and settings go to the address; no page is laid out anew for it. */
    remember(values, checks, selection, recording, valueIds, flagIds, abouts, aboutIds) {
      if (!selection || !recording) return skip();
      state.unwritten = !same(selection, state.selection);
      const query = new URLSearchParams(window.location.search);
      const put = (name, value, otherwise) =>
        value === null || value === undefined || value === "" || String(value) === String(otherwise) ? query.delete(name) : query.set(name, value);
      const defaults = Object.fromEntries(aboutIds.map((id, i) => [id.view, abouts[i].defaults]));
      for (const part of ["t", "units", "pop", "interval"]) put(part, selection[part], null);
      valueIds.forEach((id, i) => put(`${id.view}.${id.setting}`, values[i], defaults[id.view][id.setting]));
      flagIds.forEach((id, i) => put(`${id.view}.${id.flag}`, checks[i] ? 1 : 0, defaults[id.view][id.flag] ? 1 : 0));
      const search = query.toString() ? `?${query}` : "";
      if (search !== window.location.search)
        window.history.replaceState(window.history.state, "", window.location.pathname + search);
      return search;
    },
    navigation(search, path, ids) {
      const links = ids.map((id) => (id.nav === "overview" ? "/" : `/${id.nav}`));
      const here = "/" + (path || "").replace(/^\/+|\/+$/g, "");
      return [links.map((link) => link + (search || "")), links.map((link) => `nav-link${link === here ? " here" : ""}`), "/" + (search || "")];
    },
    /* Downloads follow the picture. */
    artLinks(csv, ids, request, styles) {
      if (!csv || !request || !styles) return [ids.map(() => "#"), ids.map(() => true), ""];
      const chosen = request.settings.style || "bloom";
      const style = styles[chosen];
      const query = csv.includes("?") ? csv.slice(csv.indexOf("?")) : "";
      const still = ["rates", "moment", "state_moment"].includes(request.settings.source);
      const hidden = ids.map((id) => (id.art === "svg" && !style.vector) || (["gif", "webp"].includes(id.art) && still));
      return [ids.map((id) => `/art/${id.art}${query}`), hidden, still ? "A film needs a state over time: activity, the raster or a state variable." : ""];
    },
    tableAsked(clicks, request) {
      return clicks && clicks % 2 === 1 && request ? request : skip();
    },
    toggle(clicks) { return clicks % 2 === 0; },
    svg: (clicks, id, caption) => picture("svg", id, caption),
    png: (clicks, id, caption) => picture("png", id, caption),
    keys(clicks) { return clicks ? true : skip(); },
    chosenTheme(clicks, theme) {
      return { auto: scheme("auto") === "dark" ? "light" : "dark", light: "dark", dark: "light" }[theme || "auto"];
    },
    theme(theme) {
      state.theme = theme || "auto";
      return paint();
    },
    burger(opened, path, navbar) {
      const moved = window.dash_clientside.callback_context.triggered.some((t) => t.prop_id.startsWith("address"));
      const open = moved ? false : !!opened;
      return [{ ...navbar, collapsed: { mobile: !open } }, open];
    },
  };
  window.spikeboard = { choose, clear, undo, state };
})();
