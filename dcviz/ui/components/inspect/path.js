// The way of one image over the fixed map of the real data: where it began, where it is, and what places it there.

import { Peek } from "../peek.js";
import { Plot } from "../plot.js";
import { decode, el, shared } from "../tools.js";

const BLIND = { cut: () => false }; // a sheet without images: only real ones are shown beside the pointer

export class PathMap {
  constructor(parent, root) {
    this.kind = null; // the map asked for
    this.map = new Plot(parent, "dcv-map", "Path on the map", {
      hover: (point, event) => this.peek.show(point, event, { real: this.real, sheet: BLIND }),
    });
    this.peek = new Peek(root);
    this.switch = el("div", "dcv-switch", { role: "radiogroup", "aria-label": "Which map" });
    this.whole = el("button", "dcv-button dcv-small", { type: "button" });
    this.whole.append(el("span", "dcv-icon", { "aria-hidden": "true" }));
    this.whole.onclick = () => this.zoom(!this.near);
    this.map.head.children[0].after(this.switch);
    this.note = el("p", "dcv-note");
    const foot = el("div", "dcv-foot");
    foot.append(this.note, this.whole);
    this.map.root.append(foot);
    this.zoomed(false);
  }

  draw(now) {
    // `now`: the message, what is known of the image, its id and step, the discrepancy chosen, and the way to the next step.
    Object.assign(this, now);
    this.real = shared.real.get(this.data.real);
    const at = this.here?.path?.at;
    const kinds = this.real ? Object.keys(this.real.maps).filter((kind) => !at || at[kind]) : [];
    if (!kinds.length) return;
    const kind = kinds.includes(this.kind) ? this.kind : kinds[0];
    this.drawSwitch(kinds, kind);
    const shown = `${kind} ${this.image}`;
    if (shown !== this.shown && this.near) this.zoom(false);
    this.shown = shown;
    this.drawn = kind;
    const layer = this.real.maps[kind];
    this.map.play({ ...layer, plays: true }, `${this.data.real}|${kind}|path`, at ? this.traces(kind) : []);
    const { words } = this.data;
    this.note.textContent = kind === "umap" ? words.placed : "";
    this.map.caption(at && this.outside(kind, layer) ? `beyond the edge: zoom out · ${words.path}` : words.path, layer.explained, "Path on the map");
  }

  get at() {
    return Math.max(0, this.here.film.steps.indexOf(this.step));
  }

  line(kind) {
    return ["x", "y"].map((axis) => Array.from(decode(this.here.path.at[kind][axis])));
  }

  traces(kind) {
    const { path, film } = this.here;
    const [x, y] = this.line(kind);
    const { at } = this;
    const to = this.next === null ? at : film.steps.indexOf(this.next);
    const here = [x, y].map((v) => v[at] + this.part * (v[to] - v[at]));
    const spec = (name, xs, ys) => ({ ...path.traces[name], x: xs, y: ys });
    const first = x.findIndex((v) => Number.isFinite(v));
    return [
      spec("ahead", [here[0], ...x.slice(at + 1)], [here[1], ...y.slice(at + 1)]),
      spec("past", [...x.slice(0, at + 1), here[0]], [...y.slice(0, at + 1), here[1]]),
      this.neighbours(kind, at),
      ...this.pulls(kind, at, here),
      spec("first", [x[first]], [y[first]]),
      spec("now", [here[0]], [here[1]]),
    ].filter(Boolean);
  }

  neighbours(kind, at) {
    // The real samples that place it; in the plane its nearest.
    const { path, placing, near } = this.here;
    const ring = (spots) => ({ ...path.traces.near, x: spots.map((s) => s[0]), y: spots.map((s) => s[1]) });
    if (kind === "umap" && placing) {
      const ids = decode(this.real.ids);
      const rows = decode(placing.neighbours).slice(at * placing.k, (at + 1) * placing.k);
      return ring(Array.from(rows).filter((row) => row >= 0).map((row) => spotOf(this.real.maps.umap, ids[row])).filter(Boolean));
    }
    if (kind !== "plane" || !near) return null;
    const { rows, k } = near.spaces[0];
    const [x, y] = [decode(near.points.x), decode(near.points.y)];
    return ring(Array.from(decode(rows).slice(at * k, at * k + Math.min(5, k)), (row) => [x[row], y[row]]));
  }

