// The map of the field: a table of cells with pictures; a click chooses one. It knows nothing of what the cells mean.

import { el, signature } from "./tools.js";

const grids = new WeakMap(); // parent element -> Grid
const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const ASIDE = 3; // times as dear as ahead: an arrow keeps to its row or column where it can

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
    this.reach(this.root.querySelector("[aria-pressed='true']") ?? this.root.querySelector("[data-key]"));
  }

  reach(part) {
    // The one cell that Tab leads to; arrows lead on from it.
    for (const one of this.root.querySelectorAll("[data-key]")) one.tabIndex = one === part ? 0 : -1;
  }

  cell(cell, chosen) {
    const made = el("div", `dcv-cell dcv-${cell.state}`, { role: "gridcell", title: cell.title });
    place(made, cell.row + 2, cell.column + 2, cell.rows);
    for (const part of cell.parts) made.append(this.part(part, chosen));
    return made;
  }

  part(part, chosen) {
    const root = el("div", "dcv-part", part.key ? { "data-key": part.key, role: "button" } : {});
    if (part.key) root.setAttribute("aria-pressed", String(part.key === chosen));
    if (part.title) root.title = part.title;
    if (part.src) {
      const corner = el("div", "dcv-corner-of", { "aria-hidden": "true" });
      corner.style.backgroundImage = `url(${part.src})`;
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
    this.reach(part);
    this.say("cell", part.dataset.key);
  }

  key(event) {
    const part = event.target.closest("[data-key]");
    if (!part) return;
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      this.choose(part);
    }
    if (!WAYS[event.key]) return;
    event.preventDefault();
    const next = this.beside(part, WAYS[event.key]);
    if (!next) return;
    this.reach(next);
    next.focus();
  }

  beside(part, [right, down]) {
    // The nearest cell that way; cells are laid out by columns, and some span rows, so places decide, not their order.
    const from = middle(part);
    let [best, found] = [Infinity, null];
    for (const one of this.root.querySelectorAll("[data-key]")) {
      const [x, y] = middle(one).map((v, i) => v - from[i]);
      const ahead = x * right + y * down;
      const way = ahead + ASIDE * Math.abs(x * down + y * right);
      if (one !== part && ahead > 1 && way < best) [best, found] = [way, one];
    }
    return found;
  }
}

function middle(node) {
  const box = node.getBoundingClientRect();
  return [box.x + box.width / 2, box.y + box.height / 2];
}

function place(node, row, column, rows = 1) {
  node.style.gridRow = `${row} / span ${rows}`;
  node.style.gridColumn = String(column);
}
