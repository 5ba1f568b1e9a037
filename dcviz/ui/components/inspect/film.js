// One image through time: large at the step shown, and a strip of it over all kept steps.

import { cut } from "../detail.js";
import { el, loaded } from "../tools.js";

const STRIP = 9;

export class Film {
  constructor(parent, on) {
    this.on = on;
    this.big = el("canvas", "dcv-large", { role: "img" });
    this.strip = el("div", "dcv-strip dcv-steps", { role: "group", "aria-label": "The image through time" });
    parent.append(this.big);
  }

  draw({ film, step, name, image, after }) {
    this.big.hidden = this.strip.hidden = !film?.src;
    if (!film?.src) return;
    if (this.of !== film) this.make(film);
    const said = `image ${image} of class ${name} at step ${step}`;
    this.big.setAttribute("aria-label", after ? `${said}, after a step of ${after.title}` : said);
    this.big.classList.toggle("dcv-after", Boolean(after));
    const at = Math.max(0, film.steps.indexOf(step));
    if (after) {
      loaded(after.src, (picture) => {
        [this.big.width, this.big.height] = [picture.naturalWidth, picture.naturalHeight];
        this.big.getContext("2d").drawImage(picture, 0, 0);
      });
    } else cut(film, at, this.big);
    const near = this.tiles.reduce((best, tile) => (Math.abs(tile.step - step) < Math.abs(best.step - step) ? tile : best), this.tiles[0]);
    for (const tile of this.tiles) tile.node.setAttribute("aria-pressed", String(tile === near));
  }

  make(film) {
    this.of = film;
    const last = film.steps.length - 1;
    const count = Math.min(STRIP, last + 1);
    const places = [...new Set(Array.from({ length: count }, (_, i) => Math.round((i * last) / Math.max(1, count - 1))))];
    this.tiles = places.map((at) => {
      const step = film.steps[at];
      const node = el("button", "dcv-frame", { type: "button", title: `step ${step}`, "aria-label": `step ${step}` });
      const canvas = el("canvas", "", { "aria-hidden": "true" });
      cut(film, at, canvas);
      node.append(canvas);
      node.onclick = () => this.on.show(step);
      return { node, step };
    });
    this.strip.replaceChildren(...this.tiles.map((tile) => tile.node));
  }
}
