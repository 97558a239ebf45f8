"""The official modular SDK: every REST endpoint that it and the venue know: ``sdk_rest.py URL``.

Its models are strict: a value of another type than Binance's own description says is logged, and
counts as a failure of the call. Rows ``missing NAME`` tell which described fields did not come.
"""

import sys

from pydantic import BaseModel
from record import Record
from sdk_client import Complaints, client

BTC, ETH, SOL = "BTCUSDT", "ETHUSDT", "SOLUSDT"


class Client:
    """The SDK, its calls and the endpoints they went to."""

    def __init__(self, url):
        self.api = client(url).rest_api
        self.record = Record()
        self.complaints = Complaints()
        self.asked = set()
        self.api._session.hooks["response"].append(self._answered)

    def _answered(self, response, **_options):
        path = response.request.path_url.partition("?")[0]
        self.asked.add(f"{response.request.method} {path}")

    def call(self, name, *, label="", **options):
        """Call it and look at every value of the answer; None if that failed."""
        row = f"{name} {label}".strip()
        try:
            found = getattr(self.api, name)(**options).data()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the outcome
            self.record.note(row, type(error).__name__, f"{error} {vars(error)}")
            return None
        said, self.complaints.said = self.complaints.said, []
        self.record.note(row, "type failure" if said else "ok", " ".join(said))
        absent = sorted(missing(found))
        if absent:
            self.record.note(f"missing {row}", "ok", " ".join(absent))
        return found


def missing(value, where=""):
    """Described fields that did not come."""
    value = getattr(value, "actual_instance", value)
    if isinstance(value, list):
        return missing(value[0], where) if value else set()
    if not isinstance(value, BaseModel):
        return set()
    found = set()
    for name, field in type(value).model_fields.items():
        if name == "additional_properties":
            continue
        held = getattr(value, name)
        label = f"{where}{field.alias or name}"
        found |= {label} if held is None else missing(held, label + ".")
    return found


def market_data(sdk):
    sdk.call("test_connectivity")
    sdk.call("check_server_time")
    sdk.call("exchange_information")
    sdk.call("order_book", symbol=BTC, limit=5)
    sdk.call("rpi_order_book", symbol=BTC, limit=1000)
    sdk.call("recent_trades_list", symbol=BTC, limit=5)
    sdk.call("old_trades_lookup", symbol=BTC, limit=5)
    sdk.call("compressed_aggregate_trades_list", symbol=BTC, limit=5)
    sdk.call("kline_candlestick_data", symbol=BTC, interval="1m", limit=3)
    sdk.call(
        "continuous_contract_kline_candlestick_data",
        pair=BTC, contract_type="PERPETUAL", interval="1m", limit=3,
    )  # fmt: skip
    sdk.call("index_price_kline_candlestick_data", pair=BTC, interval="1m", limit=3)
    sdk.call("mark_price_kline_candlestick_data", symbol=BTC, interval="1m", limit=3)
    sdk.call("premium_index_kline_data", symbol=BTC, interval="1m", limit=3)
    sdk.call("get_funding_rate_history", symbol=BTC, limit=3)
    sdk.call("get_funding_rate_info")
    sdk.call("open_interest", symbol=BTC)
    sdk.call("open_interest_statistics", symbol=BTC, period="5m", limit=3)
    sdk.call("basis", pair=BTC, contract_type="PERPETUAL", period="5m", limit=3)
    sdk.call("taker_buy_sell_volume", symbol=BTC, period="5m", limit=3)
    sdk.call("query_index_price_constituents", symbol=BTC)
    sdk.call("composite_index_symbol_information")
    for name in (
        "mark_price", "ticker24hr_price_change_statistics", "symbol_price_ticker",
        "symbol_price_ticker_v2", "symbol_order_book_ticker",
    ):  # fmt: skip
        sdk.call(name, label="one", symbol=BTC)
        sdk.call(name, label="all")


def settings(sdk):
    sdk.call("notional_and_leverage_brackets", label="one", symbol=BTC)
    sdk.call("notional_and_leverage_brackets", label="all")
    sdk.call("change_initial_leverage", symbol=BTC, leverage=10)
    sdk.call("symbol_configuration", symbol=BTC)
    sdk.call("futures_account_configuration")
    sdk.call("user_commission_rate", symbol=BTC)
    sdk.call("get_current_position_mode")
    sdk.call("get_current_multi_assets_mode")
    sdk.call("get_bnb_burn_status")
    sdk.call("query_user_rate_limit")
    sdk.call("futures_trading_quantitative_rules_indicators")
    sdk.call("start_user_data_stream")
    sdk.call("keepalive_user_data_stream")


