// A chart as a file: what is on screen, with its zoom, its selection and what plays over it, on the theme's ground.

import { el } from "./tools.js";

const FINER = { svg: 1, png: 2 }; // formats, and how much finer than the screen
const HEAD = 44; // pixels above the chart for title and caption, which on screen stand outside it
const SIZE = 14; // of the title, in pixels; the caption's is 12
const LEFT = 10;
const TOP = 20; // where the first line of the title stands

export function takes(plot) {
  // Two quiet buttons in the head of a panel.
  const root = el("span", "dcv-take", { role: "group", "aria-label": "Save this chart" });
  for (const format of Object.keys(FINER)) {
    const name = format.toUpperCase();
    const button = el("button", "", { type: "button", title: `Save this chart as ${name}` }, name);
    button.onclick = () => plot.box.data && saved(plot, format);
    root.append(button);
  }
  plot.head.append(root);
}

async function saved(plot, format) {
  const drawing = await drawn(pictured(plot));
  const blob = new Blob([drawing], { type: "image/svg+xml" });
  const link = el("a", "", { download: `${named(plot)}.${format}` });
  link.href = URL.createObjectURL(format === "svg" ? blob : await raster(blob, FINER[format]));
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000); // the browser may still be reading it
}

function pictured({ box, head, captionNode, inked }) {
  const layout = structuredClone(box.layout);
  const [title, caption] = [head.querySelector("h3").textContent, captionNode.textContent].map(plain);
  layout.title = {
    text: `<b>${title}</b><br><span style="font-size: 12px">${caption}</span>`,
    font: { ...layout.font, size: SIZE },
    x: LEFT / box.clientWidth,
    xanchor: "left",
    yref: "container",
    y: 1 - TOP / (box.clientHeight + HEAD),
    yanchor: "top",
  };
  layout.margin = { ...layout.margin, t: (layout.margin?.t ?? 0) + HEAD };
  layout.width = box.clientWidth;
  layout.height = box.clientHeight + HEAD;
  layout.paper_bgcolor = getComputedStyle(box).getPropertyValue("--dcv-ground").trim();
  layout.shapes = [...(layout.shapes ?? []), ...inked.lines]; // what is drawn over the figure while it plays
  // WebGL would be a picture within the drawing, and one context more.
  const data = [...box.data, ...inked.traces].map((trace) => ({ ...trace, type: (trace.type ?? "scatter").replace("gl", "") }));
  return { data, layout };
}

async function drawn(figure) {
  // The figure as the text of an SVG that brings the page's font along, so that words have the same width everywhere.
  const { width, height, font } = figure.layout;
  const url = await globalThis.Plotly.toImage(figure, { format: "svg", width, height });
  const text = decodeURIComponent(url.slice(url.indexOf(",") + 1));
  return text.replace(/(<svg[^>]*>)/, `$1<style>${await face(font?.family ?? "")}</style>`);
}

async function face(families) {
  const family = families.split(",")[0].replaceAll(/['"]/g, "").trim();
  const rules = [...document.styleSheets].flatMap((sheet) => [...sheet.cssRules]);
  const rule = rules.find((one) => one instanceof CSSFontFaceRule && upright(one.style, family));
  const source = rule?.style.getPropertyValue("src").match(/url\(["']?([^"')]+)/)?.[1];
  if (!source) return ""; // a font of the system's
  const bytes = await (await fetch(new URL(source, rule.parentStyleSheet.href ?? document.baseURI))).blob();
  const weights = rule.style.getPropertyValue("font-weight") || "normal";
  return `@font-face { font-family: "${family}"; font-weight: ${weights}; src: url(${await packed(bytes)}); }`;
}

function upright(style, family) {
  const name = style.getPropertyValue("font-family").replaceAll(/['"]/g, "").trim();
  return name === family && !style.getPropertyValue("font-style").includes("italic");
}

async function raster(blob, finer) {
  const url = URL.createObjectURL(blob);
  const image = new Image();
  image.src = url;
  await image.decode();
  const canvas = el("canvas");
  canvas.width = image.naturalWidth * finer;
  canvas.height = image.naturalHeight * finer;
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  URL.revokeObjectURL(url);
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}

function packed(blob) {
  return new Promise((done, failed) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result);
    reader.onerror = () => failed(reader.error);
    reader.readAsDataURL(blob);
  });
}

function named({ root, head }) {
  const run = root.closest("[data-run]")?.dataset.run || new URL(location.href).searchParams.get("run") || "";
  const chart = head.querySelector("h3").textContent.toLowerCase();
  return ["dcviz", run, chart].filter(Boolean).join("-").replace(/[^\w.-]+/g, "-");
}

function plain(text) {
  return text.trim().replaceAll("&", "&amp;").replaceAll("<", "&lt;"); // plotly reads some HTML
}
