"""The second implementation by itself: published examples, and stories counted by hand."""

import ast
from decimal import Decimal
from pathlib import Path

import pytest
from support.reference_venue.books import balance
from support.reference_venue.entry import Ask
from support.reference_venue.margin import Margin, Row, bracket, liquidation_price
from support.reference_venue.numbers import ZERO
from support.reference_venue.records import Book, Fill, Market, Payment, Refused, Tier, Trade
from support.reference_venue.state import State
from support.reference_venue.triggers import AskAlgo
from support.reference_venue.venue import ReferenceVenue

D = Decimal
START = 1_704_067_200_000
FOLDER = Path(__file__).parents[1] / "support" / "reference_venue"


def market(symbol: str = "BTCUSDT", face: str = "futures", price: str = "100") -> Market:
    middle = D(price)
    return Market(
        face=face,
        symbol=symbol,
        base=symbol.removesuffix("USDT"),
        tick=D("0.1"),
        lot=D("0.001"),
        min_quantity=D("0.001"),
        min_notional=D(5),
        max_quantity=D(10_000),
        max_market_quantity=D(10_000),
        max_price=D(1_000_000),
        price_up=D("1.5"),
        price_down=D("0.5"),
        maker=D("0.0002"),
        taker=D("0.0005"),
        tiers=(
            Tier(ZERO, D(50_000), 50, D("0.01")),
            Tier(D(50_000), D(250_000), 20, D("0.025")),
            Tier(D(250_000), D(1_000_000), 5, D("0.1")),
        ),
        trades=[Trade(START - 1, middle, D(1), sold=False)],
        books=[Book(START - 1, ((middle - 1, D(5)),), ((middle + 1, D(5)),))],
        marks=[(START - 1, middle)],
    )


def venue(*markets: Market) -> ReferenceVenue:
    return ReferenceVenue(markets or (market(),), ("a", "b"), START, D(10_000))


def limit(side: str, quantity: str, price: str, **more: object) -> Ask:
    return Ask("BTCUSDT", side, "limit", quantity=D(quantity), price=D(price), **more)


def at_market(side: str, quantity: str, **more: object) -> Ask:
    return Ask("BTCUSDT", side, "market", quantity=D(quantity), **more)


def fills(found: ReferenceVenue) -> list[tuple[str, str, Decimal, Decimal, bool]]:
    return [
        (item.owner, item.side, item.price, item.quantity, item.maker)
        for item in found.state.fills()
    ]


def test_the_reference_imports_nothing_of_what_it_judges():
    files = sorted(FOLDER.glob("*.py"))
    assert len(files) > 5
    for path in files:
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                assert node.level == 0
                names = [str(node.module)]
            for name in names:
                assert not name.startswith("xq"), f"{path.name} imports {name}"
                own = name.startswith("support.reference_venue")
                assert own or not name.startswith("support"), f"{path.name} imports {name}"


# -- margin, against Binance's published example --------------------------------------------------


def test_binances_own_example_of_two_liquidation_prices():
    """Two contracts in one cross account: 26,316.89 for BTC, 1,153.26 for ETH."""
    btc, eth = market("BTCUSDT"), market("ETHUSDT")
    # The published amounts, as the one bracket that yields them: floor × rate = 16,300 and 135,365.
    btc.tiers = (Tier(D(652_000), D("1e9"), 20, D("0.025")),)
    eth.tiers = (Tier(D(1_353_650), D("1e9"), 10, D("0.1")),)
    rows = []
    for item, size, entry, mark in (
        (btc, D("109.488"), D("32481.980"), D("31967.27")),
        (eth, D("3683.979"), D("1456.84"), D("1335.18")),
    ):
        rate, amount = bracket(item, size * mark)
        rows.append(
            Row(item.symbol, "both", False, size, size * entry, ZERO, mark, 10, ZERO, ZERO,
                size * mark * rate - amount, ZERO)
        )  # fmt: skip
    state = State([btc, eth], ["a"], START)
    whole = Margin(D("1535443.01"), D("1535443.01"), tuple(rows))
    prices = [liquidation_price(state, whole, row) for row in rows]
    assert [price.quantize(D("0.01")) for price in prices] == [D("26316.89"), D("1153.26")]


def test_amounts_of_brackets_follow_from_rates():
    item = market()
    assert bracket(item, D(50_000)) == (D("0.01"), ZERO)
    assert bracket(item, D(50_001)) == (D("0.025"), D(750))
    assert bracket(item, D(10_000_000)) == (D("0.1"), D(19_500))


def test_what_it_costs_to_open():
    """9,500 of margin at 20 times, 950 of open loss while the mark is lower, 95 of fees."""
    found = venue()
    item = found.state.markets[0]
    item.books.append(Book(START, ((D(99), D(5)),), ((D("100.5"), D(2_000)),)))
    with pytest.raises(Refused, match="no_margin"):
        found.place("a", "futures", at_market("buy", "1900"))
    item.marks.append((START, D("100.5")))
    need = D(1900) * D("100.5") * (D(1) / 20 + D("0.0005"))
    assert need < 10_000
    found.place("a", "futures", at_market("buy", "1900"))
    assert found.margin("a").available == 10_000 - need


