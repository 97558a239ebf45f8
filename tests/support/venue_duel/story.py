"""Random but meaningful stories: prices near the market, so that things match.

One seed, one story, whatever the venues answer. Wallets are small beside the orders, so that margin
refuses and liquidates.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from random import Random

from support.reference_venue.entry import Ask
from support.reference_venue.triggers import AskAlgo
from support.venue_duel import steps
from support.venue_duel.weather import ARENAS, Arena, Weather, on_grid

OWNERS = ("main", "alice", "bob")
D = Decimal


class Story:
    """Makes the events of one seed."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.weather = Weather(self.random)
        self.names = 0

    def events(self, count: int) -> Iterator[steps.Event]:
        """So many events; the first tells the books."""
        yield self.weather.beginning()
        for owner in OWNERS:
            if self.random.random() < 0.3:
                yield steps.SetHedge(owner, hedge=True)
            if self.random.random() < 0.3:
                yield steps.SetIsolated(owner, "BTCUSDT", isolated=True)
        for _ in range(count - 1):
            [make] = self.random.choices(_KINDS, _WEIGHTS)
            yield make(self)

    def passage(self) -> steps.Pass:
        """Time passes."""
        return self.weather.passage()

    # -- clients -----------------------------------------------------------------------------------

    def place(self) -> steps.Place:
        """An order near the market."""
        owner, item = self._who()
        ask = self._ask(item)
        if self.random.random() < 0.08:
            ask = self._broken(item, ask)
        good_for = self.random.choice((500_000, 601_000, 700_000)) if ask.tif == "gtd" else 0
        return steps.Place(owner, item.face, ask, self._hedged(), good_for)

    def _ask(self, item: Arena) -> Ask:
        ask = Ask(
            item.symbol,
            self.random.choice(("buy", "sell")),
            "limit",
            self._name(),
            quantity=self._quantity(item),
            stp=self._stp(),
        )
        if item.face == "futures" and self.random.random() < 0.15:
            ask = replace(ask, reduce_only=True)
        if self.random.random() < 0.25:
            return self._at_market(item, replace(ask, type="market"))
        price = self._price(item, ask.side)
        tif = self.random.choices(("gtc", "ioc", "fok", "gtx", "gtd"), (60, 10, 10, 12, 8))[0]
        if tif == "gtd" and item.face == "spot":
            tif = "gtc"
        return replace(ask, price=price, tif=tif)

    def _at_market(self, item: Arena, ask: Ask) -> Ask:
        if item.face == "spot" and self.random.random() < 0.3:
            spend = D(self.random.randint(1, 4000)) / self.random.choice((1, 7, 100))
            return replace(ask, quantity=None, quote_quantity=on_grid(spend, D("0.01")))
        return ask

    def _price(self, item: Arena, side: str) -> Decimal:
        mid = self.weather.mid[item.face, item.symbol]
        ticks = self.random.choice((self.random.randint(-8, 8), self.random.randint(-3, 3)))
        passive = -6 if side == "buy" else 6
        shift = passive if self.random.random() < 0.3 else 0
        return mid + item.tick * (ticks + shift)

    def _quantity(self, item: Arena) -> Decimal:
        if item.face == "futures" and self.random.random() < 0.2:
            return on_grid(item.typical * self.random.randint(4, 16), item.lot)
        return max(item.least, self.weather.size(item))

    def _broken(self, item: Arena, ask: Ask) -> Ask:
        """One rule broken."""
        price = ask.price or self.weather.mid[item.face, item.symbol]
        breakers: list[Callable[[], Ask]] = [
            lambda: replace(ask, symbol="NOPEUSDT"),
            lambda: replace(ask, quantity=D(0), quote_quantity=None),
            lambda: replace(ask, quantity=item.lot / 2, quote_quantity=None),
            lambda: replace(ask, quantity=D(5_000), quote_quantity=None),
            lambda: replace(ask, quantity=item.lot, quote_quantity=None, reduce_only=False),
            lambda: replace(ask, position_side=self.random.choice(("both", "long", "short"))),
        ]
        if ask.type == "limit":
            breakers += [
                lambda: replace(ask, price=price + item.tick / 2),
                lambda: replace(ask, price=on_grid(price * D("1.2"), item.tick)),
                lambda: replace(ask, price=on_grid(price * D("0.8"), item.tick)),
                lambda: replace(ask, price=D(0)),
                lambda: replace(ask, client_id=f"c{max(1, self.names - 3)}"),
            ]
        broken = self.random.choice(breakers)()
        return replace(broken, position_side="both") if item.face == "spot" else broken

    def algo(self) -> steps.PlaceAlgo:
        """A conditional order that may trigger soon."""
        owner = self.random.choice(OWNERS)
        item = self.random.choice([item for item in ARENAS if item.face == "futures"])
        kind = self.random.choice(_ALGOS)
        mid = self.weather.mid[item.face, item.symbol]
        reach = self.random.choice((item.tick * 6, item.tick * 20, on_grid(mid / 100, item.tick)))
        ask = AskAlgo(
            item.symbol,
            self.random.choice(("buy", "sell")),
            kind,
            self._name(),
            trigger=mid + reach * self.random.choice((-1, 1)),
            quantity=self._quantity(item),
            mark=self.random.random() < 0.4,
            protect=self.random.random() < 0.1,
        )
        if kind in ("stop", "take_profit"):
            tif = self.random.choice(("gtc", "gtc", "ioc", "gtx"))
            ask = replace(ask, price=ask.trigger + item.tick * self.random.randint(-5, 5), tif=tif)
        if kind == "trailing_stop_market":
            rate = D(self.random.choice((1, 2, 5, 15, 110))) / 10
            activation = ask.trigger if self.random.random() < 0.5 else D(0)
            ask = replace(ask, trigger=D(0), callback=rate, activation=activation)
        elif kind.endswith("market") and self.random.random() < 0.3:
            ask = replace(ask, close_position=True, quantity=D(0))
        if not ask.close_position and self.random.random() < 0.4:
            ask = replace(ask, reduce_only=True)
        return steps.PlaceAlgo(owner, ask, self._hedged())

    def reopen(self) -> steps.Reopen:
        """A restart."""
        return steps.Reopen()

    def cancel(self) -> steps.Cancel:
        """A cancel."""
        owner, item = self._who()
        return steps.Cancel(owner, item.face, item.symbol, self.random.randrange(50))

    def cancel_all(self) -> steps.CancelAll:
        """All of one symbol."""
        owner, item = self._who()
        return steps.CancelAll(owner, item.face, item.symbol)

    def cancel_algo(self) -> steps.CancelAlgo:
        """A conditional order taken back."""
        return steps.CancelAlgo(self.random.choice(OWNERS), self.random.randrange(50))

    def amend(self) -> steps.Amend:
        """A new price and quantity."""
        item = self.random.choice([item for item in ARENAS if item.face == "futures"])
        side = self.random.choice(("buy", "sell"))
        return steps.Amend(
            self.random.choice(OWNERS),
            item.symbol,
            self.random.randrange(50),
            self._quantity(item),
            self._price(item, side),
        )

    def setting(self) -> steps.Event:
        """A setting of an account, often refused."""
        owner = self.random.choice(OWNERS)
        symbol = self.random.choice(("BTCUSDT", "ETHUSDT"))
        draw = self.random.random()
        if draw < 0.4:
            leverage = self.random.choice((1, 3, 5, 7, 10, 20, 25, 50, 75, 125, 126))
            return steps.SetLeverage(owner, symbol, leverage)
        if draw < 0.6:
            return steps.SetIsolated(owner, symbol, self.random.random() < 0.6)
        if draw < 0.65:
            return steps.SetHedge(owner, self.random.random() < 0.5)
        if draw < 0.85:
            side = self.random.choice(("both", "both", "long", "short"))
            amount = D(self.random.randint(-3000, 6000)) / 7
            return steps.ChangeMargin(owner, symbol, side, on_grid(amount, D("0.01")) or D(1))
        return steps.Countdown(owner, symbol, self.random.choice((0, 1_000, 45_000)))

    # -- bits --------------------------------------------------------------------------------------

    def _who(self) -> tuple[str, Arena]:
        return self.random.choice(OWNERS), self.random.choice(ARENAS)

    def _name(self) -> str:
        self.names += 1
        return f"c{self.names}"

    def _stp(self) -> str:
        modes = ("none", "expire_taker", "expire_maker", "expire_both")
        return self.random.choices(modes, (55, 15, 15, 15))[0]

    def _hedged(self) -> str:
        return self.random.choice(("long", "short"))


_ALGOS = ("stop", "stop_market", "take_profit", "take_profit_market", "trailing_stop_market")
_KINDS: tuple[Callable[[Story], steps.Event], ...] = (
    Story.place,
    Story.passage,
    Story.cancel,
    Story.cancel_all,
    Story.algo,
    Story.cancel_algo,
    Story.amend,
    Story.setting,
    Story.reopen,
)
_WEIGHTS = (46, 26, 7, 1, 8, 2, 6, 4, 1)
