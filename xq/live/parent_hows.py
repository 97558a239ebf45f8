"""Ways of working a parent that depend on the market: shares of a schedule, sizes of children."""

from dataclasses import dataclass
from decimal import Decimal

from xq.bars import Bars
from xq.errors import NoData
from xq.execution.algos.plan import How, Pov, Scheduled
from xq.execution.algos.sizes import ceil_lot
from xq.execution.almgren_chriss import impact_of, trajectory
from xq.execution.slippage_prediction import Market, lately, middle
from xq.execution.volume_profile import volume_profile
from xq.live.desk import Desk
from xq.live.manner import Manner
from xq.portfolio.slippage_evidence import from_bars
from xq.timeframe import DAY_MS, Timeframe
from xq.types import Book, Instrument, Symbol

_DAYS = 7
_FRAMES = tuple(map(Timeframe.parse, ("15m", "1h")))
_FIELDS = ("open", "high", "low", "close", "volume")
_CHILDREN = 20


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be worked, and when."""

    instrument: Instrument
    quantity: Decimal
    start_ms: int
    end_ms: int


def how_of(manner: Manner, job: Job, book: Book, desk: Desk) -> How:
    """The way in which a job is worked.

    Raises
    ------
    NoData
        If the venue tells too little of the symbol's past.
    UsageError
        If the numbers contradict themselves.
    """
    if manner.kind == "pov":
        lot = job.instrument.lot
        clip = manner.clip or ceil_lot(job.quantity / _CHILDREN, lot)
        return Pov(Decimal(str(manner.rate)), clip, manner.size_jitter)
    drawn = manner.size_jitter, manner.time_jitter, manner.passive
    if manner.kind == "vwap":
        bars = past(job.instrument.symbol, job.start_ms, desk)
        weights = volume_profile(bars, job.start_ms, job.end_ms, manner.slices)
        return Scheduled(weights, "vwap", *drawn)
    if manner.kind == "almgren_chriss":
        return Scheduled(_least_cost(manner, job, book, desk), "almgren_chriss", *drawn)
    return Scheduled((1.0,) * manner.slices, "twap", *drawn)


def _least_cost(manner: Manner, job: Job, book: Book, desk: Desk) -> tuple[float, ...]:
    """Quantities of the trajectory, the market's impact by the paper's rule of thumb."""
    market = market_lately(job.instrument.symbol, job.start_ms, desk)
    price = middle(book)
    spread = float((book.asks[0][0] - book.bids[0][0]) / price)
    impact = impact_of(float(price), spread, market.volatility, market.volume)
    days = (job.end_ms - job.start_ms) / DAY_MS
    found = trajectory(float(job.quantity), days, manner.slices, impact, manner.risk_aversion)
    return found.trades


def market_lately(symbol: Symbol, now_ms: int, desk: Desk) -> Market:
    """Spread, volatility and volume of the last day, by the venue's bars."""
    return lately(from_bars(past(symbol, now_ms, desk)))


def past(symbol: Symbol, now_ms: int, desk: Desk) -> Bars:
    """Closed bars of the last week as the venue tells them: quarter hours, or hours.

    Raises
    ------
    NoData
        If it tells less than a day of either.
    """
    for frame in _FRAMES:
        count = _DAYS * DAY_MS // frame.ms
        last_ms = frame.last_closed(now_ms)
        rows = desk.market.bars(symbol, frame, frame.shift(last_ms, 1 - count), count)
        rows = rows[rows[:, 0] <= last_ms]
        if len(rows) * frame.ms >= DAY_MS:
            columns = dict(zip(_FIELDS, rows.T[1:, :, None], strict=True))
            return Bars.of(frame, [str(symbol)], rows[:, 0], **columns)
    raise NoData(f"{desk.market.name} tells less than a day of {symbol}'s past")