# -- the queue ------------------------------------------------------------------------------------


def test_a_trade_at_the_price_eats_what_is_ahead_first():
    found = venue()
    item = found.state.markets[0]
    found.place("a", "futures", limit("buy", "2", "99"))
    found.place("b", "futures", limit("buy", "2", "99"))
    item.trades.append(Trade(START + 10, D(99), D(4), sold=True))
    found.advance(START + 10)
    assert fills(found) == []
    item.trades.append(Trade(START + 20, D(99), D("3.5"), sold=True))
    found.advance(START + 20)
    assert fills(found) == [
        ("a", "buy", D(99), D(2), True),
        ("b", "buy", D(99), D("0.5"), True),
    ]


def test_takers_from_the_same_side_do_not_reach_the_queue():
    found = venue()
    found.place("a", "futures", limit("buy", "2", "99.5"))
    found.state.markets[0].trades.append(Trade(START + 10, D("99.5"), D(4), sold=False))
    found.advance(START + 10)
    assert fills(found) == []


def test_a_trade_beyond_the_price_fills_whole():
    found = venue()
    found.place("a", "futures", limit("sell", "2", "101"))
    found.state.markets[0].trades.append(Trade(START + 10, D("101.1"), D("0.001"), sold=False))
    found.advance(START + 10)
    assert fills(found) == [("a", "sell", D(101), D(2), True)]


def test_less_shown_is_less_ahead():
    found = venue()
    item = found.state.markets[0]
    found.place("a", "futures", limit("buy", "2", "99"))
    item.books.append(Book(START + 5, ((D(99), D(1)),), ((D(101), D(5)),)))
    item.trades.append(Trade(START + 10, D(99), D("1.5"), sold=True))
    found.advance(START + 10)
    assert fills(found) == [("a", "buy", D(99), D("0.5"), True)]


def test_a_taker_meets_what_was_ahead_then_the_client_then_what_came_later():
    found = venue()
    item = found.state.markets[0]
    found.place("a", "futures", limit("sell", "1", "101"))
    item.books.append(Book(START + 5, ((D(99), D(5)),), ((D(101), D(8)),)))
    found.advance(START + 5)
    found.place("b", "futures", at_market("buy", "7"))
    assert fills(found) == [
        ("b", "buy", D(101), D(5), False),
        ("b", "buy", D(101), D(1), False),
        ("a", "sell", D(101), D(1), True),
        ("b", "buy", D(101), D(1), False),
    ]


def test_what_clients_took_is_gone_until_the_level_changes():
    found = venue()
    item = found.state.markets[0]
    found.place("a", "futures", at_market("buy", "4"))
    order = found.place("a", "futures", limit("buy", "4", "101", tif="ioc"))
    assert (order.status, order.filled) == ("expired", D(1))
    item.books.append(Book(START + 5, ((D(99), D(5)),), ((D(101), D(5)),)))
    found.advance(START + 5)
    with pytest.raises(Refused, match="fill_or_kill"):
        found.place("a", "futures", limit("buy", "1", "101", tif="fok"))
    item.books.append(Book(START + 6, ((D(99), D(5)),), ((D(101), D(6)),)))
    found.advance(START + 6)
    assert found.place("a", "futures", limit("buy", "6", "101", tif="fok")).status == "filled"


@pytest.mark.parametrize(
    ("mode", "resting", "taker", "traded"),
    [
        ("none", "filled", "filled", 7),
        ("expire_maker", "expired_in_match", "filled", 6),
        ("expire_taker", "new", "expired_in_match", 5),
        ("expire_both", "expired_in_match", "expired_in_match", 5),
    ],
)
def test_self_trade_prevention(mode, resting, taker, traded):
    found = venue()
    own = found.place("a", "futures", limit("sell", "1", "101"))
    far = ((D(101), D(5)), (D(102), D(5)))
    found.state.markets[0].books.append(Book(START, ((D(99), D(5)),), far))
    order = found.place("a", "futures", at_market("buy", "6", stp=mode))
    assert (own.status, order.status) == (resting, taker)
    assert sum(quantity for *_, quantity, _ in fills(found)) == traded


# -- positions, funding, liquidation --------------------------------------------------------------


def test_positions_average_reduce_and_flip_from_the_fills_alone():
    history: list[Fill | Payment] = []
    story = [("buy", 100, 1), ("buy", 130, 2), ("sell", 150, 1), ("sell", 90, 5), ("buy", 80, 3)]
    realized = []
    for number, (side, price, quantity) in enumerate(story):
        history.append(
            Fill(number, 0, 1, "a", "futures", "X", "X", side, "both", D(price), D(quantity), ZERO,
                 maker=True, leverage=0)
        )  # fmt: skip
        books = balance(history, "a")
        realized.append(books.realized[number])
    assert realized == [0, 0, 30, -60, 30]
    assert (books.positions, books.wallet) == ({}, 0)


