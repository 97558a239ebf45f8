"""The lake killed, refused and crowded; a sample of ``make torture``, judged by DuckDB alone."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SUPPORT = Path(__file__).resolve().parents[1] / "support"


def _run(script: str, *arguments: object) -> str:
    done = subprocess.run(
        [sys.executable, SUPPORT / script, *map(str, arguments)],
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_killed_at_random_while_collecting_compacting_removing_and_recovering() -> None:
    figures = json.loads(_run("lake_torture.py", 40, 5))
    assert figures["violations"] == 0
    assert figures["kills"] >= 40
    assert sum(figures["killed_in"].values()) > 10, "kills that came too late prove nothing"
    assert figures["acknowledged_rows"] > 0


@pytest.mark.parametrize("work", ["upsert", "compact", "remove"])
def test_killed_at_a_call_of_the_operating_system(work: str) -> None:
    """Every ninth call; ``make torture`` takes every one."""
    for line in _run("lake_steps.py", 9, work, "before", "after").splitlines():
        report = json.loads(line)
        assert report["bad"] == []
        assert report["points"] >= 4


@pytest.mark.parametrize("error", ["ENOSPC", "EIO", "EMFILE", "short"])
def test_refused_at_a_call_once_and_for_ever(error: str) -> None:
    once, for_ever = map(json.loads, _run("lake_steps.py", 9, "upsert", error).splitlines())
    assert once["bad"] == for_ever["bad"] == []
    assert min(once["points"], for_ever["points"]) >= 5
    assert (for_ever["stopped"] > 0) == (error != "short"), "a short write is no error"


def test_the_judge_sees_what_it_is_there_for(tmp_path: Path) -> None:
    """Lost rows, duplicates, wrong values and torn files, each planted once."""
    code = f"""
        import sys; sys.path.insert(0, {str(SUPPORT.parent)!r})
        from pathlib import Path
        import pyarrow as pa, pyarrow.parquet as pq
        from support.lake_steps import _wrong
        from support.lake_judge import Judge
        from support.lake_worker import START, bars, dataset
        from xq.lake import layout
        judge, root = Judge(START), Path({str(tmp_path)!r})
        leaf = layout.leaf_path(root, dataset("AAA/USDT"), "2023")
        leaf.parent.mkdir(parents=True)
        plants = dict(sound=bars(range(200, 300)), lost=bars(range(200, 299)),
                      double=pa.concat_tables([bars(range(200, 300)), bars([299])]),
                      wrong=pa.concat_tables([bars(range(200, 299)), bars([299], price=1.0)]))
        for name, table in plants.items():
            pq.write_table(table, leaf)
            print(name, bool(_wrong(judge.ask(root), "compact", whole=True)))
        leaf.write_bytes(leaf.read_bytes()[:-7])
        print("torn", bool(_wrong(judge.ask(root), "compact", whole=True)))
        judge.close()
    """
    import textwrap

    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=60
    )
    found = dict(line.split() for line in done.stdout.splitlines())
    assert found == {
        "sound": "False", "lost": "True", "double": "True", "wrong": "True", "torn": "True",
    }, done.stderr  # fmt: skip
