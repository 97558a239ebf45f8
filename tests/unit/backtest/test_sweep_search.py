"""Ways through a space of parameters: complete, without repetition, the same for the same seed."""

import pickle
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

from xq.backtest.conditions import NOTHING
from xq.backtest.simulation import Rules
from xq.backtest.sweep_search import search_of
from xq.backtest.sweep_space import Axis, Space, check_count, space_of
from xq.backtest.vector import simulate
from xq.bars import Bars
from xq.errors import UsageError
from xq.portfolio.costs import Costs
from xq.strategy.parameters import Parameter
from xq.timeframe import HOUR_MS, Timeframe

SPACE = Space((Axis("a", tuple(range(30))), Axis("b", (0.5, 1.0, 1.5)), Axis("c", ("x", "y"))))
needs_optuna = pytest.mark.skipif(
    find_spec("optuna") is None or find_spec("cmaes") is None, reason="the extra [search]"
)


def tried(method: str, trials: int | None, seed: int = 1) -> list[dict[str, Any]]:
    """What a search tries where a is best at 20 and b at 1."""
    found: list[dict[str, Any]] = []

    def run(todo: Sequence[tuple[int, Mapping[str, Any]]]) -> Mapping[int, float]:
        assert [number for number, _ in todo] == list(range(len(found), len(found) + len(todo)))
        found.extend(dict(params) for _, params in todo)
        return {n: -abs(p["a"] - 20) - abs(p["b"] - 1.0) for n, p in todo}

    search, count = search_of(method, SPACE, trials, seed)
    search(run)
    assert len(found) == count
    return found


def test_a_grid_tries_every_set_once() -> None:
    found = tried("grid", None)
    assert len({tuple(one.items()) for one in found}) == len(SPACE) == 180
    assert found[1] == {"a": 0, "b": 0.5, "c": "y"} == SPACE.at(1)


def test_random_draws_differ_from_each_other_and_repeat_with_their_seed() -> None:
    found = tried("random", 100)
    assert len({tuple(one.items()) for one in found}) == 100
    assert found == tried("random", 100) != tried("random", 100, seed=2)
    assert len(tried("random", 10_000)) == 180


@needs_optuna
@pytest.mark.parametrize("method", ["tpe", "cmaes"])
def test_guided_searches_go_where_it_is_good_and_repeat_with_their_seed(method: str) -> None:
    found = tried(method, 60)
    assert len({tuple(one.items()) for one in found}) == 60
    assert found == tried(method, 60)
    far = [abs(one["a"] - 20) for one in found]
    assert sum(far[-20:]) < sum(far[:20])


@needs_optuna
def test_a_search_whose_trials_are_all_refused_ends() -> None:
    search, _ = search_of("tpe", SPACE, 20, 1)
    search(lambda todo: {number: float("nan") for number, _ in todo})


def test_without_optuna_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(UsageError, match="needs optuna") as told:
        search_of("tpe", SPACE, 20, 1)
    assert "xq[search]" in str(told.value.hint)


def test_ranges_lists_and_single_values() -> None:
    known = {
        "n": Parameter(5, low=1, high=99, name="n"),
        "x": Parameter(0.5, low=0.0, high=2.0, name="x"),
        "w": Parameter("on", choices=("on", "off"), name="w"),
    }
    space = space_of(["n=5:15:5", "x=0.1:0.4:0.1", "w=on,off"], known)
    assert [axis.values for axis in space.axes] == [
        (5, 10, 15), (0.1, 0.2, 0.3, 0.4), ("on", "off"),
    ]  # fmt: skip
    assert [axis.name for axis in space_of(["n=7", "x=1,2,1"], known).swept] == ["x"]
    with pytest.raises(UsageError, match="between 1 and 99"):
        space_of(["n=90:110:5"], known)
    with pytest.raises(UsageError, match="10,000,001 sets"):
        check_count(10_000_001, 10_000)


def test_a_worker_far_away_uses_the_same_engine() -> None:
    steps = np.arange(4) * HOUR_MS
    bars = Bars.of(Timeframe.parse("1h"), ["A/B"], steps, open=[1, 2, 3, 4], close=[2, 3, 4, 5])
    weights = np.ones((4, 1))
    sent = pickle.loads(pickle.dumps(NOTHING))  # as a scene travels
    here, there = (simulate(weights, bars, Costs(), Rules(), None, c) for c in (NOTHING, sent))
    assert here.engine == there.engine == "vectorbt"
