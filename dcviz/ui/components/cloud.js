// One side of the Playground on a canvas: heat map, real points, arrows, trails and particles, drawn from specs.

import { decode, el } from "./tools.js";

const SHADES = 4; // strengths of arrows that are drawn apart
const SOFT = 0.4; // power by which strengths are drawn, so that weak forces are seen beside strong ones
const SHORTEST = 0.005; // of the strongest: what pulls less has no arrow

export class Cloud {
  constructor(box) {
    this.canvas = el("canvas", "dcv-cloud", { role: "img", tabindex: "-1" });
    box.append(this.canvas);
    this.back = el("canvas"); // real points, drawn once
    this.cells = el("canvas"); // the heat map, a pixel a cell
  }

  size() {
    const ratio = window.devicePixelRatio || 1;
    const side = Math.round(this.canvas.clientWidth * ratio);
    if (side && this.canvas.width !== side) {
      this.canvas.width = this.canvas.height = side;
      this.drawn = "";
    }
    this.ratio = ratio;
    this.side = side / ratio;
  }

  x(v) {
    return (this.side / 2) * (1 + v / this.extent);
  }

  y(v) {
    return (this.side / 2) * (1 - v / this.extent);
  }

  where(event) {
    // A place of the plane under the pointer.
    const box = this.canvas.getBoundingClientRect();
    const part = (v, from, length) => (2 * (v - from)) / length - 1;
    return [this.extent * part(event.clientX, box.left, box.width), -this.extent * part(event.clientY, box.top, box.height)];
  }

  draw({ scene, side, film, now, shows, still, strokes }) {
    if (!this.canvas.clientWidth) return;
    this.extent = scene.extent;
    this.size();
    const lane = scene.lanes[side];
    const pen = this.canvas.getContext("2d");
    this.ground(scene);
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.fillStyle = scene.ground;
    pen.fillRect(0, 0, this.canvas.width, this.canvas.height);
    const heat = shows.heat && film.picture(now, "heat");
    if (heat) this.heat(pen, heat, scene.heat);
    pen.drawImage(this.back, 0, 0);
    pen.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    const force = shows.force && film.picture(now, "force");
    if (force) this.arrows(pen, force, scene.arrows);
    if (shows.trails) this.trails(pen, film, now, lane.trail);
    const points = film.at(now);
    const pulls = still && film.pulls.get(Math.round(now));
    if (pulls?.length === points.length) this.pulls(pen, points, pulls, lane.pull);
    this.particles(pen, points, lane.marker);
    this.beyond(pen, points, scene.words);
    if (strokes?.length) this.dots(pen, strokes, scene.pen);
  }

