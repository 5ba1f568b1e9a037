// Under the sheets: the selected place of every run, enlarged, side by side.

import { decode, el } from "./tools.js";
import { explains } from "./why.js";

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
    const figures = found.map((one) => this.figure(one, of(one.run.id), words));
    if (figures.some((figure, i) => this.root.children[i] !== figure) || this.root.children.length !== figures.length) this.root.replaceChildren(...figures);
    return undefined;
  }

  figure({ strand, run, frame, id }, sheet, words) {
    if (!this.made.has(run.id)) {
      const figure = el("figure");
      const [canvas, text] = [el("canvas", "", { role: "img" }), el("figcaption")];
      figure.append(canvas, text);
      this.made.set(run.id, { figure, canvas, text });
    }
    const { figure, canvas, text } = this.made.get(run.id);
    const at = decode(frame.detail.ids).indexOf(id);
    const off = decode(frame.detail.off)[at];
    const name = sheet.spec.rows[decode(frame.detail.labels)[at]].text;
    const told = Number.isFinite(off) ? `off-manifold ${Math.round(off)}${off > OFF ? " · flagged" : ""}` : "";
    const glyph = el("span", "dcv-glyph", {}, strand.glyph);
    glyph.style.color = strand.colour;
    text.replaceChildren(glyph, el("b", "", {}, ` ${strand.label}`), el("br"), document.createTextNode(told));
    explains(text, `${strand.label}, image ${id}, class ${name}.${told ? ` ${words.off}` : ""}`);
    canvas.setAttribute("aria-label", `image ${id} of ${strand.label}, class ${name}, enlarged`);
    const cut = () => sheet.cut(id, canvas);
    if (!cut()) sheet.image.addEventListener("load", cut, { once: true });
    return figure;
  }
}
