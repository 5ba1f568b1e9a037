// Several runs on one clock: their sheets side by side or under a divider, one map, one selection, curves over one another.
// It draws the specs that dcviz/figures makes; a selection is a class and a place in it, so that it holds in every run.

import { Bar } from "./bar.js";
import { Chips } from "./chips.js";
import { Merged } from "./merged.js";
import { Peek } from "./peek.js";
import { Plot, plotly } from "./plot.js";
import { Sheets } from "./sheets.js";
import { addressAt, decode, el, pressing, shared, signature, typing } from "./tools.js";
import { values } from "./values.js";
import { explains } from "./why.js";

const together = new WeakMap(); // parent element -> Together
const KEPT = 220; // frames of each run in the browser's memory
const AGAIN = 3; // times that the same is asked for
const ASKED = 150; // frames asked for at once
const FAINT = 0.12;

export function compare(component) {
  const { parentElement } = component;
  let made = together.get(parentElement);
  if (!made) {
    made = new Together(parentElement);
    together.set(parentElement, made);
    shared.stages.add(made);
  }
  made.receive(component);
  return () => {
    setTimeout(() => parentElement.isConnected || made.close(), 0);
  };
}

class Together {
  constructor(parent) {
    this.root = el("div", "dcv-stage dcv-together", { role: "region", "aria-label": "Runs side by side" });
    parent.append(this.root);
    this.frames = new Map(); // run -> (step -> frame)
    this.selected = new Set(); // places: data, class and place in it
    this.at = null; // the moment asked for; null follows
    this.asked = "";
    this.chips = new Chips(this.root, { toggle: (key) => this.toggle(key), light: (key) => this.light(key) });
    const panels = el("div", "dcv-panels");
    this.sheets = new Sheets(panels, {
      select: (run, ids) => this.select(new Set(ids.map((id) => this.place(run, id)))),
      pick: (strand, run) => this.pick(strand, run),
      changed: () => this.draw(),
    });
    this.map = new Merged(panels, {
      click: (_, points) => this.select(this.caught(points)),
      lasso: (_, points) => this.select(this.caught(points), points.length > 0),
      clear: () => this.select(new Set()),
      hover: (point, event) => this.hover(point, event),
      changed: () => this.draw(),
    });
    this.curves = new Plot(panels, "dcv-curves", "Curves", {});
    this.read = el("span", "", {}, "Curves"); // it tells what hovering the curves tells, where they are now
    this.curves.head.firstChild.replaceChildren(this.read);
    this.peek = new Peek(this.root);
    this.bar = new Bar({
      show: (tick) => this.show(tick),
      need: () => this.ahead(),
      shared: () => this.moment,
      glide: (next, part) => this.glide(next, part),
      rest: () => this.rest(),
    });
    this.root.append(panels, this.bar.root);
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(panels);
    this.observer.observe(parent.closest("[data-testid='stMainBlockContainer']") ?? parent);
    this.onKey = (event) => this.key(event);
    this.onResize = () => this.fit();
    document.addEventListener("keydown", this.onKey);
    window.addEventListener("resize", this.onResize);
    plotly().then(() => this.draw());
  }

  close() {
    document.removeEventListener("keydown", this.onKey);
    window.removeEventListener("resize", this.onResize);
    this.observer.disconnect();
    this.bar.pause();
    this.map.plot.close();
    this.curves.close();
    shared.stages.delete(this);
  }

  receive(component) {
    const { data } = component;
    this.say = component.setStateValue;
    if (data.scene !== this.scene) {
      if (this.data?.theme !== data.theme || this.data?.real !== data.real) this.frames.clear();
      this.map.plot.awake();
      this.curves.awake();
      if (!this.data || data.axis !== this.data.axis) this.at = data.at;
      this.shown = data.shown; // keys of the strands that stand in the sheets and on the map
      this.scene = data.scene;
    }
    this.data = data;
    this.runs = new Map(data.strands.flatMap((strand) => strand.runs.map((run) => [run.id, { ...run, strand }])));
    for (const [run, frames] of Object.entries(data.frames)) frames.forEach((frame) => this.keep(run, frame));
    this.ticks = Array.from(decode(data.clock.ticks));
    this.steps = new Map(Object.entries(data.clock.frames).map(([run, steps]) => [run, decode(steps)]));
    this.draw(data.alive && this.at === null);
    this.ahead(true);
    if (!this.tall) this.fit();
  }

