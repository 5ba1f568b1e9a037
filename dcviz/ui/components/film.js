// What has happened on one side of the Playground, by step: points, numbers, and now and then a picture of the forces.

import { decode } from "./tools.js";

const NUMBERS = ["value", "share", "modes", "off", "distance", "wrong"];

export class Film {
  constructor() {
    this.cut(0);
  }

  get head() {
    return this.points.length - 1;
  }

  cut(from) {
    // Forget everything from a step on: it is to come anew.
    this.points = (this.points ?? []).slice(0, from);
    this.pictures = (this.pictures ?? []).filter((picture) => picture.step < from);
    this.pulls = new Map();
    for (const name of NUMBERS) this[name] = (this[name] ?? []).slice(0, from);
  }

  add({ first, sizes, points, ...numbers }) {
    // Steps that follow on those that are here; a gap is not filled.
    if (first > this.points.length) return;
    const [all, counts] = [decode(points), decode(sizes)];
    let at = 0;
    for (let i = 0; i < counts.length; i += 1) {
      if (first + i === this.points.length) {
        this.points.push(all.slice(at, at + 2 * counts[i]));
        for (const name of NUMBERS) this[name].push(decode(numbers[name])[i]);
      }
      at += 2 * counts[i];
    }
  }

  paint({ step, force, heat }) {
    const painted = { step, force: force && decode(force), heat: heat && decode(heat) };
    this.pictures = [...this.pictures.filter((p) => p.step !== step), painted].sort((a, b) => a.step - b.step);
  }

  pull({ step, arrows }) {
    this.pulls.set(step, decode(arrows));
  }

  has(step) {
    return this.pictures.some((picture) => picture.step === step);
  }

  at(now) {
    // The points between two steps: flat x, y.
    const step = Math.min(Math.floor(now), this.head);
    const [from, to, part] = [this.points[step], this.points[Math.min(step + 1, this.head)], now - step];
    if (!from || part <= 0 || to.length !== from.length) return from ?? new Float32Array();
    return from.map((v, i) => v + part * (to[i] - v));
  }

  picture(now, name) {
    // Force or heat between the pictures around a moment; null where there is none.
    const known = this.pictures.filter((picture) => picture[name]);
    const after = known.find((picture) => picture.step >= now);
    const before = known.filter((picture) => picture.step <= now).at(-1);
    if (!before || !after) return (before ?? after)?.[name] ?? null;
    if (before === after) return before[name];
    const part = (now - before.step) / (after.step - before.step);
    return before[name].map((v, i) => v + part * (after[name][i] - v));
  }
}
