/* The page: what is typed and drawn, and what is shown of the run. */

const STEPS = 120;
const about = JSON.parse(document.getElementById("model").textContent);
const url = URL.createObjectURL(new Blob([about.module], { type: "text/javascript" }));
const m = await import(url);
const $ = (id) => document.getElementById(id);
const shown = about.outputs.length - about.gates; // the outputs behind these are gates
const texts = about.inputs.flatMap((b, k) => (b.symbols ? [{ k, box: null, note: null }] : []));
const maps = []; // {panel, unit: {kind, index}, size}
const lanes = []; // {panel, k, f}
const S = { steps: STEPS, now: STEPS, inputs: [], found: null, pick: null, timer: 0, range: 1, bars: [], job: 0 };

// ------------------------------------------------------------------------------- inputs

const visible = (sign) => ({ " ": "␣", "\n": "⏎", "\t": "⇥", "\0": "∅" })[sign] ?? sign;
const symbol = (k) => (about.characters ? visible(about.characters[k] ?? "?") : String(k));

/* The symbols in a text, and the signs that are none. */
function read(text) {
  if (!about.characters) {
    const words = text.trim().split(/[\s,;]+/).filter(Boolean);
    return [words.filter((w) => /^\d+$/.test(w)).map(Number), words.filter((w) => !/^\d+$/.test(w))];
  }
  const signs = Array.from(text);
  const known = signs.filter((s) => about.characters.includes(s));
  return [known.map((s) => about.characters.indexOf(s)), signs.filter((s) => !about.characters.includes(s))];
}

/* Take what stands in the boxes, and as many steps of all else. */
function readTexts() {
  const found = texts.map(({ box, note }) => {
    const [symbols, unknown] = read(box.value);
    note.textContent = unknown.length ? `not in the alphabet: ${[...new Set(unknown)].map(visible).join(" ")}` : "";
    return symbols;
  });
  if (texts.length) resize(Math.max(1, ...found.map((symbols) => symbols.length)));
  texts.forEach(({ k }, i) => S.inputs[k].fill(0).set(found[i]));
}

function resize(steps) {
  const old = S.steps;
  S.steps = steps;
  S.now = S.now >= old ? steps : Math.min(S.now, steps);
  about.inputs.forEach((b, k) => { if (S.inputs[k].length !== b.size * steps) sine(k); });
}

/* A sine for each feature, each faster than that above; a constant one for inputs without time. */
function sine(k) {
  const b = about.inputs[k];
  S.inputs[k] = emptyOf(b, S.steps);
  for (let i = 0; i < S.inputs[k].length; ++i) {
    const f = i % b.size, t = b.timed ? Math.floor(i / b.size) : 7;
    S.inputs[k][i] = 0.8 * S.range * Math.sin((2 * Math.PI * t * (f + 1)) / 40);
  }
}

/* Draw with the mouse: from where it was to where it is. */
function drawable({ panel: { canvas }, k, f }) {
  const b = about.inputs[k];
  let last = null;
  const draw = (event) => {
    const box = canvas.getBoundingClientRect();
    const t = Math.floor(((event.clientX - box.left - MARGIN) / (box.width - MARGIN)) * S.steps);
    const high = 1 - ((event.clientY - box.top - 8) / (box.height - 16)) * 2;
    const here = { t: Math.min(Math.max(t, 0), S.steps - 1), v: Math.min(Math.max(high, -1), 1) * S.range };
    const from = b.timed ? last ?? here : { t: 0, v: here.v };
    const to = b.timed ? here : { t: S.steps - 1, v: here.v };
    const length = Math.abs(to.t - from.t) || 1;
    for (let i = 0; i <= length; ++i) {
      const at = from.t + Math.round(((to.t - from.t) * i) / length);
      S.inputs[k][at * b.size + f] = from.v + ((to.v - from.v) * i) / length;
    }
    last = here;
    rerun();
  };
  canvas.addEventListener("pointerdown", (event) => { canvas.setPointerCapture(event.pointerId); last = null; draw(event); });
  canvas.addEventListener("pointermove", (event) => event.buttons && draw(event));
}

