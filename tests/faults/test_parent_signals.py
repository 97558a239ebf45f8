"""SIGTERM between any two children: what is done is known, and the rest can be resumed."""

import os
import signal
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from support.parents_bench import Bench, bench
from support.trade_bench import served, workspace

from xq.api.execute import work
from xq.api.execute_hows import iceberg
from xq.api.workspace import open_workspace
from xq.errors import XqError
from xq.execution.ledger_records import ParentStatus
from xq.live.parents import Looked

D = Decimal
XQ = Path(sys.executable).parent / "xq"
WHOLE, SHOWN = "0.02", "0.005"


def begun(table: Bench) -> str:
    """An iceberg within reach: each child is filled at once."""
    return table.begin(iceberg("43000", SHOWN, 0.0), quantity=WHOLE, over="10m", seed=1)


def test_at_every_boundary_of_an_iceberg(tmp_path: Path) -> None:
    ws = workspace(tmp_path / "ws")

    def stop_there(told: Looked | XqError) -> None:
        assert isinstance(told, Looked)
        if told.traded and told.parent.status is not ParentStatus.ENDED:
            os.kill(os.getpid(), signal.SIGTERM)

    with served(ws), bench(ws) as table:
        parent_id = begun(table)
        for boundary in (1, 2, 3, 4):
            with pytest.raises(KeyboardInterrupt):
                work(ws, parent_id, stop_there)
            assert table.parent(parent_id).status is ParentStatus.WORKING
            assert [row[2] for row in table.check(parent_id)] == [D(SHOWN)] * boundary
        told = work(ws, parent_id, stop_there)
        assert (told["status"], told["reason"]) == ("ended", "complete")
        assert len(table.check(parent_id)) == 4


def test_a_command_told_to_end_leaves_it_to_another(tmp_path: Path) -> None:
    (tmp_path / "xq.toml").write_text(
        '[exchange]\nname = "sim"\n[trade.execution]\nstep_seconds = 0.3\n'
    )
    command = [
        XQ, "execute", "iceberg", "--symbol", "BTC/USDT", "--side", "buy", "--price", "43000",
        "--quantity", "0.2", "--display", "0.005", "--jitter", "0", "--over", "10m",
    ]  # fmt: skip
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        parent_id = process.stderr.readline().split()[0]
        assert " done" in process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        said = process.stderr.read()
        assert process.wait(120) == 130
    assert f"xq execute resume {parent_id}" in said
    copied = run(tmp_path, "sql", "select count(*) as n from fills", "--output", "csv")
    assert int(copied.split()[1]) >= 1  # the lake has what was done before the signal
    listed = run(tmp_path, "execute", "list", "--open", "--output", "csv")
    assert parent_id in listed
    run(tmp_path, "execute", "cancel", parent_id)
    with bench(open_workspace(cwd=tmp_path, environ={})) as table:
        assert table.parent(parent_id).reason == "canceled by hand"
        assert 0 < sum((row[2] for row in table.check(parent_id)), D(0)) < D("0.2")


def run(folder: Path, *words: str) -> str:
    found = subprocess.run([XQ, *words], cwd=folder, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    return found.stdout
