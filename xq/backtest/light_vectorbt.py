"""vectorbt's order kernel without two seconds of ``import vectorbt``.

`simulate_from_orders_rs` (vectorbt-rust 1.2.0) asks Python for `vectorbt.portfolio.enums` on every
call, only to read the layout of its two record types; that import brings in the whole library.
While the kernel runs, a module with just those two layouts stands in, unless vectorbt is loaded
anyway. A contract test keeps the layouts equal to vectorbt's and the stand-in out of sight.
"""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import numpy as np

_NAMES = ("vectorbt", "vectorbt.portfolio", "vectorbt.portfolio.enums")
_KINDS = {"i": np.int64, "f": np.float64, "b": np.bool_}
_LOCK = threading.Lock()


def _layout(fields: str) -> np.dtype[Any]:
    pairs = [text.partition(":") for text in fields.split()]
    return np.dtype([(name, _KINDS[kind]) for name, _, kind in pairs], align=True)


ORDER_LAYOUT = _layout("id:i col:i idx:i size:f price:f fees:f side:i")
LOG_LAYOUT = _layout(
    "id:i group:i col:i idx:i cash:f position:f debt:f free_cash:f val_price:f value:f req_size:f "
    "req_price:f req_size_type:i req_direction:i req_fees:f req_fixed_fees:f req_slippage:f "
    "req_min_size:f req_max_size:f req_size_granularity:f req_reject_prob:f req_lock_cash:b "
    "req_allow_partial:b req_raise_reject:b req_log:b new_cash:f new_position:f new_debt:f "
    "new_free_cash:f new_val_price:f new_value:f res_size:f res_price:f res_fees:f res_side:i "
    "res_status:i res_status_info:i order_id:i"
)


def simulate_from_orders(*arguments: Any, **options: Any) -> np.ndarray:
    """Order records of `vectorbt_rust.portfolio.simulate_from_orders_rs`."""
    from vectorbt_rust.portfolio import simulate_from_orders_rs

    with _layouts_at_hand():
        orders, _ = simulate_from_orders_rs(*arguments, **options)
    return np.asarray(orders)


@contextmanager
def _layouts_at_hand() -> Iterator[None]:
    with _LOCK:
        if "vectorbt" in sys.modules:
            yield
            return
        modules = {name: ModuleType(name) for name in _NAMES}
        enums: Any = modules[_NAMES[-1]]
        enums.order_dt, enums.log_dt = ORDER_LAYOUT, LOG_LAYOUT
        sys.modules.update(modules)
        try:
            yield
        finally:
            for name, module in modules.items():
                if sys.modules.get(name) is module:
                    del sys.modules[name]
