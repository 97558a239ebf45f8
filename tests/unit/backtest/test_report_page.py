"""The HTML page: whole, offline, escaped, small, deterministic."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from support.report_cases import result_of

from xq.backtest import report, report_plot, report_tables, report_trips
from xq.backtest.report_study import Study, Trial
from xq.backtest.result import BacktestResult, Benchmark

DAY = 86_400_000


@pytest.fixture(scope="module")
def small() -> BacktestResult:
    return result_of(3000)


@pytest.fixture(scope="module")
def page(small) -> str:
    return report.page(small)


def drawings(page):
    """The figures as the page's script reads them."""
    text = re.search(r'id="drawings">(.*?)</script>', page, re.DOTALL).group(1)
    return json.loads(text)


class Shape(HTMLParser):
    """Collects what could reach the network, and whether tags are closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.outside: list[str] = []

    def handle_starttag(self, tag, attrs):
        links = [(key, value or "") for key, value in attrs if key in ("src", "href")]
        self.outside += [f"{tag} {key}={value}" for key, value in links if value[:1] != "#"]
        if tag not in ("meta", "link", "br", "img", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_it_is_one_file_that_asks_the_network_for_nothing(page):
    shape = Shape()
    shape.feed(page)
    assert shape.outside == []
    assert shape.open == []
    assert "plotly.js v" in page
    own = page.replace(report.plotly_source(), "")
    assert not re.search(r"https?://|@import|url\(", own)
    assert "{{" not in own


EVIL = '</script><script>alert("x")</script><b>%{x}'


def evil(run):
    """The same run with other names; a symbol is not allowed all of these signs elsewhere."""
    bars = replace(run.bars, symbols=(EVIL, f"{EVIL}2"))
    return replace(run, bars=bars, benchmark=Benchmark(EVIL, run.hold))


def test_texts_of_people_are_escaped():
    study = Study([Trial({EVIL: EVIL}, 1.0), Trial({EVIL: "b"}, 2.0)], figure=EVIL, origin=EVIL)
    run = result_of(
        300, name=EVIL, label="<i>", symbols=("A/B", "C/B"), params={EVIL: EVIL}, exchange=EVIL,
        world={EVIL: EVIL},
    )  # fmt: skip
    run = evil(run)
    page = report.page(run, study)
    own = page.replace(report.plotly_source(), "")
    assert "<script>alert" not in own
    assert "<b>%" not in own
    assert "&lt;i&gt;" in own
    assert "Something &lt;b&gt;odd&lt;/b&gt;." in own
    shape = Shape()
    shape.feed(own)
    assert shape.open == []


def test_plotly_is_given_no_markup_of_people():
    run = evil(result_of(300, symbols=("A/B", "C/B")))
    for figure in drawings(report.page(run)).values():
        for trace in figure["data"]:
            assert "<" not in trace.get("name", "")
            assert "%{" not in trace.get("name", "")
            assert EVIL[:3] not in trace.get("hovertemplate", "")


def test_the_same_result_gives_the_same_page(small, page):
    assert report.page(small) == page


def test_it_labels_synthetic_prices(page):
    assert '<span class="badge synthetic">recorded</span>' in page


def test_a_year_of_minutes_stays_below_eight_megabytes_and_says_what_it_leaves_out():
    big = result_of(525_600, turn=60)
    page = report.page(big)
    assert len(page.encode()) < 8_000_000
    assert "Lines show the lowest and highest of every 175 of 525,600 bars." in page
    assert re.search(r"Every \d+th of [\d,]+ round trips is drawn\.", page)


def test_thinning_keeps_every_extreme_in_order():
    values = np.random.default_rng(0).normal(size=100_000)
    rows = report_plot.thin(values, most=1000)
    assert len(rows) <= 1000
    assert (np.diff(rows) > 0).all()
    assert {int(values.argmin()), int(values.argmax())} <= set(rows.tolist())
    assert report_plot.thin(values[:10]).tolist() == list(range(10))


def test_months_compound_to_the_whole(small):
    times = np.arange(400) * DAY + DAY - 1
    equity = 100 * np.cumprod(1 + np.random.default_rng(1).normal(0, 0.01, 400))
    months = report_tables.monthly_returns(times, equity, 100.0)
    assert len(months) == 14
    assert np.prod([1 + value for value in months.values()]) == pytest.approx(equity[-1] / 100)


def test_a_bar_of_midnight_belongs_to_the_month_it_closes():
    last_hour_of_january = 31 * DAY - 1
    found = report_tables.monthly_returns(
        np.array([last_hour_of_january]), np.array([110.0]), 100.0
    )
    assert list(found) == [(1970, 1)]


def test_a_run_without_trades_still_has_a_page():
    quiet = result_of(200, turn=10_000)
    assert len(quiet.trips) == 0
    page = report.page(quiet)
    assert page.count("Not drawn: no round trip was closed.") == 3
    assert {"trips", "mae", "mfe", "costs"}.isdisjoint(drawings(page))
    assert "No round trip was closed." in page


def test_the_histogram_counts_every_closed_round_trip(small):
    figure = report_trips.histogram(small).figure
    assert sum(figure["data"][0]["y"]) == small.metrics.round_trips
