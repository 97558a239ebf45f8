"""The official modular SDK: every REST endpoint that it and the venue know: ``sdk_rest.py URL``.

Its models are strict: a value of another type than Binance's own description says is logged, and
counts as a failure of the call. Rows ``missing NAME`` tell which described fields did not come.
"""

import logging
import sys

from binance_sdk_derivatives_trading_usds_futures.derivatives_trading_usds_futures import (
    ConfigurationRestAPI,
    DerivativesTradingUsdsFutures,
)
from pydantic import BaseModel
from record import Record

BTC, ETH, SOL = "BTCUSDT", "ETHUSDT", "SOLUSDT"


class Complaints(logging.Handler):
    """What the SDK has to say of the types it read."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.said = []

    def emit(self, entry):
        self.said.append(entry.getMessage())


class Client:
    """The SDK, its calls and the endpoints they went to."""

    def __init__(self, url):
        configuration = ConfigurationRestAPI(api_key="sim", api_secret="sim", base_path=url)
        self.api = DerivativesTradingUsdsFutures(config_rest_api=configuration).rest_api
        self.record = Record()
        self.complaints = Complaints()
        logging.getLogger().addHandler(self.complaints)
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


def market_data(client):
    client.call("test_connectivity")
    client.call("check_server_time")
    client.call("exchange_information")
    client.call("order_book", symbol=BTC, limit=5)
    client.call("rpi_order_book", symbol=BTC, limit=1000)
    client.call("recent_trades_list", symbol=BTC, limit=5)
    client.call("old_trades_lookup", symbol=BTC, limit=5)
    client.call("compressed_aggregate_trades_list", symbol=BTC, limit=5)
    client.call("kline_candlestick_data", symbol=BTC, interval="1m", limit=3)
    client.call(
        "continuous_contract_kline_candlestick_data",
        pair=BTC, contract_type="PERPETUAL", interval="1m", limit=3,
    )  # fmt: skip
    client.call("index_price_kline_candlestick_data", pair=BTC, interval="1m", limit=3)
    client.call("mark_price_kline_candlestick_data", symbol=BTC, interval="1m", limit=3)
    client.call("premium_index_kline_data", symbol=BTC, interval="1m", limit=3)
    client.call("get_funding_rate_history", symbol=BTC, limit=3)
    client.call("get_funding_rate_info")
    client.call("open_interest", symbol=BTC)
    client.call("open_interest_statistics", symbol=BTC, period="5m", limit=3)
    client.call("basis", pair=BTC, contract_type="PERPETUAL", period="5m", limit=3)
    client.call("taker_buy_sell_volume", symbol=BTC, period="5m", limit=3)
    client.call("query_index_price_constituents", symbol=BTC)
    client.call("composite_index_symbol_information")
    for name in (
        "mark_price", "ticker24hr_price_change_statistics", "symbol_price_ticker",
        "symbol_price_ticker_v2", "symbol_order_book_ticker",
    ):  # fmt: skip
        client.call(name, label="one", symbol=BTC)
        client.call(name, label="all")


def settings(client):
    client.call("notional_and_leverage_brackets", label="one", symbol=BTC)
    client.call("notional_and_leverage_brackets", label="all")
    client.call("change_initial_leverage", symbol=BTC, leverage=10)
    client.call("symbol_configuration", symbol=BTC)
    client.call("futures_account_configuration")
    client.call("user_commission_rate", symbol=BTC)
    client.call("get_current_position_mode")
    client.call("get_current_multi_assets_mode")
    client.call("get_bnb_burn_status")
    client.call("query_user_rate_limit")
    client.call("futures_trading_quantitative_rules_indicators")
    client.call("start_user_data_stream")
    client.call("keepalive_user_data_stream")


def orders(client, price):
    low, lower = round(price * 0.98, 1), round(price * 0.97, 1)
    limit = {"symbol": BTC, "side": "BUY", "type": "LIMIT", "time_in_force": "GTC"}
    client.call("test_order", **limit, quantity=0.01, price=low)
    client.call("new_order", label="limit", **limit, quantity=0.01, price=low,
                new_client_order_id="a", new_order_resp_type="RESULT")  # fmt: skip
    client.call("query_current_open_order", symbol=BTC, orig_client_order_id="a")
    client.call("modify_order", symbol=BTC, side="BUY", quantity=0.02, price=lower,
                orig_client_order_id="a")  # fmt: skip
    client.call("query_order", symbol=BTC, orig_client_order_id="a")
    client.call("current_all_open_orders", symbol=BTC)
    client.call("auto_cancel_all_open_orders", symbol=BTC, countdown_time=60_000)
    client.call("cancel_order", symbol=BTC, orig_client_order_id="a")
    several = [
        {"symbol": BTC, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC",
         "quantity": "0.01", "price": str(at), "newClientOrderId": name}
        for name, at in (("b", low), ("c", lower))
    ]  # fmt: skip
    client.call("place_multiple_orders", batch_orders=several)
    changes = [
        {"symbol": BTC, "side": "BUY", "quantity": "0.02", "price": str(low),
         "origClientOrderId": name} for name in ("b", "c")
    ]  # fmt: skip
    client.call("modify_multiple_orders", batch_orders=changes)
    client.call("cancel_multiple_orders", symbol=BTC, orig_client_order_id_list=["b", "c"])
    client.call("cancel_all_open_orders", symbol=BTC)
    client.call("new_order", label="market", symbol=BTC, side="BUY", type="MARKET", quantity=0.02,
                new_order_resp_type="RESULT")  # fmt: skip
    client.call("all_orders", symbol=BTC)
    client.call("account_trade_list", symbol=BTC)


def conditional_orders(client, price):
    stop = {"algo_type": "CONDITIONAL", "symbol": BTC, "side": "SELL"}
    trigger = round(price * 0.95, 1)
    client.call("new_algo_order", label="stop market", **stop, type="STOP_MARKET", quantity=0.01,
                trigger_price=trigger, client_algo_id="s")  # fmt: skip
    client.call("new_algo_order", label="stop", **stop, type="STOP", quantity=0.01, price=trigger,
                trigger_price=trigger, time_in_force="GTC")  # fmt: skip
    client.call("new_algo_order", label="trailing", **stop, type="TRAILING_STOP_MARKET",
                quantity=0.01, callback_rate=2)  # fmt: skip
    client.call("query_algo_order", client_algo_id="s")
    client.call("current_all_algo_open_orders", symbol=BTC)
    client.call("cancel_algo_order", client_algo_id="s")
    client.call("cancel_all_algo_open_orders", symbol=BTC)
    client.call("query_all_algo_orders", symbol=BTC)


def account(client):
    client.call("account_information_v2")
    client.call("account_information_v3")
    client.call("futures_account_balance_v2")
    client.call("futures_account_balance_v3")
    client.call("position_information_v2", symbol=BTC)
    client.call("position_information_v3", symbol=BTC)
    client.call("position_adl_quantile_estimation")
    client.call("users_force_orders", label="adl", auto_close_type="ADL")
    client.call("users_force_orders")
    client.call("get_income_history")
    client.call("new_order", label="close", symbol=BTC, side="SELL", type="MARKET", quantity=5,
                reduce_only="true")  # fmt: skip
    client.call("close_user_data_stream")


def modes(client):
    client.call("change_margin_type", symbol=SOL, margin_type="ISOLATED")
    client.call("new_order", label="isolated", symbol=SOL, side="BUY", type="MARKET", quantity=10)
    client.call("modify_isolated_position_margin", symbol=SOL, amount=20, type=1)
    client.call("get_position_margin_change_history", symbol=SOL)
    client.call("new_order", label="close isolated", symbol=SOL, side="SELL", type="MARKET",
                quantity=10, reduce_only="true")  # fmt: skip
    client.call("change_position_mode", dual_side_position="true")


def main(url):
    client = Client(url)
    market_data(client)
    settings(client)
    price = float(client.api.mark_price(symbol=BTC).data().actual_instance.mark_price)
    orders(client, price)
    conditional_orders(client, price)
    account(client)
    modes(client)
    for endpoint in sorted(client.asked):
        client.record.note(f"asked {endpoint}")
    client.record.finish()


main(*sys.argv[1:])
