"""The simulated venue and its second implementation give the same answers, event by event."""

from dataclasses import fields
from decimal import Decimal

import pytest
from support.reference_venue import matching, ruin
from support.venue_duel import duel, steps
from support.venue_duel.arena import START, markets
from support.venue_duel.judge import Judge
from support.venue_duel.player import Player
from support.venue_duel.shrink import shrink

from xq.sim.state import State

LENGTH = 250


def agree(seed: int) -> None:
    events = duel.story(seed, LENGTH)
    found = duel.fight(events)
    assert found is None, duel.explain(events, found)


@pytest.mark.parametrize("seed", range(1, 13))
def test_both_venues_agree_after_every_event(seed):
    agree(seed)


def test_what_a_liquidation_opens_for_a_later_account_is_looked_at_in_the_same_minute():
    """Buying back for one, the venue fills another's order: its new position does not suffice."""

    def sell(owner: str, quantity: str, price: str) -> steps.Place:
        ask = steps.Ask(
            "ETHUSDT", "sell", "limit", owner, Decimal(quantity), None, Decimal(price),
            "gtc", False, "both", "none", 0,
        )  # fmt: skip
        return steps.Place(owner, "futures", ask, "long", 0)

    def wait(milliseconds: int, fact: steps.Fact) -> steps.Pass:
        return steps.Pass(milliseconds, (fact,), Decimal("0.0001"), 1)

    bought = steps.TradeFact(
        13_070, "futures", "ETHUSDT", Decimal("2094.29"), Decimal("4.4"), sold=False
    )
    events = [
        steps.SetIsolated("bob", "ETHUSDT", isolated=True),
        steps.SetLeverage("bob", "ETHUSDT", 125),
        sell("alice", "48", "1976.51"),
        wait(15_475, bought),
        sell("bob", "6.4", "2094.28"),
        wait(172_769, steps.MarkFact(1_170, "ETHUSDT", Decimal("2178.04"))),
    ]
    tally = duel.Tally()
    assert duel.fight(events, tally) is None
    assert tally.fills == 11


def test_after_every_event_the_file_holds_the_books_and_its_sums_are_right(tmp_path):
    """Every wallet is the sum of its postings, and a restart would find what memory holds."""
    world = markets()
    judge, player = Judge(world, START, duel.DEPOSIT), Player(tmp_path, world, START)
    kept = [
        item.name for item in fields(State) if item.compare and item.name != "settled_ms"
    ]  # that nothing happened for a while is not worth a commit
    for event in duel.story(11, 150):
        if isinstance(event, steps.Pass):
            judge.write_facts(event)
        assert player.play(event, judge) == judge.play(event)
        ledger, state = player.venue.ledger, player.venue.state
        assert ledger.check() == []
        stored = ledger.load()
        for name in kept:
            assert getattr(stored, name) == getattr(state, name), name
    assert player.close() == []


def test_one_seed_is_one_story():
    assert duel.story(5, 100) == duel.story(5, 100)
    assert duel.story(5, 100) != duel.story(6, 100)


def test_a_fee_off_by_the_last_digit_is_noticed_and_told_in_few_events(monkeypatch):
    unit = Decimal("0.00000001")
    monkeypatch.setattr(matching, "round8", lambda value: round(value, 8) + unit)
    events = duel.story(1, LENGTH)
    found = duel.fight(events)
    assert found is not None
    told = duel.explain(events, found)
    assert "fee: reference" in told
    assert told.startswith(("after these 1 of", "after these 2 of"))


def test_a_missing_clearance_fee_is_noticed(monkeypatch):
    monkeypatch.setattr(ruin, "CLEARANCE", Decimal(0))
    stories = (duel.story(seed, LENGTH) for seed in range(1, 13))
    assert any(duel.fight(events) is not None for events in stories)


def test_shrinking_keeps_what_is_needed():
    assert shrink(list(range(100)), lambda kept: 17 in kept and 63 in kept) == [17, 63]


def test_differences_are_told_by_value():
    from support.venue_duel.snapshot import differences

    assert differences({"a": Decimal("1.0")}, {"a": Decimal(1)}) == []
    assert differences({"a": Decimal(1)}, {}) == ["a: reference 1, venue None"]
