// A divider over two sheets: left of it A is seen, right of it B. It is dragged, or moved by the arrow keys.

import { el } from "./tools.js";

const STEP = 0.02; // of the width, by one key

export class Wipe {
  constructor(area, changed) {
    Object.assign(this, { area, changed, part: 0.5, keys: [null, null] });
    this.handle = el("div", "dcv-divider", {
      role: "slider", tabindex: "0", "aria-label": "Divider: A on its left, B on its right", "aria-valuemin": "0", "aria-valuemax": "100",
      title: "Drag, or use the arrow keys",
    });
    this.handle.append(el("span", "dcv-icon", { "aria-hidden": "true" }, "unfold_more"));
    this.handle.addEventListener("keydown", (event) => this.key(event));
    this.handle.addEventListener("pointerdown", (event) => {
      this.handle.setPointerCapture(event.pointerId);
      this.held = true;
    });
    this.handle.addEventListener("pointermove", (event) => this.held && this.move(this.at(event)));
    for (const end of ["pointerup", "pointercancel"]) this.handle.addEventListener(end, () => (this.held = false));
    this.menus = ["A", "B"].map((name, i) => {
      const menu = el("select", "dcv-menu", { "aria-label": `Sheet ${name}` });
      menu.onchange = () => {
        this.keys[i] = menu.value;
        this.changed();
      };
      const label = el("label", "dcv-side-of", {}, name);
      label.append(menu);
      return { label, menu };
    });
    this.sides = el("div", "dcv-sides");
    this.sides.append(...this.menus.map(({ label }) => label));
  }

  choose(drawn) {
    // The two that are compared: those chosen, as long as they are here and differ.
    const known = drawn.map(({ strand }) => strand.key);
    this.keys = this.keys.map((key, i) => (known.includes(key) ? key : known[i]));
    if (this.keys[0] === this.keys[1]) this.keys[1] = known.find((key) => key !== this.keys[0]);
    this.menus.forEach(({ menu }, i) => {
      const text = known.join();
      if (menu.dataset.known !== text) {
        menu.replaceChildren(...drawn.map(({ strand }) => el("option", "", { value: strand.key }, `${strand.glyph} ${strand.label}`)));
        menu.dataset.known = text;
      }
      menu.value = this.keys[i];
    });
    return this.keys.map((key) => drawn.find(({ strand }) => strand.key === key));
  }

  said(words) {
    return this.unlike ? words.unlike : words.wipe;
  }

  draw(sheets) {
    // [A, B], or null while sheets stand side by side
    if (!sheets) {
      this.handle.remove();
      this.sides.remove();
      this.sheets?.forEach((sheet) => (sheet.pane.style.clipPath = ""));
      this.sheets?.forEach((sheet) => (sheet.names.style.visibility = ""));
      this.sheets = null;
      return;
    }
    const changed = !this.sheets || sheets.some((sheet, i) => sheet !== this.sheets[i]);
    if (changed) this.sheets?.forEach((sheet) => (sheet.pane.style.clipPath = ""));
    this.sheets = sheets;
    const [a, b] = sheets.map((sheet) => sheet.spec);
    this.unlike = a && b && (a.width !== b.width || a.height !== b.height);
    if (this.handle.parentNode !== this.area) this.area.append(this.sides, this.handle);
    this.place();
  }

  place() {
    if (!this.sheets?.every((sheet) => sheet.spec && sheet.scale)) return;
    const area = this.area.getBoundingClientRect();
    const boxes = this.sheets.map((sheet) => sheet.pane.getBoundingClientRect());
    this.left = Math.min(...boxes.map((box) => box.left)) - area.left;
    this.wide = Math.max(...boxes.map((box) => box.right)) - area.left - this.left;
    const x = this.left + this.part * this.wide;
    this.sheets.forEach((sheet, i) => {
      const inside = Math.min(boxes[i].width, Math.max(0, x + area.left - boxes[i].left));
      sheet.pane.style.clipPath = i ? `inset(-4px -4px -4px ${inside}px)` : `inset(-4px ${boxes[i].width - inside}px -4px -4px)`;
      sheet.names.style.visibility = i ? "hidden" : "";
    });
    const tall = Math.max(...boxes.map((box) => box.bottom)) - area.top;
    const top = Math.min(...boxes.map((box) => box.top)) - area.top;
    Object.assign(this.handle.style, { left: `${x}px`, top: `${top}px`, height: `${tall - top}px` });
    this.handle.setAttribute("aria-valuenow", String(Math.round(100 * this.part)));
    this.handle.setAttribute("aria-valuetext", `${Math.round(100 * this.part)} % A`);
  }

  at(event) {
    return (event.clientX - this.area.getBoundingClientRect().left - this.left) / this.wide;
  }

  move(part) {
    this.part = Math.min(1, Math.max(0, part));
    this.place();
  }

  key(event) {
    const to = { ArrowLeft: this.part - STEP, ArrowRight: this.part + STEP, Home: 0, End: 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault(); // which the scrubber heeds
    this.move(to);
  }
}
