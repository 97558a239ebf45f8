"""Build the recorded history in ``xq/sim/data`` from its two source files.

Usage: ``python tools/build_history.py HOURS_CSV TRADES_ZIP [FOLDER]``

``HOURS_CSV`` is the large 1h fixture of gapless-crypto-clickhouse 5.0.0, ``TRADES_ZIP`` the BTCUSDT
aggTrades fixture of rangebar 12.35.1; `xq/sim/data/README.md` says where each lies in its package.
The same input gives the same bytes.
"""

import csv
import io
import itertools
import sys
import zipfile
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np

from xq.sim.history import (
    HOURS_FILE,
    PRICE_DIGITS,
    QUANTITY_DIGITS,
    TRADES_FILE,
    pack_hours,
    pack_trades,
)
from xq.sim.instruments import REPLAY_START_MS, TRADES_END_MS, TRADES_START_MS
from xq.sim.tape import Tape

_PRICE = 10**PRICE_DIGITS
_QUANTITY = 10**QUANTITY_DIGITS
_TURNOVER = _PRICE * _QUANTITY


def whole(text: str, scale: int) -> int:
    """A decimal in units; refuses one that does not fit."""
    value = Decimal(text) * scale
    if value != value.to_integral_value():
        raise SystemExit(f"expected at most {scale} units per 1, found {text}")
    return int(value)


def read_hours(path: Path) -> np.ndarray:
    """The clean stretch of the hourly file, int64 (n, 10)."""
    rows = []
    with path.open(newline="", encoding="utf-8") as stream:
        lines = (line for line in stream if not line.startswith("#"))
        for row in csv.DictReader(lines):
            opened = datetime.fromisoformat(row["date"]).replace(tzinfo=UTC)
            ts = int(opened.timestamp()) * 1000
            if REPLAY_START_MS <= ts < TRADES_START_MS:
                rows.append([ts, *hour_columns(row)])
    return np.array(rows, dtype=np.int64)


def hour_columns(row: dict[str, str]) -> list[int]:
    """The numbers of one hour in units."""
    prices = [whole(row[name], _PRICE) for name in ("open", "high", "low", "close")]
    return [
        *prices,
        whole(row["volume"], _QUANTITY),
        whole(row["quote_asset_volume"], _TURNOVER),
        int(row["number_of_trades"]),
        whole(row["taker_buy_base_asset_volume"], _QUANTITY),
        whole(row["taker_buy_quote_asset_volume"], _TURNOVER),
    ]


def read_trades(path: Path) -> Tape:
    """The first six hours of the day's aggregate trades."""
    with zipfile.ZipFile(path) as archive:
        [name] = archive.namelist()
        text = io.TextIOWrapper(archive.open(name), encoding="utf-8", newline="")
        rows = [row for row in csv.reader(text) if int(row[5]) < TRADES_END_MS]
    ids = np.array([int(row[0]) for row in rows])
    raw = np.array([int(row[3]) for row in rows] + [int(rows[-1][4]) + 1])
    if not (np.diff(ids) == 1).all() or any(
        int(row[4]) + 1 != int(after[3]) for row, after in itertools.pairwise(rows)
    ):
        raise SystemExit("expected consecutive trade ids")
    return Tape(
        ts=np.array([int(row[5]) for row in rows], dtype=np.int64),
        price=np.array([whole(row[1], _PRICE) for row in rows], dtype=np.int64),
        quantity=np.array([whole(row[2], _QUANTITY) for row in rows], dtype=np.int64),
        taker_sold=np.array([row[6] == "True" for row in rows]),
        raw=raw.astype(np.int64),
        first_id=int(ids[0]),
    )


def write(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """One archive; its members carry no time, so the same arrays give the same bytes."""
    np.savez_compressed(path, allow_pickle=False, **arrays)


def main(arguments: list[str]) -> None:
    """Read both sources, write both archives."""
    if len(arguments) not in (2, 3):
        raise SystemExit(__doc__)
    default = Path(__file__).parents[1] / "xq" / "sim" / "data"
    folder = Path(arguments[2]) if len(arguments) == 3 else default
    write(folder / HOURS_FILE, pack_hours(read_hours(Path(arguments[0]))))
    write(folder / TRADES_FILE, pack_trades(read_trades(Path(arguments[1]))))


if __name__ == "__main__":
    main(sys.argv[1:])
