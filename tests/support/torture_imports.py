"""Files of other programs with bars of the torture's venue, and their import."""

import random
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet as pq
from support.archive_server import bar_line
from support.torture_venue import HOUR, NOW, START, is_hole, values

from xq.api.data_import import Wanted, import_paths
from xq.api.workspace import Workspace, open_workspace
from xq.clock import ManualClock

LAYOUTS = ("csv", "parquet", "freqtrade", "binance", "zip")
NAMED = LAYOUTS[2:]  # the name of such a file says what it holds
_COLUMNS = ("date", "open", "high", "low", "close", "volume")


@dataclass(frozen=True)
class Given:
    """A file to import.

    Attributes
    ----------
    poison
        An hour with a row that cannot be true, to be set aside; one the venue itself lacks.
    """

    path: Path
    symbol: str
    hours: range
    poison: int | None = None

    @property
    def kept(self) -> str:
        """What is to lie in quarantine, a name of its own for everything; empty for nothing."""
        line = self._rows().index(self.poison) if self.poison is not None else None
        return "" if line is None else f"{self.path.name} {self.symbol} {self.poison} {line}"

    def _rows(self) -> list[int]:
        return [hour for hour in self.hours if not is_hole(hour) or hour == self.poison]


def written(
    folder: Path, symbol: str, hours: range, layout: str, chance: random.Random | None = None
) -> Given:
    """Write a file of bars; by ``chance`` with one poison row where the venue has none."""
    folder.mkdir(parents=True, exist_ok=True)
    holes = [hour for hour in hours if is_hole(hour)]
    poison = chance.choice(holes) if chance and holes and chance.random() < 0.4 else None
    base, quote = symbol.split("/")
    path = (
        folder
        / {
            "csv": f"{base}.csv",
            "parquet": f"{base}.parquet",
            "freqtrade": f"{base}_{quote}-1h.feather",
            "binance": f"{base}{quote}-1h-2024-01.csv",
            "zip": f"{base}{quote}-1h-2024-01.zip",
        }[layout]
    )
    given = Given(path, symbol, hours, poison)
    rows = [(START + hour * HOUR, _cells(symbol, hour, poison)) for hour in given._rows()]
    if layout in ("binance", "zip"):
        text = "".join(bar_line(ts, cells, HOUR) + "\n" for ts, cells in rows)
        if layout == "binance":
            path.write_text(text)
        else:
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
                packed.writestr(f"{path.stem}.csv", text)
        return given
    columns = zip(*([ts, *cells] for ts, cells in rows), strict=True)
    table = pa.table(dict(zip(_COLUMNS, map(list, columns), strict=True)))
    if layout == "csv":
        pa.csv.write_csv(table, path)
    elif layout == "parquet":
        pq.write_table(table, path)
    else:
        pa.feather.write_feather(table, str(path))
    return given


def _cells(symbol: str, hour: int, poison: int | None) -> list[float]:
    cells = values(symbol, hour)
    return [*cells[:1], cells[2] - 9, *cells[2:]] if hour == poison else cells


def workspace(root: Path) -> Workspace:
    """One whose lake lies at ``root``."""
    opened = open_workspace(
        flags={"lake.path": str(root)}, environ={"XQ_EXCHANGE__NAME": "binance"}, cwd=root.parent
    )
    return replace(opened, clock=ManualClock(NOW))


def bring(root: Path, given: Given) -> None:
    """What ``xq data import --quarantine FILE`` does."""
    wanted = Wanted(symbol=given.symbol, timeframe="1h", quarantine=True)
    for outcome in import_paths(workspace(root), [given.path], wanted):
        if outcome.failure is not None:
            raise outcome.failure
