// The stage: sheet, map and curves around one step, one selection and one scrubber.
// It draws the specs that dcviz/figures makes; it knows no colours, no trace rules and no method.

import { Bar } from "./bar.js";
import { Detail } from "./detail.js";
import { Feed } from "./feed.js";
import { Peek } from "./peek.js";
import { Plot, plotly } from "./plot.js";
import { reel } from "./reel.js";
import { Sheet } from "./sheet.js";
import { addressAt, decode, el, pressing, shared, signature, typing } from "./tools.js";
import { between, trails } from "./trails.js";

const stages = new WeakMap(); // parent element -> Stage
const KEPT = 260; // frames in the browser's memory
const NONE = [];
const FAINT = 0.08; // of the dots of other classes where one is selected
const RINGED = 12; // selected points beyond which rings would hide them; the others are dimmed anyway

export default function (component) {
  return component.data.kind === "reel" ? reel(component, receive) : receive(component);
}

function receive(component) {
  const { parentElement } = component;
  let stage = stages.get(parentElement);
  if (!stage) {
    stage = new Stage(parentElement);
    stages.set(parentElement, stage);
    shared.stages.add(stage);
  }
  stage.receive(component);
  return () => {
    // Called before the next data as well as at the end: only an element that left the page is torn down.
    setTimeout(() => parentElement.isConnected || stage.close(), 0);
  };
}

function only(layer, lit) {
  // The real layer with one class standing out.
  if (lit === null) return layer;
  const faint = (trace) => ({ ...trace, marker: { ...trace.marker, opacity: FAINT } });
  return { ...layer, data: layer.data.map((trace) => (trace.meta?.class === undefined || trace.meta.class === lit ? trace : faint(trace))) };
}

class Stage {
  constructor(parent) {
    this.root = el("div", "dcv-stage", { role: "region", "aria-label": "Synthetic images, map and curves" });
    parent.append(this.root); // beside what streamlit put there: the link to the style sheet
    this.frames = new Map(); // step -> frame
    this.selected = new Set(); // ids
    this.focus = null; // the id that is shown enlarged
    this.step = null; // the step asked for; null follows the run
    this.kind = null; // the map asked for; null: the best that there is
    this.asked = JSON.stringify({ step: null, want: [], film: null }); // what python takes for granted until it is told
    const panels = el("div", "dcv-panels");
    this.sheet = new Sheet(panels, (ids, id) => this.select(ids, id));
    this.sheet.whole = true;
    this.detail = new Detail(this.sheet.root);
    this.map = this.makeMap(panels);
    this.peek = new Peek(this.root);
    this.switch = this.makeSwitch(this.map.head);
    this.curves = new Plot(panels, "dcv-curves", "Curves", {});
    this.panels = panels;
    this.bar = new Bar({
      show: (step) => this.show(step),
      need: (steps) => this.need(steps),
      shared: () => this.sharedStep,
      glide: (next, part) => this.glide(next, part),
      rest: () => this.rest(),
    });
    this.feed = new Feed({
      view: () => ({ step: this.step, film: this.focus }),
      take: (news) => this.hear(news),
      look: () => this.command("command", "look"),
    });
    this.root.append(panels, this.bar.root);
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(panels);
    this.observer.observe(parent.closest("[data-testid='stMainBlockContainer']") ?? parent); // what stands above may grow
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
    this.feed.close();
    this.bar.pause();
    this.map.close();
    this.second?.close();
    this.curves.close();
    shared.stages.delete(this);
  }

