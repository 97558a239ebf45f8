"""Figures over the run's time: price, equity, drawdown, rolling Sharpe ratio, exposure, costs."""

from typing import TYPE_CHECKING

import numpy as np

from xq.backtest.hold import last_known
from xq.backtest.report_plot import (
    DRAWN_POINTS,
    Drawing,
    Figure,
    Key,
    counted,
    line,
    money,
    number,
    percent,
    sampled,
    short,
    time_layout,
)
from xq.metrics.daily import DAYS_PER_YEAR, daily_returns, last_of_days
from xq.metrics.drawdown import drawdowns
from xq.metrics.rolling import rolling_sharpe
from xq.timeframe import DAY_MS

if TYPE_CHECKING:
    from xq.backtest.result import BacktestResult

DRAWN_TRIPS = 1_000
DRAWN_SYMBOLS = 6
SHARPE_WINDOWS = (90, 30)
_MOST_BARS = 60
_STRETCHES = {
    "second": 1_000, "10 seconds": 10_000, "minute": 60_000, "10 minutes": 600_000,
    "hour": 3_600_000, "day": DAY_MS, "7 days": 7 * DAY_MS, "30 days": 30 * DAY_MS,
    "90 days": 90 * DAY_MS, "10 years": 3_650 * DAY_MS,
}  # fmt: skip
_MARK_SIZES = ((60, 10.0), (250, 8.0), (DRAWN_TRIPS, 6.0))
_DAILY = 60  # days from which exposure is drawn by days


def time_drawings(result: "BacktestResult") -> list[Drawing]:
    """All of them, the price first."""
    return [
        price(result),
        equity(result),
        underwater(result),
        sharpe(result),
        exposure(result),
        costs(result),
    ]


def price(result: "BacktestResult") -> Drawing:
    """Closes with entries and exits; several symbols as multiples of their first close."""
    bars = result.bars
    chosen = _most_traded(result)
    many = len(bars.symbols) > 1
    scale = {j: _first(bars.close[:, j]) if many else 1.0 for j in chosen}
    curves = [
        line(bars.known_at, bars.close[:, j] / scale[j], bars.symbols[j], k)
        for k, j in enumerate(chosen)
    ]
    marks = _markers(result, scale)
    if not many:
        curves[0][0]["line"] |= {"color": "--five", "width": 1.0}  # entries and exits stand out
    keys = [key for _, key in curves] if many else [Key("close", "--five")]
    keys += [Key("long entry", "--gain", "▲"), Key("short entry", "--gain", "▼")]
    keys += [Key("exit", "--loss", "✕")]
    said = [
        f"{len(chosen)} of {len(bars.symbols)} symbols are drawn, those with the most round trips."
        if len(chosen) < len(bars.symbols)
        else "",
        "Prices are multiples of each symbol’s first close." if many else _from_to(result),
        f"Lines show the lowest and highest of every {2 * len(bars) // DRAWN_POINTS} of "
        f"{len(bars):,} bars."
        if len(bars) > DRAWN_POINTS
        else "",
        sampled(len(result.trips), DRAWN_TRIPS, "round trips"),
    ]
    title = "× first close" if many else "price"
    drawn = np.concatenate([bars.close[:, j] / scale[j] for j in chosen])
    figure = {
        "data": [trace for trace, _ in curves] + marks,
        "layout": _over(result, title, tickformat=money(drawn)),
    }
    caption = " ".join(text for text in said if text)
    return Drawing("price", "Price, entries and exits", caption, figure, tuple(keys), tall=True)


def equity(result: "BacktestResult") -> Drawing:
    """Equity against what the run is compared with; deposits are taken out."""
    run, times = result.simulation, result.bars.known_at
    curves = [line(times, run.growth, "equity")]
    said = f"Equity from {number(run.initial_cash)} to {number(float(run.growth[-1]))}"
    if result.benchmark is not None:
        name = result.benchmark.name
        name = "buy and hold" if name == "hold" else f"holding {name}"
        curves.append(line(times, result.benchmark.equity, name, 1))
        said += f"; {name} to {number(float(result.benchmark.equity[-1]))}"
    if run.flows is not None and run.flows.any():
        said += ". Deposits and withdrawals are no profit: drawn is what the first cash became"
    drawn = np.concatenate([run.growth, *(np.asarray(trace["y"]) for trace, _ in curves[1:])])
    figure = {
        "data": [trace for trace, _ in curves],
        "layout": _over(result, "quote asset", tickformat=money(drawn.astype(float))),
    }
    title = "Equity against benchmark" if result.benchmark is not None else "Equity"
    return Drawing("equity", title, f"{said}.", figure, tuple(key for _, key in curves))


