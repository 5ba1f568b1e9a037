// One synthetic image under the magnifying glass; without one, all images of the run to choose from, with the leak check.
// It draws the specs that dcviz/figures makes; it knows no colours and no method.

import { Bar } from "../bar.js";
import { Film } from "./film.js";
import { Label } from "./label.js";
import { Mates } from "./mates.js";
import { Near } from "./near.js";
import { PathMap } from "./path.js";
import { Plot, plotly } from "../plot.js";
import { Pulls } from "./pulls.js";
import { Sheet } from "../sheet.js";
import { addressAt, decode, el, panel, pressing, shared, signature, typing } from "../tools.js";
import { facts } from "../why.js";

const glasses = new WeakMap(); // parent element -> Glass
const SOON = 60; // ms before the server hears of another step or image

export function inspect(component) {
  const { parentElement } = component;
  let made = glasses.get(parentElement);
  if (!made) {
    glasses.set(parentElement, (made = new Glass(parentElement)));
    shared.stages.add(made);
  }
  made.receive(component);
  return () => {
    setTimeout(() => parentElement.isConnected || made.close(), 0);
  };
}

class Glass {
  constructor(parent) {
    addStyle();
    this.root = el("div", "dcv-stage dcv-glass", { role: "region", "aria-label": "One synthetic image" });
    parent.append(this.root);
    this.image = null; // the id asked for; null: all of them
    this.step = null; // the step asked for; null follows the run
    this.chosen = null; // the discrepancy whose step is shown on the image
    this.asked = "";
    this.makeAll();
    this.makeOne();
    this.root.append(this.all, this.one);
    this.observer = new ResizeObserver(() => this.resize());
    for (const node of [this.root, this.path.map.box, this.leaks.box, this.sheet.root]) this.observer.observe(node);
    this.observer.observe(parent.closest("[data-testid='stMainBlockContainer']") ?? parent);
    this.onKey = (event) => this.key(event);
    this.onResize = () => this.fit();
    document.addEventListener("keydown", this.onKey);
    window.addEventListener("resize", this.onResize);
    plotly().then(() => this.draw());
  }

  makeAll() {
    this.all = el("div", "dcv-all");
    this.sheet = new Sheet(this.all, (ids, id) => this.select(ids, id), 8);
    this.selected = new Set(); // in the sheet, by keyboard
    this.leaks = new Plot(this.all, "dcv-leaks", "Leak check", { click: (id) => this.open(id) });
    this.leaksSaid = el("p", "dcv-note", { role: "status" });
    this.leaks.root.append(this.leaksSaid);
  }

  makeOne() {
    this.one = el("div", "dcv-one");
    const grid = el("div", "dcv-glass-panels");
    const made = panel(grid, "dcv-subject", "Image");
    this.subject = made.root;
    this.subjectName = made.head.firstChild;
    this.back = el("button", "dcv-link", { type: "button", title: "All of this run (Escape)" }, "all of the run");
    this.back.onclick = () => this.open(null);
    made.head.append(this.back);
    const body = el("div", "dcv-body");
    const inner = (this.inner = el("div", "dcv-inner")); // a container cannot ask for its own size
    body.append(inner);
    const side = el("div", "dcv-beside");
    this.film = new Film(inner, { show: (step) => this.pick(step) });
    this.facts = el("div", "dcv-facts");
    this.label = new Label(side);
    side.prepend(this.facts);
    inner.append(side);
    this.status = el("p", "dcv-note", { role: "status" });
    this.subject.append(body, this.film.strip, this.status);
    this.path = new PathMap(grid, this.root);
    this.pulls = new Pulls(grid, { choose: (key) => this.choose(key) });
    this.near = new Near(grid);
    this.mates = new Mates(grid, { open: (id) => this.open(id) });
    this.bar = new Bar({
      show: (step) => this.show(step),
      need: () => this.tell(),
      shared: () => this.now,
      rest: () => this.rest(),
      glide: (next, part) => this.drawMap(next, part),
    });
    this.one.append(grid, this.bar.root);
  }

  close() {
    document.removeEventListener("keydown", this.onKey);
    window.removeEventListener("resize", this.onResize);
    this.observer.disconnect();
    this.bar.pause();
    this.path.map.close();
    this.leaks.close();
    shared.stages.delete(this);
  }

  receive(component) {
    const { data } = component;
    this.say = component.setStateValue;
    if (!this.data || data.run !== this.data.run) Object.assign(this, { image: data.image, step: data.step, asked: "" });
    if (data.refused && this.image === data.refused) this.image = null;
    if (data.theme !== this.data?.theme || data.real !== this.data?.real) this.path.map.awake();
    this.data = data;
    if (data.title) document.title = data.title;
    this.draw();
    if (!this.tall) this.fit();
  }

  // ------------------------------------------------------------------------------------------ what is looked at

  open(image) {
    if (image === this.image) return;
    this.bar.pause();
    this.image = image;
    this.chosen = null;
    this.tell();
    this.draw();
  }

  pick(step) {
    this.bar.pause();
    this.show(step);
  }

  show(step) {
    this.step = step;
    this.chosen = null;
    if (!this.bar.moving) this.tell();
    this.draw();
  }

  rest() {
    this.tell();
    this.draw();
  }

  choose(key) {
    this.chosen = this.chosen === key ? null : key;
    this.draw();
  }

