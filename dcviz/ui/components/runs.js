// The gallery of runs and their queue, as two small components in one file's reach.

import { Cards } from "./cards.js";
import { Line } from "./line.js";

const made = new WeakMap(); // parent element -> Cards or Line
const KINDS = { cards: Cards, line: Line };

export default function (component) {
  const { data, parentElement } = component;
  if (!made.has(parentElement)) made.set(parentElement, new KINDS[data.kind](parentElement));
  made.get(parentElement).receive(component);
}
