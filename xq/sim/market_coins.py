"""Six hundred coins of our own invention beside the main ones: names, prices, steps by a rule.

Their names are two syllables put together, none is meant to be any coin's; their prices are spread
evenly over seven powers of ten, their turnover falls with their rank. Nothing of it is drawn, so
that every seed has the same list. They trade less often than the main ones.
"""

import math
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from itertools import product

MARKETS = 650  # of each face, the main ones included
TRADES_A_DAY = 1_536  # at least one in each minute

_FIRST = (
    "BA", "CE", "DO", "FY", "GU", "HA", "JE", "KO", "LI", "MU", "NA", "PE", "QI", "RO", "SU", "TA",
    "VE", "WO", "XA", "YU", "ZI", "BRO", "CLE", "DRI", "FLU",
)  # fmt: skip
_SECOND = (
    "BIX", "CAN", "DEX", "FOR", "GEL", "HUN", "JAX", "KET", "LOM", "MIR", "NOV", "PYL", "QUO",
    "RAK", "SED", "TUN", "VOX", "WEN", "XIL", "YAR", "ZED", "LUX", "MON", "TIK", "PAR", "NEX",
)  # fmt: skip
_GOLDEN = (math.sqrt(5) - 1) / 2  # multiples of it fill an interval evenly
_CHEAPEST, _DEAREST = -4.7, 2.4  # powers of ten
_SPOT_STEPS, _MOST_PLACES = 4, 8


@dataclass(frozen=True, slots=True)
class Coin:
    """One invented coin: its character as of `xq.sim.instruments.Profile`, its tick and lot."""

    base: str
    price: float
    turnover: float
    beta: float
    volatility: float
    tick: Decimal
    lot: Decimal


@cache
def coins(count: int) -> tuple[Coin, ...]:
    """The first so many of them, by turnover.

    Examples
    --------
    >>> first = coins(3)[0]
    >>> first.base, round(first.price, 4), first.tick, first.lot
    ('BABIX', 0.4882, Decimal('0.00001'), Decimal('1'))
    """
    names = ("".join(pair) for pair in product(_FIRST, _SECOND))
    return tuple(_coin(base, rank) for rank, base in zip(range(count), names, strict=False))


def _coin(base: str, rank: int) -> Coin:
    share, other = ((rank + 1) * step % 1 for step in (_GOLDEN, _GOLDEN**2))
    power = _CHEAPEST + (_DEAREST - _CHEAPEST) * share
    places = math.floor(power) - _SPOT_STEPS
    lots = -math.floor(power) - 1
    return Coin(
        base=base,
        price=10**power,
        turnover=3e7 / (1 + rank / 25),
        beta=0.6 + 0.7 * other,
        volatility=0.022 + 0.026 * share,
        tick=Decimal(1).scaleb(max(places, -_MOST_PLACES)),
        lot=Decimal(1).scaleb(min(lots, 0)),
    )
