// What python draws in the browser, by its kind: each a module of its own. A replay file brings the stage alone.

import { compare } from "./compare.js";
import { grid } from "./grid.js";
import { inspect } from "./inspect/inspect.js";
import { plane } from "./plane.js";
import { plotly } from "./plot.js";
import stage from "./stage.js";
import { table } from "./table.js";
import { tiles } from "./tiles.js";
import { shared } from "./tools.js";
import { tour } from "./tour.js";
import "./why.js";

const kinds = { ask, coming, compare, grid, inspect, plane, real, table, tiles, tour };

export default function (component) {
  return (kinds[component.data.kind] ?? stage)(component);
}

function real({ data }) {
  // The layer that does not change, once for all stages of the page.
  shared.real.set(data.key, data);
  shared.stages.forEach((one) => one.draw());
}

function ask({ data }) {
  // To be shown a step and a selection: once for each number; a stage that is not there yet does it when it comes.
  shared.asked = data;
  shared.stages.forEach((one) => one.obey?.());
}

function coming() {
  // A stage will come: what draws its plots is fetched and read while the data are.
  plotly().catch(() => {}); // the stage says that it is missing
}
