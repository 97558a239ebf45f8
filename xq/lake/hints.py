"""Errors of the lake with the command that repairs them."""

from collections.abc import Sequence

from xq.clock import iso
from xq.errors import DataGap, NoData
from xq.lake.layout import Dataset
from xq.lake.ranges import Range, subtract
from xq.timeframe import DAY_MS, Timeframe

_COMPLETE = ("binance", "binanceusdm", "sim")  # have bars of every length xq knows
_COMMON = ("1d", "1h", "30m", "15m", "5m", "1m")  # what every exchange has, longest first
_OF_CONTRACTS = ("funding", "mark", "index", "open_interest")


def collect_command(
    dataset: Dataset, start_ms: int | None = None, end_ms: int | None = None
) -> str:
    """The ``xq collect`` line that brings a range of bars into the lake.

    It names exchange and timeframe: the workspace it is pasted into may default to others.

    Examples
    --------
    >>> collect_command(Dataset("ohlcv", "binance", "BTC/USDT", "1h"))
    'xq collect --symbol BTC/USDT --timeframe 1h --exchange binance --days 30'
    >>> collect_command(Dataset("ohlcv", "sim", "BTC/USDT", "1h"))
    'xq collect --symbol BTC/USDT --timeframe 1h --exchange sim --days 30'
    >>> collect_command(Dataset("ohlcv", "coinbase", "BTC/USD", "4h"))
    'xq collect --symbol BTC/USD --timeframe 1h --exchange coinbase --days 30'
    """
    words = ["xq collect", f"--symbol {dataset.symbol}"]
    if dataset.kind != "ohlcv":
        words.append(f"--kind {dataset.kind}")
    timeframe = _offered(dataset)
    if timeframe is not None:
        words.append(f"--timeframe {timeframe}")
    words.append(f"--exchange {dataset.exchange}")
    if start_ms is None:
        words.append("--days 30")
    else:
        words.append(f"--since {short(start_ms)}")
    if end_ms is not None:
        words.append(f"--until {short(end_ms)}")
    return " ".join(words)


def _offered(dataset: Dataset) -> str | None:
    """The bar length to collect: the dataset's own, or one it can be made of that a venue has."""
    bar = dataset.bar
    if bar is None or dataset.exchange in _COMPLETE or bar.name in _COMMON:
        return dataset.timeframe
    made_of = (name for name in _COMMON if Timeframe.parse(name).divides(bar))
    return next(made_of, dataset.timeframe)


def short(ts_ms: int) -> str:
    """A time as people type it: the date alone at midnight."""
    text = iso(ts_ms)
    return text[:10] if ts_ms % DAY_MS == 0 else text


def nothing_stored(
    dataset: Dataset,
    start_ms: int | None,
    end_ms: int | None,
    stored_timeframes: Sequence[str],
    made_of: Dataset | None = None,
    stored_end_ms: int | None = None,
) -> NoData:
    """The error when a symbol has no bar in the range.

    Parameters
    ----------
    stored_end_ms
        Where its stored bars end; a range after that is reached by collecting from there.
    made_of
        The stored bars that such bars are made of; the hint brings more of those.
    """
    span = ""
    if start_ms is not None and end_ms is not None:
        span = f" from {short(start_ms)} to {short(end_ms)}"
    elif start_ms is not None:
        span = f" from {short(start_ms)} on"
    elif end_ms is not None:
        span = f" before {short(end_ms)}"
    if dataset.bar is None or dataset.kind == "open_interest":
        message = f"no {dataset.kind} of {dataset.symbol} stored{span}"
        return NoData(message, where=str(dataset), hint=_brings(dataset, start_ms, end_ms))
    message = f"no {dataset.timeframe} bars of {dataset.symbol} stored{span}"
    others = [name for name in stored_timeframes if name != dataset.timeframe]
    if others and dataset.timeframe not in stored_timeframes:
        message += f"; there are {' '.join(others)} bars"
    if stored_end_ms is not None and start_ms is not None and start_ms >= stored_end_ms:
        message += f"; they end at {short(stored_end_ms)}"
        start_ms, end_ms = stored_end_ms, None
    hint = collect_command(made_of or dataset, start_ms, end_ms)
    return NoData(message, where=str(dataset), hint=hint)


def _brings(dataset: Dataset, start_ms: int | None, end_ms: int | None) -> str:
    base, _, quote = str(dataset.symbol).partition("/")
    if dataset.kind in _OF_CONTRACTS and ":" not in quote:
        return f"spot has no {dataset.kind}: --symbol {base}/{quote}:{quote}"
    if dataset.kind == "book_diff":
        return "xq data import --kind book_diff RECORDING"
    if dataset.kind in ("book_snapshot", "instruments"):
        return collect_command(dataset).removesuffix(" --days 30")
    return collect_command(dataset, start_ms, end_ms)


def bars_missing(
    dataset: Dataset,
    within: Range,
    found: Sequence[Range],
    venue_has_none: Sequence[Range],
    made_of: Dataset | None = None,
) -> DataGap:
    """The error when bars are missing inside the range.

    The hint asks the venue for what was never asked, or, where the venue is known to have
    nothing, names the choice that is left. Of bars made of shorter ones it asks for the shorter.
    """
    bar = Timeframe.parse(dataset.timeframe or "")
    unknown = subtract(found, venue_has_none)
    missing = sum(item.bars(bar) for item in found)
    message = f"{missing} of {within.bars(bar)} bars missing, first {found[0]}"
    if len(found) > 1:
        message += f", in {len(found)} gaps"
    if made_of is not None:
        message += f"; made of stored {made_of.timeframe} bars, whole ones only"
    if unknown:
        hint = collect_command(made_of or dataset, unknown[0].start_ms, unknown[-1].end_ms)
    else:
        message += "; the venue itself has none there"
        hint = "xq config explain backtest.gaps"
    return DataGap(message, where=str(dataset), hint=hint)