  receive(component) {
    const { data } = component;
    this.say = component.setStateValue;
    this.command = component.setTriggerValue;
    const scene = `${data.run}|${data.theme}|${data.real}`;
    if (scene !== this.scene) {
      this.frames.clear();
      this.map.awake();
      this.second?.awake();
      this.curves.awake();
      if (this.data && data.run !== this.data.run) this.forget(data);
      if (!this.data && data.step !== null) this.show(data.step);
      this.scene = scene;
      this.news = null;
    }
    this.root.dataset.run = data.run ?? "";
    const late = data.feed && data.feed.at < this.news?.at; // the page was run before the feed answered
    this.take(late ? { ...data, ...this.news.stage, frames: data.frames } : data);
    this.obey();
    if (data.play && !this.played) this.start(data.play);
    if (!this.tall) this.fit();
    this.feed.follow(data.feed);
  }

  hear(news) {
    // What the feed says: the part of the data that changes while a run goes on, and the line of numbers above.
    this.news = news;
    this.retell(news.line);
    this.take({ ...this.data, ...news.stage });
  }

  take(data) {
    this.data = data;
    for (const frame of data.frames) this.keep(frame);
    if (data.title) document.title = data.title;
    this.draw(data.alive && this.step === null);
    if (!data.alive || this.bar.playing) this.ahead();
  }

  retell(line) {
    const old = this.root.closest(".st-key-dc-live")?.querySelector(".dc-status");
    old?.replaceWith(new DOMParser().parseFromString(line, "text/html").body.firstElementChild);
  }

  forget(data) {
    this.selected = new Set();
    this.focus = null;
    this.step = data.step;
    this.bar.pause();
    this.played = false;
    this.need([]);
  }

  obey() {
    const { asked } = shared;
    if (!asked || asked.run !== this.data?.run || asked.nonce === this.obeyed) return;
    this.obeyed = asked.nonce;
    this.played = true; // it is to stand still
    this.bar.pause();
    this.step = asked.step;
    this.select(new Set(asked.ids), asked.ids.length === 1 ? asked.ids[0] : null);
  }

  keep(frame) {
    this.frames.delete(frame.step);
    this.frames.set(frame.step, frame);
    if (this.frames.size > KEPT) this.frames.delete(this.frames.keys().next().value);
  }

  // ---------------------------------------------------------------- which step

  show(step) {
    this.step = step; // null: follow
    if (!this.bar.moving || !this.frames.has(step)) this.need([]);
    this.draw();
  }

