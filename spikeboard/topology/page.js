
"use strict";
(() => {
  const graph = JSON.parse(document.getElementById("graph").textContent);
  const { nodes, edges, layouts } = graph;
  const stage = document.getElementById("stage");
  const still = matchMedia("(prefers-reduced-motion: reduce)");

  const CARD_HEIGHT = 54;
  const DISC_X = 27;
  const TEXT_X = 52;
  const LONGEST_NAME = 190;
  const PARALLEL_GAP = 36;
  const ROUTED_NODES = 120;
  const ROUTED_EDGES = 600;

  const svg = drawn("svg", { "aria-hidden": "false" });
  const world = drawn("g", {}, svg);
  const edgeLayer = drawn("g", {}, world);
  const tagLayer = drawn("g", {}, world);
  const nodeLayer = drawn("g", {}, world);

  const names = nodes.map((node) => shortened(node.name));
  const cardWidth = Math.ceil(TEXT_X + 16 + Math.max(64, ...names.map(nameWidth), ...nodes.map((n) => captionWidth(n.caption))));
  const largest = Math.max(1, ...nodes.map((node) => node.size || 0));

  let place = [];
  let view = { x: 0, y: 0, k: 1 };
  let touched = false;
  let picked = null;
  let width = "none";
  let label = "none";

  // Small geometry --------------------------------------------------------------------------------------------

  function drawn(tag, attributes, parent) {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    if (parent) parent.append(element);
    return element;
  }

  function mixed(a, b, t) { return { x: a.x + (b.x - a.x) * t, y: a.y + (b.y - a.y) * t }; }

  // A quadratic curve from a to b is {a, c, b}; its point at (s, t) of the polar form, which is on it where s = t.
  function polar(curve, s, t) { return mixed(mixed(curve.a, curve.c, s), mixed(curve.c, curve.b, s), t); }

  function part(curve, from, to) { return { a: polar(curve, from, from), c: polar(curve, from, to), b: polar(curve, to, to) }; }

  function bent(a, b, bend) {
    const length = Math.hypot(b.x - a.x, b.y - a.y) || 1;
    const middle = mixed(a, b, 0.5);
    return { a, b, c: { x: middle.x - ((b.y - a.y) / length) * 2 * bend, y: middle.y + ((b.x - a.x) / length) * 2 * bend } };
  }

  // The t in [low, high] where `inside(t)` changes, being true at low.
  function turning(low, high, inside) {
    for (let i = 0; i < 18; i++) {
      const middle = (low + high) / 2;
      if (inside(middle)) low = middle; else high = middle;
    }
    return (low + high) / 2;
  }

  function within(point, centre, margin) {
    return Math.abs(point.x - centre.x) < cardWidth / 2 + margin && Math.abs(point.y - centre.y) < CARD_HEIGHT / 2 + margin;
  }

  function overlap(one, other) { return one.x < other.x + other.w && other.x < one.x + one.w && one.y < other.y + other.h && other.y < one.y + one.h; }

  function box(centre, margin) {
    return { x: centre.x - cardWidth / 2 - margin, y: centre.y - CARD_HEIGHT / 2 - margin, w: cardWidth + 2 * margin, h: CARD_HEIGHT + 2 * margin };
  }

  // Text ------------------------------------------------------------------------------------------------------

  function textWidth(text, font) {
    const context = (textWidth.context ||= document.createElement("canvas").getContext("2d"));
    context.font = font;
    return context.measureText(text).width;
  }

  function nameWidth(text) { return textWidth(text, "600 13.5px system-ui, sans-serif"); }

  function captionWidth(text) { return textWidth(text, "12px system-ui, sans-serif"); }

  function shortened(name) {
    const signs = Array.from(name);
    if (signs.length <= 200 && nameWidth(name) <= LONGEST_NAME) return name;
    const fits = turning(0, Math.min(signs.length, 200), (count) => nameWidth(signs.slice(0, Math.floor(count)).join("") + "…") <= LONGEST_NAME);
    return signs.slice(0, Math.floor(fits)).join("").trimEnd() + "…";
  }

  // Where nodes go --------------------------------------------------------------------------------------------

  function arranged(kind) {
    const units = layouts[kind].map(([x, y]) => ({ x, y }));
    if (kind === "layered") return stretched(flow(units));
    return stretched(parted(units.map((u) => ({ x: u.x * (cardWidth + 34), y: u.y * (CARD_HEIGHT + 62) }))));
  }

  // Where the picture would leave room above or beside it, the gaps widen into it, up to half as much again.
  function stretched(at) {
    const size = (axis, card) => Math.max(...at.map((p) => p[axis])) - Math.min(...at.map((p) => p[axis])) + card + 110;
    const shape = (size("x", cardWidth) / size("y", CARD_HEIGHT)) * (stage.clientHeight / stage.clientWidth);
    const [x, y] = [Math.min(1.5, Math.max(1, 1 / shape)), Math.min(1.5, Math.max(1, shape))];
    return at.map((p) => ({ x: p.x * x, y: p.y * y }));
  }

  // Layers run across or, on a narrow page, down; a long chain folds like a river, so that it stays readable.
  function flow(units) {
    const along = Math.max(...units.map((u) => u.x)) + 1;
    const foldable = new Set(units.map((u) => u.x)).size === units.length;
    let best = null;
    for (const upright of [false, true]) {
      for (let rows = 1; rows <= (foldable ? along : 1); rows++) {
        const found = folded(units, along, rows, upright);
        const size = Math.min(1.1, stage.clientWidth / (found.w + 60), stage.clientHeight / (found.h + 90));
        const worth = size * (rows === 1 ? 1.6 : 1) * (upright ? 0.85 : 1);
        if (!best || worth > best.worth * 1.001) best = { worth, at: found.at };
      }
    }
    return best.at;
  }

  function folded(units, along, rows, upright) {
    const perRow = Math.ceil(along / rows);
    const breadth = Math.max(...units.map((u) => u.y)) + 1;
    const [far, wide] = upright ? [CARD_HEIGHT + 66, cardWidth + 60] : [cardWidth + 84, CARD_HEIGHT + 62];
    const at = units.map((u) => {
      const row = Math.floor(u.x / perRow);
      const step = u.x - row * perRow;
      const forth = rows > 1 && row % 2 ? perRow - 1 - step : step;
      const x = forth * far;
      const y = (u.y + row * breadth) * wide;
      return upright ? { x: y, y: x } : { x, y };
    });
    const [w, h] = upright ? [breadth * rows * wide, perRow * far] : [perRow * far, breadth * rows * wide];
    return { at, w, h };
  }

  // Cards that overlap are pushed apart, the shorter way.
  function parted(at) {
    const far = { x: cardWidth + 30, y: CARD_HEIGHT + 40 };
    for (let round = 0, moved = at.length <= 300; moved && round < 80; round++) {
      moved = false;
      for (let i = 0; i < at.length; i++) {
        for (let j = i + 1; j < at.length; j++) moved = push(at[i], at[j], far) || moved;
      }
    }
    return at;
  }

  function push(one, other, far) {
    const over = { x: far.x - Math.abs(other.x - one.x), y: far.y - Math.abs(other.y - one.y) };
    if (over.x < 0.5 || over.y < 0.5) return false;
    const axis = over.x / far.x < over.y / far.y ? "x" : "y";
    const shift = (over[axis] / 2) * (other[axis] >= one[axis] ? 1 : -1);
    one[axis] -= shift;
    other[axis] += shift;
    return true;
  }

  // Nodes -----------------------------------------------------------------------------------------------------

  const cards = nodes.map((node, index) => {
    const group = drawn("g", { class: "node", tabindex: 0, role: "button", "aria-pressed": "false", "aria-label": node.said, "data-node": index }, nodeLayer);
    drawn("title", {}, group).textContent = node.name.length > 300 ? node.name.slice(0, 300) + "…" : node.name;
    const round = isInput(index) ? CARD_HEIGHT / 2 : 11;
    drawn("rect", { class: "card", x: -cardWidth / 2, y: -CARD_HEIGHT / 2, width: cardWidth, height: CARD_HEIGHT, rx: round }, group);
    drawn("circle", { class: `disc ${signOf(index)}${node.size === null ? " open" : ""}`, cx: DISC_X - cardWidth / 2, cy: 0, r: radius(node) }, group);
    drawn("text", { class: "name", x: TEXT_X - cardWidth / 2, y: -4 }, group).textContent = names[index];
    drawn("text", { class: "caption", x: TEXT_X - cardWidth / 2, y: 15 }, group).textContent = node.caption;
    group.addEventListener("focus", () => { say(node.said); reveal(index); });
    return group;
  });

  function isInput(index) {
    const joined = edges.filter((edge) => edge.source !== edge.target && (edge.source === index || edge.target === index));
    return joined.length > 0 && joined.every((edge) => edge.source === index);
  }

  function radius(node) { return node.size === null ? 9 : Math.max(2.5, 17 * Math.sqrt(node.size / largest)); }

  // What a node does to others: the one sign of all that it sends out, where there is one.
  function signOf(index) {
    const signs = new Set(edges.filter((edge) => edge.source === index && edge.sign !== "unknown").map((edge) => edge.sign));
    return signs.size === 0 ? "unknown" : signs.size === 1 ? [...signs][0] : "mixed";
  }

  // Edges -----------------------------------------------------------------------------------------------------

  const lines = edges.map((edge, index) => {
    const group = drawn("g", { class: `edge ${edge.sign}${edge.value.synapses === 0 ? " empty" : ""}`, "data-edge": index }, edgeLayer);
    const hit = drawn("path", { class: "hit" }, group);
    const line = drawn("path", { class: "line" }, group);
    const head = drawn("path", { class: "head" }, group);
    const tag = drawn("text", { class: "tag" }, tagLayer);
    group.addEventListener("pointerenter", () => say(edge.said));
    return { group, hit, line, head, tag };
  });

  const lanes = parallel();
  const loops = nested();

  // Projections that join the same two nodes, in whatever direction, run side by side.
  function parallel() {
    const pairs = new Map();
    edges.forEach((edge, index) => {
      if (edge.source === edge.target) return;
      const key = Math.min(edge.source, edge.target) + " " + Math.max(edge.source, edge.target);
      pairs.set(key, [...(pairs.get(key) || []), index]);
    });
    const bends = new Map();
    for (const group of pairs.values()) {
      group.sort((a, b) => edges[a].source - edges[b].source || a - b);
      const gap = Math.min(PARALLEL_GAP, 150 / group.length);
      group.forEach((index, lane) => {
        const bend = (lane - (group.length - 1) / 2) * gap;
        bends.set(index, edges[index].source < edges[index].target ? bend : -bend);
      });
    }
    return bends;
  }

  // Several loops of one node lie within each other: how many are further in.
  function nested() {
    const depth = new Map();
    const count = new Map();
    edges.forEach((edge, index) => {
      if (edge.source !== edge.target) return;
      depth.set(index, count.get(edge.source) || 0);
      count.set(edge.source, (count.get(edge.source) || 0) + 1);
    });
    return depth;
  }

  function weightOf(edge) {
    const value = edge.value[width];
    const most = largestOf(width);
    if (!value || !most) return width === "none" ? 1.8 : 1.4;
    return width === "synapses" ? 1.4 + 4.6 * Math.sqrt(value / most) : 1.4 + 4.6 * (value / most);
  }

  function largestOf(key) {
    largestOf.known ||= {};
    return (largestOf.known[key] ??= Math.max(0, ...edges.map((edge) => edge.value[key] || 0)));
  }

  function routed(index) {
    const { source, target } = edges[index];
    const lane = lanes.get(index);
    const direct = bent(place[source], place[target], lane);
    if (nodes.length > ROUTED_NODES || edges.length > ROUTED_EDGES) return direct;
    let best = { curve: direct, hidden: hiddenBy(direct, source, target) };
    for (let more = 12; best.hidden && more <= 300; more += 12) {
      for (const bend of lane < 0 ? [lane - more, lane + more] : [lane + more, lane - more]) {
        const curve = bent(place[source], place[target], bend);
        const hidden = hiddenBy(curve, source, target);
        if (hidden < best.hidden) best = { curve, hidden };
      }
    }
    return best.curve;
  }

  // How much of a curve runs behind other nodes, in steps.
  function hiddenBy(curve, source, target) {
    const others = place.filter((_, n) => n !== source && n !== target);
    let steps = 0;
    for (let i = 1; i < 40; i++) {
      const point = polar(curve, i / 40, i / 40);
      if (others.some((at) => within(point, at, 9))) steps += 1;
    }
    return steps;
  }

  function drawEdge(index) {
    const edge = edges[index];
    const thick = weightOf(edge);
    const shape = edge.source === edge.target ? loop(index, thick) : arc(index, thick);
    const { line, hit, head } = lines[index];
    line.setAttribute("d", shape.d);
    line.setAttribute("stroke-width", thick.toFixed(2));
    hit.setAttribute("d", shape.d);
    head.setAttribute("d", headPath(edge.sign, shape.tip, shape.way, thick));
    head.setAttribute("stroke-width", edge.sign === "inhibitory" ? Math.max(2.6, thick).toFixed(2) : 1.4);
    lines[index].spots = shape.spots;
    lines[index].course = shape.course;
  }

  // Points along a curve, close enough that no label slips between them.
  function courseOf(at) { return Array.from({ length: 33 }, (_, i) => at(i / 32)); }

  function headLength(sign, thick) { return sign === "inhibitory" ? 1 : (sign === "mixed" ? 11 : 8) + 1.5 * thick; }

  function arc(index, thick) {
    const { source, target, sign } = edges[index];
    const curve = routed(index);
    const start = turning(0, 0.5, (t) => within(polar(curve, t, t), place[source], 2));
    const end = 1 - turning(0, 0.5, (t) => within(polar(curve, 1 - t, 1 - t), place[target], sign === "inhibitory" ? 5 : 3));
    const tip = polar(curve, end, end);
    const length = headLength(sign, thick);
    const stop = end - turning(0, Math.max(0, end - start - 0.01), (t) => { const p = polar(curve, end - t, end - t); return Math.hypot(p.x - tip.x, p.y - tip.y) < length; });
    const { a, c, b } = part(curve, start, Math.max(stop, start));
    const course = courseOf((t) => polar({ a, c, b }, t, t));
    return { d: `M${xy(a)}Q${xy(c)} ${xy(b)}`, tip, way: direction(b, tip, curve), spots: spotsOf(curve, start, stop), course };
  }

  function direction(from, to, curve) {
    const [x, y] = Math.hypot(to.x - from.x, to.y - from.y) > 0.3 ? [to.x - from.x, to.y - from.y] : [curve.b.x - curve.c.x, curve.b.y - curve.c.y];
    const length = Math.hypot(x, y) || 1;
    return { x: x / length, y: y / length };
  }

  // Places for a label beside the curve: point and normal, the middle first.
  function spotsOf(curve, start, stop) {
    const bulge = (curve.c.x - (curve.a.x + curve.b.x) / 2) * -(curve.b.y - curve.a.y) + (curve.c.y - (curve.a.y + curve.b.y) / 2) * (curve.b.x - curve.a.x);
    return [0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8].flatMap((share) => {
      const t = start + (stop - start) * share;
      const way = direction(polar(curve, t, Math.max(0, t - 0.01)), polar(curve, t, Math.min(1, t + 0.01)), curve);
      const normal = { x: -way.y, y: way.x };
      const outward = Math.abs(bulge) > 1 ? Math.sign(bulge) : normal.y > 0.01 || (Math.abs(normal.y) <= 0.01 && normal.x < 0) ? -1 : 1;
      const point = polar(curve, t, t);
      return [outward, -outward].map((side) => ({ point, normal: { x: normal.x * side, y: normal.y * side } }));
    });
  }

  const SIDES = { top: { x: 0, y: -1 }, bottom: { x: 0, y: 1 }, right: { x: 1, y: 0 }, left: { x: -1, y: 0 } };

  // The side of a node towards which nothing else leaves, and where no other card stands in the way.
  function freeSide(node) {
    const busy = Object.entries(SIDES).map(([side, way], rank) => {
      let load = rank * 0.02;
      for (const edge of edges) {
        const other = edge.source === node ? edge.target : edge.target === node ? edge.source : node;
        if (other === node) continue;
        const towards = direction(place[node], place[other], { b: { x: 1, y: 0 }, c: { x: 0, y: 0 } });
        load += Math.max(0, towards.x * way.x + towards.y * way.y) ** 2;
      }
      const ahead = { x: place[node].x + way.x * (cardWidth / 2 + 30), y: place[node].y + way.y * (CARD_HEIGHT / 2 + 30) };
      place.forEach((at, other) => { if (other !== node && within(ahead, at, 8)) load += 3; });
      return { side, load };
    });
    return busy.reduce((one, other) => (other.load < one.load ? other : one)).side;
  }

  function loop(index, thick) {
    const { source, sign } = edges[index];
    const way = SIDES[freeSide(source)];
    const across = { x: -way.y, y: way.x };
    const depth = loops.get(index);
    const half = 16 + 19 * depth;
    const reach = 54 + 40 * depth;
    const edge = way.x ? cardWidth / 2 : CARD_HEIGHT / 2;
    const spot = (out, aside) => ({ x: place[source].x + way.x * (edge + out) + across.x * aside, y: place[source].y + way.y * (edge + out) + across.y * aside });
    const squeezed = Math.min(half, way.x ? CARD_HEIGHT / 2 - 8 : cardWidth / 2 - 16);
    const a = spot(2, -squeezed);
    const tip = spot(sign === "inhibitory" ? 5 : 3, squeezed);
    const second = spot(reach, half + 20);
    const coming = direction(second, tip, null);
    const length = headLength(sign, thick);
    const b = { x: tip.x - coming.x * length, y: tip.y - coming.y * length };
    const back = { x: -across.x, y: -across.y };
    const spots = [{ point: spot(reach * 0.76, 0), normal: way }, { point: spot(reach * 0.45, half + 10), normal: across }, { point: spot(reach * 0.45, -half - 10), normal: back }];
    const first = spot(reach, -half - 20);
    const course = courseOf((t) => mixed(polar({ a, c: first, b: second }, t, t), polar({ a: first, c: second, b }, t, t), t));
    return { d: `M${xy(a)}C${xy(first)} ${xy(second)} ${xy(b)}`, tip, way: coming, spots, course };
  }

  function xy(point) { return `${point.x.toFixed(2)} ${point.y.toFixed(2)}`; }

  // Arrow, bar or diamond at `tip`, coming along `way`.
  function headPath(sign, tip, way, thick) {
    const at = (back, aside) => xy({ x: tip.x - way.x * back - way.y * aside, y: tip.y - way.y * back + way.x * aside });
    const wide = 4 + 0.9 * thick;
    const long = headLength(sign, thick);
    if (sign === "inhibitory") return `M${at(0, wide + 3)}L${at(0, -wide - 3)}`;
    if (sign === "mixed") return `M${at(0, 0)}L${at(long / 2, wide)}L${at(long, 0)}L${at(long / 2, -wide)}Z`;
    return `M${at(0, 0)}L${at(long, wide)}L${at(long, -wide)}Z`;
  }

  // A label stands beside its line where it covers no node and no other label, and the fewest lines that could be;
  // where there is no such place it is not drawn.
  function drawTags() {
    const taken = place.map((at) => box(at, 2));
    edges.forEach((edge, index) => {
      const text = label === "none" ? "" : edge.label[label];
      const tag = lines[index].tag;
      const free = text ? lines[index].spots.map((s) => tagBox(s, captionWidth(text))).filter((b) => !taken.some((other) => overlap(b, other))) : [];
      const spot = clearest(free);
      tag.textContent = spot ? text : "";
      if (!spot) return;
      taken.push(spot);
      tag.setAttribute("x", (spot.x + spot.w / 2).toFixed(2));
      tag.setAttribute("y", (spot.y + spot.h / 2 + 4).toFixed(2));
    });
  }

  function clearest(boxes) {
    let best = boxes[0] || null;
    let least = Infinity;
    for (const spot of edges.length > ROUTED_NODES ? [] : boxes) {
      const crossed = lines.reduce((sum, { course }) => sum + course.filter((p) => overlap({ ...p, w: 0, h: 0 }, spot)).length, 0);
      if (crossed < least) [best, least] = [spot, crossed];
      if (!least) break;
    }
    return best;
  }

  function tagBox({ point, normal }, wide) {
    const w = wide + 6;
    const h = 17;
    const away = (Math.abs(normal.x) * w + Math.abs(normal.y) * h) / 2 + 5;
    return { x: point.x + normal.x * away - w / 2, y: point.y + normal.y * away - h / 2, w, h };
  }

  // Drawing ---------------------------------------------------------------------------------------------------

  function drawNode(index) { cards[index].setAttribute("transform", `translate(${xy(place[index])})`); }

  function drawAll() {
    nodes.forEach((_, index) => drawNode(index));
    edges.forEach((_, index) => drawEdge(index));
    drawTags();
  }

  function drawAround(node) {
    drawNode(node);
    edges.forEach((edge, index) => { if (edge.source === node || edge.target === node) drawEdge(index); });
    drawTags();
  }

  function showView() { world.setAttribute("transform", `translate(${view.x.toFixed(2)} ${view.y.toFixed(2)}) scale(${view.k.toFixed(4)})`); }

  function extent() { return nodes.length ? world.getBBox() : { x: 0, y: 0, width: 1, height: 1 }; }

  function fit() {
    const all = extent();
    const margin = Math.min(40, stage.clientWidth * 0.04);
    const k = Math.min(1.35, (stage.clientWidth - 2 * margin) / all.width, (stage.clientHeight - 2 * margin) / all.height);
    view = { k, x: stage.clientWidth / 2 - k * (all.x + all.width / 2), y: stage.clientHeight / 2 - k * (all.y + all.height / 2) };
    showView();
  }

  function zoom(factor, x = stage.clientWidth / 2, y = stage.clientHeight / 2) {
    const k = Math.min(8, Math.max(0.02, view.k * factor));
    view = { k, x: x - ((x - view.x) * k) / view.k, y: y - ((y - view.y) * k) / view.k };
    touched = true;
    showView();
  }

  function pan(x, y) {
    view = { ...view, x: view.x + x, y: view.y + y };
    touched = true;
    showView();
  }

  function move(node, x, y) {
    place[node] = { x: place[node].x + x / view.k, y: place[node].y + y / view.k };
    touched = true;
    drawAround(node);
  }

  // Brings a node that the keyboard reached into the picture.
  function reveal(node) {
    const x = place[node].x * view.k + view.x;
    const y = place[node].y * view.k + view.y;
    const [mx, my] = [Math.min((cardWidth / 2) * view.k, stage.clientWidth / 2), Math.min(CARD_HEIGHT * view.k, stage.clientHeight / 2)];
    const dx = Math.max(mx - x, 0) || Math.min(stage.clientWidth - mx - x, 0);
    const dy = Math.max(my - y, 0) || Math.min(stage.clientHeight - my - y, 0);
    if (dx || dy) pan(dx, dy);
  }

  function lay(kind, gently) {
    if (!nodes.length) return;
    const from = place;
    const to = arranged(kind);
    touched = false;
    place = to;
    drawAll();
    const end = (fit(), view);
    if (!gently || still.matches || !from.length || nodes.length > 40 || edges.length > 80) return;
    glide(from, to, end);
  }

  function glide(from, to, end) {
    const began = performance.now();
    const token = (glide.token = {});
    const step = (now) => {
      if (glide.token !== token || touched) { if (glide.token === token) { place = to; drawAll(); } return; }
      const share = Math.min(1, Math.max(0, (now - began) / 320));
      const eased = 1 - (1 - share) ** 3;
      place = to.map((at, index) => mixed(from[index], at, eased));
      drawAll();
      if (share < 1) requestAnimationFrame(step); else { place = to; view = end; drawAll(); fit(); }
    };
    requestAnimationFrame(step);
  }

  // Picking out -----------------------------------------------------------------------------------------------

  function say(text) { document.getElementById("said").textContent = text; }

  function pick(node) {
    picked = node === picked ? null : node;
    stage.classList.toggle("picked", picked !== null);
    const near = new Set([picked]);
    edges.forEach((edge, index) => {
      const on = edge.source === picked || edge.target === picked;
      if (on) near.add(edge.source).add(edge.target);
      lines[index].group.classList.toggle("on", on);
      lines[index].tag.classList.toggle("on", on);
    });
    cards.forEach((card, index) => {
      card.classList.toggle("on", near.has(index));
      card.setAttribute("aria-pressed", String(index === picked));
    });
    if (picked !== null) say(nodes[picked].said);
  }

  // Hands -----------------------------------------------------------------------------------------------------

  const pointers = new Map();
  let grip = null;

  function here(event) {
    const frame = stage.getBoundingClientRect();
    return { x: event.clientX - frame.left, y: event.clientY - frame.top };
  }

  stage.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    const card = event.target.closest("[data-node]");
    pointers.set(event.pointerId, here(event));
    stage.setPointerCapture(event.pointerId);
    stage.classList.add("held");
    grip = { node: card ? Number(card.dataset.node) : null, far: pointers.size > 1 ? Infinity : 0 };
  });

  stage.addEventListener("pointermove", (event) => {
    const before = pointers.get(event.pointerId);
    if (!before) return;
    const now = here(event);
    if (pointers.size === 2) pinch(event.pointerId, before, now);
    else if (pointers.size === 1) drag(now.x - before.x, now.y - before.y);
    pointers.set(event.pointerId, now);
  });

  function drag(x, y) {
    grip.far += Math.hypot(x, y);
    if (grip.far < 4) { grip.x = (grip.x || 0) + x; grip.y = (grip.y || 0) + y; return; }
    const [dx, dy] = [x + (grip.x || 0), y + (grip.y || 0)];
    grip.x = grip.y = 0;
    if (grip.node === null) pan(dx, dy); else move(grip.node, dx, dy);
  }

  function pinch(moving, before, now) {
    const other = [...pointers].find(([id]) => id !== moving)[1];
    const spread = (p) => Math.hypot(p.x - other.x, p.y - other.y) || 1;
    pan((now.x - before.x) / 2, (now.y - before.y) / 2);
    zoom(spread(now) / spread(before), (now.x + other.x) / 2, (now.y + other.y) / 2);
  }

  function release(event) {
    if (!pointers.delete(event.pointerId)) return;
    if (event.type === "pointerup" && grip.far < 4) pick(grip.node);
    else if (grip.node !== null && pointers.size === 0) drawAll();
    if (pointers.size) grip = { node: null, far: Infinity };
    else stage.classList.remove("held");
  }

  stage.addEventListener("pointerup", release);
  stage.addEventListener("pointercancel", release);

  stage.addEventListener("wheel", (event) => {
    event.preventDefault();
    const lineHeight = event.deltaMode === 1 ? 16 : event.deltaMode === 2 ? 400 : 1;
    const at = here(event);
    zoom(Math.exp(-event.deltaY * lineHeight * (event.ctrlKey ? 0.008 : 0.0016)), at.x, at.y);
  }, { passive: false });

  nodeLayer.addEventListener("pointerover", (event) => {
    const card = event.target.closest("[data-node]");
    if (card && !pointers.size) say(nodes[Number(card.dataset.node)].said);
  });

  const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

  stage.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const card = event.target.closest("[data-node]");
    if (!pressed(event, card ? Number(card.dataset.node) : null)) return;
    event.preventDefault();
  });

  function pressed({ key, shiftKey }, node) {
    if (key in ARROWS) {
      const [x, y] = ARROWS[key].map((way) => way * (shiftKey ? 60 : 12));
      if (node === null) pan(-4 * x, -4 * y); else { move(node, x, y); drawAll(); }
    } else if (key === "+" || key === "=") zoom(1.25);
    else if (key === "-" || key === "_") zoom(0.8);
    else if (key === "0") { fit(); touched = false; }
    else if ((key === "Enter" || key === " ") && node !== null) pick(node);
    else if (key === "Escape") pick(null);
    else return false;
    return true;
  }

  // The bar and the legend ------------------------------------------------------------------------------------

  const LAYOUT_NAMES = { layered: "Layers", circle: "Circle", spring: "Springs", grid: "Grid" };
  const VALUE_NAMES = { synapses: "synapses", weight: "mean weight", delay: "mean delay", none: "none" };

  function control(id) { return document.getElementById(id); }

  function options(id, values, spelled, chosen) {
    const select = control(id);
    values.forEach((value) => select.append(new Option(spelled[value], value, false, value === chosen)));
    select.parentElement.hidden = values.length < 2;
  }

  function known(key) { return edges.some((edge) => edge.label[key]); }

  function begin() {
    const widths = ["synapses", "weight"].filter((key) => largestOf(key) > 0);
    const labels = ["synapses", "weight", "delay"].filter(known);
    width = widths[0] || "none";
    label = edges.length <= 30 && labels.length ? labels[0] : "none";
    options("layout", Object.keys(layouts), LAYOUT_NAMES, "layered");
    options("width", widths.length ? [...widths, "none"] : [], { ...VALUE_NAMES, weight: "|mean weight|", none: "equal" }, width);
    options("label", labels.length ? [...labels, "none"] : [], VALUE_NAMES, label);
    control("bar").hidden = false;
    control("layout").addEventListener("change", (event) => lay(event.target.value, true));
    control("width").addEventListener("change", (event) => { width = event.target.value; drawAll(); });
    control("label").addEventListener("change", (event) => { label = event.target.value; drawTags(); });
    control("in").addEventListener("click", () => zoom(1.25));
    control("out").addEventListener("click", () => zoom(0.8));
    control("fit").addEventListener("click", () => { fit(); touched = false; });
    control("reset").addEventListener("click", () => lay(control("layout").value, true));
    control("save").addEventListener("click", save);
    legend();
    stage.append(svg);
    new ResizeObserver(() => { if (!touched) lay(control("layout").value, false); }).observe(stage);
    lay("layered", false);
    if (!nodes.length) say("This recording has no populations.");
  }

  function legend() {
    const spelled = { excitatory: "excitatory", inhibitory: "inhibitory", mixed: "both signs", unknown: "sign unknown" };
    const signs = Object.keys(spelled).filter((sign) => edges.some((edge) => edge.sign === sign));
    const told = signs.some((sign) => sign !== "unknown");
    if (told) signs.forEach((sign) => legendLine(sign, spelled[sign]));
    if (edges.some((edge) => edge.value.synapses === 0)) legendEmpty("no synapses");
    if (nodes.some((node) => node.size)) legendDisc("unknown", told ? "disc: area neurons, colour the sign it sends" : "disc area: neurons");
  }

  function legendItem(text) {
    const item = document.createElement("li");
    const sample = drawn("svg", { viewBox: "0 0 38 18", "aria-hidden": "true" });
    item.append(sample, text);
    control("legend").append(item);
    return sample;
  }

  function legendLine(sign, text) {
    const group = drawn("g", { class: sign }, legendItem(text));
    drawn("path", { class: "line", d: `M2 9H${35 - headLength(sign, 2)}`, "stroke-width": 2 }, group);
    drawn("path", { class: "head", d: headPath(sign, { x: 35, y: 9 }, { x: 1, y: 0 }, 2), "stroke-width": sign === "inhibitory" ? 2.6 : 1.4 }, group);
  }

  function legendEmpty(text) {
    drawn("path", { class: "line", d: "M2 9H36", "stroke-width": 2 }, drawn("g", { class: "unknown empty" }, legendItem(text)));
  }

  function legendDisc(sign, text) {
    const group = drawn("g", { class: sign }, legendItem(text));
    [[7, 3], [18, 5], [31, 7]].forEach(([cx, r]) => drawn("circle", { class: "disc", cx, cy: 9, r }, group));
  }

  // The picture to take home ----------------------------------------------------------------------------------

  const KEPT = ["fill", "stroke", "stroke-width", "stroke-dasharray", "stroke-linejoin", "paint-order", "font-family", "font-size", "font-weight", "text-anchor"];
  const DROPPED = ["class", "tabindex", "role", "aria-pressed", "aria-label", "aria-hidden", "data-node", "data-edge"];

  function inlined(shown, copy) {
    const style = getComputedStyle(shown);
    KEPT.forEach((key) => { const value = style.getPropertyValue(key); if (value && value !== "none" || key === "fill") copy.setAttribute(key, value); });
    DROPPED.forEach((key) => copy.removeAttribute(key));
  }

  function picture() {
    const all = extent();
    const copy = svg.cloneNode(true);
    const shown = [...svg.querySelectorAll("*")];
    [...copy.querySelectorAll("*")].forEach((element, index) => {
      if (shown[index].matches(".hit, .tag:empty")) element.remove();
      else if (shown[index].matches("title")) return;
      else inlined(shown[index], element);
    });
    const margin = 24;
    const frame = { x: all.x - margin, y: all.y - margin, width: all.width + 2 * margin, height: all.height + 2 * margin };
    copy.removeAttribute("aria-hidden");
    copy.firstChild.removeAttribute("transform");
    copy.setAttribute("viewBox", Object.values(frame).map((value) => value.toFixed(1)).join(" "));
    copy.setAttribute("width", frame.width.toFixed(1));
    copy.setAttribute("height", frame.height.toFixed(1));
    copy.prepend(drawn("title", {}), drawn("rect", { ...frame, fill: getComputedStyle(control("figure")).backgroundColor }));
    copy.firstChild.textContent = graph.title;
    return new XMLSerializer().serializeToString(copy);
  }

  function save() {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([picture()], { type: "image/svg+xml" }));
    link.download = "topology.svg";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }

  begin();
})();
