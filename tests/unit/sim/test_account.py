"""What trades, holds and fees do to balances and positions, counted by hand."""

from decimal import Decimal

import pytest
from support.scripted_feed import START, Bench

from xq.sim.account import apply_to_position
from xq.sim.accounts import MAIN
from xq.sim.changes import About, transfer
from xq.sim.draft import Draft
from xq.sim.instruments import Face
from xq.sim.matching import Execution
from xq.sim.records import Account, Kind, NewOrder, SimPosition
from xq.sim.state import State
from xq.types import OrderStatus, OrderType, Side

D = Decimal


@pytest.fixture
def bench(tmp_path):
    made = Bench(tmp_path)
    yield made
    made.venue.ledger.close()


def market(side: Side, quantity: str, symbol: str = "BTCUSDT") -> NewOrder:
    return NewOrder(symbol, side, OrderType.MARKET, quantity=D(quantity))


def limit(side: Side, quantity: str, price: str) -> NewOrder:
    return NewOrder("BTCUSDT", side, OrderType.LIMIT, quantity=D(quantity), price=D(price))


def spot(bench: Bench, account: Account, asset: str) -> Decimal:
    return bench.venue.state.balance(MAIN, Face.SPOT, account, asset)


def wallet(bench: Bench) -> Decimal:
    return bench.venue.state.balance(MAIN, Face.FUTURES, Account.FREE, "USDT")


def test_a_new_venue_holds_ten_thousand_on_each_face(bench):
    assert spot(bench, Account.FREE, "USDT") == 10_000
    assert wallet(bench) == 10_000
    assert bench.venue.now_ms == START


def test_a_spot_buy_pays_quote_and_the_fee_in_base(bench):
    placed = bench.venue.place(MAIN, Face.SPOT, market(Side.BUY, "0.1"))
    [fill] = placed.fills
    assert (fill.price, fill.fee, fill.fee_asset) == (D("40000.5"), D("0.0001"), "BTC")
    assert spot(bench, Account.FREE, "USDT") == 10_000 - D("4000.05")
    assert spot(bench, Account.FREE, "BTC") == D("0.0999")


def test_a_spot_sell_receives_quote_less_the_fee(bench):
    bench.venue.place(MAIN, Face.SPOT, market(Side.BUY, "0.1"))
    before = spot(bench, Account.FREE, "USDT")
    [fill] = bench.venue.place(MAIN, Face.SPOT, market(Side.SELL, "0.05")).fills
    assert (fill.price, fill.fee, fill.fee_asset) == (D("39999.5"), D("1.999975"), "USDT")
    assert spot(bench, Account.FREE, "USDT") == before + D("1999.975") - D("1.999975")
    assert spot(bench, Account.FREE, "BTC") == D("0.0499")


def test_a_resting_buy_holds_quote_until_canceled(bench):
    order = bench.venue.place(MAIN, Face.SPOT, limit(Side.BUY, "0.1", "39000")).order
    assert order.status is OrderStatus.NEW
    assert spot(bench, Account.HELD, "USDT") == 3_900
    assert spot(bench, Account.FREE, "USDT") == 6_100
    bench.venue.cancel(MAIN, Face.SPOT, "BTCUSDT", order_id=order.id)
    assert spot(bench, Account.HELD, "USDT") == 0
    assert spot(bench, Account.FREE, "USDT") == 10_000


def test_a_resting_fill_is_paid_from_what_was_held(bench):
    bench.venue.place(MAIN, Face.SPOT, limit(Side.BUY, "0.1", "39000"))
    bench.spot.print("BTCUSDT", START + 5_000, "38990")
    bench.advance(10_000)
    assert spot(bench, Account.HELD, "USDT") == 0
    assert spot(bench, Account.FREE, "USDT") == 6_100
    assert spot(bench, Account.FREE, "BTC") == D("0.0999")
    assert bench.venue.state.open_orders == {}


def test_a_resting_sell_holds_base(bench):
    bench.venue.place(MAIN, Face.SPOT, market(Side.BUY, "0.1"))
    bench.venue.place(MAIN, Face.SPOT, limit(Side.SELL, "0.05", "41000"))
    assert spot(bench, Account.HELD, "BTC") == D("0.05")
    bench.spot.print("BTCUSDT", START + 5_000, "41000.01")
    bench.advance(10_000)
    assert spot(bench, Account.HELD, "BTC") == 0
    assert spot(bench, Account.FREE, "BTC") == D("0.0499")


def test_futures_fees_come_from_the_wallet(bench):
    [fill] = bench.venue.place(MAIN, Face.FUTURES, market(Side.SELL, "0.1")).fills
    assert (fill.price, fill.fee) == (D("39999.5"), D("1.999975"))
    assert wallet(bench) == 10_000 - D("1.999975")
    position = bench.venue.state.position(MAIN, "BTCUSDT")
    assert (position.quantity, position.entry_price) == (D("-0.1"), D("39999.5"))


def test_closing_realizes_exactly_what_the_prices_say(bench):
    bench.venue.place(MAIN, Face.FUTURES, market(Side.SELL, "0.1"))
    bench.futures.print("BTCUSDT", START + 1_000, "39000")
    bench.advance(2_000)
    [fill] = bench.venue.place(MAIN, Face.FUTURES, market(Side.BUY, "0.1")).fills
    assert fill.realized == D("0.1") * (D("39999.5") - D("39000.5"))
    assert bench.venue.state.positions == {}
    fees = D("1.999975") + D("3900.05") * D("0.0005")
    assert wallet(bench) == 10_000 + fill.realized - fees


def test_positions_average_reduce_and_flip():
    flat = SimPosition(MAIN, "BTCUSDT")
    one, _ = apply_to_position(flat, Side.BUY, Execution(D(100), D(1)))
    two, realized = apply_to_position(one, Side.BUY, Execution(D(130), D(2)))
    assert (two.quantity, two.entry_price, realized) == (3, 120, 0)
    less, realized = apply_to_position(two, Side.SELL, Execution(D(150), D(1)))
    assert (less.quantity, less.entry_price, realized) == (2, 120, 30)
    short, realized = apply_to_position(less, Side.SELL, Execution(D(90), D(5)))
    assert (short.quantity, short.entry_price, realized) == (-3, 90, -60)
    done, realized = apply_to_position(short, Side.BUY, Execution(D(80), D(3)))
    assert (done.quantity, done.cost, realized) == (0, 0, 30)


def test_thirds_are_not_rounded_away():
    """What is released at each step and what stays add up to the cash of the whole story."""
    position = SimPosition(MAIN, "BTCUSDT")
    cash = pnl = D(0)
    story = [(Side.BUY, "100.01", "3"), (Side.SELL, "99.97", "1"), (Side.SELL, "101.03", "1"),
             (Side.SELL, "100.5", "1")]  # fmt: skip
    for side, price, quantity in story:
        position, realized = apply_to_position(position, side, Execution(D(price), D(quantity)))
        cash -= side.sign * D(price) * D(quantity)
        pnl += realized
    assert pnl == cash
    assert position.cost == 0


def test_legs_that_do_not_cancel_are_a_bug():
    draft, about = Draft(State()), About(MAIN, Face.SPOT)
    with pytest.raises(ValueError, match="do not cancel"):
        draft.post(Kind.TRADE, [(Account.FREE, "USDT", D(1))], about)
    draft.post(Kind.TRADE, transfer(Account.MARKET, Account.FREE, "USDT", D(1)), about)
    assert draft.state.balance(MAIN, Face.SPOT, Account.FREE, "USDT") == 1