def underwater(result: "BacktestResult") -> Drawing:
    """How far equity is below its highest value so far."""
    run, times = result.simulation, result.bars.known_at
    fall = drawdowns(run.growth, run.initial_cash)
    filled: Figure = {"fill": "tozeroy", "fillcolor": "--loss-fill"}
    trace, _ = line(times, fall * 100, "drawdown", **filled)
    trace["line"]["color"] = "--loss"
    trace["hovertemplate"] = "%{y:.2f} %<extra></extra>"
    deepest = int(np.argmin(fall))
    said = "Equity never falls below an earlier high."
    if fall[deepest] < 0:
        said = f"Deepest on {_day(int(times[deepest]))}: {percent(float(fall[deepest]))}."
    layout = _over(result, "below the high", ticksuffix=" %")
    return Drawing("underwater", "Underwater", said, {"data": [trace], "layout": layout})


def sharpe(result: "BacktestResult") -> Drawing:
    """Sharpe ratio of the last so many days, at the end of each day."""
    times, run = result.bars.known_at, result.simulation
    days = daily_returns(times, run.growth, run.initial_cash)
    window = next((size for size in SHARPE_WINDOWS if len(days) >= 2 * size), None)
    title = "Rolling Sharpe ratio"
    if window is None:
        least = 2 * SHARPE_WINDOWS[-1]
        return Drawing(
            "sharpe", title, f"Not drawn: {counted(len(days), 'day')}, at least {least} needed."
        )
    values = rolling_sharpe(days, window, DAYS_PER_YEAR)
    known = values[np.isfinite(values)]
    if not len(known):
        return Drawing("sharpe", title, "Not drawn: no day of the run gains or loses.")
    trace, _ = line(times[last_of_days(times)], values, f"{window} days")
    trace["hovertemplate"] = "%{y:.2f}<extra></extra>"
    said = (
        f"Of the last {window} days, per year; above 0 on {percent(float(np.mean(known > 0)), 0)} "
        f"of {len(known):,} days, {number(float(known[-1]))} at the end."
    )
    layout = _over(result, f"{window} days")
    return Drawing("sharpe", title, said, {"data": [trace], "layout": layout})


def exposure(result: "BacktestResult") -> Drawing:
    """Notional held over equity at each close: gross and net."""
    run, bars = result.simulation, result.bars
    closes = np.column_stack([last_known(bars.close[:, j]) for j in range(len(bars.symbols))])
    notional = np.where(run.positions != 0.0, run.positions * closes, 0.0)
    alive = run.equity > 0.0
    gross, net = (
        np.divide(part, run.equity, out=np.zeros(len(part)), where=alive) * 100
        for part in (np.abs(notional).sum(axis=1), notional.sum(axis=1))
    )
    times, how = bars.known_at, "at each close"
    most, ends = float(gross.max()), last_of_days(times)
    if len(ends) >= _DAILY and bars.timeframe.ms < DAY_MS:
        counts = np.diff(ends, prepend=-1)
        gross, net = (np.add.reduceat(part, ends - counts + 1) / counts for part in (gross, net))
        times, how = times[ends], "at the closes of each day, their mean"
    same = np.array_equal(gross, net)
    curves = [line(times, gross, "long" if same else "gross")]
    if not same:
        curves.append(line(times, net, "net: long less short", 1))
    for trace, _ in curves:
        trace["line"]["dash"] = "solid"
        trace["line"]["shape"] = "hv"
        trace["hovertemplate"] = "%{y:.1f} %<extra>%{fullData.name}</extra>"
    said = (
        f"Notional over equity {how}; in the market on "
        f"{percent(result.metrics.exposure, 1)} of bars, {percent(most / 100, 0)} "
        "at most."
    )
    keys = tuple(Key(key.text, key.colour) for _, key in curves)
    layout = _over(result, "of equity", ticksuffix=" %")
    figure = {"data": [trace for trace, _ in curves], "layout": layout}
    return Drawing("exposure", "Exposure", said, figure, keys)


