"""The lake's copy of the journal: complete, once, and made up for when it failed."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.toy_venue import (
    PERPETUAL,
    SPOT,
    START_MS,
    ToyVenue,
    desk,
    journal_path,
    next_bar,
    terms,
)

from xq.clock import ManualClock
from xq.errors import DataError
from xq.execution.journal import Journal, open_journal
from xq.lake.layout import Dataset
from xq.lake.reader import Lake
from xq.live.loop import tick
from xq.live.mirror import Origin, mirror

ORIGIN = Origin("toy", "toy", "trade-toy")


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with open_journal(journal_path(tmp_path), "toy") as opened:
        yield opened


def counts(root: Path, run_id: str = "trade-toy") -> dict[str, int]:
    kinds = ("signals", "orders", "fills", "equity")
    return {kind: Lake(root).table(Dataset(kind, run_id=run_id)).num_rows for kind in kinds}


def test_every_row_once_and_changes_take_the_place_of_what_was(
    tmp_path: Path, journal: Journal
) -> None:
    venue, root = ToyVenue(ManualClock(START_MS), (SPOT, PERPETUAL)), tmp_path / "data"
    weights = {SPOT: 0.5}
    tick(desk(venue, journal, weights), terms())
    assert mirror(journal, root, ORIGIN) == 4
    settled = journal.books.revision
    assert mirror(journal, root, ORIGIN) == 0
    assert journal.books.revision == settled  # a run with nothing new writes nothing
    assert counts(root) == {"signals": 1, "orders": 1, "fills": 1, "equity": 1}
    next_bar(venue)
    weights[SPOT] = 0.0
    tick(desk(venue, journal, weights), terms())
    assert mirror(journal, root, ORIGIN) == 4
    assert counts(root) == {"signals": 2, "orders": 2, "fills": 2, "equity": 2}
    order = Lake(root).table(Dataset("orders", run_id="trade-toy")).to_pylist()[0]
    assert (order["status"], order["fee_asset"], order["strategy"]) == ("filled", "USDT", "plan")


def test_contracts_have_a_run_of_their_own(tmp_path: Path, journal: Journal) -> None:
    venue, root = ToyVenue(ManualClock(START_MS), (SPOT, PERPETUAL)), tmp_path / "data"
    tick(desk(venue, journal, {PERPETUAL: -0.5}), terms((PERPETUAL,)))
    mirror(journal, root, ORIGIN)
    assert set(counts(root).values()) == {0}
    assert counts(root, "trade-toy-contracts") == {
        "signals": 1, "orders": 1, "fills": 1, "equity": 1,
    }  # fmt: skip


def test_what_the_lake_refused_is_brought_later(tmp_path: Path, journal: Journal) -> None:
    venue, root = ToyVenue(ManualClock(START_MS), (SPOT,)), tmp_path / "data"
    tick(desk(venue, journal, {SPOT: 0.5}), terms())
    root.write_text("a file where the folder should be")
    with pytest.raises(DataError):
        mirror(journal, root, ORIGIN)
    root.unlink()
    assert mirror(journal, root, ORIGIN) == 4
    assert counts(root)["orders"] == 1
