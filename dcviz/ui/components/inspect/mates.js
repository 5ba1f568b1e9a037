// The other synthetic images of the same class; a click goes to one.

import { cut } from "../detail.js";
import { decode, el, panel } from "../tools.js";

export class Mates {
  constructor(parent, on) {
    const made = panel(parent, "dcv-mates", "Its class");
    Object.assign(this, { root: made.root, head: made.head, caption: made.caption, on });
    this.row = el("div", "dcv-mate-row", { role: "group" });
    this.root.append(this.row);
  }

  draw({ mates, image, name }) {
    this.row.setAttribute("aria-label", `the synthetic images of class ${name ?? ""}`);
    if (!mates) return this.row.replaceChildren();
    const ids = Array.from(decode(mates.ids));
    this.caption.textContent = `${ids.length} of class ${name}, at step ${mates.step}`;
    if (this.of !== mates) this.make(mates, ids);
    for (const button of this.row.children) {
      const here = Number(button.dataset.id) === image;
      button.setAttribute("aria-pressed", String(here));
      if (here && this.at !== image) button.scrollIntoView({ block: "nearest", inline: "nearest" });
    }
    this.at = image;
    return undefined;
  }

  make(mates, ids) {
    const focused = this.row.contains(document.activeElement) ? document.activeElement.dataset.id : null;
    this.of = mates;
    const off = decode(mates.off);
    this.row.replaceChildren(
      ...ids.map((id, i) => {
        const said = `image ${id}${off[i] > 95 ? ", off-manifold" : ""}`;
        const button = el("button", off[i] > 95 ? "dcv-mate dcv-off" : "dcv-mate", { type: "button", title: said, "aria-label": said, "data-id": id });
        if (mates.atlas) {
          const canvas = el("canvas", "", { "aria-hidden": "true" });
          cut(mates.atlas, i, canvas);
          button.append(canvas);
        } else button.textContent = String(id);
        button.onclick = () => this.on.open(id);
        return button;
      }),
    );
    if (focused !== null) this.row.querySelector(`[data-id="${focused}"]`)?.focus();
  }
}
