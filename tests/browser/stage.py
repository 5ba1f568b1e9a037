"""What the browser tests read from the stage and wait for."""

SLOW = 90_000  # ms; a first import of torch on a busy machine takes its time
MAP = ".dcv-map .dcv-plot"


def address(server, **query):
    return server + "/?" + "&".join(f"{k}={v}" for k, v in query.items())


def opened(page, url):
    page.goto(url)
    page.wait_for_selector(".dcv-stage", timeout=SLOW)
    page.wait_for_function("document.querySelector('.dcv-map .dcv-plot')?.layout !== undefined", timeout=SLOW)


def step(page):
    return int(page.locator(".dcv-step").inner_text().split()[1])


def after(page, n):
    page.wait_for_function(f"Number(document.querySelector('.dcv-step').textContent.split(' ')[1]) > {n}", timeout=SLOW)
    return step(page)


def picture(page):
    return page.locator(".dcv-image").get_attribute("src")


def zoomed(page):
    return page.evaluate(f"[...document.querySelector('{MAP}').layout.xaxis.range]")


def status(page):
    return page.locator(".dc-state").inner_text()


def pointed(page):
    """The pointer goes onto the map: while a run goes on, its points are Plotly's only then."""
    page.locator(".dcv-map h3").hover()
    page.wait_for_function(f"document.querySelector('{MAP}').data.some(t => t.meta?.layer === 'synthetic')")


SELECTED = f"""document.querySelector('{MAP}').data.filter(t => t.meta?.layer === 'synthetic' && t.selectedpoints)
    .flatMap(t => t.selectedpoints.map(i => t.customdata._inputArray?.[i] ?? t.customdata[i]))"""


def selected(page):
    """Ids selected on the map, read back from the drawing itself."""
    return page.evaluate(SELECTED)


def one_selected(page, other_than=-1):
    """The id of the only selected one, once it has been drawn."""
    page.wait_for_function(f"{SELECTED}.length === 1 && {SELECTED}[0] !== {other_than}")
    return selected(page)[0]
