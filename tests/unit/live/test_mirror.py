"""The lake's copy of the journal: complete, once, and made up for when it failed."""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

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
from xq.execution.ledger_records import Event, JournalFlow, RiskEvent, Severity
from xq.lake.layout import Dataset
from xq.lake.reader import Lake
from xq.live.loop import tick
from xq.live.mirror import Origin, mirror
from xq.types import Position

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


def test_money_positions_risk_and_events_are_joined_by_sql(
    tmp_path: Path, journal: Journal
) -> None:
    root, at = tmp_path / "data", START_MS
    flows = [
        JournalFlow("deposit", "1", "USDT", Decimal(100), at, external=True),
        JournalFlow("funding", "2", "USDT", Decimal("-0.5"), at, False, PERPETUAL),
    ]
    journal.cash.add(flows)
    journal.positions.record(at, [Position(SPOT, Decimal(2)), Position(PERPETUAL, Decimal(-1))])
    journal.switches.record(RiskEvent(at, "refusal", "too large", symbol=SPOT))
    journal.events.append(Event(at, "halt", Severity.ALARM, "halted", '{"why":"test"}'))
    assert mirror(journal, root, ORIGIN) == 6
    assert mirror(journal, root, ORIGIN) == 0
    journal.cash.add(flows)  # known already: nothing new to mirror
    assert mirror(journal, root, ORIGIN) == 0

    def asked(kind: str, run_id: str = "trade-toy") -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = Lake(root).table(Dataset(kind, run_id=run_id)).to_pylist()
        return rows

    assert [row["amount"] for row in asked("cash_flows")] == [100.0]
    assert [row["external"] for row in asked("cash_flows", "trade-toy-contracts")] == [False]
    assert [row["quantity"] for row in asked("positions", "trade-toy-contracts")] == [-1.0]
    assert [row["message"] for row in asked("risk_events")] == ["too large"]
    (event,) = asked("events")
    assert json.loads(event["details"]) == {"severity": "alarm", "facts": {"why": "test"}}
