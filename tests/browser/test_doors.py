"""The policy that the server sends: no page offends against it, and it holds."""

import pytest

from .stage import SLOW, address, opened

PAGES = ("Atlas", "Playground", "Compare", "Objectives", "Inspect", "Runs", "Learn")
NOTE = """window.offences = []; document.addEventListener('securitypolicyviolation',
    e => window.offences.push(`${e.violatedDirective} ${e.blockedURI}`))"""


@pytest.fixture
def watched(page):
    page.add_init_script(NOTE)
    return page


def test_the_lab_draws_and_condenses_without_an_offence(server, watched):
    opened(watched, address(server, data="moons", budget=1, steps=5))
    watched.get_by_role("button", name="Condense").click()
    watched.wait_for_selector(".dc-state.dc-done", timeout=SLOW)
    assert watched.evaluate("window.offences") == []


@pytest.mark.parametrize("name", PAGES)
def test_no_page_offends(server, watched, name):
    watched.goto(f"{server}/{name}")
    watched.wait_for_selector("[data-testid=stAppViewContainer]", timeout=SLOW)
    watched.wait_for_function(
        "document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'", timeout=SLOW
    )
    watched.wait_for_timeout(1000)  # components load after the script
    assert watched.evaluate("window.offences") == []


def test_nothing_reaches_another_address_and_no_foreign_script_runs(server, watched):
    watched.goto(f"{server}/Learn")
    watched.wait_for_selector("[data-testid=stAppViewContainer]", timeout=SLOW)
    sent = watched.evaluate("fetch('http://127.0.0.2:9/').then(() => 'sent', e => e.name)")
    assert sent == "TypeError"
    watched.evaluate(
        """() => { for (const set of [s => s.textContent = 'window.ran = true', s => s.src = 'http://127.0.0.2:9/x.js'])
        { const script = document.createElement('script'); set(script); document.head.append(script) } }"""
    )
    watched.evaluate("() => { const i = new Image(); i.src = 'http://127.0.0.2:9/x.png'; document.body.append(i) }")
    watched.wait_for_function("window.offences.length >= 4", timeout=SLOW)
    assert watched.evaluate("window.ran") is None
    directives = {offence.split()[0] for offence in watched.evaluate("window.offences")}
    assert directives == {"connect-src", "script-src-elem", "img-src"}
