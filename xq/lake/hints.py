"""Errors of the lake with the command that repairs them."""

from collections.abc import Sequence

from xq.clock import iso
from xq.errors import DataGap, NoData
from xq.lake.layout import Dataset
from xq.lake.ranges import Range, subtract
from xq.timeframe import DAY_MS, Timeframe

_DEFAULT_EXCHANGE = "binance"
_DEFAULT_TIMEFRAME = "1h"
# Series of a venue's past, which it or its archive can be asked for again.
REPAIRABLE = ("ohlcv", "mark", "index", "open_interest", "trades", "funding")


def collect_command(
    dataset: Dataset, start_ms: int | None = None, end_ms: int | None = None
) -> str:
    """The ``xq collect`` line that brings a range of bars into the lake.

    Examples
    --------
    >>> collect_command(Dataset("ohlcv", "binance", "BTC/USDT", "1h"))
    'xq collect --symbol BTC/USDT --days 30'
    >>> collect_command(Dataset("ohlcv", "sim", "BTC/USDT", "1h"), 0, 86_400_000)
    'xq collect --symbol BTC/USDT --exchange sim --since 1970-01-01 --until 1970-01-02'
    """
    words = ["xq collect", f"--symbol {dataset.symbol}"]
    if dataset.timeframe != _DEFAULT_TIMEFRAME:
        words.append(f"--timeframe {dataset.timeframe}")
    if dataset.exchange != _DEFAULT_EXCHANGE:
        words.append(f"--exchange {dataset.exchange}")
    if start_ms is None:
        words.append("--days 30")
    else:
        words.append(f"--since {short(start_ms)}")
    if end_ms is not None:
        words.append(f"--until {short(end_ms)}")
    return " ".join(words)


def repair_command(dataset: Dataset) -> str | None:
    """The ``xq data repair`` line for a dataset; None for one that no venue can bring back.

    Examples
    --------
    >>> repair_command(Dataset("funding", "sim", "BTC/USDT:USDT"))
    'xq data repair --kind funding --symbol BTC/USDT:USDT --exchange sim'
    >>> repair_command(Dataset("equity", run_id="a1"))
    """
    if dataset.kind not in REPAIRABLE:
        return None
    words = ["xq data repair"]
    if dataset.kind != "ohlcv":
        words.append(f"--kind {dataset.kind}")
    words.append(f"--symbol {dataset.symbol}")
    if dataset.timeframe:
        words.append(f"--timeframe {dataset.timeframe}")
    return " ".join([*words, f"--exchange {dataset.exchange}"])


def short(ts_ms: int) -> str:
    """A time as people type it: the date alone at midnight."""
    text = iso(ts_ms)
    return text[:10] if ts_ms % DAY_MS == 0 else text


def nothing_stored(
    dataset: Dataset,
    start_ms: int | None,
    end_ms: int | None,
    stored_timeframes: Sequence[str],
) -> NoData:
    """The error when a symbol has no bar in the range."""
    span = ""
    if start_ms is not None and end_ms is not None:
        span = f" from {short(start_ms)} to {short(end_ms)}"
    elif start_ms is not None:
        span = f" from {short(start_ms)} on"
    elif end_ms is not None:
        span = f" before {short(end_ms)}"
    message = f"no {dataset.timeframe} bars of {dataset.symbol} stored{span}"
    others = [name for name in stored_timeframes if name != dataset.timeframe]
    if others and dataset.timeframe not in stored_timeframes:
        message += f"; there are {' '.join(others)} bars"
    return NoData(message, where=str(dataset), hint=collect_command(dataset, start_ms, end_ms))


def bars_missing(
    dataset: Dataset, within: Range, found: Sequence[Range], venue_has_none: Sequence[Range]
) -> DataGap:
    """The error when bars are missing inside the range.

    The hint asks the venue for what was never asked, or, where the venue is known to have
    nothing, names the choice that is left.
    """
    bar = Timeframe.parse(dataset.timeframe or "")
    unknown = subtract(found, venue_has_none)
    missing = sum(item.bars(bar) for item in found)
    message = f"{missing} of {within.bars(bar)} bars missing, first {found[0]}"
    if len(found) > 1:
        message += f", in {len(found)} gaps"
    if unknown:
        hint = collect_command(dataset, unknown[0].start_ms, unknown[-1].end_ms)
    else:
        message += "; the venue itself has none there"
        hint = "xq config explain backtest.gaps"
    return DataGap(message, where=str(dataset), hint=hint)
