"""An iceberg stopped or killed at every child's boundary: nothing is filled twice or forgotten."""

from decimal import Decimal
from itertools import product

import pytest
from support.algo_venue import S, Trial

from xq.execution.algos.children import Cancel, Place
from xq.execution.algos.plan import Iceberg, Plan
from xq.types import Instrument, Side, Symbol

D = Decimal
RULES = Instrument(Symbol("BTC", "USDT"), *map(D, ["1", "1", "1", "0", "0", "0"]))
CHILDREN, SHOWN = 6, 10
FILLS = (0, 1, 5, 9, 10)  # lots of the child at the boundary
KILLS = ("killed before written", "killed before sent", "no answer", "answered")
RACES = ("answered", "no answer", "killed before sent", "filled first")


def at_boundary(number: int, kill: str, lots: int) -> Trial:
    """A parent whose children up to ``number`` are filled, and that one meets its fate."""
    plan = Plan("p", Side.BUY, D(CHILDREN * SHOWN), RULES, Iceberg(D(100), D(SHOWN)), 0)
    trial = Trial(plan, D(0))
    for done in range(number):
        assert trial.turn("answered")
        trial.fill(done, 100)
        trial.settle()
        trial.now_ms += 10  # the market is seen after the fill
    assert trial.turn(kill)
    if lots:
        trial.fill(number, lots * 10)
    trial.check()
    return trial


def go_on(trial: Trial, *, fill: bool) -> list[Place | Cancel]:
    """Turns with a venue that answers, until the parent is over."""
    actions = []
    for _ in range(3 * CHILDREN):
        trial.settle()
        actions += trial.turn("answered")
        for number in trial.progress.live if fill else ():
            trial.fill(number, 100)
        trial.check()
        trial.now_ms += 6_000
        if trial.progress.ended and not trial.progress.live:
            break
    trial.settle()
    return actions


@pytest.mark.parametrize("number", range(CHILDREN))
def test_stopped_at_a_boundary_it_ends_with_what_was_filled(number: int) -> None:
    for kill, lots, race in product(KILLS, FILLS, RACES):
        trial = at_boundary(number, kill, lots)
        trial.settle()
        trial.progress = trial.progress.stopped("SIGTERM")
        if race == "filled first":
            trial.fill(number, 100)
        actions = trial.turn("answered" if race == "filled first" else race)
        actions += go_on(trial, fill=False)
        assert not any(isinstance(action, Place) for action in actions)
        assert trial.progress.ended == "SIGTERM"
        assert not trial.progress.live
        assert trial.progress.filled == trial.really_filled <= trial.plan.quantity
        assert trial.progress.filled >= number * SHOWN


@pytest.mark.parametrize("number", range(CHILDREN))
def test_killed_at_a_boundary_it_goes_on_to_its_end(number: int) -> None:
    for kill, lots in product(KILLS, FILLS):
        trial = at_boundary(number, kill, lots)
        go_on(trial, fill=True)
        assert trial.progress.ended == "complete"
        assert trial.progress.filled == trial.really_filled == trial.plan.quantity
        lost = [record.state for record in trial.progress.children].count(S.LOST)
        assert len(trial.orders) == CHILDREN
        assert lost == (kill == "killed before sent")
