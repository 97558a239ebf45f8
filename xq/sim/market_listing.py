"""Trading rules of recorded markets: as the lake knows them, else as numbers suggest them."""

import math
from decimal import Decimal

import numpy as np

from xq.lake import arrays
from xq.lake.books import snapshots
from xq.lake.layout import Dataset
from xq.lake.ranges import Range
from xq.sim.instruments import PROFILES, Face, Profile, SimInstrument, instruments
from xq.sim.market_lake import Recordings
from xq.sim.market_series import Grid
from xq.timeframe import DAY_MS, Timeframe
from xq.types import Instrument, Symbol

QUOTE = "USDT"  # what accounts hold; nothing else can be bought with it

_SAMPLE = 2_000  # bars that tell how many decimal places numbers have
_MOST_DIGITS = 8
_LARGEST = 4e17  # of a day's turnover in units; int64 ends at 9e18
_MAKER = {Face.SPOT: Decimal("0.001"), Face.FUTURES: Decimal("0.0002")}
_TAKER = {Face.SPOT: Decimal("0.001"), Face.FUTURES: Decimal("0.0005")}


def listed(recordings: Recordings, face: Face, kinds: tuple[str, ...]) -> list[str]:
    """The recorded symbols that trade on a face, in order; those quoted in USDT."""
    found = [Symbol.parse(name) for name in recordings.symbols(*kinds)]
    contract = face is Face.FUTURES
    return [str(s) for s in found if s.is_contract is contract and s.quote == QUOTE]


def market(recordings: Recordings, face: Face, name: str, start_ms: int) -> SimInstrument:
    """One recorded market with its rules as of ``start_ms``; the feed knows since when."""
    symbol = Symbol.parse(name)
    sample = _sample(recordings, name, start_ms)
    rules = _known(recordings, name, symbol, start_ms) or _ours(face, symbol)
    if rules is None:
        rules = _suggested(face, symbol, sample)
    return SimInstrument(
        id=symbol.base + symbol.quote,
        instrument=rules,
        base=symbol.base,
        quote=symbol.quote,
        contract=face is Face.FUTURES,
        listed_ms=start_ms,
        synthetic_from_ms=0,
        profile=_character(recordings, name, symbol.base, start_ms),
    )


def grid(recordings: Recordings, item: SimInstrument, start_ms: int) -> Grid:
    """Units in which a market's recorded numbers are whole, as far as a sample tells."""
    sample = _sample(recordings, str(item.instrument.symbol), start_ms)
    price = max(item.price_digits, digits(sample[:, 1]))
    quantity = max(item.quantity_digits, digits(sample[:, 2]))
    bars_a_day = DAY_MS / _step(sample)
    largest = float((sample[:, 1] * sample[:, 2]).max(initial=1.0)) * bars_a_day
    room = int(math.log10(_LARGEST / max(largest, 1.0)))
    quantity = min(quantity, max(room - price, 0))
    tick = item.instrument.tick.scaleb(price)
    whole = tick == int(tick) and digits(sample[:, 1]) <= item.price_digits
    return Grid(price, quantity, int(tick) if whole else 1)


def digits(values: np.ndarray) -> int:
    """Decimal places of numbers, at most eight.

    Examples
    --------
    >>> digits(np.array([1.5, 2.25])), digits(np.array([1 / 3])), digits(np.array([100.0]))
    (2, 8, 0)
    """
    for places in range(_MOST_DIGITS):
        scale = 10.0**places
        if np.array_equal(np.rint(values * scale) / scale, values):
            return places
    return _MOST_DIGITS


def _sample(recordings: Recordings, name: str, start_ms: int) -> np.ndarray:
    """Some recorded times, prices and quantities, the first at or after a time; (n, 3)."""

    def read() -> np.ndarray:
        for bar, span in recordings.spans.get(("ohlcv", name), {}).items():
            if bar is not None:
                return _of_bars(recordings, name, bar, span, start_ms)
        traded = recordings.span("trades", name)
        if traded is None:
            return _of_snapshot(recordings, name)
        first = max(min(start_ms, traded.end_ms - 1), traded.start_ms) // DAY_MS * DAY_MS
        found = recordings.trades(name, first, first + DAY_MS)
        rows = np.column_stack((found.ts.astype(float), found.price, found.quantity))
        return rows[:_SAMPLE]

    return recordings.kept.get(("sample", name, start_ms), read, len)