  need(more) {
    const want = [this.step, ...more].filter((s) => s !== null && !this.frames.has(s));
    const view = { step: this.step, want, film: this.focus };
    const text = JSON.stringify(view);
    if (text === this.asked) return;
    this.asked = text;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.say("view", view);
      // Replaced, not pushed: "back" is to leave the Lab, not to walk through its frames.
      if (this.data.run && !this.data.offline) history.replaceState(history.state, "", addressAt(this.step));
    }, 40);
  }

  start(speed) {
    this.played = true;
    this.bar.faster(speed);
    if (!window.matchMedia("(prefers-reduced-motion: reduce)").matches) this.bar.toggle();
  }

  ahead() {
    // All that is missing, what comes next first: a run that has ended can then be played without asking.
    const now = this.frame?.step ?? 0;
    const rank = (s) => (s >= now ? s - now : 1e9 + now - s);
    const missing = this.data.steps.filter((s) => !this.frames.has(s)).sort((a, b) => rank(a) - rank(b));
    if (missing.length) this.need(missing);
  }

  glide(next, part) {
    // Between two kept frames only the points move; a picture has no in-between.
    const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (!still && this.frame) this.drawMap(this.frame, shared.real.get(this.data.real), false, this.frames.get(next), part);
  }

  rest() {
    this.need([]);
    this.draw();
  }

  get sharedStep() {
    return this.data?.run && this.frame ? this.frame.step : null;
  }

  get frame() {
    const wanted = this.step ?? this.data.latest;
    if (this.frames.has(wanted)) this.shown = this.frames.get(wanted);
    return this.frames.has(this.shown?.step) ? this.shown : (this.data.frames[0] ?? null);
  }

  // ----------------------------------------------------------------- selection

  select(ids, focus, lassoed = false) {
    if (!lassoed) this.maps.forEach((map) => map.unlasso());
    this.selected = ids;
    this.focus = focus;
    this.need([]);
    this.draw();
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (event.key === "Escape") return this.select(new Set(), null);
    if (event.key === " " && !pressing(event.target)) {
      event.preventDefault();
      const live = this.step === null && this.data.alive;
      return live ? this.command("command", "toggle") : this.bar.toggle();
    }
    if (this.sheet.holds(event.target) && this.sheet.key(event)) return undefined;
    const move = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (move) {
      event.preventDefault();
      this.bar.move(move);
    }
    return undefined;
  }

  // ------------------------------------------------------------------- drawing

  draw(live = false) {
    if (!this.data) return;
    const { data, frame } = this;
    const real = shared.real.get(data.real);
    this.root.classList.toggle("dcv-planar", Boolean(data.planar));
    this.root.classList.toggle("dcv-empty", !data.run);
    this.arrange(data.panels);
    if (frame) this.sheet.draw(frame.sheet ?? null, frame.detail ?? null, this.selected, data.words);
    this.drawMap(frame, real, live && !data.planar); // in the plane the map is the picture
    if (data.curves) this.drawCurves(data.curves, frame?.step, live);
    this.curves.caption(data.words.curves, undefined, data.words.panel);
    const home = data.planar ? this.map.root : this.sheet.root; // points have no sheet to stand under
    if (this.detail.root.parentNode !== home) home.append(this.detail.root);
    this.detail.draw({ frame, real, sheet: this.sheet, focus: this.focus, selected: this.selected, data });
    this.bar.draw({ data, step: frame?.step ?? 0, following: this.step === null, has: (s) => this.frames.has(s) });
  }

  drawCurves(spec, step, live) {
    const [now, shapes] = [[], []];
    for (const shape of spec.layout.shapes) (shape.name === "now" ? now : shapes).push(shape);
    this.curves.draw({ ...spec, layout: { ...spec.layout, shapes } }, signature(spec), live);
    this.curves.lines(now.map((shape) => ({ ...shape, x0: step ?? shape.x0 })));
  }

  arrange(panels) {
    // All three, unless a message names those that it needs; ``beside`` is the other map.
    this.root.classList.toggle("dcv-two", panels?.length === 2);
    this.map.root.hidden = Boolean(panels && !panels.includes("map"));
    this.curves.root.hidden = Boolean(panels && !panels.includes("curves"));
    const two = Boolean(panels?.includes("beside"));
    if (two && !this.second) this.second = this.makeMap(this.panels);
    if (this.second) this.second.root.hidden = !two;
    this.switch.hidden = two;
  }

  get maps() {
    return this.second ? [this.map, this.second] : [this.map];
  }

  drawMap(frame, real, live, next = null, part = 0) {
    if (!real) return;
    const kinds = Object.keys(real.maps);
    const drawn = (name) => [...this.frames.values()].some((f) => Object.hasOwn(f.maps, name));
    const kind = kinds.includes(this.kind) ? this.kind : (kinds.find(drawn) ?? kinds[0]);
    const before = [...this.frames.values()].filter((f) => f.step <= frame?.step).sort((a, b) => a.step - b.step);
    this.drawSwitch(kinds, kind);
    const shown = { frame, real, live, before, next, part };
    if (this.second && !this.second.root.hidden) {
      this.drawOn(this.map, kinds[0], { ...shown, title: kinds[0].toUpperCase() });
      this.drawOn(this.second, kinds.at(-1), { ...shown, title: kinds.at(-1).toUpperCase() });
    } else if (!this.map.root.hidden) this.drawOn(this.map, kind, shown);
  }

  drawOn(map, kind, { frame, real, live, before, next, part, title }) {
    const { data } = this;
    const lit = this.sheet.classOf(this.selected);
    const layer = only(real.maps[kind], lit);
    const points = frame?.maps?.[kind] ?? NONE;
    const past = () => trails(before, kind, frame, layer.trail, this.selected);
    const placed = !frame || Object.hasOwn(frame.maps, kind);
    const beyond = points.reduce((sum, trace) => sum + (trace.meta.beyond ?? 0), 0);
    const caption = beyond ? `${beyond} beyond the edge: zoom out · ${layer.caption}` : layer.caption;
    map.caption(placed ? caption : layer.missing, layer.explained, title ?? layer.title);
    const moves = this.bar.moving || (data.feed && this.step === null && !map.near);
    if (moves && frame) {
      const traces = [...past(), ...this.marked(between(points, next?.maps?.[kind], part))];
      map.play({ ...layer, plays: true }, `${data.real}|${kind}|${lit}|still`, traces);
      return;
    }
    const key = `${data.real}|${kind}|${[...this.selected]}|${map.chosen}|${before.length}|${signature(points)}`;
    map.draw({ ...layer, data: [...layer.data, ...past(), ...this.marked(points)] }, key, live);
  }

  marked(traces) {
    // Selection by id, never by position; everything else keeps its place and is dimmed by its own spec.
    const some = this.selected.size > 0;
    const ring = { x: [], y: [] };
    const out = traces.map((trace) => {
      if (trace.meta.layer === "flagged" && some) return this.ownRings(trace);
      if (trace.meta.layer !== "synthetic") return trace;
      const ids = decode(trace.customdata);
      const at = [];
      ids.forEach((id, i) => this.selected.has(id) && at.push(i));
      if (at.length && this.selected.size <= RINGED) {
        const [x, y] = [decode(trace.x), decode(trace.y)];
        for (const i of at) ring.x.push(x[i]) && ring.y.push(y[i]);
      }
      return { ...trace, selectedpoints: some ? at : null };
    });
    return out.map((trace) => (trace.meta.layer === "selection" ? { ...trace, ...ring } : trace));
  }

  ownRings(trace) {
    const keep = Array.from(decode(trace.customdata)).map((id) => this.selected.has(id));
    const part = (packed) => Array.from(decode(packed)).filter((_, i) => keep[i]);
    return { ...trace, x: part(trace.x), y: part(trace.y), customdata: [] };
  }

  makeMap(panels) {
    return new Plot(panels, "dcv-map", "Map", {
      click: (id) => this.select(new Set([id]), id),
      lasso: (ids) => this.select(new Set(ids), ids[0] ?? null, ids.length > 0),
      clear: () => this.select(new Set(), null),
      near: () => this.draw(),
      hover: (point, event) => this.peek.show(point, event, { real: shared.real.get(this.data.real), sheet: this.sheet }),
    });
  }

  makeSwitch(head) {
    const root = el("div", "dcv-switch", { role: "radiogroup", "aria-label": "Which map" });
    head.children[0].after(root);
    return root;
  }

  drawSwitch(kinds, kind) {
    const now = kinds.join() + kind;
    if (this.switched === now) return;
    this.switched = now;
    this.switch.replaceChildren(
      ...kinds.filter(() => kinds.length > 1).map((name) => {
        const on = String(name === kind);
        const button = el("button", "", { type: "button", role: "radio", "aria-checked": on }, name.toUpperCase());
        button.onclick = () => {
          this.kind = name;
          this.draw();
        };
        return button;
      }),
    );
  }

  // ---------------------------------------------------------------------- size

  fit() {
    const top = this.root.getBoundingClientRect().top + (this.scroller()?.scrollTop ?? 0);
    const tall = Math.max(440, window.innerHeight - Math.round(top) - 10);
    if (tall !== this.tall) this.root.style.height = `${(this.tall = tall)}px`;
  }

  scroller() {
    return this.root.closest("[data-testid='stMain']");
  }

  resize() {
    this.fit();
    this.maps.forEach((map) => map.resize());
    this.curves.resize();
    this.sheet.resize();
  }
}
