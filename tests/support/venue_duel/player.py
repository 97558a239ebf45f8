"""Plays events on the venue under test and asks it the questions of `snapshot`."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from support.reference_venue.entry import Ask
from support.reference_venue.numbers import ZERO
from support.reference_venue.records import Market
from support.reference_venue.triggers import AskAlgo
from support.venue_duel import steps
from support.venue_duel.judge import Judge
from support.venue_duel.snapshot import Plain
from support.venue_duel.story import OWNERS
from support.venue_duel.tape_feed import TapeFeed

from xq.clock import ManualClock
from xq.sim.algos import NewAlgo, Working
from xq.sim.events import Cause, Event, OrderEvent
from xq.sim.instruments import Face
from xq.sim.ledger import FILE_NAME, Ledger, Page
from xq.sim.records import Account, Kind, MarginMode, NewOrder, PositionSide, SelfTrade, SimFill
from xq.sim.refusal import Refusal
from xq.sim.venue import SimVenue
from xq.types import OrderType, Side, TimeInForce

WALL = 1_800_000_000_000


class Player:
    """The venue under test, in process, its ledger in a folder."""

    def __init__(self, folder: Path, markets: Sequence[Market], start: int) -> None:
        self.clock = ManualClock(WALL)
        self.folder = folder
        self.feeds = {face: TapeFeed(face, markets) for face in Face}
        self.fills: list[tuple[SimFill, str]] = []
        self.told = 0  # fills that were compared
        self.venue = self._open(start)

    def _open(self, start: int | None) -> SimVenue:
        ledger = Ledger(self.folder / FILE_NAME)
        venue = SimVenue(ledger, self.feeds, self.clock, seed=7, start_ms=start, accounts=OWNERS)
        venue.settle()
        venue.subscribe(self._listen)
        return venue

    def _listen(self, event: Event) -> None:
        if isinstance(event, OrderEvent) and event.fill is not None:
            forced = event.cause in (Cause.LIQUIDATION, Cause.ADL)
            self.fills.append((event.fill, "" if forced else event.order.client_id))

    def play(self, event: steps.Event, judge: Judge) -> str:
        """Do it; the reason of a refusal, or nothing. ``judge`` tells which order is meant."""
        try:
            self._play(event, judge)
        except Refusal as refusal:
            return refusal.reason.value
        except Exception as error:  # noqa: BLE001 - a crash is a difference like any other
            return f"{type(error).__name__}: {error}"
        return ""

    def _play(self, event: steps.Event, judge: Judge) -> None:
        venue = self.venue
        match event:
            case steps.Pass(milliseconds=span, looks=looks):
                start = self.clock.now_ms()
                for look in range(1, looks + 1):
                    self.clock.advance_to(start + span * look // looks)
                    venue.settle()
            case steps.Reopen():
                venue.ledger.close()
                self.venue = self._open(None)
            case steps.Place():
                venue.place(event.owner, Face(event.face), _order(judge.asked(event)))
            case steps.PlaceAlgo(owner, ask, hedged):
                venue.place_algo(owner, _algo(judge.sided_algo(ask, owner, hedged)))
            case steps.Cancel(owner, face, symbol, pick):
                name = judge.picked(owner, face, symbol, pick)[1]
                venue.cancel(owner, Face(face), symbol, client_id=name)
            case steps.CancelAll(owner, face, symbol):
                venue.cancel_all(owner, Face(face), symbol)
            case steps.CancelAlgo(owner, pick):
                venue.cancel_algo(owner, client_id=judge.picked_algo(owner, pick)[1])
            case steps.Amend(owner, symbol, pick, quantity, price):
                name = judge.picked(owner, "futures", symbol, pick)[1]
                venue.amend(owner, symbol, client_id=name, price=price, quantity=quantity)
            case steps.SetLeverage(owner, symbol, leverage):
                venue.set_leverage(owner, symbol, leverage)
            case steps.SetIsolated(owner, symbol, isolated):
                mode = MarginMode.ISOLATED if isolated else MarginMode.CROSSED
                venue.set_margin_mode(owner, symbol, mode)
            case steps.SetHedge(owner, hedge):
                venue.set_position_mode(owner, hedge)
            case steps.ChangeMargin(owner, symbol, side, amount):
                venue.change_margin(owner, symbol, PositionSide(side), amount)
            case steps.Countdown(owner, symbol, after):
                venue.countdown_cancel(owner, symbol, after)

    def snapshot(self, owner: str) -> dict[str, Plain]:
        """The venue's answers about one account."""
        state, margin = self.venue.state, self.venue.margin(owner)
        cross = state.balance(owner, Face.FUTURES, Account.FREE, "USDT")
        apart = state.balance(owner, Face.FUTURES, Account.ISOLATED, "USDT")
        found: dict[str, Plain] = {
            "futures wallet": cross + apart,
            "cross wallet": cross,
            "available": margin.available,
        }
        for row in margin.positions:
            position = row.position
            name = f"{position.symbol} {position.side.value}"
            found[f"initial of {name}"] = row.initial
            found[f"order initial of {name}"] = row.order_initial
            if position.quantity:
                found[f"position {name}"] = (
                    position.quantity,
                    position.cost,
                    position.isolated,
                    position.margin,
                )
                found[f"unrealized of {name}"] = row.unrealized
                found[f"maintenance of {name}"] = row.maintenance
                found[f"liquidation price of {name}"] = row.liquidation_price
        found.update(self._spot(owner))
        found.update(self._waiting(owner))
        return found

    def _spot(self, owner: str) -> dict[str, Plain]:
        found: dict[str, Plain] = {}
        for asset in ("USDT", "BTC"):
            free = self.venue.state.balance(owner, Face.SPOT, Account.FREE, asset)
            held = self.venue.state.balance(owner, Face.SPOT, Account.HELD, asset)
            if free or held:
                found[f"spot {asset}"] = (free, held)
        return found

    def _waiting(self, owner: str) -> dict[str, Plain]:
        found: dict[str, Plain] = {}
        for face in Face:
            for order in self.venue.state.orders_of(owner, face):
                words = (face, order.symbol, order.side, order.position_side, order.time_in_force)
                found[f"{face.value} order {order.client_id}"] = (
                    " ".join(word.value if hasattr(word, "value") else word for word in words),
                    order.price,
                    order.quantity,
                    order.filled,
                    order.filled_quote,
                    order.status.value,
                )
        for algo in self.venue.open_algos(owner):
            found[f"algo {algo.client_id}"] = (
                algo.symbol,
                algo.type.value,
                algo.side.value,
            )
        return found

    def new_fills(self, since: int) -> list[dict[str, Plain]]:
        """Executions after the first ``since``."""
        return [
            {
                "ts": fill.ts,
                "order": name,
                "owner": fill.owner,
                "market": f"{fill.face.value} {fill.symbol}",
                "side": f"{fill.side.value} {fill.position_side.value}",
                "price": fill.price,
                "quantity": fill.quantity,
                "fee": fill.fee,
                "maker": fill.maker,
                "realized": fill.realized,
            }
            for fill, name in self.fills[since:]
        ]

    def paid(self, owner: str) -> dict[str, Plain]:
        """Sums of an account's own futures postings by kind, as the ledger has them on disk."""
        found: dict[str, Plain] = {}
        for kind in (Kind.REALIZED, Kind.FEE, Kind.FUNDING, Kind.CLEARANCE, Kind.BANKRUPTCY):
            page = Page(start_ms=0, limit=100_000)
            rows = self.venue.ledger.income(owner, Face.FUTURES, [kind], None, page)
            found[kind.value] = sum((row.amount for row in rows), ZERO)
        return found

    def close(self) -> list[str]:
        """What the ledger has to say against itself; then it is closed."""
        wrong = self.venue.ledger.check()
        self.venue.ledger.close()
        return wrong


