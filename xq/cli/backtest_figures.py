"""The figures of a backtest as text: a curve in one line, numbers in two columns."""

from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xq.backtest.result import BacktestResult

_BLOCKS = "▁▂▃▄▅▆▇█"
_WIDTH = 60
_NAME = 15  # signs of a figure's name
_TWO, _THREE = 66, 102  # signs of a line with so many figures
_ENDLESS = 10_000  # of a file or pipe: looks as on most terminals


def sparkline(values: list[float], width: int = _WIDTH) -> str:
    """A curve in one line of text; each character is the mean of its stretch.

    Examples
    --------
    >>> sparkline([1.0, 2.0, 3.0, 2.0])
    '▁▅█▅'
    >>> sparkline([1.0, 1.0])
    '▁▁'
    """
    count = min(width, len(values))
    edges = [round(k * len(values) / count) for k in range(count + 1)] if count else []
    means = [sum(values[a:b]) / (b - a) for a, b in pairwise(edges) if b > a]
    low, high = min(means, default=0.0), max(means, default=0.0)
    span = (high - low) or 1.0
    return "".join(_BLOCKS[round((value - low) / span * 7)] for value in means)


def cells(result: "BacktestResult") -> list[tuple[str, str]]:
    """Name and text of every figure, the left column first."""
    m = result.metrics
    return [
        ("total return", percent(m.total_return)),
        *_benchmark(result),
        ("annual return", percent(m.annual_return)),
        ("volatility", percent(m.volatility)),
        ("Sharpe", _number(m.sharpe_ratio)),
        ("Sortino", _number(m.sortino_ratio)),
        ("Calmar", _number(m.calmar_ratio)),
        ("max drawdown", percent(m.max_drawdown)),
        ("round trips", f"{m.round_trips:,}"),
        ("win rate", percent(m.win_rate, 1)),
        ("profit factor", _number(m.profit_factor)),
        ("expectancy", _number(m.expectancy)),
        ("exposure", percent(m.exposure, 1)),
        ("turnover", f"{_number(m.turnover, 1)}×"),
        ("fees", _number(m.fees)),
        ("slippage", _number(m.slippage)),
        ("funding", _number(m.funding)),
        ("final equity", _number(m.final_equity)),
    ]


def _benchmark(result: "BacktestResult") -> list[tuple[str, str]]:
    if result.benchmark is None or result.benchmark_return is None:
        return []
    name = "buy and hold" if result.benchmark.name == "hold" else result.benchmark.name
    return [(name if len(name) < _NAME else "benchmark", percent(result.benchmark_return))]


def columns(pairs: list[tuple[str, str]], width: int = _TWO) -> list[str]:
    """Names and right-aligned texts in up to three columns, as many as there is room for.

    Examples
    --------
    >>> for line in columns([("a", "1"), ("b", "2"), ("c", "3")], 70):
    ...     print(line)
      a                           1      c                           3
      b                           2
    """
    count = 3 if _THREE <= width < _ENDLESS else 2 if width >= _TWO else 1
    rows = -(-len(pairs) // count)
    lines = [pairs[row::rows] for row in range(rows)]
    return [
        "  " + (" " * 6).join(f"{name:<{_NAME}}{text:>14}" for name, text in line) for line in lines
    ]


def percent(value: float, digits: int = 2) -> str:
    """A fraction in percent; a dash for what is not a number."""
    return "–" if value != value else f"{value * 100:,.{digits}f} %"


def _number(value: float, digits: int = 2) -> str:
    return "–" if value != value else f"{value:,.{digits}f}"
