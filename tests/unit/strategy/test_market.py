"""The second contract: what the state tells, and the law that its answers keep."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from support.tapes import market_plugin, walk_tape

from xq.clock import SystemClock
from xq.errors import ImpureStrategy, LookAhead, StrategyBroken, StrategyError, StrategyTimeout
from xq.indicators.order_flow import book_imbalance, order_flow
from xq.strategy.examination import Check
from xq.strategy.load import describe
from xq.strategy.market import answers_events
from xq.strategy.market_examination import MarketExamination
from xq.strategy.market_sandbox import MarketTrial, evaluate_market
from xq.strategy.market_state import MarketState, carried
from xq.strategy.market_tape import FRESH, TRADE, Tape
from xq.strategy.sandbox import Evaluator, StrategySpec

HONEST = """
    fast, slow = state.windows[1.0], state.windows[5.0]
    if state.target:
        return 0.0 if fast.momentum < 0 else None
    busy = fast.volume > 0.2 * slow.volume
    return 0.5 if busy and fast.flow > 0 and state.imbalance(3) > 0 else None
"""


def test_windows_are_what_a_slow_look_back_finds() -> None:
    tape = walk_tape(600)
    state = MarketState(tape.symbol, (0.5, 3.0), tape.levels)
    is_trade, mid = tape.kind == TRADE, (tape.books[:, 0] + tape.books[:, 6]) / 2
    changes = np.flatnonzero(~is_trade)
    best = [np.ascontiguousarray(tape.books[changes, n]) for n in (0, 3, 6, 9)]
    flow = np.zeros(len(tape))
    flow[changes] = np.nan_to_num(order_flow(*best))
    full = 0
    for index in carried(state, tape, 0, len(tape)):
        now = int(tape.ts[index])
        for seconds, window in state.windows.items():
            begin = now - round(seconds * 1000)
            inside = (tape.ts > begin) & (np.arange(len(tape)) <= index)
            if int(tape.ts[0]) > begin:
                assert np.isnan([window.volume, window.flow, window.momentum]).all()
                continue
            full += 1
            for name, bought in (("bought", 1), ("sold", 0)):
                chosen = inside & is_trade & (tape.trades[:, 2] == bought)
                assert getattr(window, name) == pytest.approx(
                    tape.trades[chosen, 1].sum(), abs=1e-9
                )
            assert window.flow == pytest.approx(flow[inside].sum(), abs=1e-9)
            then = np.flatnonzero((tape.ts <= begin) & ~is_trade)[-1]
            newest = np.flatnonzero(~is_trade[: index + 1])[-1]
            assert window.momentum == pytest.approx(mid[newest] / mid[then] - 1, abs=1e-12)
    assert full > 600


def test_the_book_and_the_trade_of_an_event() -> None:
    tape = walk_tape(200)
    state = MarketState(tape.symbol, (), tape.levels)
    for index in carried(state, tape, 0, len(tape)):
        row = tape.books[index]
        quotes = (state.bid_price, state.bid_quantity, state.ask_price, state.ask_quantity)
        assert quotes == (row[0], row[3], row[6], row[9])
        assert (state.trade is not None) == (tape.kind[index] == TRADE)
        expected = book_imbalance(row[None, 3:6], row[None, 9:12])[0]
        assert state.imbalance(3) == pytest.approx(expected, abs=1e-12)
        assert state.ts == tape.ts[index]


def test_windows_begin_anew_after_a_break() -> None:
    tape = walk_tape(600)
    values = tape.values.copy()
    row = int(np.flatnonzero(tape.kind != TRADE)[200])
    values[row, 0] = FRESH
    torn = Tape(tape.symbol, tape.ts, values)
    state = MarketState(torn.symbol, (0.5,), torn.levels)
    for index in carried(state, torn, 0, len(torn)):
        if row <= index and torn.ts[index] < torn.ts[row] + 500:
            assert np.isnan(state.windows[0.5].volume)
        elif torn.ts[index] >= torn.ts[row] + 500:
            assert state.windows[0.5].volume >= 0.0


def test_an_honest_strategy_passes_and_a_prefix_answers_the_same(tmp_path: Path) -> None:
    tape, spec = walk_tape(), market_plugin(tmp_path / "p", HONEST)
    whole = evaluate_market(spec, tape)
    assert np.isfinite(whole.targets).sum() > 20
    assert set(np.unique(whole.targets[np.isfinite(whole.targets)])) == {0.0, 0.5}
    assert len(whole.checked) >= 40
    assert whole.windows == (1.0, 5.0)
    for stop in (1, 700, 2111):
        part = evaluate_market(spec, tape.prefix(stop), seed=stop)
        assert np.array_equal(part.targets, whole.targets[:stop], equal_nan=True)


@pytest.mark.parametrize(
    ("module", "body", "error"),
    [
        ("SEEN = []", "SEEN.append(1)\nreturn 0.5 if len(SEEN) % 7 < 3 else 0.0", ImpureStrategy),
        ("import random", "return float(random.random() < 0.5)", StrategyError),
        ("import time", "return float(time.time_ns() // 1000 % 2)", StrategyError),
        ("", "Subject.best = max(getattr(Subject, 'best', 0), state.mid)\n"
             "return 0.5 if state.mid < Subject.best - 0.5 else 0.0", ImpureStrategy),
        ("", "self.count = 1", ImpureStrategy),
        ("", "open('/etc/hostname').read()", ImpureStrategy),
        ("", "state.target = 1.0", StrategyBroken),
        ("", "state.windows[1.0].volume = 1.0", StrategyBroken),
        ("", "return float('nan')", StrategyBroken),
        ("", "return 'long'", StrategyBroken),
        ("", "return True", StrategyBroken),
        ("", "return 1 / 0", StrategyBroken),
        ("", "raise SystemExit", StrategyBroken),
    ],
)  # fmt: skip
def test_what_breaks_the_contract_is_refused(
    module: str, body: str, error: type[StrategyError], tmp_path: Path
) -> None:
    spec = market_plugin(tmp_path / "p", body, module=module)
    with pytest.raises(error) as caught:
        evaluate_market(spec, walk_tape(800))
    assert "subject" in str(caught.value.where)


def test_a_peek_through_what_a_process_remembers_is_look_ahead(tmp_path: Path) -> None:
    """How many events there will be: only the whole tape has so much memory behind it."""
    module = """
    import gc

    def rows():
        from xq.strategy.market_tape import Tape
        return max(len(item) for item in gc.get_objects() if isinstance(item, Tape))
    """
    body = "return 0.5 if rows() > 300 else 0.0"
    spec = market_plugin(tmp_path / "p", body, module=module)
    with pytest.raises(LookAhead, match="on the whole tape"):
        evaluate_market(spec, walk_tape(400))


def test_one_that_hangs_is_killed(tmp_path: Path) -> None:
    spec = market_plugin(tmp_path / "p", "while True: pass")
    with pytest.raises(StrategyTimeout):
        evaluate_market(spec, walk_tape(50), deadline_s=5.0)


@pytest.mark.parametrize("windows", ["(0.0,)", "('long',)", "(float('nan'),)", "7", "(1e9,)"])
def test_windows_are_seconds(windows: str, tmp_path: Path) -> None:
    spec = market_plugin(tmp_path / "p", "return None", windows=windows)
    with pytest.raises(StrategyBroken, match="windows must be seconds"):
        evaluate_market(spec, walk_tape(50))


def test_kinds_are_told_apart_without_running_them(tmp_path: Path) -> None:
    folder = Path(__file__).resolve().parents[3] / "strategies"
    assert answers_events(folder / "volume_burst.py")
    assert not answers_events(folder / "bollinger.py")
    broken = tmp_path / "broken.py"
    broken.write_text("class X(MarketStrategy:", encoding="utf-8")
    assert not answers_events(broken)
    assert not answers_events(tmp_path / "absent.py")


def test_it_is_listed_and_half_of_one_is_not_usable(tmp_path: Path) -> None:
    folder = Path(__file__).resolve().parents[3] / "strategies"
    found = describe(folder / "volume_burst.py")
    assert found.error is None
    assert "2014" in found.source
    half = tmp_path / "half.py"
    half.write_text("from xq import MarketStrategy\n\nclass Half(MarketStrategy):\n    pass\n")
    error = describe(half).error
    assert error is not None
    assert "does not define on_market" in error.message


def _examined(spec: StrategySpec, spoil: Callable[[np.ndarray], None] | None = None) -> list[Check]:
    clock = SystemClock()
    with Evaluator.start(spec) as evaluator:
        trial = MarketTrial(evaluator, walk_tape(600), "subject.py")
        targets = trial.run(32, 0).targets.copy()
        if spoil is not None:
            spoil(targets)
        until = clock.monotonic() + 600
        return list(MarketExamination(trial, targets, until, clock).checks())


def test_an_honest_strategy_answers_the_same_in_other_units_and_before_other_futures(
    tmp_path: Path,
) -> None:
    units, futures = _examined(market_plugin(tmp_path / "p", HONEST))
    assert (units.name, units.result, units.asked) == ("price units", "holds", 1200)
    assert (futures.name, futures.result) == ("other futures", "holds")
    assert futures.asked > 100


def test_a_level_of_the_price_is_a_unit(tmp_path: Path) -> None:
    spec = market_plugin(tmp_path / "p", "return 0.5 if state.mid > 100 else 0.0")
    units, futures = _examined(spec)
    assert (units.result, futures.result) == ("fails", "holds")
    assert "with prices times 1024" in units.finding
    assert len(units.rows) == 5
    assert isinstance(units.error, StrategyError)


def test_an_answer_that_another_future_changes_is_look_ahead(tmp_path: Path) -> None:
    def spoil(targets: np.ndarray) -> None:
        targets[0] = 0.25

    _, futures = _examined(market_plugin(tmp_path / "p", HONEST), spoil)
    assert futures.result == "fails"
    assert isinstance(futures.error, LookAhead)
