"""Where a venue's prices come from: invented, or recorded, see `xq.sim.market_recorded`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from xq.sim.feed import Feed
from xq.sim.instruments import Face, Market
from xq.sim.market import SimMarket
from xq.sim.market_models import Liquidity


@dataclass(frozen=True, slots=True)
class Prices:
    """Feeds of both faces.

    Attributes
    ----------
    start_ms
        Where a new venue's time begins; None is the venue's own choice.
    end_ms
        Where it ends; None is never.
    """

    market: Market
    feeds: Mapping[Face, Feed]
    start_ms: int | None = None
    end_ms: int | None = None


Source = Callable[[int | None], Prices]  # from a venue time on, None for a new venue without one


def synthetic(seed: int, liquidity: Liquidity | None = None) -> Source:
    """The venue's own markets."""
    feeds: Mapping[Face, Feed] = {face: SimMarket(face, seed, liquidity) for face in Face}
    return lambda _start_ms: Prices(Market.SYNTHETIC, feeds)
