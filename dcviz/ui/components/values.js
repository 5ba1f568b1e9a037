// What hovering curves tells, in words: the value of each at a moment, panel by panel. The keyboard reads it at the head.

import { decode } from "./tools.js";

const FIGURES = 4; // of a value, as hovering shows it
const OLD = 0.02; // of the way to the moment, beyond which it is said when a value was measured

export function values(traces, moment) {
  // A line for each panel that has a value by then; bands and levels have no words of their own.
  const panels = new Map(); // title -> what its curves are at
  for (const trace of traces) {
    const said = trace.meta?.panel && value(trace, moment);
    if (!said) continue;
    if (!panels.has(trace.meta.panel)) panels.set(trace.meta.panel, []);
    panels.get(trace.meta.panel).push(`${trace.name} ${said}`);
  }
  return [...panels].map(([title, lines]) => `${title}: ${lines.join(", ")}.`);
}

function value({ x, y, customdata }, moment) {
  // The newest that is known at the moment; empty before the first.
  const [places, told] = [decode(x), decode(customdata ?? y)];
  let at = -1;
  while (at + 1 < places.length && places[at + 1] <= moment) at += 1;
  while (at >= 0 && !Number.isFinite(told[at])) at -= 1;
  if (at < 0) return "";
  const old = moment - places[at] > OLD * moment; // measured, or ended, some time before
  return written(told[at]) + (old ? ` at ${written(places[at])}` : "");
}

function written(v) {
  const text = v !== 0 && (Math.abs(v) < 1e-3 || Math.abs(v) >= 1e6) ? v.toExponential(FIGURES - 2) : String(Number(v.toPrecision(FIGURES)));
  return text.replace("e+", "e").replaceAll("-", "−");
}