  pulls(kind, at, here) {
    const { path, pulls, film } = this.here;
    if (kind !== "plane" || !pulls || pulls.step !== film.steps[at]) return [];
    const tiles = pulls.tiles.filter((tile) => tile.arrow && (!this.chosen || tile.key === this.chosen));
    return tiles.map((tile) => ({ ...path.traces.pull, ...arrow(here, tile.arrow), opacity: tile.own || this.chosen ? 1 : 0.4 }));
  }

  outside(kind, layer) {
    const [x, y] = this.line(kind).map((v) => v[this.at]);
    const beyond = (value, [low, high]) => value < low || value > high;
    return beyond(x, layer.layout.xaxis.range) || beyond(y, layer.layout.yaxis.range);
  }

  zoom(near) {
    // To the path and what places it, or back to the whole map.
    if (!this.here?.path || !this.map.box.layout) return;
    const { layout } = this.real.maps[this.drawn];
    const ranges = [layout.xaxis.range, layout.yaxis.range];
    if (near) {
      const around = this.here.film.steps.map((_, at) => this.neighbours(this.drawn, at)).filter(Boolean);
      this.line(this.drawn).forEach((way, i) => {
        const values = [...way, ...around.flatMap((trace) => trace[i ? "y" : "x"])].filter(Number.isFinite);
        const [low, high] = [Math.min(...values), Math.max(...values)];
        const room = Math.max(0.15 * (high - low), 0.02 * (ranges[i][1] - ranges[i][0]));
        ranges[i] = [low - room, high + room];
      });
    }
    globalThis.Plotly.relayout(this.map.box, { "xaxis.range": [...ranges[0]], "yaxis.range": [...ranges[1]] });
    this.zoomed(near);
  }

  zoomed(near) {
    this.near = near;
    const said = near ? "Show the whole map" : "Zoom to the path";
    this.whole.firstChild.textContent = near ? "zoom_out_map" : "zoom_in_map";
    for (const name of ["title", "aria-label"]) this.whole.setAttribute(name, said);
  }

  drawSwitch(kinds, kind) {
    const now = kinds.join() + kind;
    if (this.switched === now) return;
    this.switched = now;
    const shown = kinds.length > 1 ? kinds : [];
    this.switch.replaceChildren(
      ...shown.map((name) => {
        const button = el("button", "", { type: "button", role: "radio", "aria-checked": String(name === kind) }, name.toUpperCase());
        button.onclick = () => {
          this.kind = name;
          this.draw({});
        };
        return button;
      }),
    );
  }
}

const spots = new WeakMap(); // a real map -> where each of its samples lies, by id

function spotOf(map, id) {
  if (!spots.has(map)) {
    const found = new Map();
    for (const trace of map.data) {
      const [ids, x, y] = [decode(trace.customdata), decode(trace.x), decode(trace.y)];
      ids.forEach((one, i) => found.set(one, [x[i], y[i]]));
    }
    spots.set(map, found);
  }
  return spots.get(map).get(id);
}

function arrow([x, y], [dx, dy]) {
  const barb = (turn) => [x + dx - 0.25 * (dx * Math.cos(turn) - dy * Math.sin(turn)), y + dy - 0.25 * (dx * Math.sin(turn) + dy * Math.cos(turn))];
  const [a, b] = [barb(0.5), barb(-0.5)];
  return { x: [x, x + dx, NaN, a[0], x + dx, b[0]], y: [y, y + dy, NaN, a[1], y + dy, b[1]] };
}
