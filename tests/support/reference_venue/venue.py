"""The reference venue: a slow second implementation, written from docs/venue/model.md.

It shares no code with the venue it judges and imports nothing of it.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Context, Decimal, localcontext
from typing import Any

from support.reference_venue import actions, entry, triggers
from support.reference_venue.margin import Margin, account, liquidation_price
from support.reference_venue.numbers import ZERO
from support.reference_venue.passage import pass_time
from support.reference_venue.records import Algo, Market, Order, Payment
from support.reference_venue.state import State


class ReferenceVenue:
    """Same questions as the venue under test, answered from lists."""

    def __init__(
        self, markets: Sequence[Market], owners: Sequence[str], now: int, deposit: Decimal
    ) -> None:
        self.state = State(list(markets), list(owners), now)
        for owner in owners:
            for face in ("spot", "futures"):
                self.state.history.append(Payment(now, owner, face, "deposit", "USDT", deposit))

    def advance(self, until: int) -> None:
        """Let time pass."""
        self._do(pass_time, until)

    def place(self, owner: str, face: str, ask: entry.Ask) -> Order:
        """Enter an order."""
        return self._do(entry.place, owner, face, ask)

    def place_algo(self, owner: str, ask: triggers.AskAlgo) -> Algo:
        """Enter a conditional order."""
        return self._do(triggers.place_algo, owner, ask)

    def act(self, name: str, *values: Any, **named: Any) -> Any:
        """One of the other requests, by its name in `actions`."""
        return self._do(getattr(actions, name), *values, **named)

    def margin(self, owner: str) -> Margin:
        """The futures account."""
        with _wide():
            return account(self.state, owner)

    def liquidation_prices(self, owner: str) -> dict[tuple[str, str], Decimal]:
        """Liquidation price of every position."""
        with _wide():
            margin = account(self.state, owner)
            return {
                (row.symbol, row.side): liquidation_price(self.state, margin, row)
                for row in margin.rows
                if row.quantity
            }

    def spot(self, owner: str) -> dict[str, tuple[Decimal, Decimal]]:
        """Spot balances as (free, held) by asset."""
        with _wide():
            held = self.state.held(owner)
            return {
                asset: (amount - held.get(asset, ZERO), held.get(asset, ZERO))
                for asset, amount in self.state.books(owner).spot.items()
            }

    def _do(self, function: Callable[..., Any], *values: Any, **named: Any) -> Any:
        with _wide():
            return function(self.state, *values, **named)


@contextmanager
def _wide() -> Iterator[None]:
    with localcontext(Context(prec=60)):
        yield
