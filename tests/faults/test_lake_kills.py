"""The lake killed at random and at calls; a sample of ``make torture``, judged by DuckDB alone."""

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

SUPPORT = Path(__file__).resolve().parents[1] / "support"
pytestmark = pytest.mark.usefixtures("c_compiler")
KILLS = 60


def _run(script: str, *arguments: object) -> str:
    done = subprocess.run(
        [sys.executable, SUPPORT / script, *map(str, arguments)],
        capture_output=True, text=True, timeout=900,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_killed_at_random_in_everything_a_lake_does() -> None:
    """Kills count only if they struck between the first change and the end of the work."""
    figures = json.loads(_run("lake_torture.py", KILLS, 5, 2))
    assert figures["violations"] == 0
    assert figures["kills"] == sum(figures["killed_in"].values()) >= KILLS
    assert set(figures["killed_in"]) == {
        "rest", "archive", "compact", "repair", "recover", "import", "remove", "process",
    }  # fmt: skip
    assert figures["seeds"] == [5, 6]
    assert set(figures["killed_how"]) == {"at a random time", "at a call", "whole process"}
    assert figures["acknowledged_rows"] > 0
    assert figures["repairs"] > 0


def test_the_judge_sees_what_it_is_there_for(tmp_path: Path) -> None:
    """Lost rows, duplicates, wrong values and torn files, each planted once."""
    code = f"""
        import sys; sys.path.insert(0, {str(SUPPORT.parent)!r})
        from pathlib import Path
        import pyarrow as pa, pyarrow.parquet as pq
        from support.lake_ledger import Ledger
        from support.lake_judge import Judge
        from support.lake_worker import START, bars, dataset
        from xq.lake import layout
        root = Path({str(tmp_path)!r})
        leaf = layout.leaf_path(root, dataset("AAA/USDT"), "2023")
        leaf.parent.mkdir(parents=True)
        plants = dict(sound=bars(range(200, 300)), lost=bars(range(200, 299)),
                      double=pa.concat_tables([bars(range(200, 300)), bars([299])]),
                      wrong=pa.concat_tables([bars(range(200, 299)), bars([299], price=1.0)]))
        judge = Judge(START)
        def look(name):
            ledger = Ledger(judge, 0)
            ledger.fresh(root)
            ledger.acknowledge("AAA/USDT", 200, 299)
            ledger.look()
            found = ledger.figures
            print(name, found.lost_rows, found.duplicates, found.wrong_rows, found.torn_files)
        for name in ("sound", "lost", "double", "wrong"):
            pq.write_table(plants[name], leaf)
            look(name)
        leaf.write_bytes(leaf.read_bytes()[:-7])
        look("torn")
        judge.close()
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=60
    )
    assert done.stdout.splitlines() == [
        "sound 0 0 0 0", "lost 1 0 0 0", "double 0 1 0 0", "wrong 0 0 1 0", "torn 0 0 0 1",
    ], done.stderr  # fmt: skip