// --------------------------------------------------------------------------------- runs

const numbersOf = ({ kind, index }) => S.found[kind][index];
const nameOf = ({ kind, index, unit }) => {
  const b = about[kind][index];
  const named = about.characters?.length === b.size && kind === "outputs";
  return b.size === 1 ? b.label : `${b.label}, ${named ? symbol(unit) : `unit ${unit}`}`;
};

function rerun() {
  S.found = run(m, about, S.inputs, S.steps);
  show();
}

/* What follows, as probabilities by symbol, if the first output has one number for each. */
function nextSymbols() {
  if (about.characters?.length !== about.outputs[0].size || S.now === 0) return [];
  const size = about.outputs[0].size;
  let p = Array.from(S.found.outputs[0].slice((S.now - 1) * size, S.now * size));
  const sum = p.reduce((a, b) => a + b, 0);
  if (Math.abs(sum - 1) > 1e-3 || p.some((v) => v < 0)) {
    const most = Math.max(...p);
    p = p.map((v) => Math.exp(v - most));
    const all = p.reduce((a, b) => a + b, 0);
    p = p.map((v) => v / all);
  }
  return p.map((v, k) => [v, k]).sort((a, b) => b[0] - a[0]);
}

/* How the picked unit, at the last step, depends on each step of the inputs; the latest come first. */
function* influences() {
  const last = S.now - 1;
  S.bars = about.inputs.map((b) => new Float32Array(b.size * S.steps).fill(NaN));
  for (let t = last; t >= 0; --t) {
    for (const [k, b] of about.inputs.entries()) {
      const others = b.array === "Uint8Array" ? [0, 1] : [...new Set(S.inputs[k])].slice(0, 8);
      for (let f = 0; b.timed && f < b.size; ++f) {
        S.bars[k][t * b.size + f] = influence(m, about, S.found.before, S.inputs, { k, f, t }, last, S.pick, others);
        yield;
      }
    }
  }
}

function startInfluences() {
  const job = ++S.job, work = influences();
  const go = () => {
    const until = performance.now() + 12;
    let done = false;
    while (job === S.job && !done && performance.now() < until) done = work.next().done;
    if (job !== S.job) return;
    showInfluences();
    if (!done) setTimeout(go);
  };
  go();
}

// --------------------------------------------------------------------------------- shows

function show() {
  $("clock").textContent = `step ${S.now} of ${S.steps}`;
  const next = nextSymbols().slice(0, 4);
  $("next").replaceChildren(...(next.length ? ["next:"] : []), ...next.map(([v, k]) => {
    const b = document.createElement("b");
    b.textContent = `${symbol(k)} ${Math.round(v * 100)} %`;
    return b;
  }));
  lanes.forEach(showLane);
  texts.forEach(showText);
  maps.forEach((map) => (map.lines ? showLines(map) : showMap(map)));
  showTrace();
  startInfluences();
}

function showLane({ panel: { canvas, note }, k, f }) {
  const p = paint(canvas, S.steps, -S.range, S.range);
  drawAxis(p, -S.range, S.range);
  drawLine(p, S.inputs[k], about.inputs[k].size, f, S.steps, LINES[theme()][0], [], 3);
  drawNow(p, S.now);
  note.textContent = S.now ? short(S.inputs[k][(S.now - 1) * about.inputs[k].size + f]) : "";
}

function showText({ k, strip }) {
  const p = paint(strip.canvas, S.steps);
  showSymbols(p, k, 0);
  drawNow(p, S.now);
}

/* The symbols, each at its step. */
function showSymbols(p, k, top) {
  p.c.textAlign = "center";
  p.c.font = `${Math.min(28, Math.max(p.column * 1.3, 9))}px ui-monospace, 'DejaVu Sans Mono', monospace`;
  for (let t = 0; t < S.steps; ++t) {
    p.c.fillStyle = css(t < S.now ? "--ink" : "--line");
    p.c.fillText(symbol(S.inputs[k][t]), p.x(t + 0.5), (top + p.height) / 2);
  }
}

