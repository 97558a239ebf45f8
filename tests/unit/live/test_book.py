"""Several strategies on one account: one position a symbol, sub-ledgers that add up to it."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from support.guarded_venue import GuardedVenue, guarded_desk
from support.toy_venue import HOUR, PERPETUAL, START_MS, journal_path, next_bar, terms

from xq.api.book import Member, Netted, check_book
from xq.api.workspace import open_workspace
from xq.clock import ManualClock
from xq.errors import ConfigError
from xq.execution.journal import Journal, open_journal
from xq.live.desk import Forecast
from xq.live.loop import tick, watch
from xq.live.report import Act
from xq.strategy.base import Exits
from xq.timeframe import Timeframe
from xq.types import Account

D = Decimal
DAY = Timeframe.parse("1d")
TERMS = terms((PERPETUAL,))


@pytest.fixture
def venue() -> GuardedVenue:
    return GuardedVenue(ManualClock(START_MS), (PERPETUAL,))


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with open_journal(journal_path(tmp_path), "toy") as opened:
        yield opened


def member(
    venue: GuardedVenue,
    name: str,
    weight: float,
    *,
    share: float = 0.5,
    frame: Timeframe = HOUR,
    exits: Exits | None = None,
    asked: list[int] | None = None,
) -> Member:
    def forecast(bar_ms: int) -> Forecast:
        if asked is not None:
            asked.append(bar_ms)
        return Forecast(
            bar_ms, {PERPETUAL: weight}, {PERPETUAL: venue.price(PERPETUAL)}, exits=exits
        )

    return Member(name, share, (PERPETUAL,), frame, forecast)


def step(venue: GuardedVenue, journal: Journal, *members: Member) -> Act:
    desk = guarded_desk(venue, journal, {})
    told = Netted(members, HOUR)
    act = tick(type(desk)(desk.market, desk.venue, journal, desk.clock, told), TERMS).act
    next_bar(venue)
    return act


def held(journal: Journal) -> dict[str, Decimal]:
    return journal.shares.held(PERPETUAL)


def test_weights_net_and_shares_add_up(venue: GuardedVenue, journal: Journal) -> None:
    step(venue, journal, member(venue, "trend", 0.8), member(venue, "revert", -0.4))
    assert [r.quantity for r in venue.requests] == [D("0.050")]  # 0.4 - 0.2 of equity
    assert held(journal) == {"trend": D("0.100"), "revert": D("-0.050")}
    assert sum(held(journal).values()) == venue.held[PERPETUAL]


def test_opposite_changes_cross_inside(venue: GuardedVenue, journal: Journal) -> None:
    step(venue, journal, member(venue, "trend", 0.8), member(venue, "revert", 0.0))
    sent = len(venue.requests)
    # One leaves as the other comes: nothing goes to the venue, and nothing is paid there.
    assert (
        step(venue, journal, member(venue, "trend", 0.0), member(venue, "revert", 0.8)) is Act.HELD
    )
    assert len(venue.requests) == sent
    after = held(journal)
    assert (after["trend"], sum(after.values())) == (0, venue.held[PERPETUAL])
    crossing = journal.shares.entries(PERPETUAL)[-2:]
    assert {entry.price for entry in crossing} == {D(40_000)}
    assert sum(entry.quantity for entry in crossing) == 0


def test_a_run_that_dies_after_its_fill_is_booked_by_the_next(
    venue: GuardedVenue, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = member(venue, "trend", 0.8), member(venue, "revert", -0.4)
    account = venue.account

    def dies_once_it_has_traded() -> Account:
        if venue.requests:
            raise KeyboardInterrupt
        return account()

    monkeypatch.setattr(venue, "account", dies_once_it_has_traded)
    with pytest.raises(KeyboardInterrupt):
        step(venue, journal, *both)
    monkeypatch.undo()
    assert step(venue, journal, *both) is Act.RECONCILED
    assert sum(held(journal).values()) == journal.books.position(PERPETUAL) == D("0.050")


def test_an_exit_that_fires_leaves_nobody_with_anything(
    venue: GuardedVenue, journal: Journal
) -> None:
    exits = Exits(stop_loss=0.05)
    both = member(venue, "a", 0.8, exits=exits), member(venue, "b", 0.4, exits=exits)
    step(venue, journal, *both)
    venue.move(PERPETUAL, D(37_000))
    watch(guarded_desk(venue, journal, {PERPETUAL: 0.0}), TERMS)
    assert (venue.held[PERPETUAL], set(held(journal).values())) == (0, {D(0)})


def test_longer_bars_are_asked_for_their_own(venue: GuardedVenue, journal: Journal) -> None:
    asked: list[int] = []
    step(
        venue,
        journal,
        member(venue, "fast", 0.2),
        member(venue, "slow", 0.2, frame=DAY, asked=asked),
    )
    assert asked == [START_MS - 5_000 - DAY.ms]


def test_different_exits_are_refused(venue: GuardedVenue, journal: Journal) -> None:
    one = member(venue, "a", 0.2, exits=Exits(stop_loss=0.05))
    with pytest.raises(ConfigError, match="must declare the same exits"):
        step(venue, journal, one, member(venue, "b", 0.2))


@pytest.mark.parametrize(
    ("book", "said"),
    [
        ("[trade.book.a]\nshare = 0.7\n[trade.book.b]\nshare = 0.4", "at most 1 together"),
        ('[trade.book.a]\nshare = 0.7\ntimeframe = "1m"', "finer than the decision's"),
        ('[trade.book.a]\nshare = 0.7\nsymbols = ["ETH/USDT"]', "not in trade.symbols"),
        ('[trade.book.a]\nshare = 0.7\ntimeframe = "1d"', "must decide on bars of 1h"),
    ],
)
def test_what_cannot_be_traded_is_refused(tmp_path: Path, book: str, said: str) -> None:
    (tmp_path / "xq.toml").write_text(book + "\n")
    with pytest.raises(ConfigError, match=said):
        check_book(open_workspace(environ={}, cwd=tmp_path))
