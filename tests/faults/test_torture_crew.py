"""The torture's leader: it adds up, it fails when a worker does, and it ends with all of them."""

import json
import os
import select
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from support.lake_ledger import Figures
from support.lake_torture import Seed

SUPPORT = Path(__file__).resolve().parents[1] / "support"
pytestmark = pytest.mark.usefixtures("c_compiler")
WAIT = 600


def _leader(folder: Path, worker: str, kills: int = 100) -> "subprocess.Popen[str]":
    """The leader with other workers, which tell of rounds that a test has made up."""
    told = folder / "worker.py"
    told.write_text(
        textwrap.dedent("""
            import json, os, sys
            kills, seed, disk, fast = sys.argv[1:]
            kinds = "rest archive compact repair recover import remove process".split()
            def say(**figures):
                print(json.dumps({"seed": int(seed), **figures}), flush=True)
        """)
        + textwrap.dedent(worker)
    )
    code = f"""
        import sys
        sys.path.insert(0, {str(SUPPORT.parent)!r})
        from pathlib import Path
        from support import lake_torture
        lake_torture.WORKER = Path({str(told)!r})
        sys.exit(lake_torture.main(["{kills}", "7", "3"]))
    """
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=os.environ | {"TMPDIR": str(folder)},
    )  # fmt: skip


def test_figures_are_added_and_enough_is_enough(tmp_path: Path) -> None:
    leader = _leader(
        tmp_path,
        """
        for number in range(1, 50):
            say(kills=number, killed_in=dict.fromkeys(kinds, number), acknowledged_rows=2)
        sys.stdin.read()  # until told that it is enough
    """,
    )
    stdout, stderr = leader.communicate(timeout=WAIT)
    figures = json.loads(stdout)
    assert (leader.returncode, stderr) == (0, "")
    assert (figures["kills"], figures["acknowledged_rows"]) == (147, 6)
    assert figures["killed_in"]["import"] == 147
    assert figures["seeds"] == [7, 8, 9]
    assert [path.name for path in tmp_path.iterdir()] == ["worker.py"]


@pytest.mark.parametrize(
    ("end", "said"),
    [
        ("say(rounds=4, lost_rows=1); sys.exit(1)", "seed 8, round 4: violated"),
        (
            "say(rounds=4); sys.exit(3)",
            "seed 8, round 4 was the last before it ended with status 3",
        ),
        ("say(rounds=4); os.kill(os.getpid(), 9)", "ended with status -9"),
    ],
    ids=["violated", "crashed", "killed"],
)
def test_one_that_fails_fails_all_and_its_folder_stays(tmp_path: Path, end: str, said: str) -> None:
    leader = _leader(
        tmp_path,
        f"""
        if seed == "8":
            for name, folder in (("on disk", disk), ("in memory", fast)):
                open(folder + "/lake", "w").write(name)
            {end}
        sys.stdin.read()
    """,
    )
    stdout, stderr = leader.communicate(timeout=WAIT)
    figures = json.loads(stdout)
    assert leader.returncode == 1
    [bad], [kept] = figures["bad"], figures["kept"]
    assert said in bad
    assert bad in stderr
    assert "torture_seed.py 100 8" in stderr
    assert (Path(kept) / "lake").read_text() == "on disk"
    assert (Path(kept) / "memory" / "lake").read_text() == "in memory"
    assert [path.name for path in Path(kept).parent.iterdir()] == ["seed-8"]


def test_interrupted_once_it_waits_for_the_rounds_and_twice_for_nothing(tmp_path: Path) -> None:
    hanging = tmp_path / "hanging"
    os.mkfifo(hanging)
    leader = _leader(
        tmp_path,
        f"""
        say(kills=200, rounds=1)
        sys.stdin.read()
        if seed == "8":  # its round does not end, nor does a child of it
            import signal
            say(kills=300, rounds=2)
            child = os.fork()
            if child:
                open({str(hanging)!r}, "w").write(f"{{os.getpid()}} {{child}}")
            signal.pause()
    """,
        kills=1000,
    )
    assert leader.stderr is not None
    assert leader.stderr.readline().startswith("600 kills")
    leader.send_signal(signal.SIGTERM)
    watched = [os.pidfd_open(int(pid)) for pid in hanging.read_text().split()]
    assert len(watched) == 2
    leader.send_signal(signal.SIGINT)
    stdout, _ = leader.communicate(timeout=WAIT)
    figures = json.loads(stdout)
    assert leader.returncode == 130
    assert figures["interrupted"]
    assert figures["kills"] == 700
    for ended in watched:
        assert select.select([ended], [], [], WAIT)[0]
        os.close(ended)


def test_one_that_is_being_reaped_needs_no_killing() -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()

    class Waited(subprocess.Popen[str]):
        """As `poll` answers while another thread is in `wait`."""

        def __init__(self) -> None:
            self.pid = ended.pid

        def poll(self) -> int | None:
            return None

        def __del__(self) -> None:
            pass

    Seed(Waited(), Figures(seed=1)).kill()
