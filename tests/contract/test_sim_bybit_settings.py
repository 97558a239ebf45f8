"""What an account chooses on the Bybit face, and what protects its positions."""

import ccxt
import pytest
from support.sim_bybit import BTC, get, post

LINEAR = {"category": "linear", "symbol": "BTCUSDT"}


def position(url, side=0):
    found = get(url, "/v5/position/list", "category=linear&symbol=BTCUSDT", signed=True).json()
    return next(row for row in found["result"]["list"] if row["positionIdx"] == side)


def stop(url, **more):
    return post(url, "/v5/position/trading-stop", LINEAR | {"positionIdx": 0} | more).json()


def test_hedge_mode_has_a_long_and_a_short_position(bybit, url):
    bybit.set_position_mode(True, BTC)
    with pytest.raises(ccxt.ExchangeError, match="110025"):
        bybit.set_position_mode(True, BTC)
    with pytest.raises(ccxt.BadRequest, match="position idx"):
        bybit.create_order(BTC, "market", "buy", 0.01)
    bybit.create_order(BTC, "market", "buy", 0.02, None, {"hedged": True})
    bybit.create_order(BTC, "market", "sell", 0.01, None, {"hedged": True})
    held = {row["side"]: row["contracts"] for row in bybit.fetch_positions([BTC])}
    assert held == {"long": 0.02, "short": 0.01}
    with pytest.raises(ccxt.ExchangeError, match="110024"):
        bybit.set_position_mode(False, BTC)
    close = LINEAR | {"side": "Sell", "orderType": "Market", "qty": "0.02", "positionIdx": 1}
    assert post(url, "/v5/order/create", close | {"reduceOnly": True}).json()["retCode"] == 0
    assert post(url, "/v5/order/create", close | {"reduceOnly": True}).json()["retCode"] == 110017
    assert position(url, 1)["size"] == "0"
    assert position(url, 2)["size"] == "0.01"


def test_isolated_margin_is_kept_apart(bybit, url):
    bybit.set_margin_mode("isolated")
    assert bybit.fetch_margin_mode(BTC)["marginMode"] == "isolated"
    bybit.set_leverage(10, BTC)
    bybit.create_order(BTC, "market", "buy", 0.1)
    held = position(url)
    assert held["tradeMode"] == 1
    entry = float(held["avgPrice"])
    assert float(held["positionBalance"]) == pytest.approx(0.1 * entry / 10)
    assert float(held["liqPrice"]) == pytest.approx(entry * 0.9, rel=0.01)
    more = post(url, "/v5/position/add-margin", LINEAR | {"margin": "50", "positionIdx": 0}).json()
    assert float(more["result"]["positionBalance"]) == pytest.approx(0.1 * entry / 10 + 50)
    less = post(url, "/v5/position/add-margin", LINEAR | {"margin": "-500", "positionIdx": 0})
    assert less.json()["retCode"] == 110045
    assert bybit.fetch_balance()["USDT"]["total"] == pytest.approx(10_000 - 0.1 * entry * 0.0005)
    with pytest.raises(ccxt.ExchangeError, match="3400045"):
        bybit.set_margin_mode("cross")


def test_one_symbol_isolated(bybit, url):
    chosen = LINEAR | {"tradeMode": 1, "buyLeverage": "7", "sellLeverage": "7"}
    assert post(url, "/v5/position/switch-isolated", chosen).json()["retCode"] == 0
    held = position(url)
    assert (held["tradeMode"], held["leverage"]) == (1, "7")
    assert post(url, "/v5/position/switch-isolated", chosen).json()["retCode"] == 110026
    assert bybit.fetch_margin_mode(BTC)["marginMode"] == "cross"  # of the account


def test_take_profit_and_stop_loss_of_a_position(bybit, url, last, clock):
    low, high = f"{last * 0.97:.1f}", f"{last * 1.03:.1f}"
    assert "zero position" in stop(url, stopLoss=low)["retMsg"]
    bybit.create_order(BTC, "market", "buy", 0.02)
    assert "should be lower" in stop(url, stopLoss=high)["retMsg"]
    assert stop(url, takeProfit=high, stopLoss=low)["retCode"] == 0
    assert stop(url, takeProfit=high, stopLoss=low)["retCode"] == 34040
    held = position(url)
    assert (float(held["takeProfit"]), float(held["stopLoss"])) == (float(high), float(low))
    kinds = {o["info"]["stopOrderType"] for o in bybit.fetch_open_orders(BTC)}
    assert kinds == {"TakeProfit", "StopLoss"}
    nearer = f"{last * 0.98:.1f}"
    assert stop(url, takeProfit="0", stopLoss=nearer)["retCode"] == 0
    held = position(url)
    assert (held["takeProfit"], float(held["stopLoss"])) == ("", float(nearer))
    for _ in range(400):  # hours until the market has fallen so far
        clock.sleep(3 * 3_600)
        if not bybit.fetch_positions([BTC])[0]["contracts"]:
            break
    done = bybit.fetch_closed_orders(BTC)[-1]
    assert done["info"]["stopOrderType"] == "StopLoss"
    assert done["average"] <= float(nearer)
    assert bybit.fetch_open_orders(BTC) == []


def test_protecting_a_part(bybit, url, last):
    bybit.create_order(BTC, "market", "buy", 0.02)
    part = {"tpslMode": "Partial", "takeProfit": f"{last * 1.03:.1f}", "tpSize": "0.01"}
    limit = {"tpOrderType": "Limit", "tpLimitPrice": f"{last * 1.03:.1f}"}
    assert stop(url, **part, **limit)["retCode"] == 0
    [order] = bybit.fetch_open_orders(BTC)
    assert (order["type"], order["amount"], order["reduceOnly"]) == ("limit", 0.01, True)
    assert stop(url, trailingStop="100")["retCode"] == 10001


def test_leverage_is_one_whole_number(url):
    for buy, sell in (("10", "11"), ("2.5", "2.5"), ("0", "0"), ("1000", "1000")):
        body = LINEAR | {"buyLeverage": buy, "sellLeverage": sell}
        assert post(url, "/v5/position/set-leverage", body).json()["retCode"] in (10001, 110013)
    assert position(url)["leverage"] == "20"
