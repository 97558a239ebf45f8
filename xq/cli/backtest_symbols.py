"""The symbols of a backtest on a terminal: named in the heading, and what each earned."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xq.backtest.result import BacktestResult

_NAMED = 6
_LISTED = 10


def heading(symbols: Sequence[str]) -> str:
    """The first symbols by name, the others by number.

    Examples
    --------
    >>> heading(["BTC/USDT", "ETH/USDT"])
    'BTC/USDT ETH/USDT'
    >>> heading([f"S{k}/USDT" for k in range(9)])
    'S0/USDT S1/USDT S2/USDT S3/USDT S4/USDT S5/USDT and 3 more'
    """
    rest = len(symbols) - _NAMED
    return " ".join(symbols[:_NAMED]) + (f" and {rest} more" if rest > 0 else "")


def by_symbol(result: "BacktestResult", width: int) -> list[str]:
    """One line per symbol, the best first; of many the ends, and how many lie between."""
    if len(result.bars.symbols) < 2:
        return []
    from xq.backtest.report_trips import by_symbol as rows_of

    rows = [
        (name, f"{count:,}", _percent(wins), f"{pnl:z,.2f}")
        for name, count, wins, pnl, _ in rows_of(result)
    ]
    shown = rows if len(rows) <= _LISTED else [*rows[: _LISTED // 2], *rows[-_LISTED // 2 :]]
    table = [("symbol", "round trips", "win rate", "pnl"), *shown]
    sizes = [max(len(row[k]) for row in table) for k in range(4)]
    if 2 + sum(sizes) + 6 > width:  # a name too long for its line: the figures go below it
        lines = [
            f"  {name}\n    {trips} round trips, {wins}, {pnl}" for name, trips, wins, pnl in shown
        ]
    else:
        lines = [
            f"  {row[0]:<{sizes[0]}}" + "".join(f"  {row[k]:>{sizes[k]}}" for k in (1, 2, 3))
            for row in table
        ]
    between = len(rows) - len(shown)
    if between:
        at = len(lines) - _LISTED // 2
        lines.insert(at, f"  … {between} more between, all in --report")
    return ["", *lines]


def _percent(value: float) -> str:
    return "–" if value != value else f"{value * 100:.1f} %"
