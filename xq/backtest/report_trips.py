"""Figures of closed round trips: their returns, and how far they went before they ended."""

from typing import TYPE_CHECKING

import numpy as np

from xq.backtest.report_plot import (
    Drawing,
    Figure,
    Key,
    layout,
    make_axis,
    number,
    percent,
    sampled,
    short,
)
from xq.metrics.excursions import Held, excursions

if TYPE_CHECKING:
    from xq.backtest.result import BacktestResult

DRAWN_TRIPS = 2_000
_BINS = 40
_NONE = "Not drawn: no round trip was closed."
_KEYS = (Key("gain", "--gain", "●"), Key("loss", "--loss", "◆"))


def trip_drawings(result: "BacktestResult") -> list[Drawing]:
    """Histogram of returns, then return against the deepest loss and the highest gain before."""
    return [histogram(result), *scatters(result)]


def histogram(result: "BacktestResult") -> Drawing:
    """Returns of closed round trips, losses and gains apart: zero is an edge."""
    title = "Returns of round trips"
    returns = result.trips.returns[result.trips.closed] * 100
    if not len(returns):
        return Drawing("trips", title, _NONE)
    low, high = min(float(returns.min()), 0.0), max(float(returns.max()), 0.0)
    width = max((high - low) / _BINS, 1e-9)
    below, above = int(np.ceil(-low / width)), int(np.ceil(high / width))
    edges = np.arange(-below, max(above, 1) + 1) * width
    counts, _ = np.histogram(np.clip(returns, edges[0], edges[-1]), bins=edges)
    centres = (edges[:-1] + edges[1:]) / 2
    bars = {
        "type": "bar",
        "x": short(centres),
        "y": counts.tolist(),
        "width": width * 0.92,
        "marker": {"color": ["--loss" if centre < 0 else "--gain" for centre in centres]},
        "hovertemplate": "%{x:.2f} %: %{y}<extra></extra>",
    }
    open_trips = int(np.sum(~result.trips.closed))
    said = f"{len(returns):,} closed, flat to flat, after fees and slippage; median "
    said += percent(float(np.median(returns)) / 100)
    said += f"; {open_trips} still open, not counted." if open_trips else "."
    axes = {
        "xaxis": make_axis(ticksuffix=" %", title={"text": "return of a round trip"}),
        "yaxis": make_axis(title={"text": "count"}),
    }
    return Drawing("trips", title, said, {"data": [bars], "layout": layout() | axes})


def scatters(result: "BacktestResult") -> list[Drawing]:
    """One dot per round trip: MAE and MFE against what it returned."""
    trips, titles = result.trips, ("Adverse excursion (MAE)", "Favourable excursion (MFE)")
    closed = np.flatnonzero(trips.closed)
    if not len(closed):
        return [
            Drawing(name, title, _NONE) for name, title in zip(("mae", "mfe"), titles, strict=True)
        ]
    names = ("symbol", "direction", "entry_row", "exit_row", "entry_price", "exit_price")
    held = Held(*(getattr(trips, name)[closed] for name in names))
    found = excursions(result.bars.high, result.bars.low, held)
    returns = trips.returns[closed]
    step = max(1, -(-len(closed) // DRAWN_TRIPS))
    note = sampled(len(closed), DRAWN_TRIPS, "round trips")
    shown = slice(None, None, step)
    ways = (
        ("mae", titles[0], found.adverse, "deepest loss on the way", "went against its holder"),
        ("mfe", titles[1], found.favourable, "highest gain on the way", "was ahead"),
    )
    return [
        Drawing(
            name,
            title,
            f"How far a round trip {words} before it ended, by highs and lows: median "
            f"{percent(float(np.median(way)))} of the entry price. {note}".strip(),
            {
                "data": _two(way[shown] * 100, returns[shown] * 100),
                "layout": layout()
                | {
                    "xaxis": make_axis(ticksuffix=" %", title={"text": label}),
                    "yaxis": make_axis(ticksuffix=" %", title={"text": "return"}),
                },
            },
            _KEYS,
        )
        for name, title, way, label, words in ways
    ]


def by_symbol(result: "BacktestResult") -> list[tuple[str, int, float, float, float]]:
    """Per symbol: closed round trips, win rate, pnl of all round trips, fees; most earned first.

    The pnl is that of `RoundTrips`: after fees and slippage, before funding, open ones included.
    """
    trips, rows = result.trips, []
    for j, symbol in enumerate(result.bars.symbols):
        own = trips.symbol == j
        pnl, done = trips.pnl[own], trips.pnl[own & trips.closed]
        wins = float(np.mean(done > 0)) if len(done) else float("nan")
        fees = float(result.simulation.fills.fee[result.simulation.fills.symbol == j].sum())
        rows.append((symbol, len(done), wins, float(pnl.sum()), fees))
    return sorted(rows, key=lambda row: -row[3])


def symbols_said(result: "BacktestResult") -> str:
    """How many symbols earned, in one sentence."""
    rows = by_symbol(result)
    earned = sum(row[3] > 0 for row in rows)
    return f"{earned} of {len(rows)} symbols earned; the best {number(rows[0][3])}."


def _two(x: np.ndarray, y: np.ndarray) -> list[Figure]:
    """Gains and losses told apart by colour and by shape."""
    parts = ((y > 0, "gain", "--gain", "circle"), (y <= 0, "loss", "--loss", "diamond"))
    return [
        {
            "type": "scatter",
            "mode": "markers",
            "name": name,
            "x": short(x[rows]),
            "y": short(y[rows]),
            "marker": {"color": colour, "symbol": symbol, "size": 7, "opacity": 0.75},
            "hovertemplate": "%{x:.2f} % on the way, %{y:.2f} % at the end<extra></extra>",
        }
        for rows, name, colour, symbol in parts
        if rows.any()
    ]
