// The map of the field: a table of cells with pictures; a click chooses one. It knows nothing of what the cells mean.

import { el, signature } from "./tools.js";

const grids = new WeakMap(); // parent element -> Grid

export function grid(component) {
  const { data, parentElement } = component;
  let made = grids.get(parentElement);
  if (!made) grids.set(parentElement, (made = new Grid(parentElement)));
  made.receive(data, component.setStateValue);
}

class Grid {
  constructor(parent) {
    this.root = el("div", "dcv-grid", { role: "grid", lang: "en" });
    parent.append(this.root);
    this.root.addEventListener("click", (event) => this.choose(event.target.closest("[data-key]")));
    this.root.addEventListener("keydown", (event) => this.key(event));
  }

  receive(data, say) {
    this.say = say;
    const now = signature(data);
    if (now === this.drawn) return;
    this.drawn = now;
    const columns = data.columns.length;
    this.root.setAttribute("aria-label", data.label);
    this.root.style.setProperty("--dcv-columns", columns);
    const corner = el("div", "dcv-corner", {}, data.corner);
    const heads = data.columns.map((c) => el("div", "dcv-column", { role: "columnheader", title: c.title }, c.text));
    this.root.replaceChildren(corner, ...heads);
    data.rows.forEach((row, r) => {
      const name = el("div", row.top ? "dcv-row dcv-top" : "dcv-row", { role: "rowheader", title: row.title }, row.text);
      place(name, r + 2, 1);
      this.root.append(name);
    });
    for (const cell of data.cells) this.root.append(this.cell(cell, data.chosen));
  }

  cell(cell, chosen) {
    const made = el("div", `dcv-cell dcv-${cell.state}`, { role: "gridcell", title: cell.title });
    place(made, cell.row + 2, cell.column + 2, cell.rows);
    for (const part of cell.parts) made.append(this.part(part, chosen));
    return made;
  }

  part(part, chosen) {
    const root = el("div", "dcv-part", part.key ? { "data-key": part.key, tabindex: "0", role: "button" } : {});
    if (part.key) root.setAttribute("aria-pressed", String(part.key === chosen));
    if (part.title) root.title = part.title;
    if (part.src) {
      const corner = el("div", "dcv-corner-of", { "aria-hidden": "true" });
      corner.style.backgroundImage = `url(${part.src})`; // its first images: the whole sheet is too small to see
      root.append(corner);
    }
    for (const [name, lines] of [["dcv-words", part.lines], ["dcv-words dcv-below", part.below ?? []]]) {
      if (!lines.length) continue;
      const words = el("div", name);
      for (const line of lines) words.append(el("span", line.kind ?? "", {}, line.text));
      root.append(words);
    }
    return root;
  }

  choose(part) {
    if (!part) return;
    this.root.querySelectorAll("[aria-pressed='true']").forEach((one) => one.setAttribute("aria-pressed", "false"));
    part.setAttribute("aria-pressed", "true");
    this.say("cell", part.dataset.key);
  }

  key(event) {
    const part = event.target.closest("[data-key]");
    if (!part) return;
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      this.choose(part);
    }
    const move = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!move) return;
    event.preventDefault();
    const all = [...this.root.querySelectorAll("[data-key]")];
    all[all.indexOf(part) + move]?.focus();
  }
}

function place(node, row, column, rows = 1) {
  node.style.gridRow = `${row} / span ${rows}`;
  node.style.gridColumn = String(column);
}
