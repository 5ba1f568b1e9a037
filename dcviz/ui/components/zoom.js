// Under the sheets: the selected place of every run, enlarged, side by side.

import { decode, el } from "./tools.js";

const OFF = 95; // percentile beyond which an image is flagged

export class Zoom {
  constructor(parent) {
    this.root = el("div", "dcv-zoom", { "aria-live": "polite" });
    parent.append(this.root);
    this.made = new Map(); // run -> {figure, canvas, text}
  }

  draw(drawn, of, words) {
    // drawn: [{strand, run, frame, selected}]; of: run -> Sheet
    const found = drawn.map((one) => ({ ...one, id: [...one.selected].pop() })).filter(({ id }) => id !== undefined);
    const key = found.map(({ run, frame, id }) => `${run.id} ${frame?.step} ${id}`).join();
    this.root.classList.toggle("dcv-none", !found.length);
    if (key === this.key && found.length) return;
    this.key = key;
    if (!found.length) return this.root.replaceChildren(el("p", "dcv-hint", {}, words.zoom));
    const figures = found.map((one) => this.figure(one, of(one.run.id)));
    if (figures.some((figure, i) => this.root.children[i] !== figure) || this.root.children.length !== figures.length) this.root.replaceChildren(...figures);
    return undefined;
  }

  figure({ strand, run, frame, id }, sheet) {
    if (!this.made.has(run.id)) {
      const figure = el("figure");
      const [canvas, text] = [el("canvas", "", { role: "img" }), el("figcaption")];
      figure.append(canvas, text);
      this.made.set(run.id, { figure, canvas, text });
    }
    const { figure, canvas, text } = this.made.get(run.id);
    const off = decode(frame.detail.off)[decode(frame.detail.ids).indexOf(id)];
    const told = Number.isFinite(off) ? `off-manifold ${Math.round(off)}${off > OFF ? " · flagged" : ""}` : "";
    const glyph = el("span", "dcv-glyph", {}, strand.glyph);
    glyph.style.color = strand.colour;
    text.replaceChildren(glyph, el("b", "", {}, ` ${strand.label}`), el("br"), document.createTextNode(told));
    text.title = "Off-manifold: distance to the 5th nearest real image of its class in reference features, as a percentile of the same distance for held-out real images; above 95 is flagged.";
    canvas.setAttribute("aria-label", `image ${id} of ${strand.label}, enlarged`);
    const cut = () => sheet.cut(id, canvas);
    if (!cut()) sheet.image.addEventListener("load", cut, { once: true });
    return figure;
  }
}
