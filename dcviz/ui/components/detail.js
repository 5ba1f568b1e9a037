// Under the sheet: the selected image enlarged, its film, and its nearest real images.

import { decode, el, loaded } from "./tools.js";
import { facts } from "./why.js";

const NEAR = 6;
const OFF =
  "Off-manifold: distance to the 5th nearest real image of its class in reference features, as a percentile of the same " +
  "distance for held-out real images; above 95 is flagged.";

export class Detail {
  constructor(parent) {
    this.root = el("div", "dcv-detail", { "aria-live": "polite" });
    parent.append(this.root);
    this.hint = el("p", "dcv-hint");
    this.big = el("canvas", "dcv-big", { role: "img" });
    this.text = el("div", "dcv-facts");
    this.film = el("div", "dcv-strip");
    this.near = el("div", "dcv-strip");
    this.side = el("div", "dcv-side");
    this.side.append(this.text, this.film, this.near);
    this.found = el("div", "dcv-found");
    this.found.append(this.big, this.side);
    this.root.append(this.hint, this.found);
  }

  draw({ frame, real, sheet, focus, selected, data }) {
    const at = frame?.detail && focus !== null ? decode(frame.detail.ids).indexOf(focus) : -1;
    this.root.classList.toggle("dcv-none", at < 0);
    this.hint.textContent = data.words.hint ?? "";
    if (at < 0) return;
    const { names } = real ?? { names: [] };
    const name = names[decode(frame.detail.labels)[at]] ?? "";
    const show = () => sheet.cut(focus, this.big);
    this.big.hidden = Boolean(data.planar);
    if (!data.planar && !show()) sheet.image.addEventListener("load", show, { once: true });
    this.big.setAttribute("aria-label", `synthetic image ${focus} of class ${name}, enlarged`);
    this.drawFacts(decode(frame.detail.off)[at], focus, name, selected.size);
    if (data.inspect) this.drawWay(`${data.inspect}?run=${encodeURIComponent(data.run)}&image=${focus}&step=${frame.step}`);
    this.drawFilm(data.film?.id === focus ? data.film : null);
    this.drawNear(frame.detail, at, real, names);
  }

  drawFacts(off, id, name, count) {
    const found = [["class", name], ["image", String(id)]];
    if (Number.isFinite(off)) found.push(["off-manifold", `percentile ${Math.round(off)}${off > 95 ? " · flagged" : ""}`, OFF]);
    if (count > 1) found.push(["selected", String(count)]);
    facts(this.text, found);
  }

  drawWay(href) {
    const said = "Its whole film, its nearest real images, and what each discrepancy would do to it";
    this.way ??= el("a", "dcv-way", { title: said }, "inspect");
    if (this.way.getAttribute("href") !== href) this.way.setAttribute("href", href);
    if (this.text.lastChild !== this.way) this.text.append(this.way);
  }

  drawFilm(film) {
    this.film.hidden = !film;
    if (!film || this.filmed === film.src) return;
    this.filmed = film.src;
    this.film.replaceChildren(el("span", "dcv-tag", {}, "through time"), ...tiles(film.src, film.steps.length, film.side, (i) => `step ${film.steps[i]}`));
  }

  drawNear(detail, at, real, names) {
    const k = detail.k ?? 0;
    const rows = Array.from(decode(detail.neighbours)).slice(at * k, at * k + Math.min(k, NEAR));
    this.near.hidden = !rows.length || !real?.atlas;
    const key = `${real?.key}|${rows}`;
    if (this.near.hidden || key === this.neared) return;
    this.neared = key;
    const labels = decode(real.labels);
    const ids = decode(real.ids);
    const canvases = rows.map((row, rank) => {
      const said = `nearest real image ${rank + 1}: number ${ids[row]}, class ${names[labels[row]]}`;
      const canvas = el("canvas", "dcv-tile", { role: "img", "aria-label": said, title: said });
      cut(real.atlas, row, canvas);
      return canvas;
    });
    this.near.replaceChildren(el("span", "dcv-tag", {}, "nearest real"), ...canvases);
  }
}

function tiles(src, count, [w, h], title) {
  return Array.from({ length: count }, (_, i) => {
    const canvas = el("canvas", "dcv-tile", { role: "img", "aria-label": title(i), title: title(i), width: w, height: h });
    loaded(src, (image) => canvas.getContext("2d").drawImage(image, i * w, 0, w, h, 0, 0, w, h));
    return canvas;
  });
}

export function cut(atlas, row, canvas) {
  const [w, h] = atlas.side;
  [canvas.width, canvas.height] = [w, h];
  const [x, y] = [(row % atlas.columns) * w, Math.floor(row / atlas.columns) * h];
  loaded(atlas.src, (image) => canvas.getContext("2d").drawImage(image, x, y, w, h, 0, 0, w, h));
}