def test_isolated_margin_comes_and_goes_with_the_position():
    found = venue()
    found.act("set_isolated", "a", "BTCUSDT", isolated=True)
    found.place("a", "futures", at_market("buy", "4"))
    books = found.state.books("a")
    assert books.position("BTCUSDT", "both").margin == D("20.2")
    assert books.cross == 10_000 - D("20.2") - D("0.202")
    found.place("a", "futures", at_market("sell", "1"))
    assert found.state.books("a").position("BTCUSDT", "both").margin == D("15.15")


def test_longs_pay_positive_funding_at_the_mark():
    found = venue()
    item = found.state.markets[0]
    item.settlements.append((START + 8 * 3_600_000, D("0.0001")))
    found.place("a", "futures", at_market("buy", "4"))
    before = found.margin("a").wallet
    found.advance(START + 8 * 3_600_000 - 1)
    assert found.margin("a").wallet == before
    found.advance(START + 8 * 3_600_000)
    assert found.margin("a").wallet == before - D("0.04")


def test_isolated_liquidation_costs_no_more_than_its_margin_and_fees():
    found = venue()
    item = found.state.markets[0]
    found.act("set_isolated", "a", "BTCUSDT", isolated=True)
    found.place("a", "futures", at_market("buy", "4"))
    item.books.append(Book(START + 5, ((D(50), D(500)),), ((D(51), D(5)),)))
    item.marks.append((START + 5, D(50)))
    found.advance(START + 120_000)
    assert found.state.books("a").positions == {}
    assert found.margin("a").wallet == 10_000 - D("20.2") - D("0.202") - D("0.1")


def test_nobody_to_take_a_ruined_position_but_the_winners():
    found = venue()
    item = found.state.markets[0]
    item.books.append(Book(START, ((D(99), D(2000)),), ((D(101), D(2000)),)))
    found.place("b", "futures", at_market("sell", "1500"))
    found.place("a", "futures", at_market("buy", "1500"))
    item.books.append(Book(START + 5, ((D(90), D(500)),), ((D(91), D(5)),)))
    item.marks.append((START + 5, D(91)))
    found.advance(START + 60_000)
    assert found.state.books("a").positions == {}
    assert found.state.books("b").position("BTCUSDT", "both").quantity == -500
    assert found.margin("a").wallet == 0


# -- conditional orders ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "side", "trigger", "print_at"),
    [
        ("stop_market", "buy", "102", "102"),
        ("stop_market", "sell", "98", "97.9"),
        ("take_profit_market", "buy", "98", "98"),
        ("take_profit_market", "sell", "102", "102.3"),
    ],
)
def test_triggers(kind, side, trigger, print_at):
    found = venue()
    ask = AskAlgo("BTCUSDT", side, kind, trigger=D(trigger), quantity=D(1))
    algo = found.place_algo("a", ask)
    found.state.markets[0].trades.append(Trade(START + 10, D(print_at), D(1), sold=False))
    found.advance(START + 9)
    assert algo.status == "new"
    found.advance(START + 10)
    assert algo.status == "triggered"
    assert [row[:2] for row in fills(found)] == [("a", side)]


def test_a_trailing_stop_follows_the_extreme_from_its_activation():
    found = venue()
    item = found.state.markets[0]
    ask = AskAlgo(
        "BTCUSDT", "sell", "trailing_stop_market", quantity=D(1), activation=D(105), callback=D(2)
    )
    algo = found.place_algo("a", ask)
    for second, price in enumerate(("104", "101", "110", "108", "107.8"), start=1):
        assert algo.status == "new"
        item.trades.append(Trade(START + second, D(price), D(1), sold=False))
        found.advance(START + second)
    assert algo.status == "triggered"


def test_close_position_without_a_position_expires():
    found = venue()
    ask = AskAlgo("BTCUSDT", "sell", "stop_market", trigger=D(99), close_position=True)
    algo = found.place_algo("a", ask)
    found.state.markets[0].trades.append(Trade(START + 10, D(99), D(1), sold=True))
    found.advance(START + 10)
    assert (algo.status, fills(found)) == ("expired", [])


# -- spot -----------------------------------------------------------------------------------------


def test_spot_holds_and_fees():
    found = venue(market(face="spot"))
    found.place("a", "spot", limit("buy", "10", "99"))
    assert found.spot("a")["USDT"] == (D(9_010), D(990))
    found.place("a", "spot", at_market("buy", "2"))
    assert found.spot("a")["BTC"] == (D("1.999"), ZERO)
    with pytest.raises(Refused, match="no_funds"):
        found.place("a", "spot", limit("sell", "2", "102"))