def _of_bars(
    recordings: Recordings, name: str, bar: Timeframe, span: Range, start_ms: int
) -> np.ndarray:
    first = max(min(start_ms, span.end_ms - _SAMPLE * bar.ms), span.start_ms)
    bars = recordings.bars("ohlcv", name, bar, first, first + _SAMPLE * bar.ms)
    columns = [np.column_stack((bars[:, 0], bars[:, at], bars[:, 5])) for at in (1, 2, 3, 4)]
    return np.concatenate(columns)


def _of_snapshot(recordings: Recordings, name: str) -> np.ndarray:
    """Of a market of which only the book was recorded."""
    rows = recordings.lake.stored(Dataset("book_snapshot", recordings.exchange, name)).slice(0, 1)
    for snapshot in snapshots(rows):
        levels = [(float(price), float(size)) for price, size in snapshot.bids + snapshot.asks]
        numbers = np.array(levels).reshape(-1, 2)
        return np.column_stack((np.full(len(numbers), float(snapshot.ts)), numbers))
    return np.empty((0, 3))


def _step(sample: np.ndarray) -> float:
    """Typical distance of what was sampled, ms."""
    times = np.unique(sample[:, 0])
    return float(np.median(np.diff(times))) if len(times) > 1 else float(DAY_MS)


def _character(recordings: Recordings, name: str, base: str, start_ms: int) -> Profile:
    """What invented books are sized by: turnover and volatility of the bars before a time.

    Without any, those of the venue's own coin of that name, or of a middling one.
    """
    for bar, span in recordings.spans.get(("ohlcv", name), {}).items():
        if bar is None or span.start_ms + 2 * bar.ms >= start_ms:
            continue
        past = recordings.bars("ohlcv", name, bar, start_ms - _SAMPLE * bar.ms, start_ms)
        past = past[past[:, 0] + bar.ms <= start_ms]
        if len(past) > 1:
            bars_a_day = DAY_MS / bar.ms
            turnover = max(float((past[:, 4] * past[:, 5]).mean()) * bars_a_day, 1.0)
            moves = np.diff(np.log(past[:, 4]))
            daily = float(moves.std()) * math.sqrt(bars_a_day)
            return Profile(base, float(past[-1, 4]), turnover, 0.0, daily)
    return PROFILES.get(base, Profile(base, 1.0, 1e7, 0.0, 0.03))


def _known(recordings: Recordings, name: str, symbol: Symbol, start_ms: int) -> Instrument | None:
    """The newest rules known at a time, else the oldest that were written down."""
    rows = recordings.lake.stored(Dataset("instruments", recordings.exchange, name))
    if not rows.num_rows:
        return None
    at = max(int(np.searchsorted(arrays.times(rows["ts"]), start_ms, side="right")) - 1, 0)

    def exact(column: str) -> Decimal:
        return Decimal(repr(rows[column][at].as_py()))

    steps = exact("tick"), exact("lot"), exact("min_quantity"), exact("min_notional")
    return Instrument(symbol, *steps, exact("maker"), exact("taker"))


def _ours(face: Face, symbol: Symbol) -> Instrument | None:
    """The rules of the venue's own market of that name."""
    native = symbol.base + symbol.quote
    for item in instruments(face):
        if item.id == native:
            rules = item.instrument
            steps = (rules.tick, rules.lot, rules.min_quantity, rules.min_notional)
            return Instrument(symbol, *steps, rules.maker, rules.taker)
    return None


def _suggested(face: Face, symbol: Symbol, sample: np.ndarray) -> Instrument:
    tick = Decimal(1).scaleb(-digits(sample[:, 1]))
    lot = Decimal(1).scaleb(-digits(sample[:, 2]))
    return Instrument(symbol, tick, lot, lot, Decimal(5), _MAKER[face], _TAKER[face])
