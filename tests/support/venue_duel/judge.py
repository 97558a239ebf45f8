"""Plays events on the reference."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from support.reference_venue.entry import Ask
from support.reference_venue.records import Book, Market, Refused, Trade
from support.reference_venue.triggers import AskAlgo
from support.reference_venue.venue import ReferenceVenue
from support.venue_duel import steps
from support.venue_duel.story import OWNERS

FUNDING_MS = 8 * 3_600_000


class Judge:
    """The reference and the facts that both venues see."""

    def __init__(self, markets: list[Market], start: int, deposit: Decimal) -> None:
        self.markets: Mapping[tuple[str, str], Market] = {
            (item.face, item.symbol): item for item in markets
        }
        self.venue = ReferenceVenue(markets, OWNERS, start, deposit)

    @property
    def now(self) -> int:
        """Venue time."""
        return self.venue.state.now

    def write_facts(self, event: steps.Pass) -> None:
        """Put what happens outside into the markets, for both venues to see in time."""
        for fact in event.facts:
            ts = self.now + fact.after
            if isinstance(fact, steps.MarkFact):
                self.markets["futures", fact.symbol].marks.append((ts, fact.price))
                continue
            market = self.markets[fact.face, fact.symbol]
            if isinstance(fact, steps.BookFact):
                market.books.append(Book(ts, fact.bids, fact.asks))
            else:
                market.trades.append(Trade(ts, fact.price, fact.quantity, fact.sold))
        first = (self.now // FUNDING_MS + 1) * FUNDING_MS
        for ts in range(first, self.now + event.milliseconds + 1, FUNDING_MS):
            for market in self.markets.values():
                if market.face == "futures":
                    market.settlements.append((ts, event.rate))

    def asked(self, event: steps.Place) -> Ask:
        """The order, with the position side that the account's mode asks for, and its end."""
        ask = event.ask
        if event.good_for:
            ask = replace(ask, good_till=self.now + event.good_for)
        hedged = event.face == "futures" and self.venue.state.is_hedge(event.owner)
        if hedged and ask.position_side == "both":
            ask = replace(ask, position_side=event.hedged, reduce_only=False)
        return ask

    def sided_algo(self, ask: AskAlgo, owner: str, hedged: str) -> AskAlgo:
        """The same for a conditional order."""
        if self.venue.state.is_hedge(owner):
            return replace(ask, position_side=hedged, reduce_only=False)
        return ask

    def picked(self, owner: str, face: str, symbol: str, pick: int) -> tuple[int, str]:
        """Number and client id of a resting order; of none if there is none."""
        found = self.venue.state.open_orders(face, symbol, owner)
        if not found or pick >= 45:
            return 999_999, "nobody"
        order = found[pick % len(found)]
        return order.id, order.client_id

    def picked_algo(self, owner: str, pick: int) -> tuple[int, str]:
        """Number and client id of a waiting conditional order."""
        found = self.venue.state.waiting(owner)
        if not found or pick >= 45:
            return 999_999, "nobody"
        return found[pick % len(found)].id, found[pick % len(found)].client_id

    def play(self, event: steps.Event) -> str:
        """Do it; the reason of a refusal, or nothing."""
        try:
            self._play(event)
        except Refused as refused:
            return refused.reason
        return ""

    def _play(self, event: steps.Event) -> Any:
        venue = self.venue
        match event:
            case steps.Pass(milliseconds=span):
                venue.advance(self.now + span)
            case steps.Place():
                venue.place(event.owner, event.face, self.asked(event))
            case steps.PlaceAlgo(owner, ask, hedged):
                venue.place_algo(owner, self.sided_algo(ask, owner, hedged))
            case steps.Cancel(owner, face, symbol, pick):
                number, _ = self.picked(owner, face, symbol, pick)
                venue.act("cancel", owner, face, symbol, number)
            case steps.CancelAll(owner, face, symbol):
                venue.act("cancel_all", owner, face, symbol)
            case steps.CancelAlgo(owner, pick):
                venue.act("cancel_algo", owner, self.picked_algo(owner, pick)[0])
            case steps.Amend(owner, symbol, pick, quantity, price):
                number, _ = self.picked(owner, "futures", symbol, pick)
                venue.act("amend", owner, symbol, number, quantity, price)
            case steps.SetLeverage(owner, symbol, leverage):
                venue.act("set_leverage", owner, symbol, leverage)
            case steps.SetIsolated(owner, symbol, isolated):
                venue.act("set_isolated", owner, symbol, isolated=isolated)
            case steps.SetHedge(owner, hedge):
                venue.act("set_hedge", owner, hedge=hedge)
            case steps.ChangeMargin(owner, symbol, side, amount):
                venue.act("change_margin", owner, symbol, side, amount)
            case steps.Countdown(owner, symbol, after):
                venue.act("countdown", owner, symbol, after)
            case steps.Reopen():
                pass
