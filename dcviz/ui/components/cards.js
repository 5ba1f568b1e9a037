// Cards of runs: a picture, how each is doing, its numbers. Any number can be chosen, by mouse and by keyboard.
// What was said last to the server carries a turn: until it has been heard, what is chosen here holds.

import { el, signature, typing } from "./tools.js";

export class Cards {
  constructor(parent) {
    this.root = el("section", "dcv-gallery");
    this.list = el("ul", "dcv-shelf");
    this.foot = el("footer", "dcv-foot");
    this.root.append(this.list, this.foot);
    parent.append(this.root);
    this.nodes = new Map(); // id -> {node, drawn}
    this.chosen = new Set();
    this.turn = null;
    this.at = null; // the card that the keyboard is on, and ranges begin at
    this.list.addEventListener("click", (event) => this.click(event));
    this.list.addEventListener("dblclick", (event) => this.open(this.id(event)));
    this.root.addEventListener("keydown", (event) => this.key(event));
  }

  receive({ data, setStateValue, setTriggerValue }) {
    this.say = setStateValue;
    this.ask = setTriggerValue;
    this.turn ??= data.turn;
    if (data.turn === this.turn) this.chosen = new Set(data.chosen);
    this.order = data.cards.map((card) => card.id);
    if (signature(data) !== this.drawn) {
      this.drawn = signature(data);
      this.draw(data);
    }
    this.mark();
  }

  draw(data) {
    this.list.setAttribute("aria-label", data.label);
    const focused = this.id({ target: document.activeElement });
    for (const card of data.cards) this.update(card);
    for (const [id, { node }] of this.nodes) {
      if (this.order.includes(id)) continue;
      node.remove();
      this.nodes.delete(id);
    }
    this.order.forEach((id, i) => {
      const { node } = this.nodes.get(id);
      if (this.list.children[i] !== node) this.list.insertBefore(node, this.list.children[i] ?? null);
    });
    if (focused && document.activeElement === document.body) this.face(focused)?.focus();
    this.foot.replaceChildren(el("span", "dcv-count", { role: "status" }, data.count));
    if (data.pages > 1) this.foot.append(...this.pager(data));
  }

  update(card) {
    const known = this.nodes.get(card.id);
    const now = JSON.stringify(card);
    if (known?.drawn === now) return;
    const node = known?.node ?? el("li", "dcv-run", { "data-id": card.id });
    this.nodes.set(card.id, { node, drawn: now });
    if (!known) node.append(this.tick(), el("button", "dcv-face", { type: "button" }), el("a", "dcv-open", {}, "Open"));
    const [tick, face, open] = node.children;
    tick.querySelector("input").setAttribute("aria-label", `Choose ${card.title} too`);
    face.title = card.hint;
    face.setAttribute("aria-label", [card.title, ...card.lines.map((line) => line.text), card.score?.text, ...card.tags].filter(Boolean).join(", "));
    const picture = face.querySelector("img");
    face.replaceChildren(this.picture(card, picture), ...this.words(card));
    open.hidden = !card.href;
    open.href = card.href || "#";
    open.setAttribute("aria-label", `Open ${card.title} in the Lab`);
  }

  tick() {
    const root = el("label", "dcv-tick", { title: "Choose this one too (Space)" });
    root.append(el("input", "", { type: "checkbox", tabindex: "-1" }));
    return root;
  }

  picture(card, kept) {
    const frame = el("span", "dcv-look");
    if (card.src) {
      const image = kept ?? el("img", "", { alt: "", draggable: "false" });
      if (image.getAttribute("src") !== card.src) image.src = card.src;
      frame.append(image);
    } else frame.append(el("span", "dcv-empty", {}, card.blank));
    if (card.progress !== null) {
      const bar = el("span", "dcv-progress");
      bar.append(el("i"));
      bar.firstChild.style.width = `${100 * card.progress}%`;
      frame.append(bar);
    }
    return frame;
  }

  words(card) {
    const parts = [el("span", "dcv-title", {}, card.title)];
    const lines = card.lines.filter((each) => each.text);
    for (const line of lines) {
      const scored = card.score && line === lines.at(-1); // where the state has its words in full
      const words = el("span", line.state || scored ? "dcv-line dcv-state" : "dcv-line", { title: line.title ?? "" });
      if (line.state) words.append(el("i", `dcv-dot dcv-is-${line.state}`, { "aria-hidden": "true" }));
      words.append(el("span", "", {}, line.text));
      if (scored) words.append(el("b", "", { title: card.score.title }, card.score.text));
      parts.push(words);
    }
    if (card.tags.length) {
      const tags = el("span", "dcv-tags");
      tags.append(...card.tags.map((tag) => el("span", "", {}, tag)));
      parts.push(tags);
    }
    return parts;
  }

