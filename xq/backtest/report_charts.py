"""The figures of a report as plain Plotly objects; colours are names of the page's variables."""

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

from xq.metrics.drawdown import drawdowns

if TYPE_CHECKING:
    from xq.backtest.result import BacktestResult

DRAWN_POINTS = 6_000
DRAWN_TRIPS = 1_000
_BINS = 40

Figure = dict[str, Any]


def thin(values: np.ndarray, most: int = DRAWN_POINTS) -> np.ndarray:
    """Rows to draw: all, or the lowest and highest of equal stretches, so that no extreme is lost.

    Examples
    --------
    >>> thin(np.array([0.0, 5.0, 1.0, 2.0, 9.0, 3.0, 3.0, 1.0]), most=4).tolist()
    [0, 1, 4, 7]
    """
    if len(values) <= most:
        return np.arange(len(values))
    edges = np.linspace(0, len(values), most // 2 + 1).astype(np.int64)
    filled = np.where(np.isfinite(values), values, np.nanmean(values))
    rows: list[int] = []
    for start, stop in itertools.pairwise(edges):
        stretch = filled[start:stop]
        low, high = start + int(np.argmin(stretch)), start + int(np.argmax(stretch))
        rows += [low] if low == high else sorted((low, high))
    return np.array(rows)


def run_figure(result: "BacktestResult") -> Figure:
    """Price with entries and exits, equity against buy and hold, drawdown; one time axis."""
    run = result.simulation
    times = result.bars.known_at
    prices = [
        _line(times, result.bars.close[:, j], symbol, _SHADES[j % len(_SHADES)], "y")
        for j, symbol in enumerate(result.bars.symbols)
    ]
    fall = drawdowns(run.equity, run.initial_cash) * 100
    data = [
        *prices,
        *_markers(result),
        _line(times, run.equity, "equity", "--equity", "y2", width=1.8),
        _line(times, result.hold, "buy and hold", "--hold", "y2", dash="dot"),
        _line(times, fall, "drawdown", "--loss", "y3", fill=True),
    ]
    layout = _layout() | {
        "xaxis": _axis(
            type="date", anchor="y3", showgrid=False, range=[result.start_ms, result.end_ms]
        ),
        "yaxis": _axis(domain=[0.56, 1.0], title={"text": "price"}),
        "yaxis2": _axis(domain=[0.22, 0.52], title={"text": "equity"}),
        "yaxis3": _axis(domain=[0.0, 0.18], title={"text": "drawdown"}, ticksuffix=" %"),
        "hovermode": "x",
        "legend": {"orientation": "h", "y": 1.06, "x": 0, "font": {"color": "--soft"}},
        "dragmode": "zoom",
    }
    return {"data": data, "layout": layout}


_SHADES = ("--price", "--hold", "--equity", "--gain", "--loss")


def trips_figure(result: "BacktestResult") -> Figure:
    """Histogram of the returns of closed round trips, losses and gains apart."""
    returns = result.trips.returns[result.trips.closed] * 100
    if not len(returns):
        return {"data": [], "layout": _layout() | _empty("no closed round trip")}
    low, high = min(float(returns.min()), 0.0), max(float(returns.max()), 0.0)
    width = max((high - low) / _BINS, 1e-9)
    below, above = int(np.ceil(-low / width)), int(np.ceil(high / width))
    edges = np.arange(-below, above + 1) * width  # zero is an edge: a bar is a gain or a loss
    counts, _ = np.histogram(returns, bins=edges)
    centres = (edges[:-1] + edges[1:]) / 2
    bars = {
        "type": "bar",
        "x": _short(centres),
        "y": counts.tolist(),
        "width": width * 0.92,
        "marker": {"color": ["--loss" if centre < 0 else "--gain" for centre in centres]},
        "hovertemplate": "%{x:.2f} %: %{y}<extra></extra>",
    }
    axes = {
        "xaxis": _axis(ticksuffix=" %", title={"text": "return of a round trip"}),
        "yaxis": _axis(title={"text": "count"}),
        "showlegend": False,
    }
    return {"data": [bars], "layout": _layout() | axes}


def what_is_drawn(result: "BacktestResult") -> str:
    """What the first figure leaves out."""
    said = []
    if len(result.bars) > DRAWN_POINTS:
        said.append(
            f"Lines show the lowest and highest of every {2 * len(result.bars) // DRAWN_POINTS} "
            f"of {len(result.bars):,} bars."
        )
    step = _trip_step(result)
    if step > 1:
        said.append(f"Markers show every {step}th of {len(result.trips):,} round trips.")
    return " ".join(["Drag to zoom, double-click to return.", *said])


def what_is_counted(result: "BacktestResult") -> str:
    """What the second figure is about."""
    open_trips = int(np.sum(~result.trips.closed))
    text = f"{result.metrics.round_trips:,} closed, flat to flat, after fees and slippage"
    return text + (f"; {open_trips} still open, not counted." if open_trips else ".")


def _trip_step(result: "BacktestResult") -> int:
    return -(-len(result.trips) // DRAWN_TRIPS) if len(result.trips) else 1


def _markers(result: "BacktestResult") -> list[Figure]:
    chosen = np.arange(len(result.trips))[:: _trip_step(result)]
    trips = result.trips
    closed = chosen[trips.closed[chosen]]
    opens = result.bars.ts
    pnl = [f"{value:+,.2f}" for value in trips.pnl[closed]]
    shapes = np.where(trips.direction[chosen] > 0, "triangle-up", "triangle-down").tolist()
    entry = _dots(opens[trips.entry_row[chosen]], trips.entry_price[chosen], "entry", "--gain")
    leave = _dots(opens[trips.exit_row[closed]], trips.exit_price[closed], "exit", "--loss")
    entry["marker"]["symbol"] = shapes
    leave["marker"]["symbol"] = "x-thin"
    leave["marker"]["line"] = {"width": 1.6, "color": "--loss"}
    leave["text"] = pnl
    leave["hovertemplate"] = "exit %{y:,.8~g}, pnl %{text}<extra></extra>"
    return [entry, leave]


def _dots(times: np.ndarray, prices: np.ndarray, name: str, colour: str) -> Figure:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": times.tolist(),
        "y": _short(prices),
        "yaxis": "y",
        "marker": {"color": colour, "size": 7},
        "hovertemplate": name + " %{y:,.8~g}<extra></extra>",
    }


def _line(
    times: np.ndarray,
    values: np.ndarray,
    name: str,
    colour: str,
    axis: str,
    *,
    width: float = 1.3,
    dash: str = "solid",
    fill: bool = False,
) -> Figure:
    rows = thin(values)
    line: Figure = {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": times[rows].tolist(),
        "y": _short(values[rows]),
        "yaxis": axis,
        "line": {"color": colour, "width": width, "dash": dash},
        "hovertemplate": "%{y:,.6~g}<extra>" + name + "</extra>",
    }
    if fill:
        line |= {"fill": "tozeroy", "fillcolor": "--fill", "showlegend": False}
    return line


def _short(values: np.ndarray) -> list[float | None]:
    return [float(f"{value:.7g}") if value == value else None for value in values.tolist()]


def _axis(**more: Any) -> Figure:
    plain = {"gridcolor": "--grid", "linecolor": "--line", "zerolinecolor": "--line"}
    return plain | {"automargin": False, "fixedrange": False, "title": {"text": ""}} | more


def _layout() -> Figure:
    return {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": "--soft", "family": "inherit"},
        "hoverlabel": {"font": {"family": "inherit"}},
        "bargap": 0.05,
        "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": "--line", "activecolor": "--soft"},
    }


def _empty(text: str) -> Figure:
    return {
        "xaxis": {"visible": False},
        "yaxis": {"visible": False},
        "annotations": [{"text": text, "showarrow": False, "font": {"color": "--soft"}}],
    }
