// What each discrepancy would do to an image: a tile each, its change in red and blue, its length and its direction.

import { el, panel } from "../tools.js";
import { explains } from "../why.js";

export class Pulls {
  constructor(parent, on) {
    const made = panel(parent, "dcv-pulls", "What each discrepancy would do next");
    Object.assign(this, { root: made.root, head: made.head, caption: made.caption, on });
    this.legend = el("div", "dcv-legend");
    this.tiles = el("div", "dcv-tiles", { role: "list" });
    this.note = el("p", "dcv-note", { role: "status" });
    this.root.append(this.legend, this.tiles, this.note);
  }

  draw({ pulls, step, follows, chosen, words }) {
    this.root.classList.toggle("dcv-stale", Boolean(pulls?.tiles.length) && !follows && pulls.step !== step);
    this.caption.textContent = pulls?.step === undefined || pulls.step === null ? "" : `one plain step against its gradient, at step ${pulls.step}`;
    explains(this.caption, words.pulls);
    this.note.textContent = pulls?.trouble || (pulls?.phase ? `${pulls.phase} …` : (pulls?.source ?? ""));
    this.note.hidden = !this.note.textContent;
    if (!pulls) return this.tiles.replaceChildren();
    this.drawLegend(pulls.legend, words);
    const now = pulls.tiles.map((tile) => `${tile.key} ${tile.src?.length} ${tile.said} ${tile.scale}`).join("|") + pulls.step;
    if (now !== this.drawn) {
      this.drawn = now;
      this.tiles.replaceChildren(...pulls.tiles.map((tile, i) => this.tile(tile, i === 0)));
    }
    for (const tile of this.tiles.children) tile.querySelector("button")?.setAttribute("aria-pressed", String(tile.dataset.key === chosen));
    return undefined;
  }

  drawLegend(legend, words) {
    this.legend.hidden = !legend;
    if (!legend || this.legend.firstChild) return;
    const ramp = el("span", "dcv-ramp", { "aria-hidden": "true" });
    ramp.style.background = `linear-gradient(to right, ${legend.colours.join(", ")})`;
    this.legend.append(el("span", "", {}, legend.low), ramp, el("span", "", {}, legend.high), el("span", "dcv-own", {}, words.scale));
  }

  tile(tile, first) {
    const root = el("div", "dcv-pull", { role: "listitem", "data-key": tile.key });
    if (!tile.src) {
      root.append(el("b", "", { title: tile.title }, tile.title), el("p", "", {}, tile.said));
      return root;
    }
    const button = el("button", "", { type: "button", title: tile.help, "aria-label": `${tile.title}: ${tile.said}. ${tile.help}` });
    button.append(el("img", "dcv-arrow", { src: tile.src, alt: "" }));
    button.onclick = () => this.on.choose(tile.key);
    const head = el("b", tile.own ? "dcv-mine" : "", { title: tile.title }, tile.title);
    const facts = el("span", "dcv-numbers");
    if (tile.ends) facts.append(told(tile.ends, tile.ends_title, first));
    for (const fact of tile.facts) facts.append(told(fact.text, fact.title, first));
    root.append(button, head, facts);
    return root;
  }
}

function told(text, why, first) {
  // All tiles have the same numbers: Tab stops at those of the first one only.
  const node = el("span", "", { title: why }, text);
  if (first) explains(node, why);
  return node;
}
