// A tour: what is told of stands out, the rest of the page is dimmed. The keyboard stays in it until it ends.

import { el, shared } from "./tools.js";

const tours = new WeakMap(); // parent element -> Tour
const OFFERED = "dcviz.tour"; // in the browser: set when the offer was taken or dismissed
const APART = 12; // pixels between what is shown and the card
const ROOM = 8; // pixels around what is shown

export function tour({ data, parentElement, setTriggerValue }) {
  let made = tours.get(parentElement);
  if (!made) tours.set(parentElement, (made = new Tour(parentElement)));
  made.receive(data, () => setTriggerValue("tour", true));
  return () => setTimeout(() => parentElement.isConnected || made.end(), 0);
}

class Tour {
  constructor(parent) {
    this.root = el("div", "dcv-tour");
    this.offer = el("span", "dcv-offer", { role: "status" }, "New here? ");
    const take = el("button", "", { type: "button" }, "Take the tour");
    const not = el("button", "dcv-not", { type: "button", "aria-label": "Dismiss", title: "Dismiss" });
    not.append(el("span", "dcv-icon", { "aria-hidden": "true" }, "close"));
    take.onclick = () => this.ask();
    not.onclick = () => this.dismiss();
    this.offer.append(take, not);
    this.button = el("button", "dcv-ask", { type: "button", title: "Tour of the Lab", "aria-label": "Tour of the Lab" });
    this.button.append(el("span", "dcv-icon", { "aria-hidden": "true" }, "help"));
    this.button.onclick = () => this.ask();
    this.root.append(this.offer, this.button);
    parent.append(this.root);
    this.onKey = (event) => this.key(event);
    this.onResize = () => this.place();
  }

  receive(data, go) {
    Object.assign(this, { data, go });
    this.offer.hidden = !data.here || remembered();
    if (data.count > (shared.toured ?? 0) && data.here) {
      shared.toured = data.count; // asked for on another page
      setTimeout(() => this.ask(), 600); // the Lab is drawn first
    }
  }

  ask() {
    this.dismiss();
    if (!this.data.here) return this.go();
    const loading = !document.querySelector(".dcv-stage"); // what is not there yet may come
    this.stops = this.data.stops.filter((stop) => loading || around(stop.at));
    return this.begin();
  }

  dismiss() {
    remember();
    this.offer.hidden = true;
  }

  begin() {
    this.end();
    this.over = el("div", "dcv-over-all", { role: "dialog", "aria-modal": "true", "aria-labelledby": "dcv-tour-title" });
    this.hole = el("div", "dcv-hole");
    this.title = el("h3", "", { id: "dcv-tour-title" });
    this.text = el("p", "", { "aria-live": "polite" });
    this.count = el("span", "dcv-count");
    this.back = said("Back", () => this.show(this.at - 1));
    this.next = said("Next", () => (this.at + 1 < this.stops.length ? this.show(this.at + 1) : this.end()));
    this.next.className = "dcv-next";
    const foot = el("footer");
    foot.append(this.count, said("End", () => this.end()), this.back, this.next);
    this.card = el("div", "dcv-card");
    this.card.append(this.title, this.text, foot);
    this.over.append(this.hole, this.card);
    document.body.append(this.over);
    window.addEventListener("keydown", this.onKey, true);
    window.addEventListener("resize", this.onResize);
    this.show(0);
    this.next.focus();
  }

  end() {
    if (!this.over) return;
    this.over.remove();
    this.over = null;
    window.removeEventListener("keydown", this.onKey, true);
    window.removeEventListener("resize", this.onResize);
    if (this.button.isConnected) this.button.focus();
  }

  show(at) {
    this.at = Math.max(0, Math.min(this.stops.length - 1, at));
    const { title, text } = this.stops[this.at];
    this.title.textContent = title;
    this.text.textContent = text;
    this.count.textContent = `${this.at + 1} of ${this.stops.length}`;
    this.back.disabled = this.at === 0;
    this.next.textContent = this.at + 1 < this.stops.length ? "Next" : "Done";
    this.place();
  }

  place() {
    const box = around(this.stops[this.at].at) ?? middle();
    Object.assign(this.hole.style, { left: `${box.left - ROOM}px`, top: `${box.top - ROOM}px`, width: `${box.right - box.left + 2 * ROOM}px`, height: `${box.bottom - box.top + 2 * ROOM}px` });
    const { offsetWidth: wide, offsetHeight: tall } = this.card;
    const [width, height] = [window.innerWidth, window.innerHeight];
    let [left, top] = [(box.left + box.right - wide) / 2, box.bottom + ROOM + APART];
    if (top + tall > height) top = box.top - ROOM - APART - tall;
    if (top < 0) {
      top = Math.min(box.top, height - tall - APART); // beside it, where there is more room
      left = box.left > width - box.right ? box.left - ROOM - APART - wide : box.right + ROOM + APART;
    }
    this.card.style.left = `${Math.max(APART, Math.min(left, width - wide - APART))}px`;
    this.card.style.top = `${Math.max(APART, top)}px`;
  }

  key(event) {
    event.stopPropagation(); // nothing behind it moves
    if (event.key === "Escape") this.end();
    else if (event.key === "ArrowRight") this.show(this.at + 1);
    else if (event.key === "ArrowLeft") this.show(this.at - 1);
    else if (event.key === "Tab") this.turn(event);
  }

  turn(event) {
    const all = [...this.card.querySelectorAll("button:not(:disabled)")];
    const at = all.indexOf(document.activeElement);
    event.preventDefault();
    all.at((at + (event.shiftKey ? -1 : 1) + all.length) % all.length).focus();
  }
}

function said(text, click) {
  const button = el("button", "", { type: "button" }, text);
  button.onclick = click;
  return button;
}

function around(selectors) {
  // The box around all that is seen of them; null where nothing is.
  const boxes = selectors
    .flatMap((selector) => [...document.querySelectorAll(selector)])
    .map((node) => node.getBoundingClientRect())
    .filter((box) => box.width > 0 && box.height > 0);
  if (!boxes.length) return null;
  const side = (name, pick) => pick(...boxes.map((box) => box[name]));
  return { left: side("left", Math.min), top: side("top", Math.min), right: side("right", Math.max), bottom: side("bottom", Math.max) };
}

function middle() {
  const [x, y] = [window.innerWidth / 2, window.innerHeight / 3];
  return { left: x, right: x, top: y, bottom: y };
}

function remembered() {
  try {
    return localStorage.getItem(OFFERED) !== null;
  } catch {
    return Boolean(shared.offered); // a browser that keeps nothing
  }
}

function remember() {
  shared.offered = true;
  try {
    localStorage.setItem(OFFERED, "yes");
  } catch {
    // it is offered again on the next visit
  }
}
