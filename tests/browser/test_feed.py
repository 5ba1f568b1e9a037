"""A live run reaches the stage beside streamlit; where that fails, by the page."""

from itertools import pairwise

import pytest

from .stage import SLOW, address, after, opened, status, step

pytestmark = pytest.mark.browser


@pytest.fixture
def run(server, page):
    """The address of a run that goes on, on the stage."""
    opened(page, address(server, regime="random-features", steps=5000))
    page.get_by_role("button", name="Condense").click()
    page.wait_for_function("location.search.includes('run=')", timeout=SLOW)
    after(page, 0)
    yield page.url
    page.get_by_role("button", name="Stop").click()
    page.wait_for_function("document.querySelector('.dc-state').innerText === 'cancelled'", timeout=SLOW)


def questions(page):
    """The requests to the feed from now on."""
    asked = []
    page.on("request", lambda request: "/feed/" in request.url and asked.append(request.url))
    return asked


def test_pictures_and_numbers_come_without_the_page(page, run):
    asked, first, sizes = questions(page), step(page), []
    page.on("response", lambda r: "/feed/" in r.url and sizes.append(int(r.headers["content-length"])))
    page.evaluate("""() => {
      const seen = (globalThis.seen = []);
      const state = () => document.querySelector('.dc-status').innerText;
      new MutationObserver(() => seen.at(-1) === state() || seen.push(state()))
        .observe(document.querySelector('.st-key-dc-live'), { childList: true, subtree: true });
    }""")
    for _ in range(5):
        first = after(page, first)
    assert len(asked) >= 4
    assert page.evaluate("globalThis.seen.length") >= 4
    assert 1_000 < max(sizes) < 200_000
    assert "/5000" in page.title()
    assert page.errors == []


def test_where_nobody_answers_the_page_shows_what_is_new(page, run):
    page.route("**/dcviz/feed/**", lambda route: route.abort())
    refused, first = questions(page), step(page)
    for _ in range(4):
        first = after(page, first)
    assert len(refused) >= 2
    assert status(page) == "running"


def test_a_pause_in_another_window_is_seen_at_once_and_ends_the_questions(page, run):
    other = page.context.new_page()
    opened(other, run)
    other.get_by_role("button", name="Pause").click()
    page.wait_for_function("document.querySelector('.dc-state').innerText === 'paused'", timeout=3000)
    page.get_by_role("button", name="Resume").wait_for(timeout=3000)
    page.wait_for_timeout(1000)
    asked = questions(page)
    page.wait_for_timeout(1500)
    assert asked == []
    other.close()


def test_a_page_that_is_to_be_run_is_given_time_for_it(page, run):
    # Asked again at each answer, it would be stopped again and again before it has drawn.
    page.route("**/dcviz/feed/**", lambda route: route.fulfill(json={"every": 0.05, "look": True}))
    times = page.evaluate("""async () => {
      const files = performance.getEntriesByType("resource").map((file) => file.name);
      const { Feed } = await import(files.find((name) => new URL(name).pathname.endsWith("/feed.js")));
      const times = [];
      const feed = new Feed({ view: () => ({}), take: () => {}, look: () => times.push(performance.now()) });
      feed.follow({ address: "dcviz/feed/any?theme=light", every: 0.05 });
      await new Promise((done) => setTimeout(done, 5000));
      feed.close();
      return times;
    }""")
    assert len(times) in (2, 3)  # of some fifty answers
    assert min(after - before for before, after in pairwise(times)) > 2000
