"""The HTML page: whole, offline, escaped, small, deterministic."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest

from xq.backtest import report, report_charts, report_tables
from xq.backtest.hold import buy_and_hold
from xq.backtest.measure import measure
from xq.backtest.result import BacktestResult, Law, Overfit, Provenance
from xq.backtest.simulation import Rules
from xq.backtest.vector import simulate
from xq.bars import Bars
from xq.portfolio.accounting import round_trips
from xq.portfolio.costs import Costs
from xq.timeframe import Timeframe

DAY = 86_400_000


def result_of(
    rows: int, *, name: str = "subject", turn: int = 20, label: str = "recorded"
) -> BacktestResult:
    random = np.random.default_rng(4)
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.002, rows)))
    times = 1_672_531_200_000 + np.arange(rows) * 60_000
    bars = Bars.of(Timeframe.parse("1m"), ["BTC/USDT"], times, close=close)
    weights = ((np.arange(rows) // turn) % 2).astype(float)[:, None]
    costs, rules = Costs(0.0001, 0.0), Rules()
    run = simulate(weights, bars, costs, rules)
    trips = round_trips(run.fills, bars.close[-1], rows - 1)
    return BacktestResult(
        run_id="0123456789abcdef", strategy=name, params={"fast": 3}, exchange="sim",
        data_hash="ff", bars=bars, simulation=run, trips=trips,
        metrics=measure(run, trips, 525_600.0), costs=costs, rules=rules, law=Law(24, 5, 0),
        data=Provenance(label, True, 10, {}), overfit=Overfit(1, 0.5, 0.5),
        hold=buy_and_hold(bars, costs, 10_000.0), notes=("something <b>odd</b>",),
    )  # fmt: skip


@pytest.fixture(scope="module")
def small() -> BacktestResult:
    return result_of(3000)


@pytest.fixture(scope="module")
def page(small) -> str:
    return report.page(small)


class Shape(HTMLParser):
    """Collects what could reach the network, and whether tags are closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.outside: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.outside += [f"{tag} {key}={value}" for key, value in attrs if key in ("src", "href")]
        if tag not in ("meta", "link", "br", "img"):
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


def test_texts_of_people_are_escaped():
    page = report.page(result_of(300, name='</script><script>alert("x")</script>', label="<i>"))
    own = page.replace(report.plotly_source(), "")
    assert "<script>alert" not in own
    assert "&lt;i&gt;" in own
    assert "Something &lt;b&gt;odd&lt;/b&gt;." in own


def test_the_same_result_gives_the_same_page(small, page):
    assert report.page(small) == page


def test_it_labels_synthetic_prices(page):
    assert '<span class="badge synthetic">recorded</span>' in page


def test_a_year_of_minutes_stays_below_eight_megabytes_and_says_what_it_leaves_out():
    big = result_of(525_600, turn=60)
    page = report.page(big)
    assert len(page.encode()) < 8_000_000
    assert "Lines show the lowest and highest of every 175 of 525,600 bars." in page
    assert re.search(r"Markers show every \d+th of [\d,]+ round trips\.", page)


def test_thinning_keeps_every_extreme_in_order():
    values = np.random.default_rng(0).normal(size=100_000)
    rows = report_charts.thin(values, most=1000)
    assert len(rows) <= 1000
    assert (np.diff(rows) > 0).all()
    assert {int(values.argmin()), int(values.argmax())} <= set(rows.tolist())
    assert report_charts.thin(values[:10]).tolist() == list(range(10))


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
    assert "no closed round trip" in page
    assert "No round trip was closed." in page


def test_the_histogram_counts_every_closed_round_trip(small):
    figure = report_charts.trips_figure(small)
    assert sum(figure["data"][0]["y"]) == small.metrics.round_trips
