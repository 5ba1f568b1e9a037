// One map for several runs: the points of each in its own shape, selected places ringed and named.

import { Plot } from "./plot.js";
import { decode, el, shared, signature } from "./tools.js";
import { between, trails } from "./trails.js";

const [WIDE, TALL, BESIDE] = [120, 15, 9]; // pixels of a name on the map, and from its point
const TOLD = 3; // selected places up to which the map writes whose points they are
const FAINT = 0.12;

export class Merged {
  constructor(parent, on) {
    this.plot = new Plot(parent, "dcv-map", "Map", on);
    this.switch = el("div", "dcv-switch", { role: "radiogroup", "aria-label": "Which map" });
    this.plot.head.children[0].after(this.switch);
    this.on = on;
  }

  draw({ data, members, selected, lit, moving, part, live }) {
    // members: one for each run on the map: {key, run, frame, next, past, ids}
    const real = shared.real.get(data.real);
    if (!real) return this.plot.caption(data.words.map);
    const kinds = Object.keys(real.maps);
    const drawn = (name) => members.some(({ frame }) => Object.hasOwn(frame?.maps ?? {}, name));
    const kind = kinds.includes(this.kind) ? this.kind : (kinds.find(drawn) ?? kinds[0]);
    const layer = real.maps[kind];
    const few = selected.size > 0 && selected.size <= TOLD;
    const look = { kind, layer, lit, some: selected.size > 0, few, moving, part };
    const traces = members.flatMap((member) => points(member, look));
    if (moving) return this.plot.play({ ...layer, plays: true }, `${data.real}|${kind}|still`, traces);
    apart(traces.filter((trace) => trace.meta.layer === "tag"), this.plot.box._fullLayout);
    this.drawSwitch(kinds, kind);
    const key = [data.real, kind, lit, this.plot.chosen, [...selected], ...traces.map(signature)].join("|");
    this.plot.draw({ ...layer, data: [...layer.data, ...traces] }, key, live);
    return this.plot.caption(data.words.map || layer.caption, `${data.words.map} ${layer.explained}`.trim(), layer.title);
  }

  drawSwitch(kinds, kind) {
    const now = kinds.join() + kind;
    if (this.switched === now) return;
    this.switched = now;
    this.switch.replaceChildren(
      ...kinds.filter(() => kinds.length > 1).map((name) => {
        const button = el("button", "", { type: "button", role: "radio", "aria-checked": String(name === kind) }, name.toUpperCase());
        button.onclick = () => {
          this.kind = name;
          this.on.changed();
        };
        return button;
      }),
    );
  }
}

function points({ key, run, frame, next, past, ids }, { kind, layer, lit, some, few, moving, part }) {
  // The points of one run: on their way to the next moment, selected ones ringed, the others dimmed.
  const ring = { x: [], y: [] };
  const out = between(frame?.maps?.[kind] ?? [], next?.maps?.[kind], part).map((trace) => {
    if (trace.meta.layer !== "synthetic") return trace;
    const at = [];
    decode(trace.customdata).forEach((id, i) => ids.has(id) && at.push(i));
    const [x, y] = [decode(trace.x), decode(trace.y)];
    for (const i of at) ring.x.push(x[i]) && ring.y.push(y[i]);
    return { ...trace, opacity: lit && lit !== key ? FAINT : 1, selectedpoints: some ? at : null };
  });
  const rings = out.map((trace) => (trace.meta.layer === "selection" && few ? { ...trace, ...ring } : trace));
  if (!few || moving || !ids.size) return rings;
  const tag = { ...run.tag, x: [...ring.x], y: [...ring.y], text: ring.x.map(() => run.tag.text) };
  return [...trails(past(), kind, frame, layer.trail, ids), ...rings, tag];
}

function apart(tags, full) {
  // Names of points that lie close together, one under another; measured in pixels of the map as it stands.
  if (!full?.xaxis) return;
  const { xaxis, yaxis } = full;
  const places = tags.flatMap((tag) => tag.x.map((x, i) => ({ tag, i, px: xaxis.l2p(x), py: yaxis.l2p(tag.y[i]) })));
  places.sort((a, b) => a.py - b.py);
  places.forEach((place, i) => {
    for (const before of places.slice(0, i)) {
      if (Math.abs(before.px - place.px) > WIDE) continue;
      place.py = Math.max(place.py, before.py + TALL);
      place.px = Math.max(place.px, before.px);
    }
    place.tag.x[place.i] = xaxis.p2l(place.px + BESIDE);
    place.tag.y[place.i] = yaxis.p2l(place.py);
  });
}
