"""How a backtest looks on a terminal."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from xq.cli.backtest_figures import cells, columns, percent, sparkline
from xq.cli.backtest_symbols import by_symbol, heading
from xq.cli.fold import fold, terminal_width
from xq.cli.shell import Shell
from xq.clock import iso

if TYPE_CHECKING:
    from xq.backtest.result import BacktestResult

_UNCUT = 10_000
_CURVE, _WIDE_CURVE = 60, 98
_WIDE = 102
_TOLD = ("exits", "liquidation", "brackets")  # parts of the world that a reader must know


def view(shell: Shell, result: "BacktestResult", *, saved: bool, report: Path | None) -> None:
    """Answer with a table for eyes, or with the JSON object."""
    if not shell.as_table:
        shell.record(result.summary())
        for note in result.notes:
            shell.note(f"note: {note}")
    else:
        shell.text(render(result, terminal_width()))
        hints = [] if saved else ["--save keeps this run (xq runs list)"]
        if report is None:
            hints.append("--report FILE.html draws it")
        if hints:
            shell.note("  " + " · ".join(hints))
    for line in result.printed.splitlines():
        shell.note(f"{result.strategy} printed: {line}")
    if saved:
        shell.note(f"saved as {result.run_id}: xq runs show {result.run_id[:8]}")
    if report is not None:
        shell.note(f"report: {report}")


def render(result: "BacktestResult", width: int = _UNCUT) -> str:
    """The whole answer as text, for a terminal of that many columns."""
    from xq.cli.table import visible

    params = " ".join(f"{name}={_plain(value)}" for name, value in result.params.items())
    luck = result.overfit
    curve = _WIDE_CURVE if _WIDE <= width < _UNCUT else _CURVE
    lines = [
        f"{result.strategy} on {heading(result.bars.symbols)} {result.bars.timeframe}  ({params})",
        f"{_minute(result.start_ms)} to {_minute(result.end_ms)}, {len(result.bars):,} bars, "
        f"{result.data.label}",
        "",
        f"  {sparkline(result.simulation.growth.tolist(), max(1, min(curve, width - 2)))}",
        "",
        *columns(cells(result), width),
        *by_symbol(result, width),
        "",
        f"  costs: fee {percent(result.costs.fee, 3)} and slippage "
        f"{_slippage(result)} on each of {len(result.simulation.fills):,} fills",
        *(f"  {name}: {result.world[name]}" for name in _TOLD if name in result.world),
        *_benchmark(result),
        f"  law: {result.law.checked_rows} rows asked again with only their past; "
        f"lookback {result.law.lookback} bars",
        f"  luck: deflated Sharpe {percent(luck.deflated_sharpe_ratio_2026, 1)}, the chance that "
        f"it is not luck; {luck.trials} trial{'s' * (luck.trials != 1)}",
        f"  verdict: {result.verdict.sentence}",
        *(f"  note: {note}" for note in result.notes),
    ]
    return fold(visible("\n".join(lines)), width)


def _benchmark(result: "BacktestResult") -> list[str]:
    if result.benchmark is None or result.benchmark.name == "hold":
        return []
    return [f"  benchmark: holding {result.benchmark.name}, with the same cash and costs"]


def _slippage(result: "BacktestResult") -> str:
    told = result.world.get("slippage", "fixed")
    return percent(result.costs.slippage, 3) if told.startswith("fixed") else f"({told})"


def _minute(ts_ms: int) -> str:
    return iso(ts_ms)[:16].replace("T", " ")


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
