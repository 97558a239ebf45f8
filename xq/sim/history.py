"""The recorded BTC/USDT spot history that ships with xq; see ``data/README.md`` for its origin.

Both files are NumPy archives of small integers. Nothing is estimated: turnover, number of trades
and taker volumes of the hourly bars are the exchange's own columns.
"""

from functools import cache
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from xq.errors import CorruptFile
from xq.sim.tape import Tape

PRICE_DIGITS = 2
QUANTITY_DIGITS = 5

_FOLDER = Path(__file__).parent / "data"
HOURS_FILE = "btcusdt_1h_2023.npz"
TRADES_FILE = "btcusdt_trades_20240101.npz"


@cache
def hourly_bars() -> np.ndarray:
    """Bars 2023-03-25 00:00 to 2023-12-31 23:00, int64 (6768, 10), columns of `xq.sim.tape`.

    Raises
    ------
    CorruptFile
        If the installed file cannot be read.
    """
    packed = _read(HOURS_FILE, ("bars",))
    return _sealed(packed["bars"].astype(np.int64))


@cache
def recorded_trades() -> Tape:
    """The 184,850 aggregate trades of 2024-01-01 00:00 to 06:00.

    Raises
    ------
    CorruptFile
        If the installed file cannot be read.
    """
    packed = _read(TRADES_FILE, ("first", "ts", "price", "quantity", "taker_sold", "executions"))
    ts, price, first_id, first_raw = (int(value) for value in packed["first"])
    count = len(packed["ts"])
    return Tape(
        ts=_sealed(ts + np.cumsum(packed["ts"], dtype=np.int64)),
        price=_sealed(price + np.cumsum(packed["price"], dtype=np.int64)),
        quantity=_sealed(packed["quantity"].astype(np.int64)),
        taker_sold=_sealed(np.unpackbits(packed["taker_sold"], count=count).astype(bool)),
        raw=_sealed(first_raw + np.cumsum(packed["executions"], dtype=np.int64)),
        first_id=first_id,
    )


def pack_hours(bars: np.ndarray) -> dict[str, np.ndarray]:
    """The arrays of `HOURS_FILE`; the inverse of `hourly_bars`."""
    return {"bars": np.asfortranarray(bars)}


def pack_trades(tape: Tape) -> dict[str, np.ndarray]:
    """The arrays of `TRADES_FILE`; the inverse of `recorded_trades`."""
    first = [tape.ts[0], tape.price[0], tape.first_id, tape.raw[0]]
    return {
        "first": np.array(first, dtype=np.int64),
        "ts": np.diff(tape.ts, prepend=tape.ts[0]).astype(np.uint16),
        "price": np.diff(tape.price, prepend=tape.price[0]).astype(np.int16),
        "quantity": tape.quantity.astype(np.uint32),
        "taker_sold": np.packbits(tape.taker_sold),
        "executions": np.diff(tape.raw, prepend=tape.raw[0]).astype(np.uint8),
    }


def _read(name: str, keys: tuple[str, ...]) -> dict[str, np.ndarray]:
    path = _FOLDER / name
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            return {key: archive[key] for key in keys}
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as problem:
        raise CorruptFile(
            f"expected the recorded history that ships with xq, found {problem}",
            where=str(path),
            hint="pip install --force-reinstall xq",
        ) from problem


def _sealed(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array
