"""The tables of a report as HTML."""

import html
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from xq.backtest.breakdown import breakdowns
from xq.backtest.report_plot import number, percent
from xq.backtest.report_trips import by_symbol
from xq.portfolio.accounting import Reason

if TYPE_CHECKING:
    from xq.backtest.result import BacktestResult

_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_RANGES = 5
_FULL_HEAT = 0.10  # a month of this size, either way, is painted fully


def key_figures(result: "BacktestResult") -> str:
    """The six numbers one looks at first."""
    m, daily = result.metrics, result.statistics.sharpe_ratio
    cells = [
        (percent(m.total_return), "total return", m.total_return),
        _compared(result),
        (number(daily), "Sharpe ratio of days", daily),
        (percent(m.max_drawdown), "max drawdown", m.max_drawdown),
        (f"{m.round_trips:,}", "round trips", 0.0),
        (number(m.final_equity), f"final equity, from {number(result.rules.initial_cash, 0)}", 0.0),
    ]
    return "\n".join(
        f'<div class="figure"><b class="{sign(value)}">{text}</b><span>{label}</span></div>'
        for text, label, value in cells
    )


def verdict(result: "BacktestResult") -> str:
    """Whether the result survives the gate, and every reason why not."""
    found = result.verdict
    if found.survives:
        said = "<p>Deflated Sharpe ratio, overfitting, doubled costs and the law hold.</p>"
    else:
        items = "".join(f"<li>{html.escape(reason)}</li>" for reason in found.reasons)
        said = f"<ul>{items}</ul>"
    mark, words = ("✓", "Survives") if found.survives else ("✕", "Does not survive")
    kind = "survives" if found.survives else "falls"
    return (
        f'<section class="verdict {kind}" id="verdict" aria-labelledby="verdict-title">'
        f'<h2 id="verdict-title"><span aria-hidden="true">{mark}</span> {words} the gate</h2>'
        f"{said}</section>"
    )


def notes(result: "BacktestResult") -> str:
    """What a reader should know before the numbers; nothing if there is nothing."""
    if not result.notes:
        return ""
    items = "".join(
        f"<li>{html.escape(note[:1].upper() + note[1:])}.</li>" for note in result.notes
    )
    return (
        '<section class="notes" id="warnings" aria-labelledby="warnings-title">'
        f'<h2 id="warnings-title">Warnings</h2><ul>{items}</ul></section>'
    )


def months(result: "BacktestResult") -> str:
    """Returns by calendar month (UTC) and year, heat-coloured."""
    table = monthly_returns(result.bars.known_at - 1, result.simulation.growth,
                            result.simulation.initial_cash)  # fmt: skip
    head = "".join(f'<th scope="col">{name}</th>' for name in _MONTHS)
    rows = []
    for year in sorted({year for year, _ in table}):
        known = [table.get((year, month)) for month in range(1, 13)]
        total = float(np.prod([1 + value for value in known if value is not None]) - 1)
        cells = "".join(_heat(*one) for one in zip(known, _MONTHS, strict=True))
        rows.append(
            f'<tr><th scope="row">{year}</th>{cells}'
            f'<td class="total {sign(total)}" data-of="Year">{percent(total, 1)}</td></tr>'
        )
    return (
        f'<table class="months"><thead><tr><td></td>{head}<th scope="col">Year</th></tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def monthly_returns(
    times: np.ndarray, equity: np.ndarray, start: float
) -> dict[tuple[int, int], float]:
    """Return of every calendar month (UTC) that has a bar, by (year, month).

    Parameters
    ----------
    times
        (T,) epoch ms, the last moment of each bar.

    Examples
    --------
    >>> day = 86_400_000
    >>> monthly_returns(np.array([0, 31 * day, 40 * day]), np.array([110.0, 99.0, 132.0]), 100.0)
    {(1970, 1): 0.10000000000000009, (1970, 2): 0.19999999999999996}
    """
    month = times.astype("datetime64[ms]").astype("datetime64[M]").astype(np.int64)
    last = np.flatnonzero(np.append(np.diff(month) != 0, True)) if len(month) else np.empty(0, int)
    found = {}
    before = start
    for row in last:
        after = float(equity[row])
        year, index = divmod(int(month[row]), 12)
        found[1970 + year, index + 1] = after / before - 1 if before > 0 else 0.0
        before = after
    return found


def exits(result: "BacktestResult") -> str:
    """Closed round trips by the reason of their end."""
    trips = result.trips
    rows = []
    for reason in Reason:
        chosen = trips.closed & (trips.reason == reason)
        if chosen.any():
            pnl = trips.pnl[chosen]
            length = float(np.mean(trips.exit_row[chosen] - trips.entry_row[chosen]))
            rows.append(
                f'<tr><th scope="row">{reason.label.replace("_", " ")}</th>'
                f"<td>{len(pnl):,}</td><td>{percent(float(np.mean(pnl > 0)), 1)}</td>"
                f'<td class="{sign(float(pnl.sum()))}">{number(float(pnl.sum()))}</td>'
                f"<td>{length:,.1f}</td></tr>"
            )
    if not rows:
        return '<p class="small">No round trip was closed.</p>'
    return table(("end", "round trips", "win rate", "pnl", "mean bars"), rows)


