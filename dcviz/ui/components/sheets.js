// Several sheets in one panel: side by side, or two over one another with a divider to drag.

import { Sheet } from "./sheet.js";
import { el, panel, signature } from "./tools.js";
import { explains } from "./why.js";
import { Wipe } from "./wipe.js";
import { Zoom } from "./zoom.js";

const GAP = 14; // pixels between sheets
const HEAD = 26;

export class Sheets {
  constructor(parent, on) {
    const made = panel(parent, "dcv-sheets", "Synthetic images");
    Object.assign(this, { root: made.root, head: made.head, captionNode: made.caption, on });
    this.made = new Map(); // run -> Sheet
    this.mode = "beside";
    this.switch = this.makeSwitch();
    this.area = el("div", "dcv-many");
    this.root.append(this.area);
    this.zoom = new Zoom(this.root);
    this.wipe = new Wipe(this.area, () => this.on.changed());
    this.head.children[0].after(this.switch);
  }

  of(run) {
    return this.made.get(run);
  }

  draw(drawn, words) {
    // drawn: [{strand, run, frame, selected}], one for each sheet
    const wiping = this.mode === "wipe" && drawn.length > 1;
    const shown = wiping ? this.wipe.choose(drawn) : drawn;
    this.arrange(shown.map(({ run }) => run.id));
    this.root.hidden = !drawn.length;
    this.switch.hidden = drawn.length < 2;
    this.area.classList.toggle("dcv-wiped", wiping);
    this.form(shown, wiping);
    for (const { strand, run, frame, selected } of shown) {
      const sheet = this.made.get(run.id);
      this.name(sheet, strand, run);
      if (frame?.sheet) sheet.draw(frame.sheet, frame.detail, selected, { sheet: frame.said ?? `step ${frame.step}` });
    }
    this.zoom.draw(shown, (run) => this.made.get(run), words);
    this.wipe.draw(wiping ? shown.map(({ run }) => this.made.get(run.id)) : null);
    this.captionNode.textContent = wiping ? this.wipe.said(words) : words.sheets;
    explains(this.captionNode, `${wiping ? words.wipeWhy : words.sheetsWhy} ${words.off}`);
  }

  arrange(runs) {
    for (const [run, sheet] of this.made) {
      if (runs.includes(run)) continue;
      sheet.root.remove();
      this.made.delete(run);
    }
    runs.forEach((run, i) => {
      if (!this.made.has(run)) this.made.set(run, new Sheet(this.area, (ids) => this.on.select(run, [...ids]), 4));
      const { root } = this.made.get(run);
      if (this.area.children[i] !== root) this.area.insertBefore(root, this.area.children[i] ?? null);
    });
  }

  name(sheet, strand, run) {
    const key = signature(strand) + run.id;
    if (sheet.titled === key) return;
    sheet.titled = key;
    const title = sheet.root.querySelector("h3");
    const name = title.querySelector(".dcv-named") ?? el("span", "dcv-named"); // it may have the focus
    const glyph = el("span", "dcv-glyph", { "aria-hidden": "true" }, strand.glyph);
    glyph.style.color = strand.colour;
    name.replaceChildren(glyph, el("span", "dcv-label", {}, strand.label));
    if (!name.isConnected) title.replaceChildren(name);
    explains(name, strand.explained);
    sheet.root.setAttribute("aria-label", `Synthetic images: ${strand.label}`);
    sheet.root.querySelector("select")?.remove();
    if (strand.runs.length < 2) return;
    const menu = el("select", "dcv-menu", { "aria-label": `Which repeat of ${strand.label}`, title: "Which of the repeats is shown" });
    menu.append(...strand.runs.map((one) => el("option", "", { value: one.id }, one.name)));
    menu.value = run.id;
    menu.onchange = () => this.on.pick(strand.key, menu.value);
    title.after(menu);
  }

  form(shown, wiping) {
    // So many columns that the sheets become largest.
    const [wide, tall] = [this.area.clientWidth, this.area.clientHeight];
    const specs = shown.map(({ frame }) => frame?.sheet).filter(Boolean);
    const key = `${wide}|${tall}|${wiping}|${shown.length}|${specs.map((s) => `${s.width}x${s.height}`)}`;
    if (key === this.formed || !specs.length) return;
    this.formed = key;
    const size = (columns) => {
      const rows = Math.ceil(shown.length / columns);
      const [w, h] = [(wide - GAP * (columns - 1)) / columns - 40, (tall - GAP * (rows - 1)) / rows - HEAD];
      return Math.min(...specs.map((s) => Math.min(w / s.width, h / s.height)));
    };
    const counts = shown.map((_, i) => i + 1);
    const columns = wiping ? 1 : counts.reduce((a, b) => (size(b) > size(a) * 1.01 ? b : a));
    this.area.style.gridTemplateColumns = `repeat(${columns}, minmax(0, 1fr))`;
    const rows = wiping ? 1 : Math.ceil(shown.length / columns);
    const high = Math.min((tall - GAP * (rows - 1)) / rows, HEAD + 8 + (size(columns) + 0.01) * Math.max(...specs.map((s) => s.height)));
    this.area.style.gridTemplateRows = wiping ? "" : `repeat(${rows}, ${Math.floor(high)}px)`; // packed at the top
    this.made.forEach((sheet) => sheet.resize());
  }

  makeSwitch() {
    const root = el("div", "dcv-switch", { role: "radiogroup", "aria-label": "How sheets are compared" });
    const modes = { beside: ["side by side", "Every run has a sheet of its own"], wipe: ["A | B", "Two sheets over one another, with a divider to drag"] };
    for (const [mode, [text, title]] of Object.entries(modes)) {
      const button = el("button", "", { type: "button", role: "radio", title, "aria-checked": String(mode === this.mode) }, text);
      button.onclick = () => {
        this.mode = mode;
        [...root.children].forEach((one) => one.setAttribute("aria-checked", String(one === button)));
        this.on.changed();
        this.resize();
      };
      root.append(button);
    }
    return root;
  }

  key(event) {
    return [...this.made.values()].some((sheet) => sheet.holds(event.target) && sheet.key(event));
  }

  resize() {
    this.formed = "";
    this.made.forEach((sheet) => sheet.resize());
    this.wipe.place();
  }
}
