"""What is asked beyond the law: every property has a plugin that fails it alone."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from support.plugins import plugin, walk

from xq.bars import FIELDS, Bars
from xq.clock import SystemClock
from xq.errors import LookAhead, ShortWarmUp, StrategyError
from xq.strategy.alterations import another_future, halves, reordered, rescaled
from xq.strategy.corners import check_corners, corners, law_on
from xq.strategy.examination import Check, Examination
from xq.strategy.sandbox import Evaluator, StrategySpec

CLOCK = SystemClock()
HONEST = "return np.where(bars.close > ta.sma(bars.close, 20), 1.0, 0.0) / len(bars.symbols)"


def _examined(
    spec: StrategySpec, bars: Bars, *, seconds: float = 300, lawful: bool = True
) -> dict[str, Check]:
    """Every check by name; ``lawful=False`` leaves the law out, to see what finds the rest."""
    with Evaluator.start(spec, deadline_s=300) as evaluator:
        if lawful:
            weights = evaluator.run(bars, rows=30).weights
        else:
            weights, _ = evaluator.trial(bars).full()
        until = CLOCK.monotonic() + seconds
        examination = Examination(evaluator, bars, weights, until, CLOCK, "here")
        return {check.name: check for check in examination.checks()}


def _failing(checks: dict[str, Check]) -> list[str]:
    return [name for name, check in checks.items() if check.result == "fails"]


@pytest.mark.parametrize("symbols", [1, 3])
def test_an_honest_strategy_holds_everywhere(tmp_path: Path, symbols: int) -> None:
    checks = _examined(plugin(tmp_path, HONEST), walk(600, symbols))
    assert {check.result for check in checks.values()} == {"holds"}
    assert all(check.asked > 500 and not check.thin_margins for check in checks.values())


def test_the_first_symbol_preferred_depends_on_their_order(tmp_path: Path) -> None:
    body = "weights = bars.close * 0\nweights[:, 0] = 1.0\nreturn weights"
    checks = _examined(plugin(tmp_path, body), walk(300, 3))
    assert _failing(checks) == ["symbol order"]
    assert checks["symbol order"].finding.startswith("with its symbols reversed, 281 rows differ")
    assert len(checks["symbol order"].rows) == 5
    assert type(checks["symbol order"].error) is StrategyError


def test_prices_compared_with_numbers_depend_on_their_unit(tmp_path: Path) -> None:
    body = "return np.where(bars.close > 100, 1.0, 0.0)"
    assert _failing(_examined(plugin(tmp_path, body), walk(300, 2))) == ["price units"]


def test_prices_of_two_symbols_subtracted_depend_on_the_unit_of_one(tmp_path: Path) -> None:
    body = """
        total = bars.close.sum(axis=1, keepdims=True)
        return np.where(bars.close > total / len(bars.symbols), 1.0, 0.0)
    """
    checks = _examined(plugin(tmp_path, body), walk(300, 2))
    assert _failing(checks) == ["price units"]
    assert "prices of C0/USDT alone times 1000" in checks["price units"].finding


def test_the_future_of_another_symbol_is_found(tmp_path: Path) -> None:
    body = """
        rank = bars.close[-1].argsort().argsort()
        return np.where(rank == len(rank) - 1, 1.0, 0.0) * np.ones(bars.close.shape)
    """
    checks = _examined(plugin(tmp_path, body), walk(300, 3), lawful=False)
    assert checks["other futures"].result == "fails"
    assert isinstance(checks["other futures"].error, LookAhead)
    assert "with another future of " in checks["other futures"].finding


def test_a_start_that_matters_later_is_found(tmp_path: Path) -> None:
    body = "return (np.arange(len(bars)) // 50 % 2).reshape(-1, 1) * np.ones(bars.close.shape)"
    checks = _examined(plugin(tmp_path, body), walk(300), lawful=False)
    assert checks["warm-up"].result == "fails"
    assert isinstance(checks["warm-up"].error, ShortWarmUp)


def test_a_strategy_of_one_symbol_alone_is_not_asked_about_order(tmp_path: Path) -> None:
    body = """
        close = bars.frame(bars.symbols[0])["close"]
        return np.where(close > close.rolling(20).mean(), 1.0, 0.0).reshape(-1, 1)
    """
    checks = _examined(plugin(tmp_path, body), walk(300))
    assert _failing(checks) == []
    assert checks["symbol order"].result == "not asked"
    assert checks["symbol order"].finding.startswith("it answers for one symbol alone: ")


def test_rounding_alone_is_no_finding(tmp_path: Path) -> None:
    body = "return np.where(np.exp(np.log(bars.close)) > bars.close, 1.0, 0.0)"
    checks = _examined(plugin(tmp_path, body, lookback="1"), walk(400))
    assert _failing(checks) == []
    assert checks["price units"].thin_margins > 0


def test_when_the_time_is_up_the_rest_is_told_as_not_asked(tmp_path: Path) -> None:
    checks = _examined(plugin(tmp_path, HONEST), walk(100), seconds=-1)
    assert {check.result for check in checks.values()} == {"not asked"}


CORNERED = """
    length: int = param(20, low=2, high=50)
    short: bool = param(False)
