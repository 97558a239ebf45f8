"""The tables of a report as HTML."""

import html
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from xq.portfolio.accounting import Reason

if TYPE_CHECKING:
    from xq.backtest.result import BacktestResult

_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_FULL_HEAT = 0.10  # a month of this size, either way, is painted fully
_NOTHING = "–"


def key_figures(result: "BacktestResult") -> str:
    """The six numbers one looks at first."""
    m = result.metrics
    cells = [
        (percent(m.total_return), "total return", m.total_return),
        (percent(result.hold_return), "buy and hold", result.hold_return),
        (number(m.sharpe_ratio), "Sharpe ratio", m.sharpe_ratio),
        (percent(m.max_drawdown), "max drawdown", m.max_drawdown),
        (f"{m.round_trips:,}", "round trips", 0.0),
        (number(m.final_equity), f"final equity, from {number(result.rules.initial_cash, 0)}", 0.0),
    ]
    return "\n".join(
        f'<div class="figure"><b class="{_sign(value)}">{text}</b><span>{label}</span></div>'
        for text, label, value in cells
    )


def notes(result: "BacktestResult") -> str:
    """What a reader should know before the numbers; nothing if there is nothing."""
    if not result.notes:
        return ""
    items = "".join(
        f"<li>{html.escape(note[:1].upper() + note[1:])}.</li>" for note in result.notes
    )
    return f'<ul class="notes">{items}</ul>'


def months(result: "BacktestResult") -> str:
    """Returns by calendar month (UTC) and year, heat-coloured."""
    table = monthly_returns(result.bars.known_at - 1, result.simulation.equity,
                            result.simulation.initial_cash)  # fmt: skip
    head = "".join(f"<th>{name}</th>" for name in _MONTHS)
    rows = []
    for year in sorted({year for year, _ in table}):
        known = [table.get((year, month)) for month in range(1, 13)]
        total = float(np.prod([1 + value for value in known if value is not None]) - 1)
        cells = "".join(_heat(value) for value in known)
        rows.append(
            f'<tr><th scope="row">{year}</th>{cells}'
            f'<td class="total {_sign(total)}">{percent(total, 1)}</td></tr>'
        )
    return (
        f'<table class="months"><thead><tr><th></th>{head}<th>Year</th></tr></thead>'
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
                f'<td class="{_sign(float(pnl.sum()))}">{number(float(pnl.sum()))}</td>'
                f"<td>{length:,.1f}</td></tr>"
            )
    if not rows:
        return '<p class="small">No round trip was closed.</p>'
    heads = ("end", "round trips", "win rate", "pnl", "mean bars")
    head = "".join(f'<th class="{"text" if k == 0 else ""}">{h}</th>' for k, h in enumerate(heads))
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def statistics(result: "BacktestResult") -> str:
    """Every metric with what it means."""
    m, luck = result.metrics, result.overfit
    rows = [
        ("total return", percent(m.total_return), "growth of equity over the whole run"),
        ("annual return", percent(m.annual_return), "the same per 365 days, compounded"),
        ("volatility", percent(m.volatility), "standard deviation of bar returns, per year"),
        ("Sharpe ratio", number(m.sharpe_ratio), "mean over standard deviation of bar returns, "
         "per year, risk-free rate 0"),
        ("Sortino ratio", number(m.sortino_ratio), "the same over the root mean square of losses"),
        ("Calmar ratio", number(m.calmar_ratio), "annual return over the deepest drawdown"),
        ("max drawdown", percent(m.max_drawdown), "deepest fall from the highest equity so far"),
        ("win rate", percent(m.win_rate, 1), "share of closed round trips with a gain"),
        ("profit factor", number(m.profit_factor), "gross profit over gross loss of round trips"),
        ("expectancy", number(m.expectancy), "mean pnl of a round trip, quote asset"),
        ("turnover", f"{number(m.turnover, 1)}×", "notional traded over mean equity, whole run"),
        ("exposure", percent(m.exposure, 1), "share of bars with a position at the close"),
        ("fees", number(m.fees), "quote asset paid"),
        ("slippage", number(m.slippage), "quote asset lost against the price aimed at"),
        ("funding", number(m.funding), "quote asset paid; negative was received"),
        ("probabilistic Sharpe", percent(luck.probabilistic_sharpe_ratio, 1),
         "probability that the true Sharpe ratio is above 0 (Bailey & López de Prado 2012)"),
        ("deflated Sharpe", percent(luck.deflated_sharpe_ratio, 1),
         f"the same against the best of {luck.trials} trial{'s' * (luck.trials != 1)} without "
         "skill (2014)"),
    ]  # fmt: skip
    body = "".join(
        f'<tr><th scope="row">{name}</th><td class="value">{value}</td>'
        f'<td class="wide">{html.escape(text)}</td></tr>'
        for name, value, text in rows
    )
    return f'<table class="statistics"><tbody>{body}</tbody></table>'


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
    rows += result.world.items()
    rows.append(("engine", result.simulation.engine))
    return _facts(rows)


def data(result: "BacktestResult") -> str:
    """Where the prices come from and what the law checked."""
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
    ]
    return _facts(rows)


def percent(value: float, digits: int = 2) -> str:
    """For people; a dash for what is not a number."""
    return _NOTHING if value != value else f"{value * 100:,.{digits}f} %".replace("-", "−")


def number(value: float, digits: int = 2) -> str:
    """For people; a dash for what is not a number."""
    return _NOTHING if value != value else f"{value:,.{digits}f}".replace("-", "−")


def _facts(rows: Iterable[tuple[str, str]]) -> str:
    body = "".join(
        f'<tr><th scope="row">{html.escape(name)}</th>'
        f"<td{_mono(name)}>{html.escape(value)}</td></tr>"
        for name, value in rows
    )
    return f"<table><tbody>{body}</tbody></table>"


def _mono(name: str) -> str:
    return ' class="mono"' if name.endswith("hash") else ""


def _heat(value: float | None) -> str:
    if value is None:
        return "<td></td>"
    strength = min(abs(value) / _FULL_HEAT, 1.0) * 55
    colour = "--gain" if value >= 0 else "--loss"
    paint = f"background:color-mix(in srgb, var({colour}) {strength:.0f}%, transparent)"
    return f'<td style="{paint}">{percent(value, 1)}</td>'


def _sign(value: float) -> str:
    return "gain" if value > 0 else "loss" if value < 0 else ""
