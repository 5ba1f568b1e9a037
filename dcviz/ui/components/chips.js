// The row that says which run is which: shape, colour, what tells it from the others, how well it did.

import { el, signature } from "./tools.js";

export class Chips {
  constructor(parent, on) {
    this.on = on;
    this.root = el("div", "dcv-chips", { role: "group", "aria-label": "Runs" });
    parent.append(this.root);
    this.root.addEventListener("mouseleave", () => this.on.light(null));
  }

  draw(strands, shown, lit, words) {
    const key = `${signature(strands)}|${shown}`;
    if (key !== this.key) this.fill(strands, shown, words);
    this.key = key;
    for (const chip of this.root.children) chip.classList.toggle("dcv-dim", Boolean(lit) && chip.dataset.key !== lit);
  }

  fill(strands, shown, words) {
    const kept = document.activeElement?.dataset?.key;
    this.root.replaceChildren(...strands.map((strand) => this.chip(strand, shown.includes(strand.key), words)));
    if (kept) [...this.root.children].find((chip) => chip.dataset.key === kept)?.focus();
  }

  chip(strand, on, words) {
    const title = `${strand.explained} ${on ? words.on : words.off}`;
    const chip = el("button", "dcv-chip", { type: "button", "aria-pressed": String(on), title, "data-key": strand.key });
    const glyph = el("span", "dcv-glyph", { "aria-hidden": "true" }, strand.glyph);
    glyph.style.color = strand.colour;
    chip.append(glyph, el("span", "dcv-label", {}, strand.label), el("span", "dcv-told", {}, strand.told));
    chip.onclick = () => this.on.toggle(strand.key);
    chip.onmouseenter = () => this.on.light(strand.key);
    chip.onfocus = () => chip.matches(":focus-visible") && this.on.light(strand.key);
    chip.onblur = () => this.on.light(null);
    return chip;
  }
}
