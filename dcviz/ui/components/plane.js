// The Playground: two divergences from one start. Steps are computed elsewhere, in batches that are asked for ahead;
// here they are played, interpolated and scrubbed. Everything that is drawn comes as a spec.

import { Chart } from "./chart.js";
import { Knobs } from "./knobs.js";
import { Lane } from "./lane.js";
import { Transport } from "./transport.js";
import { decode, el, pressing, shared, typing } from "./tools.js";

const planes = new WeakMap(); // parent element -> Plane
const SIDES = ["left", "right"];
const PACE = 30; // steps a second at ×1
const AHEAD = 0.9; // seconds of play below which more is asked for
const LEAP = 0.1; // seconds of play after which a change takes hold: about what the answer takes
const PATIENCE = 5000; // ms after which an unanswered question is asked again
const CALM = 160; // ms without a movement after which the forces of the step shown are asked for

export function plane(component) {
  const { parentElement } = component;
  let here = planes.get(parentElement);
  if (!here) {
    here = new Plane(parentElement);
    planes.set(parentElement, here);
  }
  here.receive(component);
  return () => setTimeout(() => parentElement.isConnected || here.close(), 0);
}

class Plane {
  constructor(parent) {
    this.parent = parent;
    this.who = Math.random().toString(36).slice(2);
    this.now = 0;
    this.sent = this.orders_made = 0;
    this.orders = [];
    this.strokes = [];
    this.shows = { heat: true, force: true, trails: true };
    this.still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.playing = !this.still;
    this.root = el("div", "dcv-stage dcv-plane", { role: "region", "aria-label": "Playground" });
    const main = el("div", "dcv-arena");
    const pencil = {
      active: () => this.drawing,
      dab: (points) => this.dab(points),
      lift: () => this.lift(),
      point: (place) => this.pointed(place),
    };
    const lane = (side) => new Lane(main, side, { pencil, set: (key, value) => this.set(`${side}.${key}`, value) });
    this.lanes = Object.fromEntries(SIDES.map((side) => [side, lane(side)]));
    const beside = el("div", "dcv-beside");
    this.knobs = new Knobs(beside, "dcv-common", (key, value) => this.set(key, value));
    this.charts = Object.fromEntries(["share", "distance", "reach"].map((name) => [name, new Chart(beside, name)]));
    main.append(beside);
    this.bar = new Transport(this);
    this.root.append(main, this.bar.root);
    parent.append(this.root);
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(main);
    this.observer.observe(parent.closest("[data-testid='stMainBlockContainer']") ?? parent);
    this.onKey = (event) => this.key(event);
    this.onResize = () => this.resize();
    document.addEventListener("keydown", this.onKey);
    window.addEventListener("resize", this.onResize);
    (shared.planes ??= new Set()).add(this);
    this.before = performance.now();
    requestAnimationFrame((time) => this.tick(time));
  }

  close() {
    this.closed = true;
    planes.delete(this.parent); // should it come back, it begins anew
    this.root.remove();
    shared.planes.delete(this);
    document.removeEventListener("keydown", this.onKey);
    window.removeEventListener("resize", this.onResize);
    this.observer.disconnect();
  }

  // ------------------------------------------------------------------- what comes, and what is asked for

  receive({ data, setStateValue }) {
    this.say = setStateValue;
    const turned = data.turn !== this.turn;
    for (const side of SIDES) this.lanes[side].receive(data.lanes[side], turned);
    if (turned && this.turn !== undefined) this.turnTo(data);
    this.turn = data.turn;
    this.data = data;
    if (data.who === this.who) {
      if (data.answered > (this.answered ?? 0)) this.took = performance.now() - this.asked;
      this.answered = Math.max(this.answered ?? 0, data.answered);
      this.orders = this.orders.filter((order) => order.id > data.heard);
    }
    if (turned && !this.orders.some((order) => order.draw)) this.strokes = [];
    if (data.goal !== null && data.goal !== this.goal) this.goTo(data.goal);
    this.address(data.address);
    this.dress();
    this.pump();
    this.paint();
  }

  turnTo(data) {
    this.now = data.afresh ? 0 : Math.max(0, Math.min(this.now, data.since));
    if (this.willing) this.play(true);
  }

  goTo(step) {
    // A link to a step: everything up to it is fetched, then it stands there.
    this.goal = step;
    this.playing = false;
    this.sought = step;
  }

