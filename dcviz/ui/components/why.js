// Explanations without a mouse: what the title of something says stands beside it while it has the focus by keyboard,
// and where a number is pressed. A mouse has the title itself.

import { el, shared } from "./tools.js";

const [GAP, EDGE] = [6, 8]; // pixels: from what is explained, and from the window's edge
const ID = "dcv-tip"; // of the one explanation on screen
const MARK = "data-why"; // on what explains itself where it is pressed; its value names it among its neighbours

export function explains(node, text) {
  // Have a node say something of itself, or nothing more; where it is being read, the new words take the old ones' place.
  if (node.title === text) return;
  node.title = text;
  const marks = { [MARK]: "", role: "button", tabindex: "0" };
  for (const [key, value] of Object.entries(marks)) text ? node.setAttribute(key, value) : node.removeAttribute(key);
  if (shared.why?.of === node) shared.why.show(node);
}

export function facts(parent, found) {
  // Numbers with their names: [[name, value, explanation]]. Nodes stay while values change: one may have the focus.
  while (parent.querySelectorAll(":scope > .dcv-fact").length > found.length) parent.querySelector(":scope > .dcv-fact:last-of-type").remove();
  const nodes = parent.querySelectorAll(":scope > .dcv-fact");
  found.forEach(([name, value, why], i) => {
    const node = nodes[i] ?? parent.appendChild(el("span", "dcv-fact"));
    const key = `${name}|${value}|${why}`;
    if (node.told === key) return;
    node.told = key;
    node.replaceChildren(`${name} `, el("b", "", {}, value));
    explains(node, why ?? "");
  });
}

class Why {
  constructor() {
    this.root = el("div", "dcv-tip", { id: ID, role: "tooltip" });
    this.root.hidden = true;
    this.of = null; // what is explained
    this.kept = null; // what had the focus last, where others may take its place
    this.watch = new MutationObserver(() => this.again());
    const on = (kind, act) => document.addEventListener(kind, act, true);
    on("focusin", (event) => this.focused(event.target));
    on("focusout", (event) => this.left(event));
    on("click", (event) => this.pressed(event.target.closest?.(`[${MARK}]`)));
    on("keydown", (event) => this.key(event));
    on("scroll", () => this.place());
  }

  focused(node) {
    if (node === this.kept?.node) return;
    this.forget();
    const room = node.hasAttribute?.(MARK) && node.closest("[data-testid='stHtml']");
    if (room) {
      this.kept = { node, room, name: node.getAttribute(MARK) };
      this.watch.observe(room, { childList: true, subtree: true });
    }
    if (node.title && node.matches(":focus-visible")) this.show(node);
  }

  left({ target, relatedTarget }) {
    if (relatedTarget) this.forget();
    setTimeout(() => target === this.of && document.activeElement !== target && this.hide(), 0); // after `again`
  }

  forget() {
    this.kept = null;
    this.watch.disconnect();
  }

  again() {
    // A line of html is written anew at each look at a live run: the focus goes to what has taken the place.
    const { node, room, name } = this.kept;
    if (node.isConnected || (document.activeElement && document.activeElement !== document.body)) return;
    const next = room.querySelector(`[${MARK}="${CSS.escape(name)}"]`);
    if (!next) return;
    const shown = this.of === node;
    this.kept.node = next;
    next.focus({ preventScroll: true });
    if (shown) this.show(next);
  }

  pressed(node) {
    if (!node || node === this.of) this.hide();
    else this.show(node);
  }

  key(event) {
    if (event.key === "Escape" && this.of) {
      event.stopPropagation(); // it closes this first, and clears the selection next
      this.hide();
    }
    const plain = event.target.matches?.(`[${MARK}][role='button']`) && (event.key === "Enter" || event.key === " ");
    if (!plain) return;
    event.preventDefault();
    this.pressed(event.target);
  }

  show(node) {
    this.hide();
    if (!node.title) return;
    this.of = node;
    node.setAttribute("aria-describedby", ID);
    this.root.textContent = node.title;
    this.root.hidden = false;
    if (!this.root.isConnected) document.body.append(this.root);
    this.place();
  }

  hide() {
    this.of?.removeAttribute("aria-describedby");
    this.of = null;
    this.root.hidden = true;
  }

  place() {
    if (!this.of) return;
    const [at, own] = [this.of.getBoundingClientRect(), this.root.getBoundingClientRect()];
    const below = at.bottom + GAP + own.height + EDGE < window.innerHeight;
    this.root.style.top = `${below ? at.bottom + GAP : at.top - GAP - own.height}px`;
    this.root.style.left = `${Math.max(EDGE, Math.min(at.left, window.innerWidth - own.width - EDGE))}px`;
  }
}

shared.why ??= new Why(); // one for all that is on the page