  pager({ page, pages }) {
    const button = (icon, words, to) => {
      const made = el("button", "dcv-button", { type: "button", title: words, "aria-label": words });
      made.append(el("span", "dcv-icon", { "aria-hidden": "true" }, icon));
      made.disabled = to < 1 || to > pages;
      made.addEventListener("click", () => this.ask("act", { kind: "page", page: to }));
      return made;
    };
    const where = el("span", "", {}, `page ${page} of ${pages}`);
    return [button("chevron_left", "The page before", page - 1), where, button("chevron_right", "The next page", page + 1)];
  }

  // ------------------------------------------------------------------------------------------- choosing

  click(event) {
    const id = this.id(event);
    if (!id) return;
    if (event.target.closest(".dcv-open")) {
      if (event.metaKey || event.ctrlKey || event.shiftKey) return; // a new tab or window is the browser's business
      event.preventDefault();
      this.open(id);
    } else if (event.target.closest(".dcv-tick")) {
      if (event.target.tagName !== "INPUT") return; // the label's own click, which the box hears again
      this.choose(id, true, event.shiftKey);
    } else if (event.target.closest(".dcv-face")) this.choose(id, event.metaKey || event.ctrlKey, event.shiftKey);
  }

  choose(id, also = false, range = false) {
    if (range && this.order.includes(this.at)) {
      const [low, high] = [this.order.indexOf(this.at), this.order.indexOf(id)].sort((a, b) => a - b);
      this.chosen = new Set([...(also ? this.chosen : []), ...this.order.slice(low, high + 1)]);
    } else {
      const alone = this.chosen.size === 1 && this.chosen.has(id);
      const next = new Set(also ? this.chosen : []);
      if (also ? this.chosen.has(id) : alone) next.delete(id);
      else next.add(id);
      this.chosen = next;
      this.at = id;
    }
    this.tell();
  }

  tell() {
    this.turn += 1;
    this.mark();
    this.say("chosen", { ids: [...this.chosen], turn: this.turn });
  }

  mark() {
    const reached = this.order.includes(this.at) ? this.at : this.order[0];
    for (const [id, { node }] of this.nodes) {
      const [tick, face, open] = node.children;
      const is = this.chosen.has(id);
      node.classList.toggle("dcv-chosen", is);
      tick.firstChild.checked = is;
      face.setAttribute("aria-pressed", String(is));
      face.tabIndex = open.tabIndex = id === reached ? 0 : -1;
    }
  }

  open(id) {
    if (id && this.face(id)?.parentElement.children[2].href) this.ask("act", { kind: "open", run: id });
  }

  // ----------------------------------------------------------------------------------------------- keys

  key(event) {
    const id = this.id(event);
    if (!id || typing(event.target) || event.altKey) return;
    const act = {
      ArrowLeft: () => this.go(id, -1),
      ArrowRight: () => this.go(id, 1),
      ArrowUp: () => this.go(id, -this.columns()),
      ArrowDown: () => this.go(id, this.columns()),
      Home: () => this.go(id, -this.order.length),
      End: () => this.go(id, this.order.length),
      " ": () => this.choose(id, true),
      Enter: () => this.open(id),
      Delete: () => this.ask("act", { kind: "delete", runs: this.chosen.size ? [...this.chosen] : [id] }),
      Escape: () => this.clear(),
      a: () => (event.ctrlKey || event.metaKey) && this.all(),
    }[event.key];
    const onLink = event.target.closest(".dcv-open") && event.key === "Enter";
    if (!act || onLink || (event.key === "a" && !event.ctrlKey && !event.metaKey)) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }

  go(id, by) {
    const to = Math.min(Math.max(this.order.indexOf(id) + by, 0), this.order.length - 1);
    this.at = this.order[to];
    this.mark();
    this.face(this.at).focus();
  }

  columns() {
    const top = this.list.firstElementChild?.offsetTop;
    return [...this.list.children].filter((node) => node.offsetTop === top).length || 1;
  }

  all() {
    this.chosen = new Set(this.order);
    this.tell();
  }

  clear() {
    this.chosen = new Set();
    this.tell();
  }

  id(event) {
    return event.target?.closest?.(".dcv-run")?.dataset.id ?? null;
  }

  face(id) {
    return this.nodes.get(id)?.node.children[1];
  }
}
