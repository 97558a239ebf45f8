"""The latch in a file: anybody may drop it, and in doubt it stops."""

from pathlib import Path

import pytest
from support.guarded_venue import GuardedVenue, guarded_desk
from support.toy_venue import PERPETUAL, SPOT, START_MS, journal_path, terms

from xq.clock import ManualClock
from xq.errors import StorageFailed
from xq.execution.journal import open_journal
from xq.live.loop import tick
from xq.live.stop_file import EMERGENCY, Demand, StopFile
from xq.risk.switches import Action

CANCEL = Demand(Action.CANCEL, "news", "ann", 5)
FLATTEN = Demand(Action.FLATTEN, "worse news", "bob", 9, (PERPETUAL,))


@pytest.fixture
def latch(tmp_path: Path) -> StopFile:
    return StopFile(tmp_path / "state", "sim")


def test_nothing_is_demanded_where_there_is_no_folder(latch: StopFile) -> None:
    assert latch.demand() is None
    assert latch.release() == ()


def test_what_is_latched_is_told_and_can_be_taken_away(latch: StopFile) -> None:
    latch.latch(FLATTEN)
    assert latch.demand() == FLATTEN
    assert latch.release() == (latch.own,)
    assert latch.demand() is None


def test_a_stop_is_never_lessened(latch: StopFile) -> None:
    latch.latch(FLATTEN)
    latch.latch(CANCEL)
    found = latch.demand()
    assert found == Demand(Action.FLATTEN, "worse news", "bob", 9)  # of everything now
    assert FLATTEN.joined(Demand(Action.CANCEL, "x", "y", 1, (SPOT,))).symbols == (SPOT, PERPETUAL)


@pytest.mark.parametrize(
    ("content", "action"),
    [
        (b"", Action.CANCEL),
        (b"flatten", Action.FLATTEN),
        (b"  FLATTEN everything\n", Action.FLATTEN),
        (b"please stop", Action.CANCEL),
        (b"{", Action.CANCEL),
        (b"[1]", Action.CANCEL),
        (b'{"action": "flatten"}', Action.CANCEL),
        (b"\xff\xfe\x00", Action.CANCEL),
        (b"x" * 200_000, Action.CANCEL),
    ],
)
def test_whatever_is_dropped_stops(latch: StopFile, content: bytes, action: Action) -> None:
    folder = latch.own.parent
    folder.mkdir()
    (folder / "STOP").write_bytes(content)
    found = latch.demand()
    assert found is not None
    assert (found.action, found.symbols) == (action, ())
    assert latch.demand() == found  # the same stop as before, not another one


def test_a_disk_that_lets_go_of_nothing_either_is_a_refusal(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("no folder")
    with pytest.raises(StorageFailed):
        StopFile(tmp_path / "state", "sim").latch(CANCEL)


def test_other_accounts_go_on(latch: StopFile) -> None:
    latch.latch(CANCEL)
    assert StopFile(latch.own.parent, "paper-binance").demand() is None


def test_a_file_that_cannot_be_read_stops(latch: StopFile) -> None:
    latch.own.mkdir(parents=True)
    found = latch.demand()
    assert found is not None
    assert "cannot be read" in found.reason
    with pytest.raises(StorageFailed):
        latch.release()


def test_the_gate_hears_of_it_before_every_order_and_lets_what_reduces_out(tmp_path: Path) -> None:
    venue = GuardedVenue(ManualClock(START_MS), (PERPETUAL,))
    latch = StopFile(tmp_path / "state", "toy")
    with open_journal(journal_path(tmp_path), "toy") as journal:
        desk = guarded_desk(venue, journal, {PERPETUAL: 0.4})
        desk = type(desk)(
            desk.market, desk.venue, journal, desk.clock, desk.forecast, desk.calls, latch
        )
        asked = desk.market.book

        def dropped(symbol: object, depth: int) -> object:
            latch.latch(CANCEL)
            return asked(symbol, depth)

        venue.book = dropped  # type: ignore[method-assign]
        report = tick(desk, terms((PERPETUAL,)))
        assert f"while a kill switch is tripped: {EMERGENCY}" in report.problems[0].message
        assert venue.requests == []
