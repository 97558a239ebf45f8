"""Laws of parent orders: whatever happens, children never exceed them and nothing is lost."""

from collections.abc import Callable
from decimal import Decimal
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from support.algo_venue import S, Trial

from xq.execution.algos.children import Place
from xq.execution.algos.codec import read, to_json
from xq.execution.algos.plan import (
    Deadline,
    How,
    Iceberg,
    Plan,
    Pov,
    Scheduled,
    TrailingStop,
)
from xq.execution.algos.sizes import sized, smallest_order
from xq.types import Instrument, Side, Symbol

D = Decimal
SPAN = 100_000
FATES = ("answered", "answered", "answered", "no answer", "rejected", "not_sent",
         "killed before written", "killed before sent")  # fmt: skip
EVENTS = ("turn", "turn", "turn", "stale turn", "turn", "turn", "fill", "fill", "deliver", "again",
          "ask", "ask", "echo", "expire", "clock", "price", "trade", "stop")  # fmt: skip

Event = tuple[str, str, int]


def story(seed: int, length: int) -> list[Event]:
    """What happens, from a seed: long stories are found faster than drawn."""
    chance = Random(seed)
    return [
        (chance.choice(EVENTS), chance.choice(FATES), chance.randint(0, 100)) for _ in range(length)
    ]


jitters = st.floats(0.0, 0.9)
SEEDS = st.integers(0, 2**32)


def instrument(lot: str, least: str, notional: str) -> Instrument:
    rest = map(D, ["0.1", lot, least, notional, "0", "0"])
    return Instrument(Symbol("BTC", "USDT", "USDT"), *rest)


def hows() -> st.SearchStrategy[How]:
    weights = st.lists(st.floats(0.0, 5.0), min_size=1, max_size=8).filter(lambda w: sum(w) > 0.01)
    return st.one_of(
        st.builds(
            Scheduled,
            weights=weights.map(tuple),
            size_jitter=jitters,
            time_jitter=jitters,
            passive=st.booleans(),
        ),
        st.builds(Iceberg, price=st.just(D(100)), display=st.sampled_from([D("0.01"), D(1), D(3)]),
                  jitter=jitters),
        st.builds(TrailingStop, distance=st.sampled_from([D("0.01"), D("0.2")]),
                  at_venue=st.booleans()),
        st.builds(Pov, rate=st.sampled_from([D("0.1"), D(1)]),
                  clip=st.sampled_from([D("0.3"), D(2)]), jitter=jitters),
    )  # fmt: skip


@st.composite
def plans(draw: Callable[..., Any]) -> Plan:
    how = draw(hows())
    lot = draw(st.sampled_from(["0.001", "0.5", "1"]))
    rules = instrument(lot, lot, draw(st.sampled_from(["0", "5", "150"])))
    capped = isinstance(how, (Scheduled, Iceberg)) and draw(st.booleans())
    return Plan(
        parent_id="p",
        side=draw(st.sampled_from(list(Side))),
        quantity=draw(st.integers(1, 40)) * D(lot),
        instrument=rules,
        how=how,
        start_ms=0,
        end_ms=SPAN,
        deadline=draw(st.sampled_from(list(Deadline))),
        cap=D("0.5") if capped else None,
        reduce_only=draw(st.booleans()),
        seed=draw(st.integers(0, 99)),
    )


def happen(trial: Trial, event: str, fate: str, number: int) -> None:
    children = len(trial.progress.children)
    if event.endswith("turn"):
        frozen = trial.progress.is_frozen
        actions = trial.turn(fate, fresh=event == "turn")
        assert not (frozen and actions)
        assert len(actions) <= 1
    elif event == "fill" and children:
        trial.fill(children - 1, number)
    elif event == "deliver":
        trial.deliver(number, again=False)
    elif event == "again":
        trial.deliver(number, again=True)
    elif event == "ask" and children:
        trial.ask(children - 1 if number < 80 else number % children)
    elif event == "echo" and children - 1 in trial.orders:
        trial.tell(children - 1, S.NEW, D(0))  # the answer to its sending, late
    elif event == "expire" and children:
        trial.expire(children - 1)
    elif event == "clock":
        trial.now_ms += (number - 20) * SPAN // 500
    elif event == "price":
        trial.price = max(trial.price + (number - 50) / D(5), D(1))
    elif event == "trade":
        trial.traded += number
    elif event == "stop" and number < 5:
        trial.progress = trial.progress.stopped("somebody said so")


@settings(max_examples=200, deadline=None)
@given(plans(), st.integers(-9, 9), SEEDS)
def test_children_never_exceed_their_parent(plan: Plan, held: int, seed: int) -> None:
    trial = Trial(plan, held * plan.instrument.lot)
    assert read(Plan, to_json(plan)) == plan
    for event, fate, number in story(seed, 150):
        happen(trial, event, fate, number)
        trial.check()


@settings(max_examples=120, deadline=None)
@given(plans(), st.sampled_from([D(100), D(-100)]), SEEDS)
def test_a_parent_comes_to_its_end(plan: Plan, position: Decimal, seed: int) -> None:
    """After any start, with a venue that answers, time over and a market: it ends, and all fits."""
    trial = Trial(plan, position)
    for event, fate, number in story(seed, 30):
        happen(trial, event, fate, number)
    trial.now_ms = max(trial.now_ms, SPAN)
    for _ in range(60):
        for number in trial.progress.live:
            trial.ask(number)
        trial.turn("answered")
        for number in trial.progress.live:
            trial.fill(number, 100)
        trial.settle()
        trial.check()
        trial.now_ms += 61_000
        if trial.progress.ended and not trial.progress.live:
            break
    assert trial.progress.ended
    assert trial.progress.filled == trial.really_filled
    wanted = plan.deadline is Deadline.MARKET and not trial.progress.stop
    if wanted and not plan.reduce_only and trial.progress.ended != "time is over":
        rest = trial.progress.remaining(plan.quantity)
        assert rest < smallest_order(plan.instrument, trial.price, False)


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50), st.integers(1, 10))
def test_no_crumb_is_left_that_could_have_been_taken(
    wanted: int, most: int, rest: int, least: int
) -> None:
    size = int(sized(D(wanted), D(most), D(rest), D(least), D(1)))
    assert size == 0 or least <= size <= min(most, rest)
    left = rest - size
    if size:
        assert left == 0 or left >= least
    else:
        possible = [
            n
            for n in range(least, min(wanted, most, rest) + 1)
            if rest - n in (0, *range(least, 99))
        ]
        assert not possible


def test_a_child_thought_lost_that_turns_up_ends_the_parent() -> None:
    rules = instrument("1", "1", "0")
    plan = Plan("p", Side.BUY, D(10), rules, Iceberg(D(100), D(10)), start_ms=0)
    trial = Trial(plan, D(0))
    trial.turn("no answer")
    trial.progress = trial.progress.with_order(0, S.LOST, D(0), 0)
    trial.now_ms = 1_000
    placed = trial.turn("answered")
    assert [action.number for action in placed if isinstance(action, Place)] == [1]
    trial.ask(0)
    trial.now_ms += 1
    cancels = trial.turn("answered")
    assert [action.number for action in cancels] == [0]
    trial.turn("answered")
    trial.turn("answered")
    assert trial.progress.ended == "more stands or is filled than was asked for"
    assert not trial.progress.live