"""


@pytest.mark.parametrize(
    ("lookback", "result", "finding"),
    [
        ("self.length", "holds", ""),
        ("20", "fails", "with length=50 short=False: no weight after warm-up"),
        ("self.length * 20", "holds", "3 need more than 300 bars"),
    ],
)
def test_the_law_at_the_corners(tmp_path: Path, lookback: str, result: str, finding: str) -> None:
    body = "return bars.close / ta.sma(bars.close, self.length) - 1"
    spec = plugin(tmp_path, body, lookback=lookback, attributes=CORNERED)
    with Evaluator.start(spec) as evaluator:
        declared = evaluator.declaration
    edges = corners(declared.declared, declared.parameters)
    until = CLOCK.monotonic() + 300
    check = check_corners(spec, edges, law_on(walk(300), CLOCK, 0), "300 bars", until, CLOCK)
    assert (check.result, check.finding.startswith(finding)) == (result, True), check


def test_corners_are_each_end_alone_and_all_together(tmp_path: Path) -> None:
    with Evaluator.start(plugin(tmp_path, HONEST, attributes=CORNERED)) as evaluator:
        declared = evaluator.declaration
    assert list(corners(declared.declared, declared.parameters)) == [
        {"length": 2, "short": False},
        {"length": 50, "short": False},
        {"length": 20, "short": True},
        {"length": 50, "short": True},
    ]


ALTERED: list[Callable[[Bars], Bars]] = [
    lambda bars: reordered(bars, [2, 0, 1]),
    lambda bars: rescaled(bars, np.array([1000.0, 1, 0.001])),
    lambda bars: another_future(bars, 50, [1], seed=3),
    lambda bars: another_future(bars, 50, [0, 1, 2], seed=3),
]


@pytest.mark.parametrize("alter", ALTERED)
def test_altered_bars_are_bars(alter: Callable[[Bars], Bars]) -> None:
    told = alter(walk(100, 3))
    assert (told.high >= np.maximum(told.open, told.close) * (1 - 1e-12)).all()
    assert (told.low <= np.minimum(told.open, told.close) * (1 + 1e-12)).all()
    assert (told.volume > 0).all()


def test_another_future_changes_that_and_nothing_else() -> None:
    bars = walk(100, 3)
    told = another_future(bars, 50, [1], seed=3)
    for field in FIELDS:
        same = getattr(told, field) == getattr(bars, field)
        assert same[:51].all()
        assert same[:, [0, 2]].all()
        assert not same[51:, 1].all()


def test_halves_are_the_symbol_twice() -> None:
    bars = walk(101)
    both = halves(bars)
    assert both.symbols == ("C0/USDT", "C0/USDT later")
    assert np.array_equal(both.close[:, 0], bars.close[:50, 0])
    assert np.array_equal(both.close[:, 1], bars.close[51:, 0])