  keep(run, frame) {
    if (!this.frames.has(run)) this.frames.set(run, new Map());
    const kept = this.frames.get(run);
    kept.delete(frame.step);
    kept.set(frame.step, frame);
    if (kept.size > KEPT) kept.delete(kept.keys().next().value);
  }

  // -------------------------------------------------------------- which moment, which runs

  get moment() {
    if (!this.ticks?.length) return null;
    return this.at === null ? this.ticks.at(-1) : this.ticks.reduce((a, b) => (Math.abs(b - this.at) < Math.abs(a - this.at) ? b : a));
  }

  get chosen() {
    // The strands that are looked at, each with the run that stands for it.
    const { strands, picks } = this.data;
    return strands.filter((s) => this.shown.includes(s.key)).map((strand) => {
      const run = strand.runs.find((one) => one.id === (this.picks?.[strand.key] ?? picks[strand.key])) ?? strand.runs[0];
      return { strand, run };
    });
  }

  step(run, tick) {
    return this.steps.get(run)?.[this.ticks.indexOf(tick)];
  }

  frame(run, tick = this.moment) {
    // The frame of a moment, or while it is on its way the one nearest to it.
    const [kept, step] = [this.frames.get(run), this.step(run, tick)];
    if (!kept?.size || step === undefined) return null;
    if (kept.has(step)) return kept.get(step);
    const near = [...kept.keys()].reduce((a, b) => (Math.abs(b - step) < Math.abs(a - step) ? b : a));
    return kept.get(near);
  }

  has(tick) {
    return this.chosen.every(({ run }) => this.step(run.id, tick) === undefined || this.frames.get(run.id)?.has(this.step(run.id, tick)));
  }

  show(tick) {
    this.at = tick;
    if (!this.bar.moving || !this.has(tick)) this.ahead();
    this.draw();
  }

  ahead(received = false) {
    // What is missing: of this moment first, then what comes next, all runs alike.
    const now = this.ticks.indexOf(this.moment);
    const order = [...this.ticks.slice(Math.max(0, now)), ...this.ticks.slice(0, Math.max(0, now))];
    const want = new Map();
    for (const tick of order) {
      for (const { run } of this.chosen) {
        const step = this.step(run.id, tick);
        if (step !== undefined && !this.frames.get(run.id)?.has(step) && want.size < ASKED) want.set(`${run.id} ${step}`, [run.id, step]);
      }
    }
    this.tell([...want.values()], received);
  }