  get head() {
    return Math.min(...SIDES.map((side) => this.lanes[side].film.head));
  }

  pump() {
    // One question at a time, and what is wanted meanwhile goes with the next; but an order waits for no other one's.
    if (!this.data || document.hidden) return;
    const fresh = this.orders.some((order) => !order.sent);
    const waiting = this.sent > (this.answered ?? 0) && performance.now() - this.asked < PATIENCE;
    if (waiting && !(fresh && this.orders.every((order) => !order.sent))) return;
    const { head } = this;
    const room = PACE * this.bar.speed * AHEAD;
    const more = !this.data.ended && ((this.playing && head - this.now < room) || (this.sought ?? -1) > head);
    const gap = head < this.data.head;
    const look = this.looking;
    if (!more && !gap && look === null && !fresh && !this.data.owing) return;
    this.orders.forEach((order) => (order.sent = true));
    this.sent += 1;
    this.asked = performance.now();
    this.say("view", {
      who: this.who,
      n: this.sent,
      turn: this.turn,
      have: head,
      at: Math.round(this.now),
      pace: this.playing ? PACE * this.bar.speed : 0,
      until: more ? Math.max(head + 1, this.playing ? Math.ceil(this.now + room + 20) : this.sought) : head,
      look,
      orders: this.orders.map(({ sent, ...order }) => order),
    });
  }

  get looking() {
    // The step whose forces are to be seen exactly: what is shown, once it stands still.
    if (this.playing || this.drawing === "stroke" || performance.now() - (this.moved ?? 0) < CALM) return null;
    const step = Math.round(this.now);
    const lacks = SIDES.some((side) => this.data.lanes[side].painted && !this.lanes[side].film.pulls.has(step));
    return lacks && step <= this.head ? step : null;
  }

  order(what) {
    const at = Math.min(this.head, Math.ceil(this.now + (this.playing ? LEAP * PACE * this.bar.speed : 0)));
    const last = this.orders.at(-1);
    const merges = last && !last.sent && (last.set && what.set ? true : last.draw && what.draw);
    if (merges) Object.assign(last, { ...what, set: { ...last.set, ...what.set }, at });
    else this.orders.push({ id: (this.orders_made += 1), at, ...what });
    this.pump();
  }

  set(key, value) {
    this.order({ set: { [key]: value } });
  }

  address(query) {
    // The set-up in this window's address: replaced, not pushed, since "back" is to leave the page.
    const text = JSON.stringify(query);
    if (text === this.addressed) return;
    const url = new URL(location.href);
    const mine = (key) => this.data.own.includes(key) || SIDES.some((side) => key.startsWith(`${side}.`));
    if (this.addressed) url.searchParams.delete("step");
    this.addressed = text;
    [...url.searchParams.keys()].filter(mine).forEach((key) => url.searchParams.delete(key));
    for (const [key, value] of Object.entries(query)) url.searchParams.set(key, value);
    history.replaceState(history.state, "", url);
  }

  // ---------------------------------------------------------------------------------------- the clock

  tick(time) {
    if (this.closed) return;
    requestAnimationFrame((next) => this.tick(next));
    const passed = Math.min(time - this.before, 250) / 1000;
    this.before = time;
    if (!this.data) return;
    if (this.sought !== undefined) this.seek();
    else if (this.playing) this.go(passed);
    if (this.playing || this.dirty || this.sought !== undefined) this.paint();
    if (this.playing || this.sought !== undefined || this.looking !== null || this.data.owing) this.pump();
  }

  seek() {
    this.now = Math.max(0, Math.min(this.sought, this.head));
    if (this.now < this.sought && !this.data.ended) return;
    this.sought = undefined;
    this.moved = 0;
  }

  go(passed) {
    const next = this.now + passed * PACE * this.bar.speed;
    this.now = Math.min(this.still ? Math.floor(next) + (next % 1) : next, this.head);
    this.drawn = (this.drawn ?? 0) + 1;
    if (this.data.ended && this.now >= this.head && this.head >= this.data.head) {
      this.play(false);
      this.willing = true; // what is changed now plays at once
    }
  }

  play(on) {
    this.playing = on;
    this.willing = false;
    this.moved = performance.now();
    this.bar.draw();
    this.pump();
    this.dirty = true;
  }

  toggle() {
    if (this.playing) return this.play(false);
    if (this.data.ended && this.now >= this.head) return this.restart();
    return this.play(true);
  }

