// A small chart on a canvas: lines of both sides, numbers at the ends of the axes, and where now is.

import { el } from "./tools.js";
import { explains } from "./why.js";

const [APART, LETTERS] = [34, 12]; // pixels: between numbers of an axis, and of a line of text
const POINTS = 400; // of a line, about
const [LEFT, RIGHT, TOP, BOTTOM] = [38, 8, 6, 18];

export class Chart {
  constructor(parent, name) {
    this.root = el("figure", `dcv-chart dcv-chart-${name}`);
    this.head = el("figcaption");
    this.canvas = el("canvas", "", { role: "img" });
    this.root.append(this.head, this.canvas);
    parent.append(this.root);
  }

  draw(spec, lines, now, style) {
    // lines: [{x, y, colour, dash, width}]; now: a place on the horizontal axis, or null
    this.title(spec);
    const ratio = window.devicePixelRatio || 1;
    const [w, h] = [this.canvas.clientWidth, this.canvas.clientHeight];
    if (!w || !h) return;
    if (this.canvas.width !== Math.round(w * ratio)) this.canvas.width = Math.round(w * ratio);
    if (this.canvas.height !== Math.round(h * ratio)) this.canvas.height = Math.round(h * ratio);
    const pen = this.canvas.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, w, h);
    const [x, y] = [axis(spec.x, lines.flatMap((l) => l.x), 0), axis(spec.y, [...lines.flatMap((l) => l.y), ...(spec.level ? [spec.level.value] : [])], spec.floor)];
    const px = (v) => LEFT + x(v) * (w - LEFT - RIGHT);
    const py = (v) => h - BOTTOM - y(v) * (h - TOP - BOTTOM);
    pen.font = `400 11px ${style.font}`;
    pen.fillStyle = style.muted;
    pen.strokeStyle = style.hairline;
    pen.lineWidth = 1;
    this.ticks(pen, { x, y, px, py, w, h, unit: spec.unit ?? "" });
    if (spec.level) this.level(pen, py(spec.level.value), w, style);
    for (const line of lines) trace(pen, line, px, py, h - BOTTOM);
    if (spec.level) this.name(pen, spec.level, py(spec.level.value), w, style);
    if (now !== null) {
      pen.strokeStyle = style.now;
      pen.setLineDash([]);
      pen.lineWidth = 1;
      pen.beginPath();
      pen.moveTo(Math.round(px(now)) + 0.5, TOP);
      pen.lineTo(Math.round(px(now)) + 0.5, h - BOTTOM);
      pen.stroke();
    }
  }

  title({ title, explained }) {
    const key = title + explained;
    if (this.titled === key) return;
    this.titled = key;
    const name = el("b", "", {}, title);
    explains(name, explained);
    this.head.replaceChildren(name);
    this.root.title = explained;
    this.canvas.setAttribute("aria-label", `${title}. ${explained}`);
  }

  ticks(pen, { x, y, px, py, w, h, unit }) {
    pen.textAlign = "right";
    pen.textBaseline = "middle";
    for (const v of y.ticks) {
      pen.beginPath();
      pen.moveTo(LEFT, Math.round(py(v)) + 0.5);
      pen.lineTo(w - RIGHT, Math.round(py(v)) + 0.5);
      pen.stroke();
      pen.fillText(short(v), LEFT - 5, py(v));
    }
    pen.textBaseline = "alphabetic";
    const places = x.ticks.map(px);
    x.ticks.forEach((v, i) => {
      const last = i === x.ticks.length - 1;
      if (i && !last && (places[i] - places[0] < APART * i || places.at(-1) - places[i] < 2 * APART)) return;
      pen.textAlign = i === 0 ? "left" : last ? "right" : "center";
      pen.fillText(short(v) + (last && unit ? ` ${unit}` : ""), last ? Math.max(places[i], places[0] + 2 * APART) : places[i], h - 4);
    });
  }

  level(pen, y, w, style) {
    pen.strokeStyle = style.muted;
    pen.setLineDash([3, 3]);
    pen.beginPath();
    pen.moveTo(LEFT, y);
    pen.lineTo(w - RIGHT, y);
    pen.stroke();
    pen.setLineDash([]);
  }

  name(pen, { text }, y, w, style) {
    // Over the lines, on a seam of the ground: they may run where it stands.
    const at = y < TOP + LETTERS ? y + 3 : y - 1;
    pen.textAlign = "right";
    pen.textBaseline = y < TOP + LETTERS ? "top" : "bottom";
    pen.lineJoin = "round";
    pen.lineWidth = 4;
    pen.strokeStyle = style.ground;
    pen.strokeText(text, w - RIGHT, at);
    pen.fillStyle = style.muted;
    pen.fillText(text, w - RIGHT, at);
  }
}

function trace(pen, { x, y, colour, dash = [], width = 1.8 }, px, py, bottom) {
  pen.strokeStyle = colour;
  pen.lineWidth = width;
  pen.lineJoin = "round";
  pen.setLineDash(dash);
  pen.beginPath();
  let begun = false;
  const every = Math.max(1, Math.floor(x.length / POINTS));
  for (let k = 0; k < x.length + every - 1; k += every) {
    const i = Math.min(k, x.length - 1); // the last one always
    if (!Number.isFinite(y[i])) {
      begun = false;
      continue;
    }
    const [a, b] = [px(x[i]), Math.min(py(y[i]), bottom)];
    if (begun) pen.lineTo(a, b);
    else pen.moveTo(a, b);
    begun = true;
  }
  pen.stroke();
  pen.setLineDash([]);
}

function axis(kind, values, floor) {
  // Where a value is between 0 and 1, and which are worth a number.
  let [low, high] = [Infinity, -Infinity];
  for (const v of values) {
    if (!Number.isFinite(v) || (kind === "log" && v <= 0)) continue;
    low = Math.min(low, v);
    high = Math.max(high, v);
  }
  if (low > high) [low, high] = [kind === "log" ? 0.1 : 0, 1];
  if (kind === "log") {
    if (floor) low = Math.max(low, floor);
    const [a, b] = [Math.floor(Math.log10(low) + 1e-9), Math.max(Math.ceil(Math.log10(high) - 1e-9), Math.floor(Math.log10(low)) + 1)];
    const every = Math.ceil((b - a) / 4);
    const ticks = [];
    for (let e = a; e <= b; e += every) ticks.push(10 ** e);
    const place = (v) => (v > 0 ? (Math.log10(v) - a) / (b - a) : v === 0 ? -0.02 : NaN);
    return Object.assign((v) => Math.max(place(v), -0.02), { ticks });
  }
  if (floor !== 0) low = Math.min(low, 0);
  if (high - low < 1e-12) high = low + 1;
  const step = nice((high - low) / 3);
  const ticks = [];
  for (let v = Math.ceil(low / step - 1e-9) * step; v <= high * (1 + 1e-9) + 1e-12; v += step) ticks.push(Math.abs(v) < step / 1e6 ? 0 : v);
  return Object.assign((v) => (v - low) / (high - low), { ticks });
}

function nice(v) {
  const unit = 10 ** Math.floor(Math.log10(v));
  return unit * ([1, 2, 5].find((k) => k * unit >= v) ?? 10);
}

function short(v) {
  if (v === 0) return "0";
  const size = Math.abs(v);
  if (size >= 1e4 || size < 1e-3) return v.toExponential(0).replace("e+", "e").replace("-", "−").replace("e-", "e−");
  return String(Number(v.toPrecision(3))).replace("-", "−");
}
