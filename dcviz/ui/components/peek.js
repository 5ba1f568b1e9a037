// The image of the point under the pointer, beside it.

import { cut } from "./detail.js";
import { decode, el } from "./tools.js";

const AWAY = 14; // pixels from the pointer
const SIDE = 72;

export class Peek {
  constructor(parent) {
    this.root = el("canvas", "dcv-peek", { "aria-hidden": "true" });
    this.root.hidden = true;
    parent.append(this.root);
  }

  show(point, event, { real, sheet }) {
    this.root.hidden = !point || !this.draw(point, real, sheet);
    if (this.root.hidden) return;
    const [width, height] = [window.innerWidth, window.innerHeight];
    const left = event.clientX + AWAY + SIDE > width ? event.clientX - AWAY - SIDE : event.clientX + AWAY;
    const top = event.clientY + AWAY + SIDE > height ? event.clientY - AWAY - SIDE : event.clientY + AWAY;
    Object.assign(this.root.style, { left: `${left}px`, top: `${top}px` });
  }

  draw(point, real, sheet) {
    const layer = point.data.meta?.layer;
    const id = decode(point.data.customdata)[point.pointNumber];
    this.root.classList.toggle("dcv-made", layer === "synthetic");
    if (layer === "synthetic") return sheet.cut(id, this.root);
    const row = layer === "real" && real?.atlas ? decode(real.ids).indexOf(id) : -1;
    if (row < 0) return false;
    cut(real.atlas, row, this.root);
    return true;
  }
}
