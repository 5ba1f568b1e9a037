// The scrubber: play, speed, step and follow. The axis is the true step; it snaps to kept frames.

import { addressAt, copied, el, icon } from "./tools.js";

const FRAMES_PER_SECOND = 8; // kept frames at speed ×1; 32 at ×4
const AHEAD = 200; // kept frames asked for when it starts to play: all that there can be
const REST = 180; // ms without a movement after which the scrubber counts as let go

export class Bar {
  constructor(on) {
    this.on = on;
    this.speed = 1;
    this.root = el("div", "dcv-bar", { role: "group", "aria-label": "Replay" });
    this.play = button("play_arrow", "Play the kept frames (Space)", () => this.toggle());
    this.back = button("chevron_left", "One kept frame back (←)", () => this.move(-1));
    this.next = button("chevron_right", "One kept frame on (→)", () => this.move(1));
    this.range = el("input", "dcv-range", { type: "range", min: "0", max: "1", step: "1", "aria-label": "Step shown" });
    this.range.addEventListener("input", () => {
      this.pause();
      this.drag();
      this.on.show(this.nearest(Number(this.range.value)));
    });
    this.range.addEventListener("change", () => this.rest());
    this.out = el("output", "dcv-step");
    this.speeds = el("div", "dcv-switch", { role: "radiogroup", "aria-label": "Speed of the replay" });
    for (const speed of [1, 2, 4]) {
      const one = el("button", "", { type: "button", role: "radio", "aria-checked": String(speed === 1) }, `×${speed}`);
      one.onclick = () => this.faster(speed);
      this.speeds.append(one);
    }
    const label = el("label", "dcv-follow", { title: "Always show the newest step" });
    this.follow = el("input", "", { type: "checkbox", role: "switch" });
    this.follow.addEventListener("change", () => {
      this.pause();
      this.on.show(this.follow.checked ? null : this.now);
    });
    label.append(this.follow, el("span", "dcv-knob"), document.createTextNode("follow live"));
    this.share = button("share", "Copy the address of this set-up, run and step", () => this.copy());
    this.share.classList.add("dcv-share");
    this.root.append(this.back, this.play, this.next, this.range, this.out, this.speeds, label, this.share);
  }

  draw({ data, step, following, has }) {
    this.steps = data.steps;
    this.has = has;
    this.now = step;
    const end = Math.max(data.total, this.steps.at(-1) ?? 0, 1);
    this.range.max = String(end);
    if (document.activeElement !== this.range || following || this.playing) this.range.value = String(step);
    const said = data.said?.(step) ?? `step ${step}`; // a clock of several runs counts something else
    this.range.setAttribute("aria-valuetext", data.said ? said : `${said} of ${end}`);
    this.range.style.setProperty("--now", `${(100 * step) / end}%`);
    this.range.style.setProperty("--known", `${(100 * (this.steps.at(-1) ?? 0)) / end}%`);
    this.out.textContent = said;
    this.follow.checked = following;
    const idle = this.steps.length < 2;
    for (const node of [this.play, this.back, this.next, this.range]) node.disabled = idle;
    this.follow.disabled = !data.run;
  }

  nearest(step) {
    return this.steps.reduce((best, s) => (Math.abs(s - step) < Math.abs(best - step) ? s : best), this.steps[0]);
  }

  move(by) {
    if (!this.steps?.length) return;
    this.pause();
    this.on.show(this.beside(by));
  }

  beside(by) {
    const at = this.steps.indexOf(this.nearest(this.now));
    return this.steps[Math.min(this.steps.length - 1, Math.max(0, at + by))];
  }

  toggle() {
    if (this.playing) return this.pause();
    if (!this.steps || this.steps.length < 2) return undefined;
    const again = this.now >= this.steps.at(-1);
    this.shows("pause");
    this.playing = true;
    this.part = 0; // of the way from the shown frame to the next
    this.on.show(again ? this.steps[0] : this.nearest(this.now));
    this.ask();
    let before = performance.now();
    const tick = (now) => {
      if (!this.playing) return;
      this.part += (Math.min(now - before, 250) / 1000) * FRAMES_PER_SECOND * this.speed;
      before = now;
      this.go();
      requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
    return undefined;
  }

  go() {
    // To the frame that it is time for, as far as the frames have come; then a part of the way to the next.
    const at = this.steps.indexOf(this.nearest(this.now));
    let to = at;
    while (this.part >= 1 && to + 1 < this.steps.length && this.has(this.steps[to + 1])) {
      to += 1;
      this.part -= 1;
    }
    const next = this.steps[to + 1];
    if (next === undefined) {
      this.part = 0;
      if (to > at) this.on.show(this.steps[to]);
      return this.pause();
    }
    if (!this.has(next)) {
      this.ask();
      this.part = Math.min(this.part, 0.99);
    }
    return to > at ? this.on.show(this.steps[to]) : this.on.glide?.(next, this.part);
  }

  ask() {
    const at = this.steps.indexOf(this.nearest(this.now));
    const ahead = this.steps.slice(at + 1, at + 1 + AHEAD).filter((s) => !this.has(s));
    if (ahead.length) this.on.need(ahead);
  }

  faster(speed) {
    this.speed = speed;
    [...this.speeds.children].forEach((one) => one.setAttribute("aria-checked", String(one.textContent === `×${speed}`)));
  }

  get moving() {
    return this.playing || this.dragged; // what is shown will be another soon
  }

  drag() {
    this.dragged = true;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.rest(), REST);
  }

  rest() {
    clearTimeout(this.timer);
    if (!this.dragged) return;
    this.dragged = false;
    this.on.rest?.();
  }

  pause() {
    if (!this.playing) return;
    this.playing = false;
    this.part = 0;
    this.shows("play_arrow");
    this.on.rest?.();
  }

  async copy() {
    const done = await copied(addressAt(this.on.shared()).href);
    this.share.firstChild.textContent = done ? "check" : "link_off";
    this.share.title = done ? "Copied" : "The browser did not allow it: copy the address from its own bar";
    setTimeout(() => {
      this.share.firstChild.textContent = "share";
      this.share.title = this.share.getAttribute("aria-label");
    }, 2000);
  }

  shows(name) {
    this.play.firstChild.textContent = icon(name);
    this.play.setAttribute("aria-label", name === "pause" ? "Pause the replay (Space)" : "Play the kept frames (Space)");
  }
}

function button(name, title, click) {
  const node = el("button", "dcv-button", { type: "button", "aria-label": title, title });
  node.append(el("span", "dcv-icon", { "aria-hidden": "true" }, icon(name)));
  node.onclick = click;
  return node;
}
