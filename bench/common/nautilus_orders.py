"""nautilus_trader's bar backtest of given orders, in an interpreter that has it.

``PYTHON nautilus_orders.py FILE.npz`` reads columns of bars (``ts`` in ms, ``open`` to ``volume``)
and ``row``, ``quantity`` of orders, sends each market order when its bar has closed, and prints one
JSON object: wall and user CPU seconds of ``engine.run()``, and how many orders were filled.
"""

import json
import resource
import sys
import time
from decimal import Decimal

import numpy as np
import pandas as pd
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.config import BacktestEngineConfig, LoggingConfig
from nautilus_trader.model.currencies import BTC, USDT
from nautilus_trader.model.data import BarType
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide, OrderStatus
from nautilus_trader.model.identifiers import InstrumentId, Symbol, Venue
from nautilus_trader.model.instruments import CurrencyPair
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.persistence.wranglers import BarDataWrangler
from nautilus_trader.trading.strategy import Strategy

VENUE = Venue("BENCH")


class Orders(Strategy):
    """Sends what it was given."""

    def __init__(self, bar_type, instrument, quantities):
        super().__init__()
        self.bar_type, self.instrument, self.quantities = bar_type, instrument, quantities

    def on_start(self):
        """Ask for the bars."""
        self.subscribe_bars(self.bar_type)

    def on_bar(self, bar):
        """Send this bar's order, if there is one."""
        quantity = self.quantities.get(bar.ts_event)
        if quantity is not None:
            side = OrderSide.BUY if quantity > 0 else OrderSide.SELL
            size = self.instrument.make_qty(abs(quantity))
            self.submit_order(self.order_factory.market(self.instrument.id, side, size))


def instrument():
    return CurrencyPair(
        instrument_id=InstrumentId(Symbol("BTCUSDT"), VENUE), raw_symbol=Symbol("BTCUSDT"),
        base_currency=BTC, quote_currency=USDT, price_precision=2, size_precision=6,
        price_increment=Price(0.01, 2), size_increment=Quantity(0.000001, 6), ts_event=0,
        ts_init=0, maker_fee=Decimal("0.001"), taker_fee=Decimal("0.001"),
    )  # fmt: skip


def main(path):
    data = np.load(path)
    engine = BacktestEngine(BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True)))
    engine.add_venue(
        VENUE, OmsType.NETTING, AccountType.MARGIN, [Money(10_000_000, USDT)], base_currency=USDT
    )
    item = instrument()
    engine.add_instrument(item)
    bar_type = BarType.from_str(f"{item.id}-1-MINUTE-LAST-EXTERNAL")
    index = pd.to_datetime(data["ts"], unit="ms", utc=True)
    frame = pd.DataFrame({k: data[k] for k in ("open", "high", "low", "close", "volume")}, index)
    engine.add_data(BarDataWrangler(bar_type, item).process(frame))
    nanoseconds = index.astype("datetime64[ns, UTC]").astype("int64")[data["row"]]
    quantities = dict(zip(nanoseconds.tolist(), data["quantity"].tolist(), strict=True))
    engine.add_strategy(Orders(bar_type, item, quantities))
    wall, cpu = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF).ru_utime
    engine.run()
    wall = time.perf_counter() - wall
    cpu = resource.getrusage(resource.RUSAGE_SELF).ru_utime - cpu
    filled = sum(order.status == OrderStatus.FILLED for order in engine.cache.orders())
    print(json.dumps({"wall": wall, "cpu": cpu, "orders": filled}))


if __name__ == "__main__":
    main(sys.argv[1])
