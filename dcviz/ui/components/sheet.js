// The sheet: one picture, with class labels, the selection and flags laid over it.

import { decode, el, panel } from "./tools.js";

const BELOW = 150; // pixels kept for the selected image, where it has its place there

export class Sheet {
  constructor(parent, select, below = BELOW) {
    const made = panel(parent, "dcv-sheet", "Synthetic images");
    this.root = made.root;
    this.captionNode = made.caption;
    this.select = select;
    this.below = below;
    this.area = el("div", "dcv-area");
    this.pane = el("div", "dcv-pane", { tabindex: "0", role: "listbox", "aria-multiselectable": "true" });
    this.image = el("img", "dcv-image", { alt: "", draggable: "false" });
    this.over = el("canvas", "dcv-over", { "aria-hidden": "true" });
    this.names = el("div", "dcv-names", { "aria-hidden": "true" });
    this.pane.append(this.image, this.over);
    this.area.append(this.names, this.pane);
    this.root.append(this.area);
    this.pane.addEventListener("click", (event) => this.click(event));
    this.whole = false; // whether the name of a class, or C, selects all of it
  }

  draw(spec, detail, selected, words) {
    this.root.hidden = !spec;
    if (!spec) return;
    Object.assign(this, { spec, detail, selected });
    this.ids = decode(spec.cells.ids);
    this.left = decode(spec.cells.left);
    this.top = decode(spec.cells.top);
    if (this.image.src !== spec.src) this.image.src = spec.src;
    this.pane.setAttribute("aria-label", spec.alt);
    this.captionNode.textContent = this.captionNode.title = words.sheet;
    this.drawNames();
    const form = `${spec.width}|${spec.height}|${spec.side}|${spec.tag}|${this.named}`;
    if (form !== this.form || !this.scale) this.resize();
    else this.mark(); // measuring the page takes longer than drawing on it
    this.form = form;
  }

  drawNames() {
    const key = JSON.stringify(this.spec.rows);
    if (key === this.named) return;
    this.named = key;
    this.names.replaceChildren(
      ...this.spec.rows.map((row, label) => {
        const name = el("span", "", { title: this.whole ? `${row.text}: click to select the class` : row.text }, row.text);
        name.style.color = row.colour;
        if (this.whole) name.onclick = () => this.selectClass(label);
        return name;
      }),
    );
    const longest = Math.max(...this.spec.rows.map((row) => row.text.length));
    this.gutter = this.spec.tag ? 0 : Math.min(86, 12 + 8 * longest); // blocks side by side have room of their own
    this.pane.style.marginLeft = `${this.gutter}px`;
  }

  resize() {
    if (!this.spec) return;
    const { width, height } = this.spec;
    const room = { w: this.area.clientWidth - this.gutter - 2, h: this.root.clientHeight - this.root.firstChild.offsetHeight - this.below };
    if (room.w < 20 || room.h < 20) return;
    const ratio = window.devicePixelRatio || 1;
    let scale = Math.min(room.w / width, room.h / height);
    if (Math.floor(scale * ratio) > 0.88 * scale * ratio) scale = Math.floor(scale * ratio) / ratio; // whole pixels while that costs little
    this.image.classList.toggle("dcv-smooth", scale * ratio < 3 && this.spec.side[1] > 20);
    this.scale = scale;
    const size = { width: `${width * scale}px`, height: `${height * scale}px` };
    Object.assign(this.pane.style, size);
    const tag = this.gutter ? Infinity : this.spec.tag * scale; // pixels beside a block
    const big = Math.max(9, Math.min(15, this.spec.side[1] * scale * 0.5, tag * 0.9));
    const gap = Math.min(10, big * 0.6, tag * 0.3);
    [...this.names.children].forEach((label, i) => {
      const { x, y } = this.spec.rows[i];
      const right = this.gutter || (x + this.spec.tag) * scale;
      const wide = (this.gutter || this.spec.tag * scale) - gap;
      Object.assign(label.style, { top: `${y * scale}px`, left: `${right - gap - wide}px`, width: `${wide}px`, fontSize: `${big}px` });
    });
    this.over.width = Math.round(width * scale * ratio);
    this.over.height = Math.round(height * scale * ratio);
    this.mark();
  }

