"""The fan of paths that a run's own days could have taken instead."""

from typing import TYPE_CHECKING

import numpy as np

from xq.backtest.montecarlo import QUANTILES, fan, resample
from xq.backtest.report_plot import (
    Drawing,
    Figure,
    Key,
    counted,
    money,
    percent,
    short,
    thin,
    time_layout,
)
from xq.metrics.daily import daily_returns, last_of_days

if TYPE_CHECKING:
    from xq.backtest.result import BacktestResult

PATHS = 1_000
LEAST_DAYS = 20
_MOST_DAYS = 4_000  # of 1,000 paths each: 32 MB
_TITLE = "Monte Carlo fan"


def fan_drawing(result: "BacktestResult") -> Drawing:
    """Quantiles of equity over a thousand resampled paths, and the run's own equity.

    Blocks of daily returns by the stationary bootstrap, seeded by the run's own seed: the same run
    has the same fan. Long runs draw fewer paths.
    """
    run, times = result.simulation, result.bars.known_at
    days = daily_returns(times, run.growth, run.initial_cash)
    if len(days) < LEAST_DAYS:
        said = f"Not drawn: {counted(len(days), 'day')}, at least {LEAST_DAYS} needed."
        return Drawing("fan", _TITLE, said)
    if not days.any():
        return Drawing("fan", _TITLE, "Not drawn: no day of the run gains or loses.")
    paths = max(100, min(PATHS, PATHS * _MOST_DAYS // len(days)))
    seed = int(result.facts.get("seed", 0))
    drawn, block = resample(days, paths, np.random.default_rng(seed))
    bands = fan(drawn) * run.initial_cash
    ends = np.prod(1.0 + drawn, axis=1)
    said = (
        f"{paths:,} paths of the run’s own days, drawn in blocks of {block:.1f} days on average "
        f"(seed {seed}). {percent(float(np.mean(ends <= 1.0)), 1)} of them earn nothing or lose; "
        f"nine of ten end between {percent(float(np.quantile(ends, 0.05)) - 1, 1)} and "
        f"{percent(float(np.quantile(ends, 0.95)) - 1, 1)}."
    )
    ticks = times[last_of_days(times)]
    layout = time_layout(
        result.start_ms, result.end_ms, "quote asset", tickformat=money(bands.ravel())
    )
    keys = (
        Key("the run", "--one"),
        Key("median path", "--two", "╍"),
        Key("half of the paths", "--band-in", "■"),
        Key("nine of ten", "--band-out", "■"),
    )
    figure = {"data": _bands(ticks, bands, run.growth[last_of_days(times)]), "layout": layout}
    return Drawing("fan", _TITLE, said, figure, keys)


def _bands(times: np.ndarray, bands: np.ndarray, own: np.ndarray) -> list[Figure]:
    rows = thin(own, 1_000)
    names = [f"{quantile:.0%} of paths below" for quantile in QUANTILES]
    fills = ("", "--band-out", "--band-in", "--band-in", "--band-out")
    traces: list[Figure] = []
    for name, band, fill in zip(names, bands, fills, strict=True):
        trace: Figure = {
            "type": "scatter",
            "mode": "lines",
            "name": name,
            "x": times[rows].tolist(),
            "y": short(band[rows]),
            "line": {"width": 0, "color": "--band-in"},
            "hovertemplate": "%{y:,.6~g}<extra>%{fullData.name}</extra>",
        }
        if fill:
            trace |= {"fill": "tonexty", "fillcolor": fill}
        traces.append(trace)
    traces[2]["line"] = {"width": 1.3, "color": "--two", "dash": "dash"}
    traces.append(
        traces[0]
        | {"name": "the run", "y": short(own[rows]), "line": {"width": 1.7, "color": "--one"}}
    )
    return traces
