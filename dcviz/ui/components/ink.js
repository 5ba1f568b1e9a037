// A canvas over a Plotly figure, for what changes too often for Plotly: points that play, and the line that says when.
// It draws the same specs, of which it knows markers, lines and vertical lines across a panel.

import { decode, el } from "./tools.js";

const WIDE = { diamond: 1.3, circle: 1, square: 1, "triangle-up": 1.2, "triangle-down": 1.2, cross: 1.2, star: 1.2 }; // of half a marker's size, as Plotly does

export class Ink {
  constructor(box) {
    this.box = box; // Plotly's element
    this.canvas = el("canvas", "dcv-ink", { "aria-hidden": "true" });
    box.after(this.canvas);
  }

  draw({ traces = [], lines = [] }) {
    const full = this.box._fullLayout;
    if (!full) return;
    const ratio = window.devicePixelRatio || 1;
    const { width, height } = full; // as Plotly drew it: to ask the page would have it laid out first
    if (this.canvas.width !== Math.round(width * ratio)) this.canvas.width = Math.round(width * ratio);
    if (this.canvas.height !== Math.round(height * ratio)) this.canvas.height = Math.round(height * ratio);
    const pen = this.canvas.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    if (traces.length) clipped(pen, full.xaxis, full.yaxis, () => traces.forEach((trace) => this.trace(pen, trace, full)));
    for (const line of lines) this.line(pen, line, full);
  }

  trace(pen, trace, { xaxis, yaxis }) {
    const [x, y] = [decode(trace.x), decode(trace.y)];
    const at = (i) => [xaxis._offset + xaxis.l2p(x[i]), yaxis._offset + yaxis.l2p(y[i])];
    pen.globalAlpha = trace.opacity ?? 1;
    if (trace.mode === "lines") way(pen, x.length, at, trace.line);
    else marks(pen, x.length, at, trace);
    pen.globalAlpha = 1;
  }

  line(pen, { x0, yref, line }, full) {
    const yaxis = full[`yaxis${yref.match(/\d+/)?.[0] ?? ""}`];
    const { xaxis } = full;
    const x = xaxis && xaxis._offset + xaxis.l2p(x0);
    if (!yaxis || !(x >= xaxis._offset && x <= xaxis._offset + xaxis._length)) return;
    pen.strokeStyle = line.color;
    pen.lineWidth = line.width;
    pen.setLineDash(line.dash === "dot" ? [2, 3] : []);
    pen.beginPath();
    pen.moveTo(x, yaxis._offset);
    pen.lineTo(x, yaxis._offset + yaxis._length);
    pen.stroke();
    pen.setLineDash([]);
  }
}

function clipped(pen, xaxis, yaxis, draw) {
  pen.save();
  pen.beginPath();
  pen.rect(xaxis._offset, yaxis._offset, xaxis._length, yaxis._length);
  pen.clip();
  draw();
  pen.restore();
}

function way(pen, count, at, line) {
  pen.strokeStyle = line.color;
  pen.lineWidth = line.width;
  pen.beginPath();
  let begun = false;
  for (let i = 0; i < count; i += 1) {
    const [x, y] = at(i);
    if (Number.isNaN(x + y)) begun = false;
    else if (begun) pen.lineTo(x, y);
    else {
      pen.moveTo(x, y);
      begun = true;
    }
  }
  pen.stroke();
}

function marks(pen, count, at, { marker, selectedpoints, unselected }) {
  const chosen = selectedpoints && new Set(selectedpoints);
  const half = (marker.size / 2) * (WIDE[marker.symbol] ?? 1);
  pen.fillStyle = marker.color;
  pen.strokeStyle = marker.line?.color ?? "transparent";
  pen.lineWidth = marker.line?.width ?? 0;
  const whole = pen.globalAlpha * (marker.opacity ?? 1);
  for (let i = 0; i < count; i += 1) {
    pen.globalAlpha = chosen && !chosen.has(i) ? whole * (unselected?.marker?.opacity ?? 0.2) : whole;
    pen.beginPath();
    outline(pen, marker.symbol, ...at(i), half);
    pen.fill();
    if (pen.lineWidth > 0 && marker.line?.width) pen.stroke();
  }
}

function outline(pen, symbol, x, y, r) {
  if (symbol === "diamond") return closed(pen, [[x, y - r], [x + r, y], [x, y + r], [x - r, y]]);
  if (symbol === "square") return pen.rect(x - r, y - r, 2 * r, 2 * r);
  if (symbol === "triangle-up") return closed(pen, [[x, y - r], [x + 0.87 * r, y + r / 2], [x - 0.87 * r, y + r / 2]]);
  if (symbol === "triangle-down") return closed(pen, [[x, y + r], [x + 0.87 * r, y - r / 2], [x - 0.87 * r, y - r / 2]]);
  if (symbol === "star") return closed(pen, star(x, y, r));
  if (symbol === "cross") {
    const q = r / 3;
    return closed(pen, [[-q, -r], [q, -r], [q, -q], [r, -q], [r, q], [q, q], [q, r], [-q, r], [-q, q], [-r, q], [-r, -q], [-q, -q]].map(([a, b]) => [x + a, y + b]));
  }
  return pen.arc(x, y, r, 0, 2 * Math.PI);
}

function star(x, y, r) {
  return Array.from({ length: 10 }, (_, i) => {
    const [far, turn] = [i % 2 ? 0.45 * r : r, (Math.PI * (i - 2.5)) / 5];
    return [x + far * Math.cos(turn), y + far * Math.sin(turn)];
  });
}

function closed(pen, corners) {
  corners.forEach(([x, y], i) => (i ? pen.lineTo(x, y) : pen.moveTo(x, y)));
  pen.closePath();
}