def symbols(result: "BacktestResult") -> str:
    """Round trips and pnl per symbol; nothing for one symbol."""
    if len(result.bars.symbols) < 2:
        return ""
    rows = [
        f'<tr><th scope="row">{html.escape(name)}</th><td>{count:,}</td><td>{percent(wins, 1)}</td>'
        f'<td class="{sign(pnl)}">{number(pnl)}</td><td>{number(fees)}</td></tr>'
        for name, count, wins, pnl, fees in by_symbol(result)
    ]
    heads = ("symbol", "round trips", "win rate", "pnl before funding", "fees")
    return table(heads, rows)


def breakdown(result: "BacktestResult") -> str:
    """Results by weekday, hour and regime of the market."""
    blocks = []
    for name, parts in breakdowns(result.bars, result.simulation).items():
        if name == "month":
            continue  # the heat map has them
        rows = [
            f'<tr><th scope="row">{part.name}</th><td>{part.bars:,}</td>'
            f'<td class="{sign(part.total_return)}">{percent(part.total_return)}</td>'
            f"<td>{percent(part.exposure, 0)}</td></tr>"
            for part in parts
        ]
        if rows:
            heads = (name, "bars", "return", "exposure")
            blocks.append(f"<details><summary>By {name}</summary>{table(heads, rows)}</details>")
    return "".join(blocks)


def table(heads: Iterable[str], rows: Iterable[str]) -> str:
    """Rows under headings; moved sideways, also by keyboard, where the screen is narrow."""
    head = "".join(
        f'<th scope="col" class="{"text" if k == 0 else ""}">{text}</th>'
        for k, text in enumerate(heads)
    )
    return (
        '<div class="scroll" tabindex="0" role="region" aria-label="table"><table>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def costs(result: "BacktestResult") -> str:
    """What trading cost and which rules applied."""
    rules = result.rules
    optional = {
        "rebalance band": rules.rebalance_band,
        "stop loss": rules.stop_loss,
        "take profit": rules.take_profit,
        "trailing stop": rules.trailing_stop,
    }
    rows = [
        ("fee", f"{percent(result.costs.fee, 3)} of notional"),
        ("slippage", f"{percent(result.costs.slippage, 3)} of price"),
        ("initial cash", number(rules.initial_cash)),
        *((name, percent(value)) for name, value in optional.items() if value is not None),
        *([("time stop", f"{rules.max_bars} bars")] if rules.max_bars is not None else []),
    ]
    if any(":" in symbol for symbol in result.bars.symbols):
        rows.append(("largest leverage", f"{rules.max_leverage:g}×"))
    rows.append(("lots", ", ".join(f"{lot:g}" for lot in rules.lots) or "not rounded"))
    rows.append(("delay", f"{rules.delay} open{'s' * (rules.delay != 1)} from decision to fill"))
    rows.append(("engine", result.simulation.engine))
    return facts(list((dict(rows) | dict(result.world)).items()))


def data(result: "BacktestResult", ledger_head: str | None = None) -> str:
    """Where the prices come from, what is missing of them and what the law checked."""
    paid = result.data.funding_settlements
    rows = [
        ("prices", result.data.label),
        ("exchange", result.exchange),
        ("data hash", result.data_hash),
        ("warm-up", f"{result.data.warm_up_bars:,} bars before the first"),
        *((f"funding {symbol}", f"{count:,} settlements") for symbol, count in paid.items()),
        ("law", f"{result.law.checked_rows} rows asked again with only their past: no look-ahead"),
        ("lookback", f"{result.law.lookback} bars"),
        ("decided by rounding", f"{result.law.thin_margins} weights"),
        *_missing(result),
        *([("trial ledger", ledger_head)] if ledger_head else []),
        ("run id", result.run_id),
    ]
    return facts(rows)


def _missing(result: "BacktestResult") -> list[tuple[str, str]]:
    """Gaps by symbol, ours and the venue's, the first few in full."""
    rows = []
    for symbol, kinds in result.missing.items():
        for whose, ranges in zip(("gaps of ours", "outages of the venue"), kinds, strict=True):
            if ranges:
                more = f" and {len(ranges) - _RANGES} more" if len(ranges) > _RANGES else ""
                shown = ", ".join(str(one) for one in ranges[:_RANGES])
                rows.append((f"{whose}, {symbol}", shown + more))
    return rows or [("missing bars", "none")]


def _compared(result: "BacktestResult") -> tuple[str, str, float]:
    if result.benchmark is None or result.benchmark_return is None:
        return percent(result.metrics.annual_return), "annual return", result.metrics.annual_return
    name = "buy and hold" if result.benchmark.name == "hold" else result.benchmark.name
    return percent(result.benchmark_return), html.escape(name), result.benchmark_return


def facts(rows: Iterable[tuple[str, str]]) -> str:
    """Names and what is known of them."""
    body = "".join(
        f'<tr><th scope="row">{html.escape(name)}</th>'
        f"<td{_mono(name)}>{html.escape(value)}</td></tr>"
        for name, value in rows
    )
    return f'<table class="facts"><tbody>{body}</tbody></table>'


def _mono(name: str) -> str:
    return ' class="mono"' if name in ("data hash", "trial ledger", "run id") else ""


def _heat(value: float | None, month: str) -> str:
    if value is None:
        return f'<td data-of="{month}"></td>'
    strength = min(abs(value) / _FULL_HEAT, 1.0) * 55
    colour = "--gain" if value >= 0 else "--loss"
    paint = f"background:color-mix(in srgb, var({colour}) {strength:.0f}%, transparent)"
    return f'<td data-of="{month}" style="{paint}">{percent(value, 1)}</td>'


def sign(value: float) -> str:
    """The class of a gain, of a loss, or of neither."""
    return "gain" if value > 0 else "loss" if value < 0 else ""
