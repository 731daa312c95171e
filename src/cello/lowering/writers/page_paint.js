/* Colours and canvases. */

const MARGIN = 72; // at the left of each canvas, for numbers and letters
const FONT = "22px system-ui, 'DejaVu Sans', sans-serif";
const VIRIDIS = ["#440154", "#472d7b", "#3b528b", "#2c728e", "#21918c", "#28ae80", "#5ec962", "#addc30", "#fde725"];
const DIVERGING = {
  light: ["#053061", "#2166ac", "#67a9cf", "#d1e5f0", "#f7f7f7", "#fee0b6", "#f1a340", "#b35806", "#6b3303"],
  dark: ["#c6e2ff", "#7cbcf5", "#3482c4", "#17456f", "#10151b", "#6b3a08", "#c26a10", "#f5a44a", "#ffe0b8"],
};
const LINES = {
  light: ["#0072b2", "#d55e00", "#009e73", "#a2478a", "#8a6d00", "#2b8cbe", "#555555", "#000000"],
  dark: ["#56b4e9", "#ff9a3c", "#35d0a5", "#e58fc6", "#f0e442", "#9fd3f5", "#c8c8c8", "#ffffff"],
};
const DASHES = [[], [10, 5], [3, 4], [14, 4, 3, 4], [20, 6], [6, 6], [2, 6], [12, 3, 3, 3]];

const theme = () => document.documentElement.dataset.theme;
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const rgbOf = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));

/* The scale of some numbers: viridis from 0, or blue to orange around 0. */
function scaleOf(values) {
  let low = 0, high = 0;
  for (const v of values) {
    if (v < low && v > -Infinity) low = v;
    if (v > high && v < Infinity) high = v;
  }
  const most = Math.max(-low, high);
  if (low < 0) return { low: -most, high: most, stops: DIVERGING[theme()] };
  return { low: 0, high: high > 0.5 && high <= 1 ? 1 : high || 1, stops: VIRIDIS };
}

/* 256 colours of a scale, from its low to its high end. */
function tableOf(stops) {
  return Array.from({ length: 256 }, (_, i) => {
    const place = (i / 255) * (stops.length - 1);
    const first = Math.min(Math.floor(place), stops.length - 2);
    const [a, b] = [rgbOf(stops[first]), rgbOf(stops[first + 1])];
    return [...a.map((v, j) => v + (b[j] - v) * (place - first)), 255];
  });
}

/* A number in few signs. */
function short(value, digits = 3) {
  if (Number.isNaN(value)) return "–";
  const text = Math.abs(value) >= 1000 || (value !== 0 && Math.abs(value) < 0.001) ? value.toExponential(1) : value.toPrecision(digits);
  return text.replace("-", "−");
}

/* A canvas with a caption, put into `parent`. */
function panel(parent, kind, label, height) {
  const figure = document.createElement("figure");
  const caption = figure.appendChild(document.createElement("figcaption"));
  const name = caption.appendChild(document.createElement("span"));
  const note = caption.appendChild(document.createElement("span"));
  const canvas = figure.appendChild(document.createElement("canvas"));
  figure.className = kind;
  note.className = "note";
  name.textContent = name.title = label;
  canvas.style.height = `${height}px`;
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", label);
  parent.append(figure);
  return { canvas, name, note };
}

/* A cleared canvas to draw on in CSS' pixels, and where steps and numbers stand in it. */
function paint(canvas, steps, low = 0, high = 1) {
  const { width, height } = canvas.getBoundingClientRect();
  const dense = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * dense);
  canvas.height = Math.round(height * dense);
  const c = canvas.getContext("2d");
  c.scale(dense, dense);
  c.font = FONT;
  c.textBaseline = "middle";
  const column = (width - MARGIN) / steps;
  const y = (v) => height - 8 - ((v - low) / (high - low || 1)) * (height - 16);
  return { c, width, height, column, x: (t) => MARGIN + t * column, y };
}

function label(p, text, y, colour = css("--quiet")) {
  p.c.fillStyle = colour;
  p.c.textAlign = "right";
  p.c.fillText(text, MARGIN - 8, Math.min(Math.max(y, 11), p.height - 11));
}

/* Where the run has come to. */
function drawNow(p, now) {
  p.c.fillStyle = css("--mark");
  p.c.fillRect(p.x(now) - 1.5, 0, 3, p.height);
}

function drawAxis(p, low, high) {
  p.c.fillStyle = css("--line");
  if (low <= 0 && high >= 0) p.c.fillRect(MARGIN, p.y(0) - 0.5, p.width - MARGIN, 1);
  label(p, short(high, 2), p.y(high));
  label(p, short(low, 2), p.y(low));
}

/* A line through the numbers of `unit` of `size`, over steps that have none. */
function drawLine(p, values, size, unit, upTo, colour, dash, wide) {
  const { c } = p;
  c.strokeStyle = colour;
  c.lineWidth = wide;
  c.setLineDash(dash);
  c.beginPath();
  for (let t = 0; t < upTo; ++t) {
    const v = values[t * size + unit];
    if (!Number.isNaN(v)) c.lineTo(p.x(t + 0.5), p.y(v));
  }
  c.stroke();
  c.setLineDash([]);
}

/* Units from above to below, steps from left to right. */
function drawMap(p, values, size, steps, upTo, scale) {
  const image = new ImageData(steps, size);
  const table = tableOf(scale.stops);
  const factor = 255 / (scale.high - scale.low);
  for (let t = 0; t < upTo; ++t) {
    for (let u = 0; u < size; ++u) {
      const v = values[t * size + u];
      const place = Math.min(Math.max(Math.round((v - scale.low) * factor), 0), 255);
      if (!Number.isNaN(v)) image.data.set(table[place], (u * steps + t) * 4);
    }
  }
  const small = new OffscreenCanvas(steps, size);
  small.getContext("2d").putImageData(image, 0, 0);
  p.c.imageSmoothingEnabled = false;
  p.c.drawImage(small, MARGIN, 0, p.width - MARGIN, p.height);
}

/* In a caption: the colours, and what they stand for. */
function drawScale(note, scale) {
  const bar = document.createElement("span");
  bar.className = "bar";
  bar.style.background = `linear-gradient(to right, ${scale.stops.join(", ")})`;
  note.replaceChildren(short(scale.low, 2), bar, short(scale.high, 2));
}

/* Bars from zero, orange up and blue down, as high as a power of a number, in a band of the canvas. */
function drawBars(p, values, size, unit, steps, most, band, power) {
  const [top, bottom] = band;
  const middle = (top + bottom) / 2, half = (bottom - top) / 2 - 3;
  const [down, up] = LINES[theme()];
  for (let t = 0; t < steps; ++t) {
    const v = values[t * size + unit];
    if (Number.isNaN(v)) continue;
    const height = (Math.abs(v) / most) ** power * half;
    p.c.fillStyle = v < 0 ? down : up;
    p.c.fillRect(p.x(t) + p.column * 0.1, v < 0 ? middle : middle - height, p.column * 0.8, height);
  }
  p.c.fillStyle = css("--line");
  p.c.fillRect(MARGIN, middle - 0.5, p.width - MARGIN, 1);
}
