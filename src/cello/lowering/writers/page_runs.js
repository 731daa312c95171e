/* The model over a sequence, and how much each step of the inputs matters. Nothing here knows the
 * page: `m` is the module of the model, `about` what page.py says of it. */

const arraysOf = { Float32Array, Int32Array, Uint32Array, Uint8Array };
const emptyOf = (buffer, steps = 1) => new arraysOf[buffer.array](buffer.size * steps);

function copyOf(state) {
  const copy = {};
  for (const [key, value] of Object.entries(state)) {
    copy[key] = typeof value === "number" ? value : value.slice();
  }
  return copy;
}

/* One step at `t` of `inputs`, each an array (steps, size). Gives [outputs, which of them are new]. */
function stepAt(m, about, state, inputs, t) {
  const now = about.inputs.map((b, k) => inputs[k].slice(t * b.size, (t + 1) * b.size));
  const outputs = about.outputs.map((b) => emptyOf(b));
  const bits = m.step(state, ...now, ...outputs);
  return [outputs, about.outputs.map((_, k) => Math.floor(bits / 2 ** k) % 2 === 1)];
}

/* All steps: what is remembered before each of them, and numbers (steps, size) of states and outputs,
 * NaN at steps that have none. */
function run(m, about, inputs, steps) {
  const state = m.init();
  const filled = (b) => new Float32Array(b.size * steps).fill(NaN);
  const found = { before: [], states: about.states.map(filled), outputs: about.outputs.map(filled) };
  for (let t = 0; t < steps; ++t) {
    found.before.push(copyOf(state));
    const [outputs, given] = stepAt(m, about, state, inputs, t);
    about.states.forEach((b, k) => found.states[k].set(state[b.name], t * b.size));
    about.outputs.forEach((b, k) => given[k] && found.outputs[k].set(outputs[k], t * b.size));
  }
  return found;
}

/* The number of a unit, {kind, index, unit}, at step `last` if the run goes on from `first`; 0 if
 * there has been none. */
function valueAt(m, about, before, inputs, first, last, unit) {
  const state = copyOf(before[first]);
  let value = 0;
  for (let t = first; t <= last; ++t) {
    const [outputs, given] = stepAt(m, about, state, inputs, t);
    if (unit.kind === "outputs" && given[unit.index]) value = outputs[unit.index][unit.unit];
  }
  if (unit.kind === "outputs") return value;
  return state[about.states[unit.index].name][unit.unit];
}

/* By how much a unit at step `last` changes with feature `f` of input `k` at step `t`: the slope, by
 * differences; of symbols the mean change that the other symbols of `others` make. */
function influence(m, about, before, inputs, place, last, unit, others) {
  const { k, f, t } = place;
  const at = t * about.inputs[k].size + f;
  const with_ = (value) => {
    const changed = inputs.slice();
    changed[k] = inputs[k].slice();
    changed[k][at] = value;
    return valueAt(m, about, before, changed, t, last, unit);
  };
  const own = inputs[k][at];
  if (about.inputs[k].array === "Float32Array") {
    const up = Math.fround(own + 0.01), down = Math.fround(own - 0.01);
    return (with_(up) - with_(down)) / (up - down);
  }
  const base = with_(own);
  const changes = others.filter((other) => other !== own).map((other) => with_(other) - base);
  return changes.reduce((sum, c) => sum + c, 0) / (changes.length || 1);
}
