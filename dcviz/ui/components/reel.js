// A run that came whole: nobody is asked for anything, and a film is cut from the sheets that are here.

import { decode, el, shared } from "./tools.js";

const FILM = 7; // images of the selected one's history
const shown = new WeakMap(); // parent element -> what is played there

export function reel({ data, parentElement }, receive) {
  if (data.real) shared.real.set(data.real.key, data.real);
  const message = data.stage;
  const send = (film) => {
    shown.set(parentElement, { run: message.run, film });
    return receive({
      data: { ...message, film },
      parentElement,
      setStateValue: (name, view) => name === "view" && view.film !== null && filmed(message, view).then((made) => made && send(made)),
      setTriggerValue: () => undefined,
    });
  };
  const before = shown.get(parentElement); // the page may have run again around the same run
  return send(before?.run === message.run ? before.film : null);
}

async function filmed(message, { film: id, step }) {
  const past = message.frames.filter((f) => f.sheet && f.step <= (step ?? message.latest));
  const at = [...new Set(Array.from({ length: FILM }, (_, i) => Math.round((i * (past.length - 1)) / (FILM - 1))))];
  const frames = at.map((i) => past[i]).filter((f) => f && decode(f.sheet.cells.ids).includes(id));
  if (!frames.length) return null;
  const cuts = await Promise.all(frames.map((frame) => cutting(frame.sheet, id)));
  const [w, h] = [cuts[0].w, cuts[0].h];
  const canvas = el("canvas", "", { width: w * cuts.length, height: h });
  const pen = canvas.getContext("2d");
  cuts.forEach(({ image, x, y }, i) => pen.drawImage(image, x, y, w, h, i * w, 0, w, h));
  return { id, steps: frames.map((f) => f.step), src: canvas.toDataURL(), side: [w, h] };
}

async function cutting(sheet, id) {
  const image = new Image();
  image.src = sheet.src;
  await image.decode();
  const at = decode(sheet.cells.ids).indexOf(id);
  const factor = image.naturalWidth / sheet.width;
  const gap = Math.max(1, Math.round((sheet.side[1] * 0.9) / 9));
  const [x, y] = [decode(sheet.cells.left)[at] * factor, decode(sheet.cells.top)[at] * factor];
  return { image, x, y, w: Math.round((sheet.side[0] - gap) * factor), h: Math.round((sheet.side[1] - gap) * factor) };
}
