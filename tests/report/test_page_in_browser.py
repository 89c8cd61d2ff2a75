"""The pages in a real browser: nothing from data runs, nothing leaves, all can be read and reached."""

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from segmentation.report import Code, Picture, Scatter3D, Section, StudyReport, Table, page, to_html

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
# Root has no sandbox, and a browser on a closed network need not look for updates.
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
FLAGS += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
EVIL = (
    "<script>window.hit=1</script>",
    "</script><script>window.hit=1</script>",
    '"><img src=x onerror="window.hit=1">',
    "'-->]]></style></textarea><svg onload=window.hit=1>",
    "{{ 7 * 7 }}{% raw %}",
    "javascript:window.hit=1",
)
# The lowest contrast of any text with what is behind it, after WCAG 2.
CONTRAST = """() => {
  const numbers = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = (color) => numbers(color).slice(0, 3).map((v) => v / 255)
    .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => {
    for (; element; element = element.parentElement) {
      const color = getComputedStyle(element).backgroundColor;
      if (numbers(color)[3] !== 0) return color;
    }
    return "rgb(255, 255, 255)";
  };
  const texts = [...document.body.querySelectorAll("*")].filter((element) =>
    !element.closest("script, canvas") && [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim()));
  return Math.min(...texts.map((element) => {
    const [a, b] = [light(getComputedStyle(element).color), light(behind(element))].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05);
  }));
}"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine"),
]


class Browser:
    """Opens HTML as a file and remembers what it did and asked for."""

    def __init__(self, chromium: Any, folder: Path) -> None:
        self._chromium, self._path = chromium, folder / "report.html"
        self.asked: list[str] = []
        self.said: list[str] = []

    def open(self, html: str, width: int = 1000, scheme: str = "light") -> Any:
        self._path.write_text(html, encoding="utf-8")
        shown = self._chromium.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
        shown.on("request", lambda request: self.asked.append(request.url))
        shown.on("console", lambda message: self.said.append(message.text))
        shown.on("pageerror", lambda error: self.said.append(str(error)))
        shown.on("dialog", lambda dialog: (self.said.append(dialog.message), dialog.dismiss()))
        shown.goto(self._path.as_uri())
        return shown

    @property
    def left(self) -> list[str]:
        """What it asked for beyond the file itself and the data inside it."""
        return [url for url in self.asked if url != self._path.as_uri() and not url.startswith("data:")]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


@pytest.fixture
def browser(chromium: Any, tmp_path: Path) -> Browser:
    return Browser(chromium, tmp_path)


def cloud(name: str = "a", n: int = 30) -> Scatter3D:
    rng = np.random.default_rng(0)
    return Scatter3D(
        name,
        [name, "y", "z"],
        rng.normal(size=(n, 3)),
        np.arange(n) % 2,
        {0: name, 1: "b"},
        {0: "#112233", 1: "#aa0000"},
    )


def is_drawn(shown: Any, customers: str = r"\d+") -> None:
    """Wait until so many customers are drawn; the page's policy forbids a predicate in its own language."""
    from playwright.sync_api import expect

    expect(shown.locator("canvas")).to_have_attribute("data-shown", re.compile(f"^{customers}$"))


