// The queue: what is worked on, and what waits behind it. Waiting ones are dragged, or moved by their buttons.

import { el, signature } from "./tools.js";

export class Line {
  constructor(parent) {
    this.root = el("ol", "dcv-line-up");
    parent.append(this.root);
    this.nodes = new Map(); // id -> {node, drawn}
    this.dragged = null;
    this.root.addEventListener("click", (event) => this.click(event));
    this.root.addEventListener("dragstart", (event) => this.lift(event));
    this.root.addEventListener("dragover", (event) => this.over(event));
    this.root.addEventListener("dragleave", () => this.unmark());
    this.root.addEventListener("dragend", () => this.drop());
    this.root.addEventListener("drop", (event) => this.put(event));
  }

  receive({ data, setTriggerValue }) {
    this.ask = setTriggerValue;
    if (signature(data) === this.drawn || this.dragged) return; // what is in the hand is not pulled away
    this.drawn = signature(data);
    this.root.setAttribute("aria-label", data.label);
    this.waiting = data.items.filter((item) => item.place).map((item) => item.id);
    const held = document.activeElement?.closest?.(".dcv-line-up") === this.root ? document.activeElement : null;
    for (const [id, { node }] of this.nodes) {
      if (data.items.some((item) => item.id === id)) continue;
      node.remove();
      this.nodes.delete(id);
    }
    data.items.forEach((item, i) => {
      const node = this.item(item);
      if (this.root.children[i] !== node) this.root.insertBefore(node, this.root.children[i] ?? null);
    });
    if (held && document.activeElement !== held) this.refocus(held);
  }

  refocus(held) {
    const { id } = held.closest("[data-id]")?.dataset ?? {};
    const same = this.root.querySelector(`[data-id="${CSS.escape(id ?? "")}"] [data-act="${held.dataset.act}"]`);
    (same && !same.disabled ? same : this.root.querySelector("button:not(:disabled)"))?.focus();
  }

  item(item) {
    const known = this.nodes.get(item.id);
    const first = item.id === this.waiting[0];
    const last = item.id === this.waiting.at(-1);
    const now = JSON.stringify([item, first, last]);
    if (known?.drawn === now) return known.node;
    const node = known?.node ?? el("li", "", { "data-id": item.id });
    this.nodes.set(item.id, { node, drawn: now });
    node.draggable = Boolean(item.place) && this.waiting.length > 1;
    const words = el("span", "dcv-said");
    const name = el("a", "", { href: item.href, title: item.hint }, item.title);
    const line = el("span", "dcv-line");
    line.append(el("i", `dcv-dot dcv-is-${item.state}`, { "aria-hidden": "true" }), item.words);
    words.append(name, line);
    const buttons = item.place
      ? [
          ["arrow_upward", "earlier", `Earlier: ${item.title}`, first],
          ["arrow_downward", "later", `Later: ${item.title}`, last],
          ["close", "cancel", `Take ${item.title} out of the queue; it stays in Runs, paused`, false],
        ]
      : [
          ["pause", "pause", `Pause ${item.title}: it can go on later`, false],
          ["stop", "stop", `Stop ${item.title} for good; what was condensed so far is kept`, false],
        ];
    node.replaceChildren(el("span", "dcv-place", { "aria-hidden": "true" }, item.place || ""), words, ...buttons.map(button));
    if (item.progress !== null) {
      const bar = el("span", "dcv-progress");
      bar.append(el("i"));
      bar.firstChild.style.width = `${100 * item.progress}%`;
      node.append(bar);
    }
    return node;
  }

  click(event) {
    const pressed = event.target.closest("button");
    if (!pressed) return;
    const { id } = pressed.closest("[data-id]").dataset;
    const at = this.waiting.indexOf(id);
    const kind = pressed.dataset.act;
    if (kind === "earlier") this.move(id, this.waiting[at - 1]);
    else if (kind === "later") this.move(id, this.waiting[at + 2] ?? null);
    else this.ask("act", { kind, run: id });
  }

  move(run, before) {
    this.ask("act", { kind: "move", run, before });
  }

  // ------------------------------------------------------------------------------------------- dragging

  lift(event) {
    const node = event.target.closest?.("li[data-id]");
    if (!node?.draggable) return;
    this.dragged = node.dataset.id;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", this.dragged);
    node.classList.add("dcv-lifted");
  }

  over(event) {
    if (!this.dragged) return;
    event.preventDefault();
    this.show(this.target(event));
  }

  target(event) {
    // Before which waiting one it would be put; null: behind the last.
    for (const id of this.waiting) {
      const box = this.nodes.get(id).node.getBoundingClientRect();
      if (event.clientY < box.top + box.height / 2) return id;
    }
    return null;
  }

  show(before) {
    this.unmark();
    const at = before ?? this.waiting.at(-1);
    this.nodes.get(at).node.classList.add(before === null ? "dcv-gap-below" : "dcv-gap");
  }

  unmark() {
    this.root.querySelectorAll(".dcv-gap, .dcv-gap-below").forEach((node) => node.classList.remove("dcv-gap", "dcv-gap-below"));
  }

  put(event) {
    if (!this.dragged) return;
    event.preventDefault();
    const [run, before] = [this.dragged, this.target(event)];
    this.drop();
    if (before !== run) this.move(run, before);
  }

  drop() {
    if (this.dragged) this.nodes.get(this.dragged)?.node.classList.remove("dcv-lifted");
    this.dragged = null;
    this.unmark();
  }
}

function button([icon, act, words, off]) {
  const made = el("button", "dcv-button", { type: "button", "data-act": act, title: words, "aria-label": words });
  made.append(el("span", "dcv-icon", { "aria-hidden": "true" }, icon));
  made.disabled = off;
  return made;
}
