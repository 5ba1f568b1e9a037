// The bar of the Playground: play, step, reset, scrub, speed, what is drawn, and the pencil.

import { addressAt, copied, el, icon } from "./tools.js";

export class Transport {
  constructor(plane) {
    this.plane = plane;
    this.speed = 1;
    this.root = el("div", "dcv-bar", { role: "group", "aria-label": "Steps" });
    this.reset = button("replay", "Start again from the beginning", () => plane.restart());
    this.back = button("chevron_left", "One step back (←)", () => plane.step(-1));
    this.play = button("pause", "Pause (Space)", () => plane.toggle());
    this.next = button("chevron_right", "One step on (→)", () => plane.step(1));
    this.range = el("input", "dcv-range", { type: "range", min: "0", max: "1", step: "1", "aria-label": "Step shown" });
    this.range.addEventListener("input", () => plane.show(Number(this.range.value)));
    this.out = el("output", "dcv-step");
    this.speeds = choices("Speed", [1, 2, 4], (speed) => this.faster(speed));
    this.toggles = el("div", "dcv-switch", { role: "group", "aria-label": "What is drawn" });
    for (const [name, text, why] of [
      ["force", "force", "Arrows: where one more point would be pulled"],
      ["heat", "witness", "Green: real points are missing there; purple: too many synthetic ones"],
      ["trails", "trails", "Where each point has been in the last steps"],
    ]) {
      const one = el("button", "", { type: "button", "aria-pressed": "true", title: why, "data-shows": name }, text);
      one.onclick = () => this.flip(name, one);
      this.toggles.append(one);
    }
    this.pencil = button("draw", "Draw points in the panels: they become the distribution", () => plane.draws(!plane.drawing));
    this.pencil.append(el("span", "dcv-word", {}, "draw"));
    this.clear = button("ink_eraser", "Clear the drawing", () => plane.clear());
    this.same = button("join_left", "Put the left points into both sides, to compare where each divergence pulls the same ones", () => this.lens());
    this.share = button("share", "Copy the address of this set-up", () => this.copy());
    this.said = el("span", "dcv-said", { role: "status" });
    this.root.append(this.reset, this.back, this.play, this.next, this.range, this.out, this.speeds, this.toggles, this.same, this.pencil, this.clear, this.share, this.said);
  }

  draw() {
    const { plane } = this;
    const on = plane.playing;
    this.play.firstChild.textContent = icon(on ? "pause" : "play_arrow");
    name(this.play, on ? "Pause (Space)" : "Play (Space)");
    this.play.setAttribute("aria-pressed", String(on));
    this.pencil.setAttribute("aria-pressed", String(Boolean(plane.drawing)));
    this.clear.hidden = !(plane.drawing || plane.data?.drawn);
    for (const one of this.toggles.children) {
      const why = plane.data?.missing[one.dataset.shows] ?? "";
      one.classList.toggle("dcv-lacking", Boolean(why));
      one.title = why || (one.why ??= one.title);
    }
    this.ending = "";
    this.at(plane.now);
  }

  at(now) {
    const { plane } = this;
    const head = Math.max(plane.head, 1);
    const step = Math.round(now);
    this.range.max = String(head);
    if (document.activeElement !== this.range || plane.playing) this.range.value = String(step);
    this.range.style.setProperty("--now", `${(100 * step) / head}%`);
    this.range.style.setProperty("--known", "100%");
    const ended = (step >= plane.head && plane.data?.ended) || "";
    const text = [plane.head < 0 ? "" : `step ${step}`, ended].filter(Boolean).join(" · "); // nothing drawn has no step
    if (this.out.textContent !== text) this.out.textContent = text;
    this.range.setAttribute("aria-valuetext", text);
  }

  faster(speed) {
    this.speed = speed;
    this.plane.pump();
  }

  flip(what, one) {
    const { shows } = this.plane;
    shows[what] = !shows[what];
    one.setAttribute("aria-pressed", String(shows[what]));
    this.plane.dirty = true;
  }

  lens() {
    this.plane.show(Math.round(this.plane.now));
    this.plane.order({ same: "left" });
  }

  async copy() {
    const whole = !this.plane.data.bent && !this.plane.playing;
    const done = await copied(addressAt(whole ? Math.round(this.plane.now) : null).href);
    this.tell(done ? "Address copied" : "The browser did not allow it: copy the address from its own bar");
  }

  tell(text) {
    this.said.textContent = text;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => (this.said.textContent = ""), 4000);
  }
}

function choices(label, values, choose) {
  const root = el("div", "dcv-switch", { role: "radiogroup", "aria-label": label });
  for (const value of values) {
    const one = el("button", "", { type: "button", role: "radio", "aria-checked": String(value === values[0]) }, `×${value}`);
    one.onclick = () => {
      [...root.children].forEach((other) => other.setAttribute("aria-checked", String(other === one)));
      choose(value);
    };
    root.append(one);
  }
  return root;
}

function name(node, text) {
  node.setAttribute("aria-label", text);
  node.title = text;
}

function button(symbol, title, click) {
  const node = el("button", "dcv-button", { type: "button", "aria-label": title, title });
  node.append(el("span", "dcv-icon", { "aria-hidden": "true" }, icon(symbol)));
  node.onclick = click;
  return node;
}
