"""The simulated venue under a short list of markets: cheap to load, again and again."""

from collections.abc import Sequence

from xq.sim.instruments import Face, Market, SimInstrument
from xq.sim.market import SimMarket
from xq.sim.market_open import Prices, Source

_MOST = 4


class _Few(SimMarket):
    """The first markets of a face."""

    def symbols(self) -> Sequence[SimInstrument]:
        """BTC, ETH and the next ones."""
        return super().symbols()[:_MOST]


def few_markets(seed: int) -> Source:
    """Both faces; what was computed once is known to every venue that opens them."""
    prices = Prices(Market.SYNTHETIC, {face: _Few(face, seed) for face in Face})
    return lambda _start_ms: prices