def test_nothing_from_data_runs_and_nothing_is_asked_of_the_network(
    browser: Browser, people: Callable[..., Any], report_on: Callable[..., StudyReport]
) -> None:
    table, labels = people(len(EVIL))
    table = table.rename(columns={"income": EVIL[0], "spending": EVIL[1], "age": EVIL[2], "gender": EVIL[3]})
    table[EVIL[3]] = [EVIL[i % len(EVIL)] for i in range(len(table))]
    table.index = pd.Index([f"{EVIL[i % len(EVIL)]}{i}" for i in range(len(table))], name=EVIL[0])
    made = report_on(table, labels, value=EVIL[2])
    names = dict(enumerate(EVIL))
    assert made.scatter
    evil = replace(
        made,
        title=EVIL[1],
        data=EVIL[0],
        names=names,
        ids=names,
        findings=EVIL,
        sentence=EVIL[2],
        reason=EVIL[1],
        leaderboard=pd.DataFrame({EVIL[0]: [EVIL[1]], EVIL[2]: [EVIL[3]]}),
        pictures={
            name: replace(picture, title=EVIL[2], alt=EVIL[2]) for name, picture in made.pictures.items()
        },
        scatter=replace(made.scatter, title=EVIL[1], axes=EVIL[:3], names=names),
        config=EVIL[1],
        command=EVIL[0],
        fingerprint=EVIL[2],
        versions={EVIL[1]: EVIL[2]},
        notes=EVIL,
    )
    shown = browser.open(to_html(evil))
    is_drawn(shown)
    assert shown.evaluate("window.hit") is None
    assert browser.said == []
    assert browser.left == []
    # What was written is what is read.
    assert shown.locator("h1").inner_text() == EVIL[1]
    text = shown.locator("main").inner_text()
    assert all(evil in text for evil in EVIL)


def test_a_script_that_found_its_way_in_does_not_run(browser: Browser) -> None:
    html = page("t", "l", [Section("s", [cloud()])])
    shown = browser.open(
        html.replace("</main>", "<script>window.hit=1</script><img src=x onerror=window.hit=1></main>")
    )
    is_drawn(shown)
    assert shown.evaluate("window.hit") is None
    assert [text for text in browser.said if "Content Security Policy" in text]


@pytest.mark.parametrize("n_segments", [2, 40])
def test_the_page_is_no_wider_than_the_window(
    browser: Browser, make: Callable[..., StudyReport], n_segments: int
) -> None:
    report = make(n_segments, noise=3, command="segment sweep " + "x" * 300, reason="y" * 300)
    shown = browser.open(to_html(report))
    for width in (400, 1000, 1500):
        shown.set_viewport_size({"width": width, "height": 800})
        assert shown.evaluate("document.documentElement.scrollWidth") == width
        # What is wider can be scrolled, by keyboard too.
        unreachable = shown.evaluate(
            """[...document.querySelectorAll("main *")].filter((e) => e.scrollWidth > e.clientWidth + 1
               && ["auto", "scroll"].includes(getComputedStyle(e).overflowX) && e.tabIndex < 0
               && !e.querySelector("input")).length"""
        )
        assert unreachable == 0


def test_a_table_of_forty_segments_scrolls_under_its_headings(browser: Browser) -> None:
    frame = pd.DataFrame(np.ones((40, 30)), columns=[f"column {i}" for i in range(30)])
    frame.index = pd.Index([f"segment {i}" for i in range(40)], name="Segment")
    shown = browser.open(page("t", "l", [Section("s", [Table("Many", frame)])]), 400)
    area = shown.get_by_role("region", name="Many", exact=True)
    area.evaluate("area => area.scrollTo(2000, 900)")
    at = area.evaluate(
        """area => [area, area.querySelector("thead th"), area.querySelectorAll("tbody th")[35]]
           .map((e) => [e.getBoundingClientRect().x, e.getBoundingClientRect().y])"""
    )
    assert abs(at[1][1] - at[0][1]) < 2
    assert abs(at[2][0] - at[0][0]) < 2


def test_a_column_of_three_hundred_letters_wraps(browser: Browser) -> None:
    frame = pd.DataFrame({"x" * 300: ["y" * 300], "short": ["1"]}, index=pd.Index(["z" * 300], name="w"))
    shown = browser.open(page("t", "l", [Section("s", [Table("Long", frame)])]))
    widths = shown.evaluate("[...document.querySelectorAll('th, td')].map((e) => e.clientWidth)")
    assert max(widths) < 500


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_stands_out_from_what_is_behind_it(
    browser: Browser, make: Callable[..., StudyReport], scheme: str
) -> None:
    shown = browser.open(to_html(make()), scheme=scheme)
    assert shown.evaluate(CONTRAST) >= 4.5
    background = shown.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(255, 255, 255)") == (scheme == "light")
    # Pictures are drawn for white paper.
    papers = (
        "[...document.querySelectorAll('.paper, canvas')].map((e) => getComputedStyle(e).backgroundColor)"
    )
    assert set(shown.evaluate(papers)) == {"rgb(255, 255, 255)"}