def orders(sdk, price):
    low, lower = round(price * 0.98, 1), round(price * 0.97, 1)
    limit = {"symbol": BTC, "side": "BUY", "type": "LIMIT", "time_in_force": "GTC"}
    sdk.call("test_order", **limit, quantity=0.01, price=low)
    sdk.call("new_order", label="limit", **limit, quantity=0.01, price=low,
                new_client_order_id="a", new_order_resp_type="RESULT")  # fmt: skip
    sdk.call("query_current_open_order", symbol=BTC, orig_client_order_id="a")
    sdk.call("modify_order", symbol=BTC, side="BUY", quantity=0.02, price=lower,
                orig_client_order_id="a")  # fmt: skip
    sdk.call("query_order", symbol=BTC, orig_client_order_id="a")
    sdk.call("current_all_open_orders", symbol=BTC)
    sdk.call("auto_cancel_all_open_orders", symbol=BTC, countdown_time=60_000)
    sdk.call("cancel_order", symbol=BTC, orig_client_order_id="a")
    several = [
        {"symbol": BTC, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC",
         "quantity": "0.01", "price": str(at), "newClientOrderId": name}
        for name, at in (("b", low), ("c", lower))
    ]  # fmt: skip
    sdk.call("place_multiple_orders", batch_orders=several)
    changes = [
        {"symbol": BTC, "side": "BUY", "quantity": "0.02", "price": str(low),
         "origClientOrderId": name} for name in ("b", "c")
    ]  # fmt: skip
    sdk.call("modify_multiple_orders", batch_orders=changes)
    sdk.call("cancel_multiple_orders", symbol=BTC, orig_client_order_id_list=["b", "c"])
    sdk.call("cancel_all_open_orders", symbol=BTC)
    sdk.call("new_order", label="market", symbol=BTC, side="BUY", type="MARKET", quantity=0.02,
                new_order_resp_type="RESULT")  # fmt: skip
    sdk.call("all_orders", symbol=BTC)
    sdk.call("account_trade_list", symbol=BTC)


def conditional_orders(sdk, price):
    stop = {"algo_type": "CONDITIONAL", "symbol": BTC, "side": "SELL"}
    trigger = round(price * 0.95, 1)
    sdk.call("new_algo_order", label="stop market", **stop, type="STOP_MARKET", quantity=0.01,
                trigger_price=trigger, client_algo_id="s")  # fmt: skip
    sdk.call("new_algo_order", label="stop", **stop, type="STOP", quantity=0.01, price=trigger,
                trigger_price=trigger, time_in_force="GTC")  # fmt: skip
    sdk.call("new_algo_order", label="trailing", **stop, type="TRAILING_STOP_MARKET",
                quantity=0.01, callback_rate=2)  # fmt: skip
    sdk.call("query_algo_order", client_algo_id="s")
    sdk.call("current_all_algo_open_orders", symbol=BTC)
    sdk.call("cancel_algo_order", client_algo_id="s")
    sdk.call("cancel_all_algo_open_orders", symbol=BTC)
    sdk.call("query_all_algo_orders", symbol=BTC)


def account(sdk):
    sdk.call("account_information_v2")
    sdk.call("account_information_v3")
    sdk.call("futures_account_balance_v2")
    sdk.call("futures_account_balance_v3")
    sdk.call("position_information_v2", symbol=BTC)
    sdk.call("position_information_v3", symbol=BTC)
    sdk.call("position_adl_quantile_estimation")
    sdk.call("users_force_orders", label="adl", auto_close_type="ADL")
    sdk.call("users_force_orders")
    sdk.call("get_income_history")
    sdk.call("new_order", label="close", symbol=BTC, side="SELL", type="MARKET", quantity=5,
                reduce_only="true")  # fmt: skip
    sdk.call("close_user_data_stream")


def modes(sdk):
    sdk.call("change_margin_type", symbol=SOL, margin_type="ISOLATED")
    sdk.call("new_order", label="isolated", symbol=SOL, side="BUY", type="MARKET", quantity=10)
    sdk.call("modify_isolated_position_margin", symbol=SOL, amount=20, type=1)
    sdk.call("get_position_margin_change_history", symbol=SOL)
    sdk.call("new_order", label="close isolated", symbol=SOL, side="SELL", type="MARKET",
                quantity=10, reduce_only="true")  # fmt: skip
    sdk.call("change_position_mode", dual_side_position="true")


def main(url):
    sdk = Client(url)
    market_data(sdk)
    settings(sdk)
    price = float(sdk.api.mark_price(symbol=BTC).data().actual_instance.mark_price)
    orders(sdk, price)
    conditional_orders(sdk, price)
    account(sdk)
    modes(sdk)
    for endpoint in sorted(sdk.asked):
        sdk.record.note(f"asked {endpoint}")
    sdk.record.finish()


main(*sys.argv[1:])