const isPicked = ({ unit }) => S.pick.kind === unit.kind && S.pick.index === unit.index;

function showLines(map) {
  const values = numbersOf(map.unit);
  const finite = values.filter(Number.isFinite);
  const low = Math.min(0, ...finite), high = Math.max(low + 1e-6, ...finite);
  const p = paint(map.panel.canvas, S.steps, low, high);
  drawAxis(p, low, high);
  for (let u = 0; u < map.size; ++u) {
    const wide = isPicked(map) && S.pick.unit === u ? 6 : 3;
    drawLine(p, values, map.size, u, S.now, LINES[theme()][u], DASHES[u], wide);
  }
  drawNow(p, S.now);
  const now = S.now ? Array.from(values.slice((S.now - 1) * map.size, S.now * map.size)) : [];
  map.panel.note.replaceChildren(...now.map((v, u) => {
    const number = document.createElement("b");
    number.style.color = LINES[theme()][u];
    number.textContent = ` ${short(v, 2)}`;
    return number;
  }));
}

function showMap(map) {
  const values = numbersOf(map.unit);
  const scale = scaleOf(values);
  const p = paint(map.panel.canvas, S.steps);
  const row = p.height / map.size;
  drawMap(p, values, map.size, S.steps, S.now, scale);
  const named = map.unit.kind === "outputs" && about.characters?.length === map.size;
  const every = Math.ceil(24 / row + (row < 12));
  for (let u = 0; u < map.size; u += every) label(p, named ? symbol(u) : String(u), (u + 0.5) * row);
  if (isPicked(map)) {
    p.c.strokeStyle = css("--pick");
    p.c.lineWidth = 3;
    p.c.strokeRect(MARGIN, S.pick.unit * row - 1.5, p.width - MARGIN - 1, row + 3);
    p.c.fillStyle = css("--page");
    p.c.fillRect(0, (S.pick.unit + 0.5) * row - 14, MARGIN, 28);
    label(p, `${named ? symbol(S.pick.unit) : S.pick.unit} ▸`, (S.pick.unit + 0.5) * row, css("--mark"));
  }
  drawNow(p, S.now);
  drawScale(map.panel.note, scale);
}

function showTrace() {
  const b = about[S.pick.kind][S.pick.index];
  const values = numbersOf(S.pick).filter((_, i) => i % b.size === S.pick.unit);
  const finite = values.filter(Number.isFinite);
  const low = Math.min(0, ...finite), high = Math.max(low + 1e-6, ...finite);
  const p = paint(trace.canvas, S.steps, low, high);
  drawAxis(p, low, high);
  drawLine(p, values, 1, 0, S.now, LINES[theme()][1], [], 4);
  drawNow(p, S.now);
  trace.name.textContent = nameOf(S.pick);
  trace.note.textContent = S.now ? short(values[S.now - 1]) : "";
}

function showInfluences() {
  const p = paint(effect.canvas, S.steps);
  const rows = about.inputs.flatMap((b, k) => (b.timed ? Array.from({ length: b.size }, (_, f) => ({ k, f, b })) : []));
  const most = S.bars.reduce((a, bars) => bars.reduce((x, v) => Math.max(x, Math.abs(v) || 0), a), 0);
  rows.forEach(({ k, f, b }, i) => {
    const band = [(i * p.height) / rows.length, ((i + 1) * p.height) / rows.length];
    if (b.symbols) showSymbols(p, k, band[1] -= 34);
    drawBars(p, S.bars[k], b.size, f, S.steps, most || 1, band, b.symbols ? 1 : 0.5); // a root, so that what is long ago can be seen
    if (b.size > 1 && band[1] - band[0] >= 20) label(p, String(f), (band[0] + band[1]) / 2);
  });
  drawNow(p, S.now);
  effect.name.textContent = `${nameOf(S.pick)}: what it depends on`;
  effect.note.textContent = `up to ${short(most)}${rows.some(({ b }) => !b.symbols) ? ", height: root" : ""}`;
}