  tell(want, received) {
    const view = { at: this.at, want, shown: this.shown, picks: this.picks ?? {} };
    const text = JSON.stringify(view);
    if (text !== this.asked) this.again = 0;
    else if (!received || !want.length || ++this.again > AGAIN) return; // an answer may have been passed over
    this.asked = text;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.say("view", this.again ? { ...view, again: this.again } : view);
      history.replaceState(history.state, "", addressAt(this.at));
    }, 40);
  }

  glide(next, part) {
    const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (!still) this.drawMap(false, next, part);
  }

  rest() {
    this.ahead();
    this.draw();
  }

  toggle(key) {
    if (this.shown.includes(key)) this.shown = this.shown.filter((one) => one !== key);
    else this.shown = [...this.shown, key].slice(-this.data.most);
    this.ahead();
    this.draw();
  }

  pick(strand, run) {
    this.picks = { ...this.picks, [strand]: run };
    this.ahead();
    this.draw();
  }

  light(key) {
    if (this.lit === key) return;
    this.lit = key; // the others are dimmed
    this.draw();
  }

  // ----------------------------------------------------------------------------- selection

  place(run, id) {
    return this.places(run).of.get(id);
  }

  places(run) {
    // Which place each id has, and which id each place: the same in all frames of a run.
    const detail = this.frame(run)?.detail;
    if (!detail) return { of: new Map(), at: new Map() };
    if (!detail.places) {
      const [labels, seen] = [decode(detail.labels), new Map()];
      const found = { of: new Map(), at: new Map() };
      decode(detail.ids).forEach((id, i) => {
        const rank = seen.get(labels[i]) ?? 0;
        seen.set(labels[i], rank + 1);
        const place = `${this.runs.get(run).data}|${labels[i]}/${rank}`;
        found.of.set(id, place);
        found.at.set(place, id);
      });
      detail.places = found;
    }
    return detail.places;
  }

  ids(run) {
    const { at } = this.places(run);
    return new Set([...this.selected].filter((place) => at.has(place)).map((place) => at.get(place)));
  }

  caught(points) {
    const ours = points.filter((p) => p.data.meta?.layer === "synthetic");
    return new Set(ours.map((p) => this.place(p.data.meta.run, decode(p.data.customdata)[p.pointNumber])));
  }

  select(places, lassoed = false) {
    if (!lassoed) this.map.plot.unlasso();
    this.selected = places;
    this.draw();
  }

  hover(point, event) {
    const sheet = this.sheets.of(point?.data.meta?.run);
    this.peek.show(point, event, { real: shared.real.get(this.data.real), sheet: sheet ?? { cut: () => false } });
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || typing(event.target)) return;
    if (event.key === "Escape") return this.select(new Set());
    if (event.key === " " && !pressing(event.target)) {
      event.preventDefault();
      return this.bar.toggle();
    }
    if (this.sheets.key(event)) return undefined;
    const move = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (move) {
      event.preventDefault();
      this.bar.move(move);
    }
    return undefined;
  }

  // ------------------------------------------------------------------------------- drawing

  draw(live = false) {
    if (!this.data) return;
    const { data, chosen } = this;
    this.root.classList.toggle("dcv-planar", chosen.every(({ run }) => run.planar));
    this.chips.draw(data.strands, this.shown, this.lit, data.words.chips);
    const drawn = chosen.filter(({ run }) => !run.planar).map(({ strand, run }) => ({ strand, run, frame: this.frame(run.id), selected: this.ids(run.id) }));
    this.sheets.draw(drawn, data.words);
    this.drawMap(live);
    this.drawCurves(live);
    this.bar.draw({
      data: { steps: this.ticks, total: data.clock.total, run: true, said: (tick) => this.said(tick) },
      step: this.moment ?? 0,
      following: this.at === null,
      has: (tick) => this.has(tick),
    });
  }

  said(tick) {
    return this.data.clock.said[this.ticks.indexOf(tick)] ?? "";
  }

  drawCurves(live) {
    const { curves: spec, clock, words } = this.data;
    const [now, shapes] = [[], []];
    for (const shape of spec.layout.shapes) (shape.name === "now" ? now : shapes).push(shape);
    const data = spec.data.map((trace) => (this.lit && trace.meta?.of !== this.lit ? { ...trace, opacity: FAINT } : trace));
    this.curves.draw({ data, layout: { ...spec.layout, shapes } }, `${signature(spec)}|${this.lit}`, live);
    this.curves.lines(now.map((shape) => ({ ...shape, x0: (this.moment ?? 0) / clock.scale })));
    this.curves.caption(words.curves, words.curvesWhy);
    const said = [this.said(this.moment), ...values(spec.data, (this.moment ?? 0) / clock.scale), words.moves];
    explains(this.read, said.filter(Boolean).join("\n"));
  }

  drawMap(live, next = null, part = 0) {
    const members = this.chosen.filter(({ run }) => run.mapped).map(({ strand, run }) => ({
      key: strand.key,
      run,
      frame: this.frame(run.id),
      next: next === null ? null : this.frame(run.id, next),
      past: () => this.past(run.id),
      ids: this.ids(run.id),
    }));
    const { data, selected, lit } = this;
    this.map.draw({ data, members, selected, lit, moving: this.bar.moving, part, live });
  }

  past(run) {
    const last = this.frame(run).step;
    return [...this.frames.get(run).values()].filter((f) => f.step <= last).sort((a, b) => a.step - b.step);
  }

  // ---------------------------------------------------------------------------------- size

  fit() {
    const scrolled = this.root.closest("[data-testid='stMain']")?.scrollTop ?? 0;
    const tall = Math.max(500, window.innerHeight - Math.round(this.root.getBoundingClientRect().top + scrolled) - 10);
    if (tall !== this.tall) this.root.style.height = `${(this.tall = tall)}px`;
  }

  resize() {
    this.fit();
    this.map.plot.resize();
    this.curves.resize();
    this.sheets.resize();
  }
}
