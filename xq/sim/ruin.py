"""When an account's margin is nearly used up, and when it no longer suffices.

What is looked at is a pool: an account's cross positions with its cross wallet, or one isolated
position with its own. Mark prices are looked at on full minutes; stretches that their range proves
harmless are skipped whole.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from xq.sim.brackets import maintenance
from xq.sim.exact import ZERO
from xq.sim.feed import Feed, Paced
from xq.sim.instruments import Face
from xq.sim.margin import ASSET
from xq.sim.records import Account, SimPosition
from xq.sim.state import PoolKey, State
from xq.timeframe import MINUTE_MS

CALL_AT = Decimal("0.8")  # share of equity that maintenance may reach before a margin call
WHOLE = Decimal(1)  # and before liquidation


@dataclass(frozen=True, slots=True)
class Pool:
    """Positions that stand and fall together."""

    key: PoolKey
    wallet: Decimal
    positions: tuple[SimPosition, ...]

    def standing(self, mark: Callable[[str], Decimal]) -> tuple[Decimal, Decimal]:
        """Equity and maintenance margin at mark prices."""
        equity, needed = self.wallet, ZERO
        for position in self.positions:
            notional = position.quantity * mark(position.symbol)
            equity += notional - position.cost
            needed += maintenance(position.symbol, notional)
        return equity, needed

    def fails(self, feed: Feed, ts: int, factor: Decimal) -> bool:
        """Whether maintenance has reached a share of equity at a moment."""
        equity, needed = self.standing(lambda symbol: feed.mark_price(symbol, ts))
        return equity * factor <= needed

    def is_safe(self, feed: Feed, start_ms: int, end_ms: int, factor: Decimal) -> bool:
        """Whether the range of the mark prices proves that it cannot have come to that."""
        equity, needed = self.wallet, ZERO
        for position in self.positions:
            low, high = feed.mark_range(position.symbol, start_ms, end_ms)
            worst = low if position.quantity > 0 else high
            equity += position.quantity * worst - position.cost
            needed += maintenance(position.symbol, position.quantity * high)
        return equity * factor > needed


def pools(state: State) -> list[Pool]:
    """Every pool with a position, by owner, cross first."""
    found = []
    for owner in sorted({key[0] for key in state.positions}):
        held = state.positions_of(owner)
        cross = tuple(item for item in held if not item.isolated)
        if cross:
            wallet = state.balance(owner, Face.FUTURES, Account.FREE, ASSET)
            found.append(Pool((owner, "", ""), wallet, cross))
        found += [
            Pool((owner, item.symbol, item.side.value), item.margin, (item,))
            for item in held
            if item.isolated
        ]
    return found


def pool_of(state: State, key: PoolKey) -> Pool | None:
    """One pool as it is now; None if nothing is left of it."""
    return next((pool for pool in pools(state) if pool.key == key), None)


def first_failure(pool: Pool, feed: Feed, span: tuple[int, int], factor: Decimal) -> int | None:
    """The first full minute (or step of the feed) in (span[0], span[1]] at which a pool fails."""
    step = feed.mark_step_ms if isinstance(feed, Paced) else MINUTE_MS
    first, last = (ts // step * step for ts in span)
    return _search(pool, feed, (first, last), step, factor)


def _search(
    pool: Pool, feed: Feed, span: tuple[int, int], step: int, factor: Decimal
) -> int | None:
    start_ms, end_ms = span
    if start_ms >= end_ms or pool.is_safe(feed, start_ms, end_ms, factor):
        return None
    if end_ms - start_ms == step:
        return end_ms if pool.fails(feed, end_ms, factor) else None
    middle = (start_ms + end_ms) // 2 // step * step
    early = _search(pool, feed, (start_ms, middle), step, factor)
    return _search(pool, feed, (middle, end_ms), step, factor) if early is None else early
