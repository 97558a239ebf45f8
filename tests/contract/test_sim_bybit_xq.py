"""xq itself asks the simulated venue as one asks Bybit."""

from decimal import Decimal

from support.trade_bench import ALWAYS

from xq.api.venues import trading_venue
from xq.api.workspace import open_workspace
from xq.types import OrderRequest, OrderType, OutcomeKind, Side, Symbol

BTC = "BTC/USDT:USDT"
CONFIG = f'[exchange]\nname = "sim-bybit"\n[trade]\nstrategy = "always"\nsymbols = ["{BTC}"]\n'
RANGE = ("--since", "2023-12-01", "--until", "2023-12-20", "--timeframe", "1h")


def test_bars_and_funding_are_those_of_the_other_face(xq):
    xq("init", ".", "--exchange", "sim-bybit").check(0)
    for exchange in ("sim", "sim-bybit"):
        name = ("--symbol", BTC, "--exchange", exchange, "--output", "jsonl")
        [bars] = xq("collect", *name, *RANGE).rows
        assert (bars["bars"], bars["missing"], bars["source"]) == (456, 0, "synthetic")
        [funding] = xq("collect", *name, "--kind", "funding", *RANGE[:4]).rows
        assert funding["new"] == 57
    for table, column in (("ohlcv", "close"), ("ohlcv", "volume"), ("funding", "rate")):
        query = (
            f"select count(*) n, sum(abs(a.{column} - b.{column})) d from {table} a"
            f" join {table} b on a.ts = b.ts where a.exchange = 'sim'"
            " and b.exchange = 'sim-bybit'"
        )
        [found] = xq("sql", query, "--output", "jsonl").rows
        assert found["n"] == (456 if table == "ohlcv" else 57)
        assert found["d"] == 0


def test_what_the_other_face_does_not_tell_is_refused_by_name(xq):
    xq("init", ".", "--exchange", "sim-bybit").check(0)
    for kind, words in (("open_interest", "without its value"), ("mark", "mark price bars")):
        found = xq("collect", "--symbol", BTC, "--kind", kind, "--timeframe", "1h", "--days", "1")
        assert found.exit_code == 6
        assert words in found.stderr


def test_only_contracts_are_listed(xq):
    xq("init", ".", "--exchange", "sim-bybit").check(0)
    spot = xq("collect", "--symbol", "BTC/USDT", "--days", "1")
    assert spot.exit_code == 2
    assert "no symbol named 'BTC/USDT'" in spot.stderr
    rows = xq("symbols", "--contracts", "--output", "jsonl").rows
    assert BTC in {row["symbol"] for row in rows}
    assert {row["source"] for row in rows} == {"synthetic"}


def test_doctor_knows_the_face(xq):
    xq("init", ".", "--exchange", "sim-bybit").check(0)
    rows = {row["check"]: row for row in xq("doctor", "--output", "jsonl").rows}
    assert (rows["exchange"]["status"], rows["exchange"]["detail"]) == ("ok", "sim-bybit, embedded")


def test_orders_go_by_the_other_face_to_the_same_account(tmp_path):
    def desk(exchange):
        flags = {"exchange.name": exchange, "trade.symbols": (BTC,)}
        return open_workspace(flags=flags, environ={}, cwd=tmp_path)

    symbol = Symbol.parse(BTC)
    order = OrderRequest(symbol, Side.BUY, OrderType.MARKET, Decimal("0.01"), "xq-1")
    with trading_venue(desk("sim-bybit"), "sim") as (market, venue):
        outcome = venue.place(order)
        assert outcome.kind is OutcomeKind.ACCEPTED
        assert not outcome.order.venue_id.isdecimal()
        assert market.book(symbol, 5).bids
        held = venue.account().positions[0].quantity
    with trading_venue(desk("sim"), "sim") as (_, venue):
        assert venue.account().positions[0].quantity == held == order.quantity
        assert venue.order_by_client_id(symbol, "xq-1").venue_id.isdecimal()


def test_a_strategy_trades_through_the_other_face(tmp_path, xq):
    (tmp_path / "strategies").mkdir()
    (tmp_path / "strategies" / "always.py").write_text(ALWAYS)
    (tmp_path / "xq.toml").write_text(CONFIG)
    xq("trade", "--once").check(0)
    assert xq("trade", "--once").rows[0]["act"] == "nothing to do"
    [order] = xq("orders", "--output", "jsonl").rows
    [fill] = xq("fills", "--output", "jsonl").rows
    assert order["status"] == "filled"
    assert (fill["client_id"], fill["quantity"]) == (order["client_id"], order["quantity"])
