/* What the keys do, and how the page begins. */

// --------------------------------------------------------------------------------- keys

function moveTo(step) {
  S.now = Math.min(Math.max(step, 0), S.steps);
  show();
}

function forward() {
  moveTo(S.now >= S.steps ? 1 : S.now + 1);
  if (S.timer && S.now === S.steps) play();
}

function play() {
  if (S.timer) clearInterval(S.timer);
  S.timer = S.timer ? 0 : setInterval(forward, 120);
}

/* Pick the next unit, or the first of the next map. */
function pick(units, ofMap) {
  const all = maps.flatMap(({ unit, size }) => Array.from({ length: size }, (_, u) => ({ ...unit, unit: u })));
  const heads = all.filter(({ unit }) => unit === 0);
  const list = ofMap ? heads : all;
  const here = list.findIndex((u) => u.kind === S.pick.kind && u.index === S.pick.index && (ofMap || u.unit === S.pick.unit));
  S.pick = list[(here + units + list.length) % list.length];
  show();
}

/* Let a model of symbols write: the likely ones often. */
function write() {
  S.now = S.steps;
  const next = nextSymbols();
  let chance = random();
  const [, found] = next.find(([v]) => (chance -= v) < 0) ?? next[0];
  texts[0].box.value += about.characters[found];
  readTexts();
  rerun();
}

let seed = 1;
const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647;

function widen(factor) {
  S.range *= factor;
  show();
}

function turnTheme() {
  document.documentElement.dataset.theme = theme() === "dark" ? "light" : "dark";
  show();
}

const writes = texts.length === 1 && about.characters?.length === about.outputs[0].size;
const KEYS = [
  { keys: [" ", "ArrowRight"], sign: "Space", says: "step", does: forward },
  { keys: ["ArrowLeft"], sign: "←", says: "back", does: () => moveTo(S.now - 1) },
  { keys: ["p"], sign: "P", says: "play, pause", does: play },
  { keys: ["r"], sign: "R", says: "reset", does: () => moveTo(0) },
  { keys: ["e"], sign: "E", says: "end", does: () => moveTo(S.steps) },
  { keys: ["ArrowUp"], sign: "↑", says: "unit above", does: () => pick(-1) },
  { keys: ["ArrowDown"], sign: "↓", says: "below", does: () => pick(1) },
  { keys: ["Tab"], sign: "Tab", says: "next map", does: () => pick(1, true) },
  ...(about.inputs.every((b) => b.symbols) ? [] : [
    { keys: ["+", "="], sign: "+", says: "wider", does: () => widen(2) },
    { keys: ["-"], sign: "−", says: "narrower", does: () => widen(0.5) },
    { keys: ["s"], sign: "S", says: "sine", does: () => { about.inputs.forEach((b, k) => b.symbols || sine(k)); rerun(); } },
  ]),
  ...(texts.length ? [{ keys: ["i"], sign: "I", says: "type, Esc to end", does: () => texts[0].box.focus() }] : []),
  ...(writes ? [{ keys: ["w"], sign: "W", says: "write on", does: write }] : []),
  { keys: ["t"], sign: "T", says: "dark, light", does: turnTheme },
];

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.tagName === "TEXTAREA") {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const wanted = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const found = KEYS.find(({ keys }) => keys.includes(wanted) && !(wanted === "Tab" && event.shiftKey));
  if (!found) return;
  event.preventDefault();
  found.does();
}

// --------------------------------------------------------------------------------- begin

function addMap(parent, kind, index) {
  const b = about[kind][index];
  const lines = kind === "outputs" && index < shown && b.size <= LINES.light.length;
  const named = kind === "outputs" && about.characters?.length === b.size;
  const height = lines ? 190 : Math.min(Math.max(b.size * (named ? 25 : 16), 56), named ? 420 : 236);
  const map = { panel: panel(parent, lines ? "lines" : "map", b.label, height), unit: { kind, index }, size: b.size, lines };
  map.panel.canvas.addEventListener("pointerdown", (event) => {
    const box = map.panel.canvas.getBoundingClientRect();
    S.pick = { kind, index, unit: lines ? nearest(map, event, box) : Math.min(Math.floor(((event.clientY - box.top) / box.height) * b.size), b.size - 1) };
    show();
  });
  maps.push(map);
}

