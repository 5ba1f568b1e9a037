"""Learn in a browser that reaches nothing but the server: lessons play at once, show, and are linked to a class."""

import pytest

from dcviz.learn.lessons import LESSONS
from dcviz.learn.prepared import prepared
from dcviz.ui.frame import PAGES

from .stage import MAP, SLOW, one_selected, opened, selected

pytestmark = pytest.mark.browser

SECONDS = 3  # from opening a lesson to a picture that moves
MOVING = """async ([lesson, question]) => {
    const began = performance.now(), seen = new Set();
    const strip = [...document.querySelectorAll('.st-key-dc-lessons button')];
    strip.find((button) => button.innerText.startsWith(`${lesson} `)).click();
    while (seen.size < 3) {
        if (performance.now() - began > 60000) throw new Error(`lesson ${lesson} shows ${[...seen]} for a minute`);
        await new Promise(requestAnimationFrame);
        const shown = document.querySelector('.st-key-dc-lesson h1')?.innerText;
        if (shown === question) seen.add(document.querySelector('.dcv-step').innerText);
    }
    return performance.now() - began;
}"""


@pytest.fixture
def learn(page, server):
    """The page, with whatever is not this machine out of reach."""
    page.context.route("**/*", lambda r: r.continue_() if "//127.0.0.1" in r.request.url else r.abort())
    page.goto(f"{server}/?data=moons")
    page.get_by_role("link", name="Learn").click(timeout=SLOW)
    page.wait_for_selector(".st-key-dc-lesson h1", timeout=SLOW)
    page.wait_for_function(f"document.querySelector('{MAP}')?.layout !== undefined", timeout=SLOW)
    return page


def look(page, n):
    page.locator(".st-key-dc-lesson-looks button").nth(n).click()


def at(page, n):
    page.wait_for_function(f"document.querySelector('.dcv-step').innerText === 'step {n}'", timeout=SLOW)


def fits(page):
    return page.evaluate(
        "[document.querySelector('[data-testid=stMain]'), document.querySelector('.st-key-dc-lesson')]"
        ".every((box) => box.scrollHeight <= box.clientHeight + 1)"
    )


def test_a_lesson_plays_within_three_seconds_of_opening_it(learn):
    assert min(learn.evaluate(MOVING, [n, LESSONS[n - 1].question]) for n in (2, 5, 4)) < 1000 * SECONDS
    at(learn, prepared("digits-pixels").steps)  # to the end, alone
    assert learn.errors == []


def test_every_lesson_is_one_screen(learn):
    for number, lesson in enumerate(LESSONS, 1):
        learn.locator(".st-key-dc-lessons button").filter(has_text=f"{number} ").first.click()
        learn.wait_for_function(f"document.querySelector('.st-key-dc-lesson h1').innerText === {lesson.question!r}")
        learn.wait_for_selector(".st-key-dc-lesson .katex", timeout=SLOW)
        assert fits(learn), lesson.question
    assert learn.errors == []


def test_where_to_look_jumps_to_the_step_and_selects(learn):
    look(learn, 2)
    at(learn, 300)
    one_selected(learn)
    learn.wait_for_function("document.querySelectorAll('.dcv-strip:not([hidden]) .dcv-tile').length > 7")  # its film
    look(learn, 0)
    at(learn, 0)
    assert selected(learn) == []
    learn.keyboard.press("ArrowRight")  # and goes on by hand
    learn.wait_for_function("document.querySelector('.dcv-step').innerText !== 'step 0'")
    assert learn.errors == []


def test_a_look_of_another_variant_takes_it_there_standing_still(learn):
    learn.locator(".st-key-dc-lessons button").filter(has_text="7 ").click()
    learn.wait_for_function(
        "document.querySelectorAll('.dcv-map:not([hidden])').length === 2", timeout=SLOW
    )  # both maps
    look(learn, 2)
    learn.wait_for_function("location.search.includes('variant=near')", timeout=SLOW)
    at(learn, 300)
    one_selected(learn)
    both = "[...document.querySelectorAll('.dcv-map h3')].map((h) => h.innerText)"
    assert learn.evaluate(both) == ["UMAP", "PCA"]
    assert learn.errors == []


