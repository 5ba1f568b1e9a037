// One Plotly figure that keeps its zoom, its lasso and its node while the data changes; over it, ink for what plays.

import { takes } from "./download.js";
import { Ink } from "./ink.js";
import { decode, el, panel, shared } from "./tools.js";
import { explains } from "./why.js";

const here = import.meta.url;
let loading = null;

export function plotly() {
  if (globalThis.Plotly) return Promise.resolve(globalThis.Plotly);
  if (shared.plotly) return shared.plotly; // it is on its way
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = new URL("./plotly.min.js", here).href;
    script.onload = () => resolve(globalThis.Plotly);
    script.onerror = () => reject(new Error("plotly.min.js is missing beside stage.js; restart the app"));
    document.head.append(script);
  });
  return loading;
}

const webgl = (() => {
  const context = document.createElement("canvas").getContext("webgl");
  context?.getExtension("WEBGL_lose_context")?.loseContext();
  return Boolean(context);
})();

const REST = 30; // times the drawing that a live figure rests: the run it shows needs the same processor
const AWAY = 4000; // ms after which a person who left it counts as gone: a finger leaves with every tap
const FRESH = 3; // drawings of something new that are followed by no rest: they are waited for
// Its buttons are named one by one: among Plotly's own there is one that sends the chart to a server of its makers.
const PLAIN = { displaylogo: false, modeBarButtons: [["zoom2d", "pan2d", "resetScale2d"]] };

export class Plot {
  constructor(parent, name, title, on) {
    const made = panel(parent, name, title);
    Object.assign(this, { root: made.root, head: made.head, captionNode: made.caption, on });
    this.awake();
    this.chosen = 0; // how often the selection has changed: Plotly keeps its own as long as this stays
    this.outline = null; // of the last lasso or box, as a path in data coordinates
    this.box = el("div", "dcv-plot", { role: "img", "aria-label": title });
    const frame = el("div", "dcv-framed");
    frame.append(this.box);
    this.root.append(frame);
    this.ink = new Ink(this.box);
    this.observer = new ResizeObserver(() => this.resize()); // a caption over it may take a line more
    this.observer.observe(this.box);
    this.inked = { traces: [], lines: [] };
    this.near = false; // whether a person points at it: then its points have to be Plotly's, to be hovered and caught
    this.root.addEventListener("pointerenter", () => this.meet(true));
    this.root.addEventListener("pointerleave", () => {
      this.parting = setTimeout(() => this.meet(false), AWAY);
    });
    takes(this);
  }

  meet(near) {
    clearTimeout(this.parting);
    if (near === this.near) return;
    this.near = near;
    this.on.near?.();
  }

  caption(text, explained = text, title = "") {
    if (title) this.head.firstChild.textContent = title;
    if (text && this.captionNode.textContent !== text) {
      this.captionNode.textContent = text;
      if (explained === text) this.captionNode.title = text;
      else explains(this.captionNode, explained);
      this.box.setAttribute("aria-label", text);
    }
  }

  draw(spec, key, live = false) {
    if (key !== undefined && key === this.key) return; // drawing takes far longer than comparing
    this.key = key;
    this.spec = spec;
    clearTimeout(this.timer);
    const wait = live ? (this.rested ?? 0) - performance.now() : 0;
    if (wait > 0) this.timer = setTimeout(() => this.start(), wait); // the newest is drawn then
    else this.start();
  }

  play(still, key, traces) {
    // Points that move: Plotly is left with what stands still, and these are drawn over it at once.
    this.draw(still, key);
    this.inked.traces = traces;
    this.ink.draw(this.inked);
  }

  lines(lines) {
    // Vertical lines that follow the step; Plotly would draw everything anew to move one.
    this.inked.lines = lines;
    if (!this.busy) this.ink.draw(this.inked);
  }

  start() {
    if (this.busy || !this.fits()) return; // drawn when the one before is on screen, or when there is room
    this.busy = true;
    plotly()
      .then((Plotly) => this.react(Plotly))
      .finally(() => (this.busy = false));
  }

  fits() {
    return this.box.isConnected && this.box.clientWidth > 20 && this.box.clientHeight > 20;
  }

