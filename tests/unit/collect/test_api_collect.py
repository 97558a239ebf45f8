"""The functions behind the command: warm-up, several failures, labels."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from xq.api.collect import CollectReport, collect, warm_up
from xq.api.when import epoch_ms
from xq.api.workspace import Workspace, open_workspace
from xq.errors import PoisonRows, StorageFailed, UsageError, VenueUnreachable

NEW_YEAR = 1_704_067_200_000


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    return open_workspace(flags={"exchange.name": "sim"}, environ={}, cwd=tmp_path)


def test_warm_up_brings_exactly_the_bars_before(ws: Workspace) -> None:
    collect(ws, ["BTC/USDT"], days=1)
    report = warm_up(ws, ["BTC/USDT"], "1h", before_ms=NEW_YEAR - 24 * 3_600_000, bars=50)
    [row] = report.rows
    assert (row.new, row.bars) == (50, 50)
    assert row.end == datetime(2023, 12, 31, tzinfo=UTC)


def test_a_range_over_the_seam_says_so(ws: Workspace) -> None:
    from xq.sim.wire.embed import ensure

    seam = NEW_YEAR + 6 * 3_600_000
    with ensure(ws.state, clock=ws.clock, seed=ws.seed, start_ms=seam + 7_200_000):
        [real] = collect(ws, since_ms=seam - 7_200_000, until_ms=seam).rows
        [both] = collect(ws, since_ms=seam - 7_200_000).rows
        [invented] = collect(ws, since_ms=seam).rows
    assert real.source == "recorded"
    assert both.source == "recorded, then synthetic"
    assert invented.source == "synthetic"


def test_no_symbols_is_a_usage_error(ws: Workspace) -> None:
    with pytest.raises(UsageError, match="no symbol given"):
        collect(ws, [])


def test_a_full_disk_is_told_and_stores_nothing(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    from xq.lake.disk import LocalDisk

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(LocalDisk, "stage", full)
    report = collect(ws, days=1)
    assert report.rows == ()
    with pytest.raises(StorageFailed, match="the disk is full"):
        report.raise_failure()
    assert not list(ws.lake.glob("ohlcv/**/*.parquet"))


def test_several_failures_are_counted_under_the_first_ones_exit_code() -> None:
    first, second = VenueUnreachable("gone", hint="look"), PoisonRows("bad")
    report = CollectReport("sim", (), (), (("A/B", first), ("C/D", second)))
    with pytest.raises(VenueUnreachable, match=r"2 symbols failed \(A/B, C/D\); first: gone"):
        report.raise_failure()
    CollectReport("sim", (), (), ()).raise_failure()


def test_one_reason_of_many_symbols_is_one_line() -> None:
    banned = [(f"S{n}/B", VenueUnreachable("banned")) for n in range(30)]
    report = CollectReport("sim", (), (), (("A/B", PoisonRows("bad")), *banned))
    [line] = report.other_failures()
    assert line.startswith("S0/B, S1/B, ")
    assert line.endswith(", S9/B and 20 more: banned")
    assert CollectReport("sim", (), (), tuple(banned)).other_failures() == []


@pytest.mark.parametrize("text", ["", "yesterday", "2024-13-01", "12:00", "1e9"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="expected a date"):
        epoch_ms(text)