  tell() {
    const view = { run: this.data.run, image: this.image, step: this.step };
    const text = JSON.stringify(view);
    if (text === this.asked) return;
    this.asked = text;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.say("view", view);
      const url = addressAt(this.step);
      if (this.image === null) url.searchParams.delete("image");
      else url.searchParams.set("image", String(this.image));
      history.replaceState(history.state, "", url); // "back" is to leave the page, not to walk through its images
    }, SOON);
  }

  get here() {
    return this.data?.one?.image === this.image ? this.data.one : null; // what the server knows of this image
  }

  get steps() {
    return this.here?.film?.steps ?? this.data.steps;
  }

  get now() {
    const { steps } = this;
    if (!steps.length) return null;
    const wanted = this.step ?? steps.at(-1);
    return steps.reduce((best, s) => (Math.abs(s - wanted) < Math.abs(best - wanted) ? s : best), steps[0]);
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (this.image === null) return this.sheet.holds(event.target) && this.keyInSheet(event);
    if (event.key === "Escape") return this.open(null);
    if (event.key === " " && !pressing(event.target)) {
      event.preventDefault();
      return this.bar.toggle();
    }
    const move = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (move) {
      event.preventDefault();
      this.bar.move(move);
    }
    return undefined;
  }

  keyInSheet(event) {
    if (event.key === "Enter" && this.selected.size) return this.open([...this.selected][0]);
    this.arrowing = true; // arrows choose, Enter opens; a click does both
    this.sheet.key(event);
    this.arrowing = false;
    return undefined;
  }

  select(ids, id) {
    this.selected = ids;
    if (!this.arrowing && id !== null) this.open(id);
    else this.draw();
  }

  // ----------------------------------------------------------------------------------------------------- drawing

  draw() {
    if (!this.data) return;
    const { data } = this;
    this.root.classList.toggle("dcv-planar", Boolean(data.planar));
    this.all.hidden = this.image !== null;
    this.one.hidden = this.image === null;
    if (this.image === null) this.drawAll();
    else this.drawOne();
  }

  drawAll() {
    const { data } = this;
    if (data.all?.sheet) this.sheet.draw(data.all.sheet, data.all.detail, this.selected, data.words);
    this.sheet.root.hidden = !data.all?.sheet;
    this.leaksSaid.textContent = data.all?.said ?? "";
    this.leaks.caption(data.words.leaks, data.words.flag);
    if (data.all?.leaks) this.leaks.draw(data.all.leaks, `${data.run}|${data.theme}|${signature(data.all.leaks)}`);
  }

  drawOne() {
    const { data, here } = this;
    const step = this.now;
    const at = here?.film ? here.film.steps.indexOf(step) : -1;
    this.root.classList.toggle("dcv-waiting", !here?.film);
    this.subjectName.textContent = `${data.planar ? "Particle" : "Image"} ${this.image}${here?.name === undefined ? "" : ` · class ${here.name}`}`;
    const pull = here?.pulls?.tiles.find((tile) => tile.key === this.chosen && tile.after && here.pulls.step === step);
    this.film.draw({ film: here?.film, step, name: here?.name, image: this.image, after: pull && { src: pull.after, title: pull.title } });
    this.label.draw(here?.label ?? null);
    this.inner.classList.toggle("dcv-soft", Boolean(here?.label?.bars.length));
    this.drawFacts(here, at);
    this.status.textContent = here?.trouble || (here?.film ? (pull ? `${data.words.after} ${pull.title}` : "") : `${here?.phase ?? "reading"} …`);
    this.pulls.draw({ pulls: here?.pulls, step, follows: this.step === null, chosen: this.chosen, words: data.words });
    this.near.draw({ near: at < 0 ? null : here.near, at, exact: Boolean(here?.exact?.includes(step)), names: data.names, words: data.words, phase: here?.phase, planar: data.planar });
    this.mates.draw({ mates: here?.mates, image: this.image, name: here?.name });
    this.drawMap();
    this.bar.draw({ data: { ...data, steps: this.steps }, step: step ?? 0, following: this.step === null, has: () => true });
  }

  drawFacts(here, at) {
    const found = [];
    const off = here?.off && at >= 0 ? decode(here.off)[at] : NaN;
    if (Number.isFinite(off)) found.push(["off-manifold", `percentile ${Math.round(off)}${off > 95 ? " · flagged" : ""}`, this.data.words.off]);
    const trust = here?.placing && at >= 0 ? decode(here.placing.trust)[at] : NaN;
    if (Number.isFinite(trust)) found.push(["map trust", `${Math.round(trust * here.placing.k)} of ${here.placing.k}`, this.data.words.trust]);
    facts(this.facts, found);
  }

  drawMap(next = null, part = 0) {
    if (next !== null && window.matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    const { data, here, now, image, chosen } = this;
    this.path.draw({ data, here, step: now, image, chosen, next, part });
  }

  // -------------------------------------------------------------------------------------------------------- size

  fit() {
    const scrolled = this.root.closest("[data-testid='stMain']")?.scrollTop ?? 0;
    const top = this.root.getBoundingClientRect().top + scrolled;
    const tall = Math.max(560, window.innerHeight - Math.round(top) - 10);
    if (tall !== this.tall) this.root.style.height = `${(this.tall = tall)}px`;
  }

  resize() {
    this.fit();
    this.path.map.resize();
    this.leaks.resize();
    this.sheet.resize();
  }
}

function addStyle() {
  if (document.querySelector("link[data-dcv='inspect']")) return;
  const href = new URL("./inspect.css", import.meta.url).href;
  document.head.append(el("link", "", { rel: "stylesheet", href, "data-dcv": "inspect" }));
}
