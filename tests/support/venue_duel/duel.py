"""One story told to both venues; after every event they must give the same answers."""

import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from support.venue_duel import snapshot, steps
from support.venue_duel.arena import START, markets
from support.venue_duel.judge import Judge
from support.venue_duel.player import Player
from support.venue_duel.shrink import shrink
from support.venue_duel.story import OWNERS, Story

DEPOSIT = Decimal(10_000)


@dataclass(frozen=True)
class Difference:
    """The first event after which the venues disagree, and on what."""

    number: int
    lines: tuple[str, ...]

    @property
    def topic(self) -> str:
        """What the first line is about, without numbers and names."""
        return re.sub(rf"\d+|{'|'.join(OWNERS)}", "", self.lines[0].partition("reference")[0])


@dataclass
class Tally:
    """What happened in the stories so far."""

    events: int = 0
    fills: int = 0
    refused: int = 0


def fight(events: Sequence[steps.Event], tally: Tally | None = None) -> Difference | None:
    """Tell a story to both; the first difference, or None."""
    tally = Tally() if tally is None else tally
    with tempfile.TemporaryDirectory(prefix="venue-duel-") as folder:
        world = markets()
        judge = Judge(world, START, DEPOSIT)
        player = Player(Path(folder), world, START)
        try:
            for number, event in enumerate(events):
                lines = _step(judge, player, event, tally)
                if lines:
                    return Difference(number, tuple(lines))
            wrong = _sums(judge, player)
        finally:
            complaints = player.close()
    wrong += complaints
    return Difference(len(events), tuple(wrong)) if wrong else None


def _sums(judge: Judge, player: Player) -> list[str]:
    return [
        f"{owner}: {line}"
        for owner in OWNERS
        for line in snapshot.differences(snapshot.paid(judge.venue, owner), player.paid(owner))
    ]


def _step(judge: Judge, player: Player, event: steps.Event, tally: Tally) -> list[str]:
    if isinstance(event, steps.Pass):
        judge.write_facts(event)
    found = player.play(event, judge)
    expected = judge.play(event)
    tally.events += 1
    tally.refused += bool(expected)
    lines = []
    if expected != found:
        lines.append(f"refused: reference {expected or 'no'}, venue {found or 'no'}")
        if ":" in found:  # it broke: nothing it says now means anything
            return lines
    lines += _fills(judge, player, tally)
    for owner in OWNERS:
        left = snapshot.of_reference(judge.venue, owner)
        lines += [f"{owner}: {line}" for line in snapshot.differences(left, player.snapshot(owner))]
    return lines


def _fills(judge: Judge, player: Player, tally: Tally) -> list[str]:
    expected = snapshot.new_fills(judge.venue, player.told)
    found = player.new_fills(player.told)
    player.told += len(found)
    tally.fills += len(found)
    lines = []
    for place in range(max(len(expected), len(found))):
        left = expected[place] if place < len(expected) else {}
        right = found[place] if place < len(found) else {}
        lines += [f"fill {place}: {line}" for line in snapshot.differences(left, right)]
    return lines


def story(seed: int, length: int) -> list[steps.Event]:
    """The events of one seed."""
    return list(Story(seed).events(length))


def explain(events: Sequence[steps.Event], found: Difference) -> str:
    """The shortest story with a difference that can be made of one, as Python, and what differs."""

    def same(fewer: Sequence[steps.Event]) -> bool:
        other = fight(fewer)
        return other is not None and other.topic == found.topic

    short = shrink(events[: found.number + 1], same)
    for place, event in enumerate(short):
        if isinstance(event, steps.Pass):
            short[place] = _quieter(short, place, event, same)
    last = fight(short)
    lines = last.lines if last is not None else found.lines
    told = "\n".join(f"    {event}," for event in short)
    return f"after these {len(short)} of {found.number + 1} events\n{told}\n" + "\n".join(lines)


def _quieter(
    events: list[steps.Event],
    place: int,
    event: steps.Pass,
    same: Callable[[Sequence[steps.Event]], bool],
) -> steps.Pass:
    """The same time with as few facts as still make the difference."""

    def told(facts: Sequence[steps.Fact]) -> list[steps.Event]:
        return [*events[:place], replace(event, facts=tuple(facts)), *events[place + 1 :]]

    return replace(event, facts=tuple(shrink(event.facts, lambda facts: same(told(facts)))))