  restart() {
    this.willing = true;
    this.order({ reset: true });
  }

  show(step) {
    this.playing = this.willing = false;
    this.now = Math.max(0, Math.min(step, this.head));
    this.moved = performance.now();
    this.dirty = true;
    this.bar.draw();
  }

  step(by) {
    const to = Math.round(this.now) + by;
    this.show(to);
    if (to > this.head && !this.data.ended) {
      this.sought = to;
      this.pump();
    }
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (event.key === " " && !pressing(event.target)) {
      event.preventDefault();
      this.toggle();
    }
    if (event.key === "Escape") this.draws(false);
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by) return;
    event.preventDefault();
    this.step(by);
  }

  // -------------------------------------------------------------------------------------------- drawing

  draws(on) {
    if (Boolean(this.drawing) === on) return;
    this.drawing = on ? "ready" : "";
    if (on && !this.data.drawn) this.order({ draw: this.data.kept });
    if (on) this.play(true);
    this.bar.draw();
    this.dress();
  }

  get points() {
    return this.data.drawn ? [...this.data.kept, ...this.strokes] : this.strokes;
  }

  dab(points) {
    this.drawing = "stroke";
    const room = this.data.most - this.points.length;
    const inside = points.filter((p) => p.every((v) => Math.abs(v) <= this.data.scene.extent));
    this.full = room < inside.length;
    this.strokes.push(...inside.slice(0, Math.max(0, room)));
    this.dirty = true;
    this.order({ draw: this.points });
  }

  lift() {
    this.drawing = "ready";
    if (this.data.ended) this.willing = true;
    if (this.full) this.bar.tell(`${this.data.most} points are the most that an address can hold: clear some first.`);
  }

  pointed(place) {
    this.cursor = place;
    this.dirty = true;
  }

  clear() {
    this.strokes = [];
    this.data.kept = [];
    this.order({ draw: [] });
    this.draws(true);
  }

  // -------------------------------------------------------------------------------------------- on screen

  resize() {
    const main = this.root.closest("[data-testid='stMain']");
    const top = this.root.getBoundingClientRect().top + (main?.scrollTop ?? 0);
    const tall = Math.max(440, window.innerHeight - Math.round(top) - 10);
    if (tall !== this.tall) this.root.style.height = `${(this.tall = tall)}px`;
    Object.values(this.lanes).forEach((lane) => lane.resize());
    this.dirty = true;
  }

  dress() {
    // What changes with a message, not with the step.
    const { data } = this;
    this.knobs.draw(data.knobs);
    for (const side of SIDES) this.lanes[side].dress(data.lanes[side], data.scene.lanes[side].marker, Boolean(this.drawing));
    this.bar.draw();
  }

  paint() {
    if (!this.data) return;
    this.dirty = false;
    const { scene, charts, words } = this.data;
    const strokes = this.cursor && this.drawing ? [...this.strokes, this.cursor] : this.strokes;
    for (const side of SIDES) {
      const lane = this.lanes[side];
      lane.cloud.draw({ scene, side, film: lane.film, now: this.now, shows: this.shows, still: !this.playing, strokes });
      lane.number({ sent: this.data.lanes[side], words, now: this.now, turn: this.turn, aloud: !this.playing && !this.drawing });
    }
    this.bar.at(this.now);
    const key = `${this.head}|${this.turn}|${Math.round(this.now)}|${this.tall}|${scene.key}|${this.data.reaches}`;
    if (key === this.charted) return;
    this.charted = key;
    const dressed = getComputedStyle(this.root);
    const [font, ground] = [dressed.fontFamily, dressed.getPropertyValue("--dcv-ground")];
    const style = { font, ground, muted: scene.words.colour, hairline: scene.grid.colour, now: scene.now.colour };
    for (const name of ["share", "distance"]) this.charts[name].draw(charts[name], SIDES.map((side) => this.curve(side, name)), this.now, style);
    this.charts.reach.draw(charts.reach, charts.reach.lines.map((l) => ({ ...l, x: [...decode(l.x)], y: [...decode(l.y)] })), null, style);
  }

  curve(side, name) {
    const values = this.lanes[side].film[name];
    const { colour } = this.data.scene.lanes[side];
    return { x: values.map((_, i) => i), y: values, colour, dash: side === "right" ? [6, 2] : [] };
  }
}
