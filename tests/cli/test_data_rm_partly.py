"""``xq data rm`` that gets through with some datasets only: it prints those that are gone."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from xq.lake import layout, remove
from xq.lake.layout import Dataset
from xq.lake.lock import held

BAR = "ts,open,high,low,close,volume\n2024-01-01T00:00Z,10,12,9,11,1\n"


def test_what_is_printed_is_what_is_gone(
    xq: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    xq("init", ".", "--exchange", "sim").check(0)
    (tmp_path / "bars.csv").write_text(BAR)
    for symbol in ("BTC/USDT", "ETH/USDT"):
        line = ("--symbol", symbol, "--exchange", "binance", "--timeframe", "1h")
        xq("data", "import", "bars.csv", *line).check(0)
    monkeypatch.setattr(remove, "_WAIT_SECONDS", 0.0)
    busy = Dataset("ohlcv", "binance", "ETH/USDT", "1h")
    with held(layout.lock_path(tmp_path / "data", busy), 0.0, "test"):
        result = xq("data", "rm", "--kind", "ohlcv", "--yes")
    assert result.exit_code == 75
    assert [row["dataset"] for row in result.rows] == ["ohlcv BTC/USDT 1h on binance"]
    assert [row["symbol"] for row in xq("data", "ls").rows] == ["ETH/USDT"]
