/* The graph of the topology page: filled and coloured, tapped and pointed at, taken home as a picture.
   The server computed nodes, edges and places; nothing here changes a number. */
(function () {
  "use strict";
  const NAMED = "spikeboard";
  const skip = () => window.dash_clientside.no_update;
  const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
  const drawn = new Map(); // view → what was drawn last: a tap changes the selection, and must not move a node
  const picked = new Map(); // view → ids of the nodes tapped, the last one last

  const INK = {
    light: { ink: "#1f2933", paper: "#ffffff", way: "#a06a00", chosen: "#1f2933" },
    dark: { ink: "#e3e8ee", paper: "#1f2328", way: "#e6b95c", chosen: "#ffffff" },
  };

  function stylesheet(theme) {
    const { ink, paper, way, chosen } = INK[theme] || INK.light;
    const font = { "font-family": 'system-ui, "Segoe UI", sans-serif' };
    const end = (selector, shape, fill) => ({ selector, style: { "target-arrow-shape": shape, "target-arrow-fill": fill } });
    return [
      { selector: "node", style: {
        width: "data(size)", height: "data(size)", "background-color": "data(colour)", label: "data(label)", color: ink, ...font,
        "border-width": 0, "border-color": chosen, "text-wrap": "wrap" } },
      { selector: "node.populations", style: {
        "font-size": 15, "font-weight": 600, "text-valign": "center", "text-halign": "center", color: "#ffffff",
        "text-outline-width": 2.4, "text-outline-color": "data(colour)" } },
      { selector: "node.neurons", style: {
        "font-size": 9, "text-valign": "bottom", "text-margin-y": 2, "min-zoomed-font-size": 8 } },
      { selector: "edge", style: {
        width: "data(width)", "line-color": "data(colour)", "target-arrow-color": "data(colour)", "curve-style": "bezier",
        "control-point-step-size": 46, "arrow-scale": 1.25, label: "data(label)", "font-size": 12, color: ink, ...font,
        "text-background-color": paper, "text-background-opacity": 0.86, "text-background-padding": 2,
        "text-rotation": "autorotate", "text-margin-y": -10, "loop-direction": "data(loop)", "loop-sweep": "58deg", opacity: 0.92, "min-zoomed-font-size": 7 } },
      { selector: "edge:loop", style: { "text-rotation": "none", "text-margin-y": 0, "control-point-step-size": 62 } },
      // Thousands of curves are too slow to move: straight lines, and no ends.
      { selector: "edge.many", style: { "curve-style": "haystack", opacity: 0.55 } },
      end("edge.exc", "triangle", "filled"),
      { selector: "edge.inh", style: { "target-arrow-shape": "tee", "line-style": "solid" } },
      end("edge.mixed", "diamond", "filled"),
      { selector: "edge.unsigned", style: { "target-arrow-shape": "vee", "line-style": "dashed" } },
      { selector: ".way", style: { "border-width": 5, "border-color": way, "z-index": 20 } },
      { selector: "edge.way", style: { "underlay-color": way, "underlay-opacity": 0.55, "underlay-padding": 5, opacity: 1, "z-index": 20 } },
      { selector: "node.chosen", style: { "border-width": 4, "border-color": chosen } },
      { selector: "node.chosen.way", style: { "border-width": 5 } },
      { selector: ".far", style: { opacity: 0.16 } },
      { selector: "edge.near", style: { opacity: 1, "z-index": 30 } },
    ];
  }

  /* ---- the graph of a view, once it is there ---- */
  const cardOf = (view) => document.querySelector(`.card[data-view="${view}"]`);
  function graphOf(view) {
    const card = cardOf(view);
    const place = card && [...card.querySelectorAll(".graph-canvas *")].find((one) => one._cyreg && one._cyreg.cy);
    return place ? place._cyreg.cy : null;
  }
  function withGraph(view, act, tries = 150) {
    const graph = graphOf(view);
    if (graph && !graph.destroyed()) { listen(view, graph); act(graph); }
    else if (tries && cardOf(view)) setTimeout(() => withGraph(view, act, tries - 1), 40);
  }

  /* ---- what is said below the graph ---- */
  function say(view, text) {
    const line = cardOf(view) && cardOf(view).querySelector(".graph-said");
    if (!line) return;
    line.textContent = text || line.dataset.standing || line.dataset.how;
  }
  function standing(view, text) {
    const line = cardOf(view) && cardOf(view).querySelector(".graph-said");
    if (!line) return;
    if (text) line.dataset.standing = text; else delete line.dataset.standing;
    say(view);
  }

  /* ---- selecting ---- */
  const runsOf = (text) => (text ? text.split(",").filter(Boolean).map((run) => run.split("-").map(Number)).map(([a, b]) => [a, b === undefined ? a : b]) : []);
  function union(texts) {
    const found = [];
    for (const [a, b] of texts.flatMap(runsOf).sort((p, q) => p[0] - q[0])) {
      const last = found[found.length - 1];
      if (last && a <= last[1] + 1) last[1] = Math.max(last[1], b);
      else found.push([a, b]);
    }
    return found.map(([a, b]) => (a === b ? `${a}` : `${a}-${b}`)).join(",");
  }
  const escaped = (name) => name.replace(/\\/g, "\\\\").replace(/,/g, "\\,");
  const namesOf = (text) => (text ? text.match(/(?:\\.|[^,\\])+/gs).map((name) => name.replace(/\\(.)/gs, "$1")) : []);

  /* Populations by name where all nodes are whole ones, else the rows of their units. */
  function chooseNodes(nodes) {
    const { units, pop, ...rest } = window[NAMED].state.selection || {};
    const data = nodes.map((node) => node.data());
    const next = { ...rest };
    if (data.length && data.every((one) => one.population !== null && one.population !== undefined)) next.pop = data.map((one) => escaped(one.population)).join(",");
    else if (data.length) next.units = union(data.map((one) => one.units));
    window[NAMED].choose(Object.fromEntries(Object.entries(next).sort(([a], [b]) => (a < b ? -1 : 1))));
  }
  function chosenNodes(graph, selection) {
    const { units, pop } = selection || {};
    if (units === undefined && !pop) return graph.collection();
    const runs = runsOf(units);
    const inside = (row) => runs.some(([a, b]) => row >= a && row <= b);
    const names = namesOf(pop);
    // A node is chosen where all of its units are: its runs lie within runs of the selection.
    const covered = (node) => runsOf(node.data("units")).every(([a, b]) => runs.some(([p, q]) => p <= a && b <= q) && inside(a));
    return graph.nodes().filter((node) => (units !== undefined ? covered(node) : names.includes(node.data("population")) || covers(names, node)));
  }
  // A part of a population, or a neuron, belongs to the population of that name.
  const covers = (names, node) => names.includes(node.data("group"));

  function tapped(view, graph, node, adding) {
    const chosen = picked.get(view) || graph.nodes(".chosen").map((one) => one.id());
    const before = adding ? chosen.filter((id) => graph.getElementById(id).nonempty()) : [];
    const next = before.includes(node.id()) ? before.filter((id) => id !== node.id()) : [...before, node.id()];
    picked.set(view, next);
    chooseNodes(next.map((id) => graph.getElementById(id)));
  }

  /* ---- pointing, tapping ---- */
  function near(graph, element) {
    const close = element.isNode() ? element.closedNeighborhood() : element.union(element.connectedNodes());
    graph.batch(() => {
      graph.elements().difference(close).addClass("far");
      close.edges().addClass("near");
    });
  }
  const plain = (graph) => graph.batch(() => graph.elements().removeClass("far near"));

  function listen(view, graph) {
    if (graph.scratch("_spikeboard")) return;
    graph.scratch("_spikeboard", { view });
    graph.on("mouseover", "node, edge", (event) => { near(graph, event.target); say(view, event.target.data("tip")); });
    graph.on("mouseout", "node, edge", () => { plain(graph); say(view); });
    // A pointer that leaves the canvas at once is never seen to leave the node.
    graph.container().addEventListener("mouseleave", () => { plain(graph); say(view); });
    graph.on("tap", "node", (event) => {
      const source = event.originalEvent || {};
      tapped(view, graph, event.target, source.shiftKey || source.ctrlKey || source.metaKey);
    });
    graph.on("tap", "edge", (event) => {
      const ends = [event.target.source(), event.target.target()];
      picked.set(view, [...new Set(ends.map((node) => node.id()))]);
      standing(view, event.target.data("tip"));
      chooseNodes([...new Set(ends)]);
    });
    graph.on("dragfree", "node", (event) => rememberPlace(view, event.target));
  }

  /* ---- nodes moved by hand: a setting of the view, so that the link holds them ---- */
  const movedId = (view) => ({ view, setting: "moved" });
  const movedOf = (view) => new Map(
    (window.dash_component_api.getLayout(movedId(view))?.props?.value || "").split(",").filter(Boolean)
      .map((entry) => [entry.slice(0, entry.indexOf("_")), entry]));
  const setMoved = (view, moved) => window.dash_clientside.set_props(movedId(view), { value: [...moved.values()].join(",") });
  function rememberPlace(view, node) {
    const { x, y } = node.position();
    setMoved(view, movedOf(view).set(node.data("key"), `${node.data("key")}_${Math.round(x)}_${Math.round(y)}`));
  }
  /* What differs in places and in the side of its loops alone is moved: drawn anew, the view would jump. */
  const standingStill = (elements) => elements.map(({ position, ...one }) => ({ ...one, data: { ...one.data, loop: null } }));
  function moveTo(graph, wanted) {
    graph.batch(() => wanted.forEach(({ data, position }) => {
      const element = graph.getElementById(data.id);
      if (position) element.position({ ...position });
      if (data.loop) element.data("loop", data.loop);
    }));
  }

  /* ---- the way between two chosen nodes ---- */
  function wayBetween(graph, first, second) {
    const found = graph.elements().aStar({ root: first, goal: second, directed: true });
    return found.found ? found.path : null;
  }
  function showWay(view, graph, chosen) {
    graph.batch(() => graph.elements(".tappedway").removeClass("way tappedway"));
    if (chosen.length !== 2) return "";
    const order = (picked.get(view) || []).map((id) => graph.getElementById(id)).filter((node) => chosen.contains(node));
    const [first, second] = order.length === 2 ? order : [chosen[0], chosen[1]];
    const name = (node) => node.data("label").split("\n")[0];
    const ahead = wayBetween(graph, first, second);
    // Where nobody tapped one before the other, either direction will do.
    const path = ahead || (order.length === 2 ? null : wayBetween(graph, second, first));
    if (!path) return `No way leads from ${name(first)} to ${name(second)}${order.length === 2 && wayBetween(graph, second, first) ? ", but one leads back" : ""}.`;
    graph.batch(() => path.difference(".way").addClass("way tappedway"));
    const steps = path.edges().length;
    const names = path.nodes().map(name);
    return `Shortest way: ${names.join(" → ")} (${steps} ${steps === 1 ? "step" : "steps"}).`;
  }

  function highlight(view, graph) {
    const selection = window[NAMED].state.selection || {};
    const chosen = chosenNodes(graph, selection);
    graph.batch(() => {
      graph.nodes().removeClass("chosen");
      chosen.addClass("chosen");
    });
    if (chosen.empty()) picked.delete(view);
    else if (!same([...(picked.get(view) || [])].sort(), chosen.map((node) => node.id()).sort())) picked.delete(view);
    const way = showWay(view, graph, chosen);
    const edge = cardOf(view).querySelector(".graph-said").dataset.standing;
    const tips = chosen.length <= 2 ? chosen.map((node) => node.data("tip")).join(" ") : `${chosen.length} nodes are selected.`;
    const ofEdge = edge && chosen.length && graph.edges().some((one) => one.data("tip") === edge && one.connectedNodes().same(chosen));
    standing(view, chosen.empty() ? "" : ofEdge ? edge : [way, tips].filter(Boolean).join(" "));
  }

  /* ---- pictures ---- */
  function save(blob, name) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }
  function picture(view, format, name) {
    const graph = graphOf(view);
    if (!graph || graph.elements().empty()) return;
    plain(graph);
    const bg = INK[document.documentElement.dataset.scheme === "dark" ? "dark" : "light"].paper;
    if (format === "svg") save(new Blob([graph.svg({ full: true, scale: 1, bg })], { type: "image/svg+xml;charset=utf-8" }), `${name}.svg`);
    else save(graph.png({ output: "blob", full: true, scale: 3, maxWidth: 8000, maxHeight: 8000, bg }), `${name}.png`);
  }

  // The component sets Cytoscape's own default once more, which makes Cytoscape warn in the console.
  document.addEventListener("DOMContentLoaded", () => {
    const component = window.dash_cytoscape && window.dash_cytoscape.Cytoscape;
    if (component && component.defaultProps) delete component.defaultProps.wheelSensitivity;
  });

  Object.assign(window.dash_clientside[NAMED], {
    graph(sent, theme, id) {
      const wanted = (sent && sent.elements) || [];
      const style = stylesheet(theme);
      const before = drawn.get(id.view);
      const there = graphOf(id.view);
      const unchanged = before && there && there.elements().length === wanted.length && same(standingStill(before), standingStill(wanted));
      if (unchanged && !same(before, wanted)) moveTo(there, wanted);
      // Cytoscape moves the very objects it is given.
      drawn.set(id.view, structuredClone(wanted));
      const signs = new Set(wanted.flatMap((one) => (one.data.source ? one.classes.split(" ") : [])));
      const card = cardOf(id.view);
      if (card) card.querySelectorAll("[data-sign]").forEach((item) => { item.hidden = !signs.has(item.dataset.sign); });
      return [unchanged ? skip() : wanted, style];
    },
    graphSelected(selection, elements, id) {
      if (selection && elements && elements.length) {
        // The component has yet to hand the elements on to the graph.
        setTimeout(() => withGraph(id.view, (graph) => highlight(id.view, graph)), 60);
      }
      return skip();
    },
    graphButton(clicks, id) {
      const graph = graphOf(id.view);
      if (!graph || !clicks) return skip();
      const act = id.part.slice("graph-".length);
      const middle = { x: graph.width() / 2, y: graph.height() / 2 };
      if (act === "in" || act === "out") graph.zoom({ level: graph.zoom() * (act === "in" ? 1.3 : 1 / 1.3), renderedPosition: middle });
      if (act === "reset") { moveTo(graph, drawn.get(id.view) || []); setMoved(id.view, new Map()); }
      if (act === "fit" || act === "reset") graph.fit(undefined, 28);
      return String(Date.now());
    },
  });
  window[NAMED].pictures = { ...(window[NAMED].pictures || {}), graph: picture, hasGraph: (view) => !!graphOf(view) };
})();
