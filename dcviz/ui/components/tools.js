// Small tools: elements, base64 arrays, and what all stages of the page share.

const TYPES = { f4: Float32Array, i4: Int32Array, u2: Uint16Array, u1: Uint8Array };
const decoded = new WeakMap();

globalThis.dcviz ??= { real: new Map(), stages: new Set() }; // the real layer is sent once, by key
export const shared = globalThis.dcviz;

export function decode(packed) {
  if (!packed) return [];
  if (!packed.bdata) return packed.length === undefined ? [] : packed;
  if (!decoded.has(packed)) {
    const text = atob(packed.bdata);
    const bytes = Uint8Array.from(text, (c) => c.charCodeAt(0));
    decoded.set(packed, new TYPES[packed.dtype](bytes.buffer));
  }
  return decoded.get(packed);
}

export function icon(name) {
  // Names of Material Symbols, whose font the app brings; where that is not, characters take their place.
  return shared.icons?.[name] ?? name;
}

const signatures = new WeakMap();

export function signature(sent) {
  // What was sent, as text; taken once, since plotly writes into what it draws.
  if (!signatures.has(sent)) signatures.set(sent, JSON.stringify(sent));
  return signatures.get(sent);
}

export function el(tag, name = "", attributes = {}, text = "") {
  const node = document.createElement(tag);
  if (name) node.className = name;
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text) node.textContent = text;
  return node;
}

export function panel(parent, name, title) {
  const root = el("section", `dcv-panel ${name}`, { "aria-label": title });
  const head = el("header", "dcv-head");
  head.append(el("h3", "", {}, title), el("span", "dcv-caption"));
  root.append(head);
  parent.append(root);
  return { root, head, caption: head.querySelector(".dcv-caption") };
}

const pictures = new Map(); // data URL -> Image; a handful at a time

export function loaded(src, ready) {
  let image = pictures.get(src);
  if (!image) {
    image = new Image();
    image.src = src;
    pictures.set(src, image);
    if (pictures.size > 12) pictures.delete(pictures.keys().next().value);
  }
  if (image.complete && image.naturalWidth) ready(image);
  else image.addEventListener("load", () => ready(image), { once: true });
}

export function addressAt(step) {
  // This window's address, at a step of the run; null leaves the step out.
  const url = new URL(location.href);
  if (step === null) url.searchParams.delete("step");
  else url.searchParams.set("step", String(step));
  return url;
}

export async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = el("textarea"); // where the page came without https, browsers keep the clipboard to themselves
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}

export function typing(target) {
  const box = target.closest?.("input, textarea, select, [contenteditable='true'], [role='combobox'], [role='slider']");
  return Boolean(box) && box.type !== "checkbox" && !box.classList.contains("dcv-range");
}

export function pressing(target) {
  return Boolean(target.closest?.("button, a, [role='button'], input[type='checkbox']"));
}
