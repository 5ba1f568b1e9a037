// The nearest real samples of an image, in each space: how far, and how unusual that is.

import { cut } from "../detail.js";
import { decode, el, panel } from "../tools.js";
import { explains } from "../why.js";

const SHOWN = 5;

export class Near {
  constructor(parent) {
    const made = panel(parent, "dcv-near", "Nearest real images");
    Object.assign(this, { root: made.root, head: made.head, caption: made.caption });
    this.spaces = el("div", "dcv-spaces");
    this.root.append(this.spaces);
    this.made = [];
  }

  draw({ near, at, exact, names, words, phase, planar }) {
    this.head.firstChild.textContent = planar ? "Nearest real points" : "Nearest real images";
    this.caption.textContent = near ? `${words.near} ${exact ? words.exact : words.rounded}` : phase ? `${phase} …` : "";
    this.caption.title = words.flag;
    if (!near) {
      this.spaces.replaceChildren();
      this.made = [];
      return;
    }
    if (this.made.length !== near.spaces.length || this.of !== near) {
      this.made = near.spaces.map((space) => new Space(space, near));
      this.spaces.replaceChildren(...this.made.map((one) => one.root));
      this.of = near;
    }
    for (const one of this.made) one.draw(at, names, words);
  }
}

class Space {
  constructor(space, near) {
    Object.assign(this, { space, near });
    this.root = el("div", "dcv-space");
    const name = el("span", "", {}, `in ${space.space === "plane" ? "the plane" : space.space}`);
    explains(name, space.explained);
    this.title = el("h4");
    this.title.append(name);
    this.badge = el("span", "dcv-badge");
    const head = el("div", "dcv-space-head");
    head.append(this.title, this.badge);
    this.row = el("div", "dcv-ranks");
    this.tiles = Array.from({ length: Math.min(SHOWN, space.k) }, () => {
      const tile = el("figure", "dcv-rank");
      if (near.atlas) tile.append(el("canvas", "", { role: "img" }));
      tile.append(el("figcaption"));
      return tile;
    });
    this.row.append(...this.tiles);
    this.meter = el("div", "dcv-meter", { role: "img" });
    this.mark = el("i");
    this.meter.append(el("u"), this.mark);
    this.said = el("p", "dcv-said");
    this.root.append(head, this.row, this.meter, this.said);
  }

  draw(at, names, words) {
    const { k } = this.space;
    const [rows, far] = [decode(this.space.rows), decode(this.space.distance)];
    const [ids, labels] = [decode(this.near.ids), decode(this.near.labels)];
    this.tiles.forEach((tile, rank) => {
      const row = rows[at * k + rank];
      const said = `rank ${rank + 1}: real number ${ids[row]}, class ${names[labels[row]]}, distance ${far[at * k + rank].toPrecision(3)}`;
      tile.title = said;
      const canvas = tile.querySelector("canvas");
      if (canvas) {
        canvas.setAttribute("aria-label", said);
        if (tile.row !== row) cut(this.near.atlas, row, canvas);
        tile.row = row;
      }
      tile.lastChild.textContent = this.near.atlas ? far[at * k + rank].toPrecision(3) : `${names[labels[row]]} · ${far[at * k + rank].toPrecision(2)}`;
    });
    const percentile = decode(this.space.percentile)[at];
    const memorised = decode(this.space.memorised)[at] === 1;
    const known = Number.isFinite(percentile);
    const verdict = memorised ? "memorised" : !known ? "unknown" : percentile < words.sure ? "average" : percentile > 95 ? "far" : "usual";
    this.badge.textContent = words.verdicts[verdict].short;
    explains(this.badge, words.verdicts[verdict].long);
    this.badge.className = `dcv-badge dcv-${verdict}`;
    this.meter.hidden = !known;
    this.mark.style.left = `${Math.min(100, percentile)}%`;
    this.said.textContent = known ? `percentile ${Math.round(percentile)} ${words.held}` : words.verdicts.unknown.long;
    this.meter.setAttribute("aria-label", this.said.textContent);
    explains(this.said, words.flag);
  }
}
