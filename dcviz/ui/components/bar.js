// The scrubber: play, speed, step and follow. The axis is the true step; it snaps to kept frames.

import { addressAt, copied, el } from "./tools.js";

const FRAMES_PER_SECOND = 4; // at speed ×1
const AHEAD = 6; // frames asked for before they are played

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
      this.on.show(this.nearest(Number(this.range.value)));
    });
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
    this.root.append(this.back, this.play, this.next, this.range, this.out, this.speeds, label, this.share);
  }

  draw({ data, step, following, has }) {
    this.steps = data.steps;
    this.has = has;
    this.now = step;
    const end = Math.max(data.total, this.steps.at(-1) ?? 0, 1);
    this.range.max = String(end);
    if (document.activeElement !== this.range || following || this.timer) this.range.value = String(step);
    this.range.setAttribute("aria-valuetext", `step ${step} of ${end}`);
    this.range.style.setProperty("--now", `${(100 * step) / end}%`);
    this.range.style.setProperty("--known", `${(100 * (this.steps.at(-1) ?? 0)) / end}%`);
    this.out.textContent = `step ${step}`;
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
    if (this.timer) return this.pause();
    if (!this.steps || this.steps.length < 2) return undefined;
    if (this.now >= this.steps.at(-1)) this.on.show(this.steps[0]);
    else this.on.show(this.nearest(this.now));
    this.icon("pause");
    this.timer = setInterval(() => this.tick(), 1000 / FRAMES_PER_SECOND / this.speed);
    return undefined;
  }

  tick() {
    const next = this.beside(1);
    const at = this.steps.indexOf(next);
    const ahead = this.steps.slice(at, at + AHEAD * this.speed).filter((s) => !this.has(s));
    if (ahead.length > (AHEAD * this.speed) / 2 || (ahead.length && !this.has(next))) this.on.need(ahead);
    if (this.now === this.steps.at(-1)) return this.pause();
    if (this.has(next)) this.on.show(next);
    return undefined;
  }

  faster(speed) {
    this.speed = speed;
    [...this.speeds.children].forEach((one) => one.setAttribute("aria-checked", String(one.textContent === `×${speed}`)));
    if (this.timer) {
      this.pause();
      this.toggle();
    }
  }

  pause() {
    clearInterval(this.timer);
    this.timer = null;
    this.icon("play_arrow");
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

  icon(name) {
    this.play.firstChild.textContent = name;
    this.play.setAttribute("aria-label", name === "pause" ? "Pause the replay (Space)" : "Play the kept frames (Space)");
  }
}

function button(icon, title, click) {
  const node = el("button", "dcv-button", { type: "button", "aria-label": title, title });
  node.append(el("span", "dcv-icon", { "aria-hidden": "true" }, icon));
  node.onclick = click;
  return node;
}
