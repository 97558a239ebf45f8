"""What is set aside: every damage has a record and a copy of its own, and nothing else stays."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from xq.errors import StorageFailed
from xq.lake import folders, layout, quarantine
from xq.lake.layout import Dataset
from xq.lake.quarantine import BadRow
from xq.lake.reader import Lake
from xq.lake.writer import LakeWriter

HOUR = 3_600_000
BTC = Dataset("ohlcv", "binance", "BTC/USDT", "1h")


def bars() -> pa.Table:
    names = ("ts", "open", "high", "low", "close", "volume")
    ones = np.ones(24)
    return pa.table(dict(zip(names, (np.arange(24) * HOUR, *[ones] * 5), strict=True)))


def test_two_damages_of_one_file_are_two_records_and_two_copies(tmp_path: Path) -> None:
    writer = LakeWriter(tmp_path)
    writer.upsert(BTC, bars())
    [leaf] = layout.leaves(tmp_path, BTC)
    for data in (b"once", b"twice", b"twice"):
        leaf.path.write_bytes(data)
        copy = quarantine.keep_file(tmp_path, BTC, leaf)
        assert copy.read_bytes() == data
        name = str(copy.relative_to(tmp_path))
        row = BadRow(0, 0, "corrupt_file", f"its bytes differ; kept as {copy.name}", name)
        quarantine.keep(writer, BTC, "lake", [row], at_ms=0)
    kept = Lake(tmp_path).table(quarantine.DATASET)["cells"].to_pylist()
    assert {(tmp_path / name).read_bytes() for name in kept} == {b"once", b"twice"}
    assert len(kept) == 2
    copies = (tmp_path / layout.META / "quarantine").rglob("*")
    assert {path.suffix for path in copies if path.is_file()} == {".parquet"}
    assert not list((tmp_path / layout.META / "staging").iterdir())


def test_what_cannot_be_looked_at_is_not_taken_for_absent(tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    assert folders.names(str(tmp_path / "none")) == []
    assert folders.look(str(tmp_path / "none")) is None
    for ask in (folders.names, folders.look):
        with pytest.raises(StorageFailed):
            ask(str(loop))
