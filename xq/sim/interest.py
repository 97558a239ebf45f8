"""Open interest of perpetuals: how many contracts are held, invented like their price.

Its value in quote asset wanders around a share of the market's daily turnover; contracts are that
value over a price of the last day, so that a price that jumps leaves positions as they are.
"""

import math

import numpy as np

from xq.sim.instruments import SimInstrument
from xq.sim.spine import FIRST_DAY, Spine, generator
from xq.timeframe import DAY_MS, HOUR_MS, MINUTE_MS

STEP_MS = 5 * MINUTE_MS

_KNOT_MS = 8 * HOUR_MS
_CHUNK = 512  # knots drawn together
_MEMORY = 150  # earlier knots that still matter; the weight of the next is below 0.1 %
_DECAY = 0.955
_SPREAD = 0.15  # standard deviation of the log of open interest
_NOISE = 8e-4  # of one five-minute reading
_TURNOVERS = 1.6  # open interest in days of spot turnover
_WEIGHTS = _DECAY ** np.arange(_MEMORY) * math.sqrt(1 - _DECAY**2) * _SPREAD


def open_contracts(spine: Spine, seed: int, item: SimInstrument, ts_ms: int) -> int:
    """Contracts held at a moment, in units of the lot's last decimal place, whole lots.

    The same within each five minutes.
    """
    slot_ms = ts_ms // STEP_MS * STEP_MS
    knot, rest = divmod(slot_ms, _KNOT_MS)
    before, after = _knots(seed, item.base, knot)
    swing = before + (after - before) * rest / _KNOT_MS
    day, inside = divmod(slot_ms, DAY_MS)
    noise = generator(seed, f"interest noise {item.base}", day).standard_normal(DAY_MS // STEP_MS)
    level = swing + _NOISE * float(noise[inside // STEP_MS])
    value = item.profile.turnover * _TURNOVERS * math.exp(level)
    contracts = value / math.exp(_price(spine, item.base, day, inside / DAY_MS))
    lots: int = round(contracts * 10**item.quantity_digits / item.lot_units)
    return max(lots, 1) * int(item.lot_units)


def _price(spine: Spine, base: str, day: int, share: float) -> float:
    """Log price, a day late and without jumps: nothing of the coming day shows in it."""
    earlier = spine.level(base, max(day - 1, FIRST_DAY))
    return earlier + (spine.level(base, day) - earlier) * share


def _knots(seed: int, base: str, knot: int) -> tuple[float, float]:
    """Swing one knot ago and at the newest knot, so that the line between them is all past."""
    first, last = knot - _MEMORY, knot
    chunks = range(first // _CHUNK, last // _CHUNK + 1)
    name = f"interest {base}"
    drawn = [generator(seed, name, chunk).standard_normal(_CHUNK) for chunk in chunks]
    start = first - chunks[0] * _CHUNK
    shocks = np.concatenate(drawn)[start : start + _MEMORY + 1][::-1]
    return float(shocks[1:] @ _WEIGHTS), float(shocks[:-1] @ _WEIGHTS)
