"""A footer of which one byte was changed: whatever Arrow makes of it, the file is named."""

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from xq.errors import CorruptFile
from xq.lake import inspect, layout, parquet
from xq.lake.layout import Dataset
from xq.lake.writer import LakeWriter

Rows = Callable[..., pa.Table]


@pytest.fixture
def path(tmp_path: Path, rows: Rows, hourly: Dataset) -> Path:
    LakeWriter(tmp_path).upsert(hourly, rows(range(30)))
    return layout.leaf_path(tmp_path, hourly, "2024")


def test_a_name_that_is_no_text(path: Path, hourly: Dataset, tmp_path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data.replace(b"close", b"cl\xe9se"))
    with pytest.raises(CorruptFile, match="not a readable Parquet file"):
        parquet.read(path, hourly.spec)
    [found] = inspect.files(tmp_path, hourly)
    assert (found.wrong, found.rows) == (inspect.UNREADABLE, None)


def test_any_byte_of_the_footer(path: Path, hourly: Dataset, tmp_path: Path) -> None:
    data = path.read_bytes()
    length = int.from_bytes(data[-8:-4], "little") + 8
    for place in range(len(data) - length, len(data), 5):
        path.write_bytes(data[:place] + bytes([data[place] ^ 0x80]) + data[place + 1 :])
        [found] = inspect.files(tmp_path, hourly)
        assert found.wrong in (inspect.UNREADABLE, inspect.CHANGED)