def costs(result: "BacktestResult") -> Drawing:
    """Fees, slippage and funding by stretch of time, stacked; funding received points down."""
    m, run, bars = result.metrics, result.simulation, result.bars
    said = (
        f"Fees {number(m.fees)}, slippage {number(m.slippage)}, funding {number(m.funding)}, quote "
        "asset"
    )
    parts = [
        ("fees", np.bincount(run.fills.row, run.fills.fee, len(bars)), "--one", ""),
        ("slippage", np.bincount(run.fills.row, run.fills.slippage, len(bars)), "--two", "/"),
        ("funding", run.funding, "--three", "x"),
    ]
    parts = [part for part in parts if np.any(part[1] != 0.0)]
    if not parts:
        return Drawing("costs", "Costs", "Not drawn: the run paid nothing.")
    starts, width, name = _stretches(result)
    at = np.searchsorted(starts, bars.ts, side="right") - 1
    traces: list[Figure] = [
        {
            "type": "bar",
            "name": what,
            "x": (starts + width // 2).tolist(),
            "width": width * 0.86,
            "y": short(np.bincount(at, values, len(starts))),
            "marker": {
                "color": colour,
                "pattern": {"shape": pattern, "bgcolor": colour, "fgcolor": "--card", "size": 6},
            },
            "hovertemplate": "%{y:,.2f}<extra>%{fullData.name}</extra>",
        }
        for what, values, colour, pattern in parts
    ]
    drawn = np.concatenate([np.asarray(trace["y"], dtype=float) for trace in traces])
    layout = _over(result, f"per {name}", tickformat=money(drawn)) | {"barmode": "relative"}
    keys = tuple(Key(what, colour, "■") for what, _, colour, _ in parts)
    figure = {"data": traces, "layout": layout}
    return Drawing("costs", f"Costs per {name}", f"{said}.", figure, keys)


def _over(result: "BacktestResult", title: str, **axis: object) -> Figure:
    return time_layout(result.start_ms, result.end_ms, title, **axis)


def _stretches(result: "BacktestResult") -> tuple[np.ndarray, int, str]:
    """Starts of at most sixty equal stretches of time, their length, and its name."""
    whole = result.end_ms - result.start_ms
    name, length = next((n, ms) for n, ms in _STRETCHES.items() if -(-whole // ms) <= _MOST_BARS)
    first = result.start_ms // length * length
    return np.arange(first, result.end_ms, length), length, name


def _most_traded(result: "BacktestResult") -> list[int]:
    """Columns to draw: those with the most round trips, in the order of the run."""
    count = len(result.bars.symbols)
    trips = np.bincount(result.trips.symbol, minlength=count)
    return sorted(np.argsort(-trips, kind="stable")[:DRAWN_SYMBOLS].tolist())


def _first(closes: np.ndarray) -> float:
    known = closes[np.isfinite(closes)]
    return float(known[0]) if len(known) else 1.0


def _markers(result: "BacktestResult", scale: dict[int, float]) -> list[Figure]:
    trips = result.trips
    step = max(1, -(-len(trips) // DRAWN_TRIPS))
    chosen = np.arange(len(trips))[::step]
    chosen = chosen[np.isin(trips.symbol[chosen], list(scale))]
    scales = np.array([scale[int(j)] for j in trips.symbol[chosen]])
    opens = result.bars.ts
    shapes = np.where(trips.direction[chosen] > 0, "triangle-up", "triangle-down").tolist()
    closed = trips.closed[chosen]
    size = next(size for most, size in _MARK_SIZES if len(chosen) <= most)
    entry = _dots(opens[trips.entry_row[chosen]], trips.entry_price[chosen] / scales, "entry", size)
    entry["marker"] |= {"color": "--gain", "symbol": shapes}
    left = chosen[closed]
    leave = _dots(
        opens[trips.exit_row[left]], trips.exit_price[left] / scales[closed], "exit", size
    )
    leave["marker"] |= {"symbol": "x-thin", "line": {"width": size / 5, "color": "--loss"}}
    leave["text"] = [f"{value:+,.2f}" for value in trips.pnl[left]]
    leave["hovertemplate"] = "exit %{y:,.8~g}, pnl %{text}<extra></extra>"
    return [leave, entry] if len(chosen) else []  # a turn is both: the entry lies on top


def _dots(times: np.ndarray, prices: np.ndarray, name: str, size: float) -> Figure:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": times.tolist(),
        "y": short(prices),
        "marker": {"size": size, "opacity": 0.85},
        "hovertemplate": name + " %{y:,.8~g}<extra></extra>",
    }


def _from_to(result: "BacktestResult") -> str:
    closes = result.bars.close[:, 0]
    known = closes[np.isfinite(closes)]
    closed = int(result.trips.closed.sum())
    still = f", {len(result.trips) - closed} still open" if closed < len(result.trips) else ""
    trips = counted(closed, "round trip")
    return f"Close from {known[0]:,.8g} to {known[-1]:,.8g}; {trips}{still}."


def _day(ts_ms: int) -> str:
    return str(np.datetime64(ts_ms - 1, "ms").astype("datetime64[D]"))
