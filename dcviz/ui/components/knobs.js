// Sliders and menus from declarations: a spec for each, and one word to whoever listens when it is moved.

import { el } from "./tools.js";

const STEPS = 1000; // of a slider, whatever its range

export class Knobs {
  constructor(parent, name, say) {
    this.root = el("div", `dcv-knobs ${name}`, { role: "group" });
    this.say = say;
    this.made = new Map(); // key -> {spec, input, out}
    parent.append(this.root);
  }

  draw(specs) {
    const shape = JSON.stringify(specs.map(({ value, ...rest }) => rest));
    if (shape !== this.shape) {
      this.shape = shape;
      this.made.clear();
      this.root.replaceChildren(...(specs.length ? specs.map((spec) => this.make(spec)) : [el("p", "dcv-without", {}, "It has no parameters.")]));
    }
    for (const spec of specs) this.show(spec);
  }

  make(spec) {
    const root = el("label", `dcv-knob-${spec.kind}`, { title: spec.help });
    const head = el("span", "dcv-knob-head");
    const out = el("output");
    head.append(el("span", "", {}, spec.label), out);
    root.append(head);
    const input = spec.kind === "choice" ? menu(spec) : el("input", "dcv-range", { type: "range", min: "0", max: String(STEPS), step: "1" });
    input.setAttribute("aria-label", `${spec.label}. ${spec.help}`);
    input.addEventListener("input", () => {
      const value = spec.kind === "choice" ? choice(spec, input.value) : value_of(spec, Number(input.value));
      if (value === this.made.get(spec.key).value) return;
      this.tell(spec, value);
      this.say(spec.key, value);
    });
    if (spec.kind !== "choice") input.addEventListener("keydown", (event) => this.key(event, spec, input));
    root.append(input);
    this.made.set(spec.key, { input, out });
    return root;
  }

  key(event, spec, input) {
    // A key press moves a whole number by one, and anything else by a fiftieth of the way.
    const way = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
    if (!way) return;
    event.preventDefault();
    event.stopPropagation();
    const now = this.made.get(spec.key).value;
    const value = spec.whole ? Math.min(spec.high, Math.max(spec.low, now + way)) : value_of(spec, Math.min(STEPS, Math.max(0, Number(input.value) + way * (STEPS / 50))));
    input.value = String(place_of(spec, value));
    this.tell(spec, value);
    this.say(spec.key, value);
  }

  show(spec) {
    // What holds now, unless a hand is on it.
    const { input } = this.made.get(spec.key);
    if (document.activeElement === input && this.busy) return;
    if (spec.kind === "choice") input.value = String(spec.value);
    else if (value_of(spec, Number(input.value)) !== spec.value) input.value = String(place_of(spec, spec.value));
    this.tell(spec, spec.value);
  }

  tell(spec, value) {
    const made = this.made.get(spec.key);
    made.value = value;
    if (spec.kind === "choice") return;
    const text = spec.zero && value === 0 ? spec.zero : String(Number(value.toPrecision(3)));
    made.out.textContent = text;
    made.input.setAttribute("aria-valuetext", spec.unit ? `${text} ${spec.unit}` : text);
    made.input.style.setProperty("--now", `${(100 * place_of(spec, value)) / STEPS}%`);
  }
}

function menu(spec) {
  const input = el("select", "dcv-menu");
  for (const one of spec.options) input.append(el("option", "", { value: String(one) }, String(one)));
  return input;
}

function choice(spec, text) {
  return spec.options.find((one) => String(one) === text);
}

function value_of({ low, high, log, whole }, place) {
  const part = place / STEPS;
  const value = log ? low * (high / low) ** part : low + part * (high - low);
  return whole ? Math.round(value) : Number(value.toPrecision(3));
}

function place_of({ low, high, log }, value) {
  const part = log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
  return Math.round(STEPS * Math.min(1, Math.max(0, part)));
}
