"""The report in a real browser, at the widths of a phone and of desks, in light and dark."""

import io
import os
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from support.browser import BROWSER, browse
from support.report_cases import result_of, searched
from support.shared import once

from xq.backtest.report import page

MUST = os.environ.get("XQ_TEST_DATA_REQUIRED") == "1"

pytestmark = pytest.mark.skipif(
    BROWSER is None and not MUST, reason="needs chromium to look at the report"
)

LOOKS = (("one", 390, False), ("one", 1280, False), ("one", 1920, True), ("many", 390, True))
CASES = [(name, width) for name, width, _ in LOOKS]
LEAST_COLOURS = 5  # background, grid, letters, and shades of what is drawn
MEASURE = """
(() => {
  const seen = (node) => {
    const b = node.getBoundingClientRect();
    return b.width > 0 && b.height > 0;
  };
  const apart = (nodes) => nodes.map((node) => node.getBoundingClientRect()).every((one, at, all) =>
    at === 0 || one.left >= all[at - 1].right || one.right <= all[at - 1].left
      || one.top >= all[at - 1].bottom || one.bottom <= all[at - 1].top);
  const figures = [...document.querySelectorAll(".chart")].map((chart) => {
    const box = chart.getBoundingClientRect();
    const marks = chart.querySelectorAll(".js-line, .point path, path.point, .hm image, .js-fill");
    const words = [...chart.querySelectorAll("text")].filter(seen);
    return {
      name: chart.id, left: box.left, top: box.top + scrollY, right: box.right,
      bottom: box.bottom + scrollY, height: box.height,
      marks: [...marks].filter(seen).length,
      ticks: chart.querySelectorAll(".xtick text").length,
      apart: apart([...chart.querySelectorAll(".xaxislayer-above .xtick text")]),
      clipped: words.filter((word) => { const b = word.getBoundingClientRect();
        return b.left < box.left - 1 || b.right > box.right + 1 || b.bottom > box.bottom + 1; })
        .map((word) => word.textContent),
    };
  });
  return { wide: document.documentElement.scrollWidth, inner: innerWidth, figures,
    high: document.documentElement.scrollHeight,
    beyond: [...document.querySelectorAll(".scroll")].filter((one) => one.clientWidth &&
      one.scrollWidth > one.clientWidth).map((one) => one.getAttribute("aria-label")),
    paper: getComputedStyle(document.body).backgroundColor };
})()
"""
ZOOM = """
(async () => {
  const choice = document.getElementById("span");
  const days = (id) => { const [a, b] = document.getElementById(id).layout.xaxis.range
    .map((end) => Number(new Date(typeof end === "string" ? end.replace(" ", "T") + "Z" : end)));
    return Math.round((b - a) / 86400000); };
  const all = days("price");
  choice.value = "30";
  choice.dispatchEvent(new Event("change"));
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  const curves = ["price", "equity", "underwater", "sharpe", "exposure", "costs", "fan"];
  return [all, ...curves.map(days)];
})()
"""


def pages(folder: Path) -> dict[str, Path]:
    """One symbol with a search around it; and twelve symbols with a long name."""
    names = tuple(f"{'1000000LONGNAMECOIN' if k == 3 else 'C'}{k}/USDT" for k in range(12))
    one = result_of(24 * 200, timeframe="1h", turn=30, short=True, funded=True,
                    symbols=("BTC/USDT:USDT",))  # fmt: skip
    many = result_of(24 * 70, timeframe="1h", turn=30, symbols=names, name="a_long_name" * 6)
    texts = {"one": page(one, searched()), "many": page(many)}
    for name, text in texts.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in texts}


def colours(picture: bytes, look: dict[str, Any]) -> dict[str, int]:
    """How many colours each figure has in a picture of the whole page."""
    shot = Image.open(io.BytesIO(picture)).convert("RGB")
    boxes = {
        figure["name"]: [figure["left"], figure["top"], figure["right"], figure["bottom"]]
        for figure in look["figures"]
    }
    return {name: len(shot.crop(box).getcolors(2**24)) for name, box in boxes.items()}


@pytest.fixture(scope="module")
def looks(tmp_path_factory):
    """What the browser measured and the colours of each figure, by page and width."""

    async def visit(tab, folder):
        found, paths = {}, pages(folder)
        for name, width, dark in LOOKS:
            await tab.open(paths[name], width=width, dark=dark)
            look = found[f"{name} {width}"] = await tab.run(MEASURE)
            if width == 390:
                look["colours"] = colours(await tab.picture(0, 0, width, look["high"]), look)
            if (name, width) == ("one", 1280):
                found["zoom"] = await tab.run(ZOOM)
        return found

    def look():
        folder = tmp_path_factory.mktemp("report")
        return browse(folder / "profile", partial(visit, folder=folder))

    return once(tmp_path_factory, "report_looks", look)


@pytest.mark.parametrize(("name", "width"), CASES)
def test_nothing_is_wider_than_the_screen(looks, name, width):
    look = looks[f"{name} {width}"]
    assert look["inner"] == width
    assert look["wide"] <= width


@pytest.mark.parametrize(("name", "width"), CASES)
def test_no_month_is_hidden_beside_the_screen(looks, name, width):
    assert "monthly returns" not in looks[f"{name} {width}"]["beyond"]


@pytest.mark.parametrize(("name", "width"), CASES)
def test_no_figure_is_empty_and_no_word_is_cut_or_covered(looks, name, width):
    figures = looks[f"{name} {width}"]["figures"]
    assert len(figures) == {"one": 13, "many": 10}[name]
    for figure in figures:
        assert figure["marks"] > 0, figure
        assert figure["ticks"] >= 2, figure
        assert figure["apart"], figure
        assert figure["clipped"] == [], figure
        assert figure["height"] >= 200, figure


@pytest.mark.parametrize("name", ["one", "many"])
def test_in_a_picture_of_the_phone_every_figure_shows_something(looks, name):
    found = looks[f"{name} 390"]["colours"]
    assert {figure: count for figure, count in found.items() if count < LEAST_COLOURS} == {}


def test_dark_is_dark_and_light_is_light(looks):
    shades = {width: looks[f"one {width}"]["paper"] for width in (390, 1280, 1920)}
    assert shades[390] == shades[1280] == "rgb(251, 250, 248)"
    assert shades[1920] == "rgb(20, 22, 26)"


def test_all_curves_follow_the_span_that_is_chosen_by_keyboard(looks):
    whole, *spans = looks["zoom"]
    assert whole == 200
    assert spans == [30] * 7
