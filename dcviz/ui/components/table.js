// A table that is sorted by its heads and whose rows unfold. It knows nothing of what the numbers mean.

import { el, signature } from "./tools.js";

const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const tables = new WeakMap(); // parent element -> Table

export function table({ data, parentElement }) {
  let made = tables.get(parentElement);
  if (!made) tables.set(parentElement, (made = new Table(parentElement)));
  made.receive(data);
}

class Table {
  constructor(parent) {
    this.root = el("div", "dcv-table", { tabindex: "0", role: "region" });
    parent.append(this.root);
    this.root.addEventListener("keydown", (event) => this.key(event));
    this.open = new Set(); // keys of rows that are unfolded
    this.by = null; // the column's key
    this.up = true;
  }

  key(event) {
    // From a head or a cell arrows lead to its neighbours: Tab stops at heads and links only.
    const from = event.target.closest("td, th");
    const way = WAYS[event.key];
    if (!from || !way || event.ctrlKey || event.metaKey || event.altKey) return;
    const row = from.parentNode;
    const rows = [...this.root.querySelectorAll("tr:not(.dcv-groups)")];
    const to = rows[rows.indexOf(row) + way[1]]?.children[[...row.children].indexOf(from) + way[0]];
    if (!to) return;
    event.preventDefault();
    event.stopPropagation();
    (to.querySelector("a, button") ?? to).focus();
  }

  receive(data) {
    if (signature(data) === this.drawn) return;
    this.drawn = signature(data);
    this.data = data;
    this.root.setAttribute("aria-label", data.label);
    this.draw();
  }

  draw() {
    const { columns } = this.data;
    const kept = document.activeElement?.dataset?.name;
    const made = el("table");
    const head = el("tr");
    head.append(...columns.map((column) => this.head(column)));
    const body = el("tbody");
    for (const row of this.sorted(this.data.rows)) {
      body.append(this.row(row, false));
      if (this.open.has(row.key)) body.append(...this.sorted(row.children).map((child) => this.row(child, true)));
    }
    const top = el("thead");
    if (columns.some((column) => column.group)) top.append(this.groups(columns));
    top.append(head);
    made.append(top, body);
    this.root.replaceChildren(made);
    if (kept) this.root.querySelector(`[data-name="${CSS.escape(kept)}"]`)?.focus();
  }

  groups(columns) {
    const row = el("tr", "dcv-groups");
    for (let i = 0; i < columns.length; ) {
      let wide = 1;
      while (i + wide < columns.length && columns[i + wide].group === columns[i].group) wide += 1;
      row.append(el("th", "", { colspan: String(wide), scope: "colgroup" }, columns[i].group));
      i += wide;
    }
    return row;
  }

  head(column) {
    const sorted = this.by === column.key ? (this.up ? "ascending" : "descending") : "none";
    const head = el("th", column.number ? "number" : "", { scope: "col", "aria-sort": sorted });
    const button = el("button", "", { type: "button", title: `${column.meaning} Click to sort.`, "data-name": column.key }, column.title);
    button.append(el("span", "dcv-icon", { "aria-hidden": "true" }, sorted === "none" ? "" : this.up ? "arrow_upward" : "arrow_downward"));
    button.onclick = () => {
      this.up = this.by === column.key ? !this.up : column.up; // the good end first
      this.by = column.key;
      this.draw();
    };
    head.append(button);
    return head;
  }

  sorted(rows) {
    const at = this.data.columns.findIndex((column) => column.key === this.by);
    if (at < 0) return rows;
    const value = (row) => row.cells[at].sort;
    const known = rows.filter((row) => value(row) !== null).sort((a, b) => (value(a) < value(b) ? -1 : 1) * (this.up ? 1 : -1));
    return [...known, ...rows.filter((row) => value(row) === null)]; // what is not known stands last either way
  }

  row(row, inner) {
    const made = el("tr", inner ? "dcv-inner" : "");
    row.cells.forEach((cell, i) => {
      const box = i ? el("td", this.data.columns[i].number ? "number" : "") : el("th", "", { scope: "row" });
      if (!i) this.lead(box, row);
      this.fill(box, cell);
      made.append(box);
    });
    return made;
  }

  lead(box, row) {
    if (row.children?.length) {
      const open = this.open.has(row.key);
      const title = open ? "Fold the repeats" : "Show every repeat";
      const button = el("button", "dcv-fold", { type: "button", "aria-expanded": String(open), "aria-label": title, title, "data-name": `fold ${row.key}` });
      button.append(el("span", "dcv-icon", { "aria-hidden": "true" }, open ? "expand_more" : "chevron_right"));
      button.onclick = () => {
        if (!this.open.delete(row.key)) this.open.add(row.key);
        this.draw();
      };
      box.append(button);
    } else box.append(el("span", "dcv-fold"));
    if (!row.glyph) return;
    const glyph = el("span", "dcv-glyph", { "aria-hidden": "true" }, row.glyph);
    glyph.style.color = row.colour;
    box.append(glyph);
  }

  fill(box, cell) {
    if (cell.title) box.title = cell.title;
    box.tabIndex = -1;
    const words = cell.href ? el("a", "", { href: cell.href, target: "_self" }, cell.text) : el("span", cell.best ? "dcv-best" : "", {}, cell.text);
    box.append(words);
    if (cell.small) box.append(el("small", "", {}, cell.small));
    if (cell.mark) box.append(el("sup", "", {}, cell.mark));
  }
}