  async react(Plotly) {
    while (this.spec && this.fits()) {
      const { data, layout, config, plays } = this.spec;
      this.spec = null;
      const traces = data.map((trace) => ({ ...trace, type: webgl ? trace.type : trace.type.replace("gl", "") }));
      // A selection of Plotly's own is a region: points that move through it would enter and leave. Ours is ids, so
      // Plotly is told of no region, and the outline is drawn as a shape.
      const kept = { selections: [], selectionrevision: `${layout.selectionrevision} ${this.chosen}` };
      if (this.box.layout) kept.dragmode = this.box.layout.dragmode;
      if (this.outline) kept.shapes = [...(layout.shapes ?? []), outlined(this.outline, layout.newselection)];
      const size = { width: this.box.clientWidth, height: this.box.clientHeight };
      // Plotly writes into what it is given; axes are copied so that the spec stays as it was sent.
      const began = performance.now();
      await Plotly.react(this.box, traces, spaced(enlarged(structuredClone({ ...layout, ...kept, ...size }), this.type)), config ?? PLAIN);
      if (!plays) this.inked.traces = []; // they are Plotly's again
      this.ink.draw(this.inked);
      this.fresh -= 1;
      if (this.fresh < 0) this.rested = performance.now() + REST * (performance.now() - began);
      if (!this.listening) this.listen();
    }
  }

  listen() {
    this.listening = true;
    this.box.on("plotly_relayout", () => this.ink.draw(this.inked));
    this.box.on("plotly_relayouting", () => this.ink.draw(this.inked));
    this.box.on("plotly_hover", (event) => this.on.hover?.(event.points[0], event.event));
    this.box.on("plotly_unhover", () => this.on.hover?.(null));
    this.box.on("plotly_click", (event) => {
      const id = synthetic(event.points)[0];
      if (id !== undefined) this.on.click?.(id, event.points);
    });
    this.box.on("plotly_selected", (event) => {
      if (!event?.points || (this.busy && !event.points.length)) return; // nothing caught by our own drawing
      this.chosen += 1;
      this.outline = path(event.lassoPoints ?? corners(event.range));
      this.on.lasso?.(synthetic(event.points), event.points);
    });
    this.box.on("plotly_deselect", () => this.busy || this.on.clear?.()); // by the person, not by our own drawing
  }

  get type() {
    return parseFloat(getComputedStyle(this.box).getPropertyValue("--dcv-type")) || 1; // larger for a projector
  }

  awake() {
    this.fresh = FRESH;
    this.rested = 0;
  }

  unlasso() {
    // The selection now comes from elsewhere: plotly is to forget its own, and the outline of it.
    this.chosen += 1;
    this.outline = null;
  }

  resize() {
    if (this.spec) this.start(); // it came before there was room for it
    const { clientWidth: width, clientHeight: height } = this.box;
    const now = this.box.layout;
    if (now && width > 20 && (now.width !== width || now.height !== height)) {
      globalThis.Plotly.relayout(this.box, { width, height }).then(() => this.ink.draw(this.inked));
    }
  }

  close() {
    clearTimeout(this.timer);
    clearTimeout(this.parting);
    this.observer.disconnect();
    globalThis.Plotly?.purge(this.box);
  }
}

function enlarged(layout, by) {
  // Every font, and the margins that hold text, so many times as large.
  if (by === 1) return layout;
  const grow = (node) => {
    for (const [key, value] of Object.entries(node)) {
      if (!value || typeof value !== "object") continue;
      if (key.endsWith("font") && value.size) value.size *= by;
      if (key === "margin") for (const side of Object.keys(value)) value[side] *= by;
      grow(value);
    }
  };
  grow(layout);
  return layout;
}

function spaced(layout) {
  // Fewer numbers along an axis that has little room for them; Plotly would turn them on end.
  for (const [key, axis] of Object.entries(layout)) {
    if (!key.startsWith("xaxis") || !axis.nticks) continue;
    const room = layout.width - layout.margin.l - layout.margin.r;
    axis.nticks = Math.max(2, Math.min(axis.nticks, Math.floor(room / (4 * (axis.tickfont?.size ?? 11)))));
    axis.tickangle = 0;
  }
  return layout;
}

function corners(range) {
  const [left, right] = range?.x ?? [];
  const [low, high] = range?.y ?? [];
  return range && { x: [left, right, right, left], y: [low, low, high, high] };
}

function path(points) {
  return points ? `M${points.x.map((x, i) => `${x},${points.y[i]}`).join("L")}Z` : null;
}

function outlined(path, style) {
  return { type: "path", path, xref: "x", yref: "y", layer: "above", line: { ...style?.line }, fillcolor: "rgba(0,0,0,0)" };
}

function synthetic(points) {
  return points.filter((p) => p.data.meta?.layer === "synthetic").map((p) => decode(p.data.customdata)[p.pointNumber]);
}
