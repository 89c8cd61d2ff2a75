"""`segment ui` in a real browser: what a sweep left is there to be seen."""

import re
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
# Root has no sandbox, and a browser on a closed network need not look for updates.
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
FLAGS += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine"),
]


@pytest.fixture
def page() -> Iterator[Any]:
    """A page of a headless browser."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=30_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        # Wide: MLflow draws only the columns that fit.
        yield browser.new_page(viewport={"width": 2400, "height": 1000})
        browser.close()


def test_the_ui_shows_what_a_sweep_left(
    segment: Callable[..., Any],
    start_server: Callable[[list[str], str], Path],
    free_port: int,
    page: Any,
    store_dir: Path,
) -> None:
    from playwright.sync_api import expect

    swept = segment("sweep", "search.n_trials=8", "figures=true", "data.n_customers=120", "print=json").json()
    url = f"http://127.0.0.1:{free_port}"
    command = Path(sys.executable).with_name("segment")
    log = start_server([str(command), "ui", f"port={free_port}"], f"{url}/health")

    # The link that the command prints leads to the runs: the sweep, and under it its trials.
    link = re.search(rf"{url}/\S+", log.read_text())
    assert link
    page.goto(link[0])
    sweep = page.get_by_role("row").filter(has=page.get_by_role("link", name=swept["study"]))
    expect(sweep).to_have_count(1)
    trials = page.get_by_role("link", name=re.compile(r"^\d{3} "))
    expect(trials).to_have_count(0)
    sweep.get_by_role("button").click()
    expect(trials).to_have_count(8)

    # A trial's score is a column that can be shown beside it.
    page.get_by_role("button", name="Columns", exact=True).click()
    page.get_by_placeholder("Search columns").fill("silhouette_yardstick")
    page.get_by_text("silhouette_yardstick", exact=True).click()
    page.keyboard.press("Escape")
    header = page.get_by_role("columnheader", name="silhouette_yardstick")
    expect(header.first).to_be_visible()
    best = f"{swept['winner']['scores']['silhouette_yardstick']:.3f}"[:5]
    expect(page.get_by_role("gridcell").filter(has_text=best).first).to_be_visible()
    page.screenshot(path=store_dir / "runs.png")

    # The sweep's pictures are drawn, not only listed.
    page.get_by_role("link", name=swept["study"]).click()
    page.get_by_role("tab", name="Artifacts").click()
    page.get_by_text("plots", exact=True).click()
    picture = page.locator("img[src^='blob:'], img[src*='get-artifact']").first
    shown = ""
    for name in ("scatter_2d", "silhouette_over_k", "optuna_history"):
        page.get_by_text(f"{name}.png", exact=True).click()
        expect(page.get_by_text(f"plots/{name}.png", exact=True)).to_be_visible()
        expect(picture).not_to_have_attribute("src", shown)
        expect(picture).to_be_visible()
        page.wait_for_function("picture => picture.naturalWidth > 300", arg=picture.element_handle())
        shown = picture.get_attribute("src")
    page.screenshot(path=store_dir / "pictures.png")

    # The winner is registered, and it is the challenger.
    page.goto(f"{url}/#/models/{swept['model']['name']}")
    version = page.get_by_role("row").filter(has=page.get_by_role("link", name="Version 1"))
    expect(version).to_contain_text("challenger")
    expect(version).to_contain_text(swept["winner"]["algorithm"])
    page.screenshot(path=store_dir / "model.png")
