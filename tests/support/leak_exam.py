"""The checker's exam: every planted leak must be refused, no honest twin may be.

``python tests/support/leak_exam.py`` prints one line per pair and ends with 1 if any failed.
"""

import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.leaks.features import FEATURES
from support.leaks.outside import OUTSIDE
from support.leaks.pairs import Pair
from support.leaks.pipeline import PIPELINE
from support.leaks.state import STATE
from support.plugins import plugin, walk

from xq.bars import Bars
from xq.clock import SystemClock
from xq.errors import StrategyError
from xq.strategy.sandbox import evaluate

PAIRS = FEATURES + STATE + OUTSIDE + PIPELINE
DEADLINE_S = 300.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the law said of both; None where it passed."""

    pair: Pair
    leak: StrategyError | None
    honest: StrategyError | None

    @property
    def caught(self) -> bool:
        """Whether the leak was refused for the right reason."""
        return type(self.leak) in self.pair.refused

    @property
    def right(self) -> bool:
        """Whether the leak was refused and its twin was not."""
        return self.caught and self.honest is None


def examine(pair: Pair, bars: Bars) -> Verdict:
    """Both bodies under the law of an ordinary run."""
    honest = pair.module if pair.honest_module is None else pair.honest_module
    with tempfile.TemporaryDirectory() as folder:
        return Verdict(
            pair,
            _refusal(Path(folder) / "leak", pair.leak, pair.module, pair.lookback, bars),
            _refusal(Path(folder) / "honest", pair.honest, honest, pair.lookback, bars),
        )


def _refusal(
    folder: Path, body: str, module: str, lookback: str, bars: Bars
) -> StrategyError | None:
    spec = plugin(folder, body, module=module, lookback=lookback)
    try:
        evaluate(spec, bars, deadline_s=DEADLINE_S)
    except StrategyError as error:
        return error
    return None


def main() -> int:
    """Examine all pairs, as many at once as there are processors."""
    clock, bars = SystemClock(), walk(600)
    begun = clock.monotonic()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        verdicts = list(pool.map(lambda pair: examine(pair, bars), PAIRS))
    for verdict in verdicts:
        said = type(verdict.leak).__name__ if verdict.leak else "passed"
        twin = f"refused: {verdict.honest}" if verdict.honest else "passes"
        mark = " " if verdict.right else "!"
        print(f"{mark} {verdict.pair.name:34} {said:16} its twin {twin}")
    caught = sum(verdict.caught for verdict in verdicts)
    false = sum(verdict.honest is not None for verdict in verdicts)
    seconds = clock.monotonic() - begun
    print(f"{caught} of {len(PAIRS)} caught, {false} false alarms, {seconds:.0f} s")
    return 0 if all(verdict.right for verdict in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
