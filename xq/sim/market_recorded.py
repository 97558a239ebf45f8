"""A venue at prices that a lake has recorded."""

from xq.clock import iso
from xq.errors import NoData
from xq.lake.reader import Lake
from xq.sim.instruments import Face, Market
from xq.sim.market_lake import Recordings, recordings
from xq.sim.market_models import Liquidity
from xq.sim.market_open import Prices, Source
from xq.sim.market_replay import KINDS, ReplayFeed


def replayed(
    lake: Lake, exchange: str | None, seed: int, liquidity: Liquidity | None = None
) -> Source:
    """Bars and trades of a lake.

    Raises
    ------
    NoData
        If there are none, or, from the result, none from the wanted time on.
    UsageError, UnknownName
        As `recordings`.
    """
    found = recordings(lake, exchange, KINDS)

    def make(start_ms: int | None) -> Prices:
        first, last = _reach(found)
        begin = first if start_ms is None else start_ms
        if not first <= begin < last:
            raise NoData(
                f"nothing is recorded at {iso(begin)}: {found.exchange}'s prices reach from "
                f"{iso(first)} to {iso(last)}",
                where=str(lake.root),
                hint=f"--from {iso(first)}",
            )
        feeds = {face: ReplayFeed(face, found, seed, begin, liquidity) for face in Face}
        return Prices(Market.REPLAY, feeds, begin, last)

    return make


def _reach(found: Recordings) -> tuple[int, int]:
    """When anything was recorded."""
    spans = [found.span(kind, name) for kind in KINDS for name in found.symbols(kind)]
    known = [span for span in spans if span is not None]
    return min(span.start_ms for span in known), max(span.end_ms for span in known)
