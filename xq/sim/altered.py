"""A feed that is another one in all but one market's rules."""

from typing import Any, cast

from xq.sim.feed import Feed
from xq.sim.instruments import SimInstrument


def altered(feed: Feed, market: SimInstrument) -> Feed:
    """The feed with this in place of its own market of that id."""
    return cast(Feed, _Altered(feed, market))


class _Altered:
    def __init__(self, feed: Feed, market: SimInstrument) -> None:
        self._feed = feed
        self._market = market

    def __getattr__(self, name: str) -> Any:
        return getattr(self._feed, name)

    def instrument(self, symbol_id: str) -> SimInstrument:
        """One market by its native id."""
        mine = symbol_id == self._market.id
        return self._market if mine else self._feed.instrument(symbol_id)