def _order(ask: Ask) -> NewOrder:
    return NewOrder(
        symbol=ask.symbol,
        side=Side(ask.side),
        type=OrderType(ask.type),
        client_id=ask.client_id or None,
        quantity=ask.quantity,
        quote_quantity=ask.quote_quantity,
        price=ask.price,
        time_in_force=TimeInForce(ask.tif),
        reduce_only=ask.reduce_only,
        position_side=PositionSide(ask.position_side),
        self_trade=SelfTrade(ask.stp),
        good_till_ms=ask.good_till,
    )


def _algo(ask: AskAlgo) -> NewAlgo:
    def given(value: Decimal) -> Decimal | None:
        return value or None

    return NewAlgo(
        symbol=ask.symbol,
        side=Side(ask.side),
        type=OrderType(ask.type),
        client_id=ask.client_id or None,
        quantity=given(ask.quantity),
        price=given(ask.price),
        trigger_price=given(ask.trigger),
        activate_price=given(ask.activation),
        callback_rate=given(ask.callback),
        time_in_force=TimeInForce(ask.tif),
        working=Working.MARK_PRICE if ask.mark else Working.CONTRACT_PRICE,
        reduce_only=ask.reduce_only,
        close_position=ask.close_position,
        price_protect=ask.protect,
        position_side=PositionSide(ask.position_side),
        self_trade=SelfTrade(ask.stp),
    )
