// The way of each synthetic point through the frames before the shown one, as far as they are here.

import { decode } from "./tools.js";

const CHOSEN = 40; // times as many points as for all trails together, where only the selected ones have theirs

export function trails(frames, kind, last, style, selected) {
  // `frames` ascending by step, `last` the last of them; `style` is a trace without points and says how many there may be.
  const drawn = last?.maps?.[kind]?.filter((trace) => trace.meta.layer === "synthetic") ?? [];
  const many = drawn.reduce((sum, trace) => sum + decode(trace.customdata).length, 0);
  if (!style || !many) return [];
  const some = selected.size > 0;
  const count = Math.floor(some ? (CHOSEN * style.meta.points) / selected.size : style.meta.points / many);
  const past = frames.filter((f) => f.maps?.[kind]).slice(-Math.max(1, count));
  if (past.length < 2) return [];
  const found = drawn.map((trace) => path(trace, past.map((f) => alike(f.maps[kind], trace)).filter(Boolean), some && selected));
  return found.filter((way) => way.x.length).map((way) => ({ ...style, ...way }));
}

function alike(traces, trace) {
  // The trace of the same points in another frame.
  return traces.find((t) => t.name === trace.name && t.customdata?.bdata === trace.customdata.bdata);
}

function path(trace, steps, chosen) {
  const ways = { x: [], y: [], line: { color: trace.marker.color, width: 1 } };
  decode(trace.customdata).forEach((id, i) => {
    if (chosen && !chosen.has(id)) return;
    for (const axis of ["x", "y"]) ways[axis].push(...steps.map((t) => decode(t[axis])[i]), NaN);
  });
  return ways;
}

export function between(traces, next, part) {
  // The traces on their way to those of the next frame; as they are where the next one holds other points.
  return traces.map((trace) => {
    const to = part > 0 && trace.meta.layer === "synthetic" && alike(next ?? [], trace);
    if (!to) return trace;
    const moved = (axis) => {
      const [a, b] = [decode(trace[axis]), decode(to[axis])];
      return a.map((v, i) => v + part * (b[i] - v));
    };
    return { ...trace, x: moved("x"), y: moved("y") };
  });
}