def test_keyboard_and_mouse_turn_the_cloud_and_the_legend_hides_segments(browser: Browser) -> None:
    shown = browser.open(page("t", "l", [Section("s", [cloud()])]))
    canvas = shown.locator("canvas")
    is_drawn(shown, r"30")

    def picture(change: Callable[[], Any]) -> tuple[str, str]:
        change()
        shown.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        return canvas.get_attribute("data-yaw"), canvas.evaluate("canvas => canvas.toDataURL()")

    start, drawn = picture(canvas.focus)
    turned, redrawn = picture(lambda: shown.keyboard.press("ArrowRight"))
    assert (turned, redrawn) != (start, drawn)
    assert turned != start
    assert picture(lambda: shown.keyboard.press("Home")) == (start, drawn)

    def drag() -> None:
        box = canvas.bounding_box()
        shown.mouse.move(box["x"] + 100, box["y"] + 100)
        shown.mouse.down()
        shown.mouse.move(box["x"] + 200, box["y"] + 100, steps=4)
        shown.mouse.up()

    assert picture(drag)[0] != start
    shown.get_by_label("b", exact=True).uncheck()
    is_drawn(shown, r"15")


def test_touch_turns_the_cloud(chromium: Any, tmp_path: Path) -> None:
    from playwright.sync_api import expect

    context = chromium.new_context(has_touch=True, viewport={"width": 400, "height": 800})
    shown = context.new_page()
    (tmp_path / "touch.html").write_text(page("t", "l", [Section("s", [cloud()])]), encoding="utf-8")
    shown.goto((tmp_path / "touch.html").as_uri())
    is_drawn(shown)
    start = shown.locator("canvas").get_attribute("data-yaw")
    box = shown.locator("canvas").bounding_box()
    finger = context.new_cdp_session(shown)
    for kind, x in (("touchStart", 100), ("touchMove", 140), ("touchMove", 200), ("touchEnd", None)):
        points = [] if x is None else [{"x": box["x"] + x, "y": box["y"] + 50}]
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    expect(shown.locator("canvas")).not_to_have_attribute("data-yaw", start)
    context.close()


def test_the_first_key_leads_past_the_contents(browser: Browser, make: Callable[..., StudyReport]) -> None:
    shown = browser.open(to_html(make()))
    shown.keyboard.press("Tab")
    assert shown.evaluate("document.activeElement.textContent") == "Skip to the content"
    shown.keyboard.press("Enter")
    assert shown.evaluate("document.activeElement.id") == "content"


def test_on_paper_nothing_is_cut_off(browser: Browser, make: Callable[..., StudyReport]) -> None:
    shown = browser.open(to_html(make(40)), width=700, scheme="dark")
    shown.emulate_media(media="print")
    hidden = "[...document.querySelectorAll('.scroll, pre')].filter((e) => e.scrollHeight > e.clientHeight + 1).length"
    assert shown.evaluate(hidden) == 0
    assert shown.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
    assert not shown.locator("nav").is_visible()


def test_parts_are_announced_by_their_names(browser: Browser) -> None:
    png = bytes.fromhex("89504e470d0a1a0a0000000d4948445200000001000000010800000000")
    frame = pd.DataFrame({"a": [1]}, index=pd.Index(["x"], name="who"))
    shown = browser.open(
        page("t", "l", [Section("s", [Picture("P", "Bars.", png), Table("T", frame), Code("C", "c")])])
    )
    for role, name in (
        ("main", None),
        ("navigation", "Contents"),
        ("banner", None),
        ("img", "Bars."),
        ("table", "T"),
    ):
        assert shown.get_by_role(role, name=name).count() == 1, role
    assert shown.get_by_role("rowheader", name="x").count() == 1
    assert shown.get_by_role("columnheader", name="a").count() == 1
