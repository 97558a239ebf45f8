"""Stored features joined as of the time they were known."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from support.plugins import walk

from xq.api.feature_inputs import begun, with_inputs
from xq.errors import NoData
from xq.lake.layout import Dataset
from xq.lake.reader import Lake
from xq.lake.writer import LakeWriter

HOUR = 3_600_000
BARS = walk(24)


def put(root: Path, length: str, name: str, values: dict[float, float]) -> None:
    table = pa.table({
        "ts": pa.array([int(hour * HOUR) for hour in values], pa.timestamp("ms", "UTC")),
        "name": [name] * len(values), "value": list(values.values()),
    })  # fmt: skip
    LakeWriter(root).upsert(Dataset("features", "x", "C0/USDT", length), table)


def test_a_value_belongs_to_its_bar_and_is_never_carried_on(tmp_path: Path) -> None:
    put(tmp_path, "1h", "f", {2: 2.0, 3: 3.0, 5: 5.0})
    put(tmp_path, "1h", "g", dict.fromkeys(range(24), 9.0))
    found = with_inputs(Lake(tmp_path), "x", BARS, ["f"]).extra["f"][:, 0]
    nan = np.nan
    assert np.array_equal(found[:7], [nan, nan, 2, 3, nan, 5, nan], equal_nan=True)
    assert begun(with_inputs(Lake(tmp_path), "x", BARS, ["f", "g"])) == 2


def test_a_longer_bar_is_known_when_it_has_closed(tmp_path: Path) -> None:
    put(tmp_path, "4h", "f", {0: 1.0, 4: 2.0, 12: 4.0})
    found = with_inputs(Lake(tmp_path), "x", BARS, ["f@4h"]).extra["f@4h"][:, 0]
    nan = np.nan
    expected = [nan] * 3 + [1.0] * 4 + [2.0] * 4 + [nan] * 4 + [4.0] * 4 + [nan] * 5
    assert np.array_equal(found, expected, equal_nan=True)  # the bar of 8 to 12 is not stored


def test_a_shorter_bar_is_the_last_inside(tmp_path: Path) -> None:
    table = {1 + 0.75: 7.0, 1 + 0.5: 6.0}
    put(tmp_path, "15m", "f", dict(sorted(table.items())))
    found = with_inputs(Lake(tmp_path), "x", BARS, ["f@15m"]).extra["f@15m"][:, 0]
    assert found[1] == 7.0
    assert np.isnan(np.delete(found, 1)).all()


def test_nothing_stored_is_an_error_with_the_command(tmp_path: Path) -> None:
    put(tmp_path, "1h", "f", {2: 2.0})
    with pytest.raises(NoData, match="no rsi_14 is stored within the bars") as caught:
        with_inputs(Lake(tmp_path), "x", BARS, ["rsi_14"])
    assert caught.value.hint == "xq indicators rsi:14 --symbol C0/USDT --timeframe 1h --store"
    assert with_inputs(Lake(tmp_path), "x", BARS, []) is BARS


def test_spot_is_not_sent_to_collect_the_funding_it_has_not(tmp_path: Path) -> None:
    with pytest.raises(NoData) as caught:
        with_inputs(Lake(tmp_path), "x", BARS, ["funding"])
    assert caught.value.hint == "spot has no funding: --symbol C0/USDT:USDT"