def test_where_objective_and_yardsticks_part_is_marked_and_a_click_away(learn):
    learn.locator(".st-key-dc-lessons button").filter(has_text="6 ").click()
    learn.wait_for_function(f"document.querySelector('.st-key-dc-lesson h1').innerText === {LESSONS[5].question!r}")
    marks = "document.querySelector('.dcv-curves .dcv-plot').layout.shapes.filter((s) => s.name === 'parting')"
    learn.wait_for_function(f"{marks}.length === 2")
    parted = learn.evaluate(f"{marks}[0].x0")
    look(learn, 0)
    at(learn, parted)
    assert learn.errors == []


def test_a_link_for_a_class_hides_and_enlarges_and_stays(page, server):
    size = "parseFloat(getComputedStyle(document.querySelector('.st-key-dc-lesson p')).fontSize)"
    page.goto(f"{server}/?data=moons&hide=looks,export,links&big=1")
    page.wait_for_selector(".st-key-lab-condense button", timeout=SLOW)
    assert not page.locator(".dcv-share").first.is_visible()
    assert page.locator("a", has_text="Learn").count() == 1
    assert not page.locator("a", has_text="Learn").is_visible()
    page.evaluate("[...document.querySelectorAll('a')].find((a) => a.innerText === 'Learn').click()")
    page.wait_for_selector(".st-key-dc-lesson p", timeout=SLOW)
    page.wait_for_function("new URLSearchParams(location.search).get('hide') === 'looks,export,links'", timeout=SLOW)
    assert page.evaluate(size) > 18
    hidden = page.locator(".st-key-dc-lesson-looks button").first
    assert not hidden.is_visible()
    page.wait_for_selector("[data-test-script-state=notRunning]", timeout=SLOW)  # what is drawn anew loses the focus
    reached = set()
    page.locator("body").focus()
    for _ in range(30):  # nor by keyboard
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.closest('[class*=st-key-dc-]')?.className ?? ''"))
    assert any("dc-lesson-vary" in name for name in reached)
    assert not any("dc-lesson-looks" in name or "dc-teach" in name for name in reached)


TOPS = "[...document.querySelectorAll('.st-key-dc-pages a, .dc-device')].map((n) => n.getBoundingClientRect())"
INSIDE = """[...document.querySelectorAll('.dcv-hint, .dcv-panel:not([hidden]), .dcv-bar, .st-key-dc-lessons button')]
    .filter((n) => n.offsetWidth).map((n) => [n.className, n.getBoundingClientRect()])
    .filter(([, box]) => box.right > innerWidth || box.bottom > innerHeight || box.left < 0).map(([name]) => name)"""


STRIP = """[...document.querySelectorAll('.st-key-dc-lessons button')].filter((n) => n.offsetWidth)
    .map((n) => n.getBoundingClientRect())"""
CUT = """[...document.querySelectorAll('.st-key-dc-lessons button')]
    .filter((n) => n.scrollWidth > n.clientWidth).length"""


@pytest.mark.parametrize(("width", "height", "big"), [(1440, 900, ""), (1024, 768, ""), (1024, 768, "&big=1")])
def test_the_strip_of_lessons_is_one_row(page, server, width, height, big):
    page.set_viewport_size({"width": width, "height": height})
    page.goto(f"{server}/Learn?lesson={len(LESSONS)}{big}")
    page.wait_for_selector(".st-key-dc-lesson .katex", timeout=SLOW)
    page.wait_for_function(f"{STRIP}.length === {len(LESSONS) + 2}", timeout=SLOW)  # and the arrows
    boxes = page.evaluate(STRIP)
    middles = [box["top"] + box["height"] / 2 for box in boxes]
    assert max(middles) - min(middles) < 4
    assert max(box["right"] for box in boxes) <= width
    assert page.evaluate(CUT) == 0


