// Visible texts whose contrast is below that of WCAG 2.1 AA (1.4.3): 4.5 to 1, or 3 to 1 where they are large.
// Left out: charts, which draw, icons, disabled controls, and numbers over a slider's knob, which they stand above.
(() => {
  const apart = "svg, script, style, template, [aria-hidden=true], :disabled, [aria-disabled=true], [data-testid=stSlider], "
    + "[data-testid=stIconMaterial], .katex-mathml, .dcv-icon, .dcv-glyph";
  const colour = (text) => {
    const parts = text.match(/[\d.]+/g).map(Number);
    const whole = text.startsWith("color(") ? parts.slice(0, 3).map((v) => 255 * v) : parts.slice(0, 3);
    return [...whole, parts[3] ?? 1];
  };
  const over = ([r, g, b, a], [R, G, B]) => [r * a + R * (1 - a), g * a + G * (1 - a), b * a + B * (1 - a), 1];
  const light = (rgb) => {
    const [r, g, b] = rgb.map((v) => (v / 255 <= 0.03928 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (a, b) => {
    const [low, high] = [light(a), light(b)].sort((x, y) => x - y);
    return (high + 0.05) / (low + 0.05);
  };
  const upwards = (node) => (node ? [node, ...upwards(node.parentElement)] : []);
  const ground = (node) => upwards(node).map((one) => colour(getComputedStyle(one).backgroundColor)).reduceRight((below, own) => over(own, below), [255, 255, 255, 1]);
  const pale = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let text; (text = walk.nextNode()); ) {
    const node = text.parentElement;
    if (!text.textContent.trim() || node.closest(apart) || !node.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
    const range = document.createRange();
    range.selectNodeContents(text);
    const box = range.getBoundingClientRect();
    if (box.width < 2 || box.height < 2 || box.bottom < 0 || box.top > innerHeight) continue;
    const style = getComputedStyle(node);
    const own = colour(style.color);
    own[3] *= upwards(node).reduce((product, one) => product * Number(getComputedStyle(one).opacity), 1);
    const [below, size] = [ground(node), parseFloat(style.fontSize)];
    const found = ratio(over(own, below), below);
    const enough = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
    if (found < enough) pale.push(`${found.toFixed(2)} ${text.textContent.trim().slice(0, 60)}`);
  }
  return pale;
})()
