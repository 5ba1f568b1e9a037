// The label of an image: its class, or a bar for each class of a soft one.

import { el } from "../tools.js";
import { explains } from "../why.js";

export class Label {
  constructor(parent) {
    this.root = el("div", "dcv-label");
    parent.append(this.root);
  }

  draw(label) {
    const now = JSON.stringify(label);
    if (now === this.drawn) return;
    this.drawn = now;
    this.root.replaceChildren();
    if (!label) return;
    const head = el("p", "dcv-label-head", {}, label.title);
    explains(head, label.explained);
    this.root.append(head, ...label.bars.map(bar));
    if (label.more) this.root.append(el("p", "dcv-note", {}, label.more));
    for (const fact of label.facts) {
      const line = el("p", "dcv-note", {}, `${fact.name} `);
      explains(line, fact.title);
      line.append(el("b", "", {}, fact.value));
      this.root.append(line);
    }
  }
}

function bar({ name, title, value, colour, from, to, low, high }) {
  const root = el("div", "dcv-bar-row", { title: `${title}: ${value}` });
  const track = el("span", "dcv-track");
  const fill = el("i");
  Object.assign(fill.style, { left: `${100 * from}%`, width: `${100 * (to - from)}%`, background: colour });
  track.append(fill);
  if (low !== null) {
    const range = el("u");
    Object.assign(range.style, { left: `${100 * low}%`, width: `${100 * (high - low)}%` });
    track.append(range);
  }
  root.append(el("span", "dcv-bar-name", {}, name), track, el("span", "dcv-bar-value", {}, value));
  return root;
}