WHOLE = """[...document.querySelectorAll('.dcv-stage .dcv-caption, .dcv-stage h3, .st-key-dc-lesson p')]
    .filter((n) => n.offsetWidth && n.scrollWidth > n.clientWidth + 1).map((n) => n.innerText)"""


@pytest.mark.parametrize(
    ("width", "height", "scheme"), [(1440, 900, "dark"), (1024, 768, "light"), (1024, 768, "dark")]
)
def test_no_caption_of_a_lesson_is_cut(chromium, server, width, height, scheme):
    context = chromium.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    window = context.new_page()
    window.goto(f"{server}/Learn")
    window.wait_for_selector(".dcv-stage .dcv-caption", timeout=SLOW)
    for number, lesson in enumerate(LESSONS, 1):
        window.locator(".st-key-dc-lessons button").filter(has_text=f"{number} ").first.click()
        window.wait_for_function(f"document.querySelector('.st-key-dc-lesson h1').innerText === {lesson.question!r}")
        window.wait_for_function(f"document.querySelector('{MAP}')?.layout !== undefined", timeout=SLOW)
        assert window.evaluate(WHOLE) == [], lesson.question
        assert window.evaluate(INSIDE) == [], lesson.question
        window.wait_for_function(FILLED)
    context.close()


FILLED = """[...document.querySelectorAll('.dcv-plot')].filter((box) => box.offsetWidth && box.layout)
    .every((box) => Math.abs(box.clientHeight - box.layout.height) < 2)"""  # the room that the captions leave


TURNED = r"""[...document.querySelectorAll('.dcv-curves .xtick text')]
    .filter((n) => /rotate\([^0]/.test(n.getAttribute('transform'))).length"""


def test_large_type_has_room_on_a_small_projector(page, server):
    page.set_viewport_size({"width": 1024, "height": 768})
    page.goto(f"{server}/Learn?lesson=2&big=1")
    page.wait_for_selector(".st-key-dc-lesson p", timeout=SLOW)
    page.wait_for_function(f"document.querySelector('{MAP}')?.layout !== undefined", timeout=SLOW)
    rows = page.evaluate(f"{TOPS}.map((box) => box.top + box.height / 2)")
    assert len(rows) == len(PAGES) + 1
    assert max(rows) - min(rows) < 12  # one row
    assert page.evaluate(INSIDE) == []
    hint = page.evaluate(
        "(() => { const n = document.querySelector('.dcv-detail'); return n.scrollHeight - n.clientHeight; })()"
    )
    assert hint <= 1
    assert page.evaluate(TURNED) == 0


def test_the_tour_is_offered_once_and_walked_by_keyboard(page, server):
    opened(page, f"{server}/?data=digits")
    page.locator(".dcv-offer button", has_text="Take the tour").click()
    page.wait_for_selector(".dcv-card")
    titles = []
    for _ in range(6):
        titles.append(page.locator(".dcv-card h3").inner_text())
        card, box = page.locator(".dcv-card").bounding_box(), page.viewport_size
        assert card["x"] >= 0
        assert card["y"] >= 0
        assert card["x"] + card["width"] <= box["width"]
        assert card["y"] + card["height"] <= box["height"]
        page.keyboard.press("ArrowRight")
    assert titles == ["Choose", "Condense", "Images", "Map", "Curves", "Time"]
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('.dcv-card') !== null")
    page.keyboard.press("Escape")
    page.wait_for_selector(".dcv-card", state="detached")
    assert page.evaluate("document.activeElement.className") == "dcv-ask"
    opened(page, f"{server}/?data=digits")
    assert not page.locator(".dcv-offer").is_visible()
    page.get_by_role("link", name="Learn").click()
    page.wait_for_selector(".st-key-dc-lesson h1", timeout=SLOW)
    page.locator(".dcv-ask").click()  # from another page it leads to the Lab
    page.wait_for_selector(".dcv-card", timeout=SLOW)
    assert page.errors == []
