// A row of pictures to choose from: each is a result, with its name below.

import { el } from "./tools.js";

const rows = new WeakMap(); // parent element -> {root, drawn}

export function tiles({ data, parentElement, setTriggerValue }) {
  let row = rows.get(parentElement);
  if (!row) {
    row = { root: el("div", "dcv-tiles", { role: "group", "aria-label": data.label }) };
    parentElement.append(row.root);
    rows.set(parentElement, row);
  }
  const drawn = JSON.stringify(data.tiles);
  if (row.drawn !== drawn) {
    row.drawn = drawn;
    row.root.replaceChildren(
      ...data.tiles.map((tile) => {
        const one = el("button", "dcv-tile-of", { type: "button", title: tile.words, "data-name": tile.name });
        one.append(el("img", "", { src: tile.src, alt: "" }), el("span", "", {}, tile.title));
        return one;
      }),
    );
  }
  for (const one of row.root.children) {
    one.setAttribute("aria-pressed", String(one.dataset.name === data.chosen));
    // A number of its own for every click: a script that begins again obeys it once.
    one.onclick = (event) => {
      if (event.detail) one.blur(); // after a click the space bar is for playing
      setTriggerValue("tile", one.dataset.name);
    };
  }
  return undefined;
}
