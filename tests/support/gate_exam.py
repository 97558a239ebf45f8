"""The gate's exam: how often it lets luck pass and how often it finds an edge.

    .venv/bin/python tests/support/gate_exam.py [MARKETS] [FIRST_SEED]

Every market is 500 days of a perpetual. A strategy with fifty settings (`gate_strategy`) is run on
it with every setting: each under the law in its sandbox, then through the vector engine with fee
and slippage, its days to the gate as the trials of a sweep. The setting with the highest Sharpe
ratio is what a person would report; the gate is asked about that one. Three kinds of market:

random walk
    No setting has an edge: whatever passes is luck. At most 5 % may.
planted edge
    Five settings see it, each with a true Sharpe ratio of 3 per year of 365 days after costs and
    correlated by one half, as neighbours of a parameter are. At least half must pass.
lone edge
    One of fifty unrelated settings sees it: the hardest to tell from luck. Reported, not judged.
"""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.gate_markets import LONE, PLANTED, SETTINGS, WALK, Kind, market

from xq.api.trial_days import daily, judged
from xq.backtest.simulation import Rules
from xq.backtest.stress import STRESS, at_costs
from xq.backtest.vector import simulate
from xq.backtest.verdict import Evidence, verdict
from xq.metrics.returns import sharpe_ratio, total_return
from xq.portfolio.costs import Costs
from xq.strategy.sandbox import Evaluator, StrategySpec

COSTS = Costs(fee=0.0005, slippage=0.0002)
RULES = Rules()
STRATEGY = Path(__file__).with_name("gate_strategy.py")
_FAIL_SHARE, _FIND_SHARE = 0.05, 0.5


@dataclass(frozen=True, slots=True)
class Answer:
    """What the gate said of the best setting of one market."""

    kind: Kind
    seed: int
    passed: bool
    reasons: tuple[str, ...]


def weights_of(setting: int, asked: list[tuple[Kind, int]], folder: Path) -> list[np.ndarray]:
    """Weights of one setting on every market, each under the law."""
    markets = [market(kind, seed) for kind, seed in asked]
    with Evaluator.start(StrategySpec(folder, "gate", {"setting": setting})) as evaluator:
        return [evaluator.run(bars, rows=4, seed=setting).weights for bars in markets]


def judge(kind: Kind, seed: int, weights: list[np.ndarray]) -> Answer:
    """Simulate every setting, choose the best, ask the gate."""
    bars = market(kind, seed)
    runs = [simulate(one, bars, COSTS, RULES) for one in weights]
    trials = [
        daily(str(k), bars.known_at, run.equity, run.initial_cash) for k, run in enumerate(runs)
    ]
    sharpes = [sharpe_ratio(trial.returns) for trial in trials]
    best = int(np.nanargmax(sharpes))
    run = runs[best]
    others = trials[:best] + trials[best + 1 :]
    luck = judged(trials[best], others)
    stressed = simulate(weights[best], bars, at_costs(COSTS), RULES)
    found = verdict(
        Evidence(
            trials=luck.trials,
            deflated_sharpe_ratio=luck.deflated_sharpe_ratio_2026,
            probability_of_overfitting=luck.probability_of_overfitting,
            total_return=total_return(run.equity, run.initial_cash),
            stressed_return=total_return(stressed.equity, run.initial_cash),
            stress=STRESS,
            checked_rows=4,
        )
    )
    return Answer(kind, seed, found.survives, found.reasons)


def sit(kinds: list[Kind], seeds: range, *, workers: int = 1) -> Iterator[Answer]:
    """The exam on every market of these kinds."""
    asked = [(kind, seed) for kind in kinds for seed in seeds]
    with tempfile.TemporaryDirectory() as folder, ProcessPoolExecutor(workers) as pool:
        shutil.copy(STRATEGY, Path(folder) / "gate.py")
        jobs = [pool.submit(weights_of, k, asked, Path(folder)) for k in range(SETTINGS)]
        weights = [job.result() for job in jobs]
        columns = [[weights[k][j] for k in range(SETTINGS)] for j in range(len(asked))]
        yield from pool.map(judge, *zip(*asked, strict=True), columns, chunksize=4)


def wilson(hits: int, count: int, z: float = 1.959964) -> tuple[float, float]:
    """Interval of a share at 95 % (Wilson 1927).

    >>> [round(bound, 3) for bound in wilson(0, 200)]
    [0.0, 0.019]
    """
    share = hits / count
    middle = share + z * z / (2 * count)
    reach = z * (share * (1 - share) / count + z * z / (4 * count * count)) ** 0.5
    return tuple((middle + sign * reach) / (1 + z * z / count) for sign in (-1, 1))


def report(answers: list[Answer]) -> bool:
    """Print what passed, with intervals; whether the exam is passed."""
    good = True
    for kind in dict.fromkeys(answer.kind for answer in answers):
        chosen = [answer for answer in answers if answer.kind == kind]
        hits = sum(answer.passed for answer in chosen)
        low, high = wilson(hits, len(chosen))
        print(
            f"{kind.name:<13}{hits:>4} of {len(chosen)} pass: {hits / len(chosen):.1%} "
            f"(95 % Wilson interval {low:.1%} to {high:.1%})"
        )
        for word in ("chance", "choosing", "earns"):
            count = sum(any(word in reason for reason in answer.reasons) for answer in chosen)
            print(f"    {count:>4} refused for: {word}")
        if kind == WALK:
            good &= hits / len(chosen) <= _FAIL_SHARE
        if kind == PLANTED:
            good &= hits / len(chosen) >= _FIND_SHARE
    return good


if __name__ == "__main__":
    count, first = (int(text) for text in (*sys.argv[1:], *("200", "0")[len(sys.argv) - 1 :]))
    found = list(sit([WALK, PLANTED, LONE], range(first, first + count), workers=2))
    sys.exit(not report(found))