  mark() {
    const ratio = window.devicePixelRatio || 1;
    const scale = this.scale * ratio;
    const pen = this.over.getContext("2d");
    const [ground, muted, selection] = this.colours();
    const [cw, ch] = this.spec.side;
    const gap = Math.max(1, cw / 10);
    pen.clearRect(0, 0, this.over.width, this.over.height);
    pen.fillStyle = this.spec.line;
    for (const x of this.spec.lines) pen.fillRect(Math.round(x * scale), 0, ratio, this.over.height);
    const off = this.detail ? decode(this.detail.off) : [];
    this.ids.forEach((id, i) => {
      const [x, y, w, h] = [this.left[i] * scale, this.top[i] * scale, (cw - gap) * scale, (ch - gap) * scale];
      const chosen = this.selected.has(id);
      if (this.selected.size && !chosen) {
        pen.globalAlpha = 0.72;
        pen.fillStyle = ground;
        pen.fillRect(x, y, w, h);
        pen.globalAlpha = 1;
      }
      if (off[i] > 95) {
        pen.fillStyle = muted; // a corner mark: off the manifold
        pen.beginPath();
        pen.moveTo(x + w, y);
        pen.lineTo(x + w - Math.max(5 * ratio, w / 5), y);
        pen.lineTo(x + w, y + Math.max(5 * ratio, w / 5));
        pen.fill();
      }
      if (chosen) {
        pen.strokeStyle = selection;
        pen.lineWidth = 2 * ratio;
        const [x0, y0] = [Math.max(ratio, x - ratio), Math.max(ratio, y - ratio)]; // nothing of it outside the canvas
        const [x1, y1] = [Math.min(this.over.width - ratio, x + w + ratio), Math.min(this.over.height - ratio, y + h + ratio)];
        pen.strokeRect(x0, y0, x1 - x0, y1 - y0);
      }
    });
  }

  colours() {
    // Of the theme, asked for once: the page would be laid out for each question.
    if (this.themed !== this.spec.line) {
      const style = getComputedStyle(this.root);
      this.tints = ["ground", "muted", "selection"].map((name) => style.getPropertyValue(`--dcv-${name}`));
      this.themed = this.spec.line;
    }
    return this.tints;
  }

  click(event) {
    const box = this.image.getBoundingClientRect();
    const [x, y] = [(event.clientX - box.left) / this.scale, (event.clientY - box.top) / this.scale];
    const [cw, ch] = this.spec.side;
    const at = this.ids.findIndex((_, i) => x >= this.left[i] && x < this.left[i] + cw && y >= this.top[i] && y < this.top[i] + ch);
    if (at < 0) return this.select(new Set(), null);
    const id = this.ids[at];
    const several = event.shiftKey || event.ctrlKey || event.metaKey;
    const ids = several ? new Set(this.selected) : new Set();
    const again = ids.delete(id) || (!several && this.selected.size === 1 && this.selected.has(id));
    if (!again) ids.add(id);
    return this.select(ids, again ? ([...ids].pop() ?? null) : id);
  }

  selectClass(label) {
    const labels = decode(this.detail?.labels);
    const ids = Array.from(decode(this.detail?.ids)).filter((_, i) => labels[i] === label);
    if (ids.length) this.select(new Set(this.classOf(this.selected) === label ? [] : ids), null);
  }

  classOf(selected) {
    // The class that is selected, all of it and nothing else; null otherwise.
    if (selected.size < 2 || !this.detail) return null;
    const labels = decode(this.detail.labels);
    const at = Array.from(decode(this.detail.ids), (id, i) => (selected.has(id) ? i : -1)).filter((i) => i >= 0);
    const label = labels[at[0]];
    return at.length && at.every((i) => labels[i] === label) && labels.filter((one) => one === label).length === at.length ? label : null;
  }

  holds(target) {
    return target === this.pane && Boolean(this.spec);
  }

  key(event) {
    if (this.whole && event.key === "c" && this.selected.size) {
      const at = decode(this.detail?.ids).indexOf([...this.selected].pop());
      this.selectClass(decode(this.detail?.labels)[at]);
      return true;
    }
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!step) return false;
    event.preventDefault();
    const from = this.ids.indexOf([...this.selected].pop());
    const [cw, ch] = this.spec.side;
    const [x, y] = from < 0 ? [this.left[0] - cw * step[0], this.top[0] - ch * step[1]] : [this.left[from], this.top[from]];
    const near = (i) => Math.abs(this.left[i] - x - step[0] * cw) < cw / 2 && Math.abs(this.top[i] - y - step[1] * ch) < ch / 2;
    const at = this.ids.findIndex((_, i) => near(i));
    if (at >= 0) this.select(new Set([this.ids[at]]), this.ids[at]);
    return true;
  }

  cut(id, canvas) {
    // The image of an id, at its stored resolution, onto a canvas.
    const i = this.ids?.indexOf(id) ?? -1;
    if (i < 0 || !this.image.complete || !this.image.naturalWidth) return false;
    const factor = this.image.naturalWidth / this.spec.width;
    const gap = Math.max(1, Math.round((this.spec.side[1] * 0.9) / 9));
    const [w, h] = [(this.spec.side[0] - gap) * factor, (this.spec.side[1] - gap) * factor];
    canvas.width = Math.round(w);
    canvas.height = Math.round(h);
    canvas.getContext("2d").drawImage(this.image, this.left[i] * factor, this.top[i] * factor, w, h, 0, 0, canvas.width, canvas.height);
    return true;
  }
}
