"""What a backtest tells people: a mistyped exchange, gaps, what a strategy prints."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.backtests import bars_table, store, workspace

Run = Callable[..., Any]

PRINTS = '''"""Prints what it was asked."""

import numpy as np

from xq import Bars, Strategy


class Prints(Strategy):
    @property
    def lookback(self) -> int:
        return 1

    def target_weights(self, bars: Bars):
        print("asked for", len(bars), "bars")
        return np.ones_like(bars.close)
'''


@pytest.mark.parametrize("command", [["backtest"], ["sweep", "--param", "fast=5,10"]])
def test_a_mistyped_exchange_is_suggested(xq: Run, tmp_path: Path, command: list[str]) -> None:
    workspace(tmp_path)
    said = xq(*command, "--exchange", "binanse")
    assert (said.exit_code, said.stdout) == (2, "")
    assert "no exchange named 'binanse'; did you mean 'binance'?" in said.stderr


def test_a_name_of_ones_own_is_an_exchange_once_bars_of_it_are_stored(
    xq: Run, tmp_path: Path
) -> None:
    workspace(tmp_path)
    store(tmp_path, bars_table(50), exchange="mine")
    said = xq("backtest", "--exchange", "mine", "--symbol", "ETH/USDT")
    assert said.exit_code == 4
    assert "no 1h bars of ETH/USDT stored" in said.stderr


def test_gaps_name_the_choice_that_is_left(xq: Run, tmp_path: Path) -> None:
    table = bars_table(400)
    (tmp_path / "xq.toml").write_text("", encoding="utf-8")
    store(tmp_path, table.slice(0, 150), exchange="mine")
    store(tmp_path, table.slice(160), exchange="mine")
    (tmp_path / "strategies").mkdir()
    (tmp_path / "strategies" / "prints.py").write_text(PRINTS, encoding="utf-8")
    options = ("backtest", "--strategy", "prints", "--exchange", "mine", "-o", "json")
    said = xq(*options)
    assert (said.exit_code, said.stdout) == (4, "")
    assert "or --gaps flag (no trades there) or --gaps drop" in said.stderr
    told = xq(*options, "--gaps", "flag")
    assert json.loads(told.stdout)["strategy"] == "prints"
    assert told.stderr.count("prints printed: asked for ") == 1