  ground(scene) {
    // Real points and the axes: they change with the distribution, the theme and the size alone.
    const key = `${scene.key}|${this.canvas.width}`;
    if (this.drawn === key) return;
    this.drawn = key;
    this.back.width = this.back.height = this.canvas.width;
    const pen = this.back.getContext("2d");
    pen.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    pen.strokeStyle = scene.grid.colour;
    pen.lineWidth = scene.grid.width;
    pen.beginPath();
    for (const v of [-1, 0, 1]) {
      pen.moveTo(this.x(v), 0);
      pen.lineTo(this.x(v), this.side);
      pen.moveTo(0, this.y(v));
      pen.lineTo(this.side, this.y(v));
    }
    pen.stroke();
    const flat = decode(scene.dots.x);
    const places = Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i], flat[2 * i + 1]]);
    this.dots(pen, places, scene.dots);
  }

  dots(pen, places, { colour, radius }) {
    pen.fillStyle = colour;
    for (const [a, b] of places) {
      pen.beginPath();
      pen.arc(this.x(a), this.y(b), radius, 0, 7);
      pen.fill();
    }
  }

  heat(pen, values, { table, shades }) {
    const n = Math.round(Math.sqrt(values.length));
    const colours = decode(table);
    if (this.cells.width !== n) this.cells.width = this.cells.height = n;
    const image = new ImageData(n, n);
    const middle = (shades - 1) / 2;
    for (let i = 0; i < values.length; i += 1) {
      const v = Math.sign(values[i]) * Math.min(Math.abs(values[i]) ** SOFT, 1);
      const at = 4 * Math.round(middle * (1 + v));
      const row = n - 1 - Math.floor(i / n); // from below
      image.data.set(colours.subarray(at, at + 4), 4 * (row * n + (i % n)));
    }
    this.cells.getContext("2d").putImageData(image, 0, 0);
    pen.imageSmoothingQuality = "high";
    pen.drawImage(this.cells, 0, 0, this.canvas.width, this.canvas.height);
  }

  arrows(pen, flat, { colour, width }) {
    const n = Math.round(Math.sqrt(flat.length / 2));
    const cell = this.side / n;
    const lots = Array.from({ length: SHADES }, () => []);
    for (let i = 0; i < n * n; i += 1) {
      const [u, v] = [flat[2 * i], flat[2 * i + 1]];
      const size = Math.min(Math.hypot(u, v), 1);
      if (!(size > SHORTEST)) continue;
      const root = size ** SOFT;
      const reach = (0.86 * cell * root) / Math.hypot(u, v);
      const [x, y] = [((i % n) + 0.5) * cell, this.side - (Math.floor(i / n) + 0.5) * cell];
      lots[Math.min(SHADES - 1, Math.floor(SHADES * root))].push([x, y, u * reach, -v * reach]);
    }
    pen.strokeStyle = colour;
    pen.lineWidth = width;
    lots.forEach((lot, k) => {
      pen.globalAlpha = 0.3 + (0.7 * (k + 1)) / SHADES;
      pen.beginPath();
      for (const [x, y, u, v] of lot) arrow(pen, x - u / 2, y - v / 2, u, v);
      pen.stroke();
    });
    pen.globalAlpha = 1;
  }

  trails(pen, film, now, { color, width, steps }) {
    const last = Math.floor(now);
    const points = film.at(now);
    pen.strokeStyle = color;
    pen.lineWidth = width;
    pen.lineJoin = "round";
    pen.beginPath();
    for (let i = 0; i < points.length; i += 2) {
      let begun = false;
      for (let s = Math.max(0, last - steps); s <= last; s += 2) {
        const past = film.points[s];
        if (!past || i >= past.length) continue;
        if (begun) pen.lineTo(this.x(past[i]), this.y(past[i + 1]));
        else pen.moveTo(this.x(past[i]), this.y(past[i + 1]));
        begun = true;
      }
      if (begun) pen.lineTo(this.x(points[i]), this.y(points[i + 1]));
    }
    pen.stroke();
  }

  pulls(pen, points, pulls, { color, width }) {
    // Where each particle would go next; the longest is a cell and a half.
    let top = 0;
    for (let i = 0; i < pulls.length; i += 2) top = Math.max(top, Math.hypot(pulls[i], pulls[i + 1]));
    if (!(top > 0)) return;
    pen.strokeStyle = color;
    pen.lineWidth = width;
    pen.beginPath();
    for (let i = 0; i < pulls.length; i += 2) {
      const size = Math.hypot(pulls[i], pulls[i + 1]);
      if (size < SHORTEST * top) continue;
      const reach = (0.1 * this.side * Math.sqrt(size / top)) / size;
      arrow(pen, this.x(points[i]), this.y(points[i + 1]), pulls[i] * reach, -pulls[i + 1] * reach);
    }
    pen.stroke();
  }

  particles(pen, points, { symbol, size, color, line }) {
    const count = points.length / 2;
    const half = (count > 80 ? 0.7 : 1) * (size / 2) * (symbol === "diamond" ? 1.25 : 1);
    pen.fillStyle = color;
    pen.strokeStyle = line.color;
    pen.lineWidth = line.width;
    for (let i = 0; i < points.length; i += 2) {
      pen.beginPath();
      mark(pen, symbol, this.x(points[i]), this.y(points[i + 1]), half);
      pen.fill();
      pen.stroke();
    }
  }

  beyond(pen, points, { colour }) {
    let out = 0;
    for (let i = 0; i < points.length; i += 2) out += Math.max(Math.abs(points[i]), Math.abs(points[i + 1])) > this.extent;
    if (!out) return;
    pen.fillStyle = colour;
    pen.font = `500 12px ${getComputedStyle(this.canvas).fontFamily}`;
    pen.fillText(`${out} beyond the edge`, 8, 18); // at the top: a flag may lie over the bottom
  }
}

function arrow(pen, x, y, u, v) {
  const head = 0.28;
  pen.moveTo(x, y);
  pen.lineTo(x + u, y + v);
  pen.lineTo(x + u - head * (u - 0.6 * v), y + v - head * (v + 0.6 * u));
  pen.moveTo(x + u, y + v);
  pen.lineTo(x + u - head * (u + 0.6 * v), y + v - head * (v - 0.6 * u));
}

function mark(pen, symbol, x, y, r) {
  if (symbol !== "diamond") return pen.arc(x, y, r, 0, 7);
  pen.moveTo(x, y - r);
  pen.lineTo(x + r, y);
  pen.lineTo(x, y + r);
  pen.lineTo(x - r, y);
  return pen.closePath();
}
