"""A finished run plays, is scrubbed and is looked into without asking the server."""

from statistics import median

import pytest

from .stage import MAP, SLOW, opened

pytestmark = pytest.mark.browser

STAGE = "[...globalThis.dcviz.stages][0]"
FETCHED = f"{STAGE}?.data?.steps.length > 5 && {STAGE}.data.steps.every((s) => {STAGE}.frames.has(s))"
PLAY = f"""async () => {{
  const stage = {STAGE};
  const {{ bar, data, say }} = stage;
  const asked = [];
  stage.say = (name, view) => asked.push(...view.want);
  bar.faster(1);
  bar.on.show(data.steps[0]);
  const [seen, began] = [new Set(), performance.now()];
  bar.toggle();
  while (bar.playing) {{
    seen.add(document.querySelector('.dcv-step').textContent);
    await new Promise(requestAnimationFrame);
  }}
  seen.add(document.querySelector('.dcv-step').textContent);
  stage.say = say;
  return {{ seen: seen.size, kept: data.steps.length, seconds: (performance.now() - began) / 1000, asked }};
}}"""
SCRUB = f"""async () => {{
  const range = document.querySelector('.dcv-range');
  const taken = [];
  for (const step of {STAGE}.data.steps) {{
    const began = performance.now();
    range.value = String(step);
    range.dispatchEvent(new Event('input', {{ bubbles: true }}));
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)));
    taken.push(performance.now() - began);
  }}
  return taken;
}}"""


@pytest.fixture
def fetched(page, done):
    """The window with all frames of the run."""
    opened(page, done)
    page.wait_for_function(FETCHED, timeout=SLOW)
    return page


def test_it_plays_without_asking_and_keeps_the_pace(fetched):
    played = fetched.evaluate(PLAY)
    assert played["seen"] >= 0.8 * played["kept"]  # one that comes too late is passed over
    assert played["seconds"] < 3.5  # thirteen frames at 8 a second; a little more on a busy machine
    assert played["asked"] == []
    assert fetched.errors == []


def test_scrubbing_takes_a_twentieth_of_a_second(fetched):
    assert median(fetched.evaluate(SCRUB)) < 50


def test_the_pointer_shows_the_image_of_a_point(fetched):
    fetched.wait_for_function(f"document.querySelector('{MAP}').data?.some((t) => t.meta?.layer === 'synthetic')")
    at = fetched.evaluate(f"""(() => {{
      const box = document.querySelector('{MAP}');
      const trace = box._fullData.find((t) => t.meta?.layer === 'synthetic' && t.x.length);
      const {{ xaxis, yaxis }} = box._fullLayout;
      const corner = box.getBoundingClientRect();
      return [corner.left + xaxis._offset + xaxis.l2p(trace.x[0]), corner.top + yaxis._offset + yaxis.l2p(trace.y[0])];
    }})()""")
    assert not fetched.locator(".dcv-peek").is_visible()
    fetched.mouse.move(at[0] - 3, at[1])
    fetched.mouse.move(*at)
    fetched.wait_for_selector(".dcv-peek:not([hidden])", timeout=5000)
    fetched.keyboard.press("Escape")


def test_trails_lead_back_to_the_first_frame(fetched):
    trail = f"document.querySelector('{MAP}').data.find((t) => t.meta?.layer === 'trail')"
    fetched.wait_for_function(f"{trail} !== undefined", timeout=SLOW)
    assert fetched.evaluate(f"{trail}.x.length") > 2 * fetched.evaluate(f"{STAGE}.data.steps.length > 3 ? 3 : 1")