/* The line that is nearest to the mouse. */
function nearest({ unit, size }, event, box) {
  const values = numbersOf(unit);
  const finite = values.filter(Number.isFinite);
  const low = Math.min(0, ...finite), high = Math.max(low + 1e-6, ...finite);
  const t = Math.min(Math.max(Math.floor(((event.clientX - box.left - MARGIN) / (box.width - MARGIN)) * S.steps), 0), S.steps - 1);
  const v = low + (1 - (event.clientY - box.top - 8) / (box.height - 16)) * (high - low);
  const far = Array.from({ length: size }, (_, u) => Math.abs(values[t * size + u] - v));
  return Math.max(far.indexOf(Math.min(...far)), 0);
}

function addInput(b, k) {
  if (b.symbols) {
    const text = texts.find((t) => t.k === k);
    text.strip = panel($("given"), "text", b.label, 44);
    text.note = text.strip.note;
    text.box = document.createElement("textarea");
    text.box.rows = 1;
    text.box.spellcheck = false;
    text.box.setAttribute("aria-label", b.label);
    text.box.value = about.characters ? about.characters.slice(0, 40).join("") : "0 1 0 1 0 1 0 1";
    text.box.addEventListener("input", () => { readTexts(); rerun(); });
    text.strip.canvas.after(text.box);
    return;
  }
  const features = about.inputs.reduce((n, b) => n + (b.symbols ? 0 : b.size), 0);
  for (let f = 0; f < b.size; ++f) {
    const height = features > 6 ? 60 : features > 3 ? 76 : 116;
    const lane = { panel: panel(lanesAt, "lane", b.size === 1 ? b.label : `${b.label}, ${f}`, height), k, f };
    lanes.push(lane);
    drawable(lane);
  }
}

const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => { document.documentElement.dataset.theme = dark.matches ? "dark" : "light"; };
follow();
dark.addEventListener("change", () => { follow(); show(); });
document.title = $("title").textContent = about.title;
const lanesAt = $("given").appendChild(document.createElement("div"));
lanesAt.id = "lanes";
about.inputs.forEach((b, k) => { sine(k); addInput(b, k); });
for (let k = 0; k < shown; ++k) addMap($("given"), "outputs", k);
about.states.forEach((_, k) => addMap($("inside"), "states", k));
for (let k = shown; k < about.outputs.length; ++k) addMap($("inside"), "outputs", k);
S.pick = { ...maps[0].unit, unit: 0 };
const under = $("given").offsetHeight > $("inside").offsetHeight + 100 ? $("inside") : $("given"); // where there is room
const trace = panel(under, "trace", "", 140);
const effect = panel(under, "effect", "", Math.min(Math.max(84 * about.inputs.reduce((n, b) => n + b.size, 0), 130), 260));
for (const { sign, says, does } of KEYS) {
  const button = $("keys").appendChild(document.createElement("button"));
  const key = document.createElement("kbd");
  key.textContent = sign;
  button.append(key, says);
  button.addEventListener("click", () => { does(); button.blur(); });
}
document.addEventListener("keydown", onKey);
window.addEventListener("resize", show);
readTexts();
if (writes) {
  texts[0].box.value = about.characters[0];
  readTexts();
  S.found = run(m, about, S.inputs, S.steps);
  for (let i = 0; i < 40; ++i) write();
}
S.found = run(m, about, S.inputs, S.steps);
S.pick.unit = nextSymbols()[0]?.[1] ?? 0;
show();

/* `page.html#test` says what it has computed, for those who compare. */
if (location.hash === "#test") {
  for (const _ of influences());
  const plain = (arrays) => arrays.map((a) => Array.from(a, (v) => (Number.isNaN(v) ? null : v)));
  const results = document.createElement("script");
  results.type = "application/json";
  results.id = "results";
  results.textContent = JSON.stringify({
    steps: S.steps, inputs: plain(S.inputs), outputs: plain(S.found.outputs.slice(0, shown)),
    states: plain(S.found.states), influence: plain(S.bars), pick: S.pick,
  }).replaceAll("<", "\\u003c");
  document.body.append(results);
}
