// Drawing points into the plane: with the mouse, a finger, a pen, or the keyboard.

const FAR = 7; // pixels between two dabs of a stroke
const [DAB, FIRST] = [2, 5]; // points of a dab, and of the first of a stroke
const WIDE = 9; // pixels: standard deviation of a dab

export class Pencil {
  constructor(cloud, on) {
    this.cloud = cloud;
    this.on = on; // {active, dab, lift}
    this.cursor = [0, 0]; // of the keyboard, in the plane
    const { canvas } = cloud;
    canvas.addEventListener("pointerdown", (event) => this.down(event));
    canvas.addEventListener("pointermove", (event) => this.move(event));
    canvas.addEventListener("pointerup", () => this.up());
    canvas.addEventListener("pointercancel", () => this.up());
    canvas.addEventListener("keydown", (event) => this.key(event));
  }

  down(event) {
    if (!this.on.active() || event.button > 0) return;
    event.preventDefault();
    this.cloud.canvas.setPointerCapture(event.pointerId);
    this.last = [event.clientX, event.clientY];
    this.on.dab(this.around(this.cloud.where(event), FIRST));
  }

  move(event) {
    if (!this.last) return;
    for (const one of event.getCoalescedEvents?.() ?? [event]) {
      if (Math.hypot(one.clientX - this.last[0], one.clientY - this.last[1]) < FAR) continue;
      this.last = [one.clientX, one.clientY];
      this.on.dab(this.around(this.cloud.where(one), DAB));
    }
  }

  up() {
    if (!this.last) return;
    this.last = null;
    this.on.lift();
  }

  key(event) {
    // Arrows move a cursor that is said aloud, Enter dabs.
    if (!this.on.active()) return;
    const way = { ArrowLeft: [-0.1, 0], ArrowRight: [0.1, 0], ArrowUp: [0, 0.1], ArrowDown: [0, -0.1] }[event.key];
    if (!way && event.key !== "Enter") return;
    event.preventDefault();
    event.stopPropagation();
    const { extent } = this.cloud;
    if (way) this.cursor = this.cursor.map((v, i) => Math.min(extent, Math.max(-extent, v + way[i])));
    else {
      this.on.dab(this.around(this.cursor, FIRST));
      this.on.lift();
    }
    this.cloud.canvas.setAttribute("aria-label", `Cursor at ${this.cursor.map((v) => v.toFixed(1)).join(", ")}; Enter draws points.`);
    this.on.point(this.cursor);
  }

  around([x, y], count) {
    // Some points about a place, as from a spray can; the first is where it was aimed.
    const scale = (WIDE * 2 * this.cloud.extent) / this.cloud.side;
    const noise = () => scale * Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
    return Array.from({ length: count }, (_, i) => (i ? [x + noise(), y + noise()] : [x, y]));
  }
}
