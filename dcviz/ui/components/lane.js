// One side of the Playground: its name, its own sliders, its numbers, its canvas, and what has happened on it.

import { Cloud } from "./cloud.js";
import { Film } from "./film.js";
import { Knobs } from "./knobs.js";
import { Pencil } from "./pencil.js";
import { el } from "./tools.js";
import { facts } from "./why.js";

export class Lane {
  constructor(parent, side, { pencil, set }) {
    this.film = new Film();
    this.root = el("section", "dcv-panel dcv-lane", { "aria-label": side === "left" ? "Left side" : "Right side" });
    const head = el("header", "dcv-head");
    this.mark = el("canvas", "dcv-mark", { width: "32", height: "32", "aria-hidden": "true" });
    this.name = el("h3");
    head.append(this.mark, this.name);
    this.root.append(head);
    this.knobs = new Knobs(this.root, "dcv-own", set);
    this.numbers = el("span", "dcv-numbers");
    this.frame = el("div", "dcv-square");
    this.box = el("div", "dcv-framed");
    this.cloud = new Cloud(this.box);
    this.note = el("p", "dcv-note", { role: "status" });
    this.alarm = el("p", "dcv-alarm", { role: "status" });
    this.box.append(this.note, this.alarm);
    this.frame.append(this.box);
    this.root.append(this.numbers, this.frame);
    parent.append(this.root);
    this.pencil = new Pencil(this.cloud, pencil);
  }

  receive(sent, turned) {
    if (turned) this.film.cut(sent.frames.first);
    this.film.add(sent.frames);
    sent.pictures.forEach((picture) => this.film.paint(picture));
    if (sent.pull) this.film.pull(sent.pull);
  }

  dress(sent, marker, drawing) {
    this.knobs.draw(sent.knobs);
    this.name.textContent = sent.title;
    this.note.textContent = sent.trouble;
    this.note.hidden = !sent.trouble;
    this.cloud.canvas.classList.toggle("dcv-pen", drawing);
    this.cloud.canvas.tabIndex = drawing ? 0 : -1;
    sign(this.mark, marker);
  }

  resize() {
    const side = Math.floor(Math.min(this.frame.clientWidth, this.frame.clientHeight));
    if (side > 0) this.box.style.width = this.box.style.height = `${side}px`;
  }

  number({ sent, words, now, turn, aloud }) {
    const { film } = this;
    const at = Math.max(0, Math.min(Math.round(now), film.head));
    const key = `${at}|${turn}|${film.head < 0}|${aloud}`;
    if (this.numbered === key) return;
    this.numbered = key;
    const random = sent.random === null ? "" : ` · ${words.random} ${sent.random.toFixed(2)}`;
    const parts =
      film.head < 0
        ? []
        : [
            [words.value, figure(film.value[at]), words.valueWhy],
            [words.modes, `${film.modes[at]}/${sent.modes}`, words.modesWhy],
            [words.off, `${film.off[at]} of ${film.points[at].length / 2}`, words.offWhy],
            [words.distance, film.distance[at].toFixed(2) + random, words.distanceWhy],
          ];
    facts(this.numbers, parts);
    this.alarm.textContent = words.wrong[film.wrong[at] ?? 0];
    if (aloud) this.cloud.canvas.setAttribute("aria-label", `${sent.title}, step ${at}: ${this.numbers.textContent}`);
  }
}

function figure(v) {
  if (!Number.isFinite(v)) return "–";
  if (v === 0) return "0";
  const text = Math.abs(v) < 1e-3 ? v.toExponential(1) : String(Number(v.toPrecision(3)));
  return text.replace("-", "−").replace("e-", "e−");
}

function sign(canvas, { symbol, color, line }) {
  const pen = canvas.getContext("2d");
  pen.clearRect(0, 0, 32, 32);
  pen.beginPath();
  if (symbol === "diamond") [[16, 3], [29, 16], [16, 29], [3, 16]].forEach(([x, y], i) => (i ? pen.lineTo(x, y) : pen.moveTo(x, y)));
  else pen.arc(16, 16, 11, 0, 7);
  pen.closePath();
  pen.fillStyle = color;
  pen.fill();
  pen.strokeStyle = line.color;
  pen.lineWidth = 2;
  pen.stroke();
}
