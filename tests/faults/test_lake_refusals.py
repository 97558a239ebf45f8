"""A disk that refuses at any call: the cause is named, what was there stays, the retry is clean.

A sample of ``make torture``, which takes every call: of the system, so Arrow's are among them.
"""

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

SUPPORT = Path(__file__).resolve().parents[1] / "support"
WRITING = ("first", "upsert", "collect", "compact")
MENDING = ("repair", "heal", "cover", "note", "accept", "remove", "start", "read")


def _sweep(*arguments: object) -> list[dict[str, object]]:
    done = subprocess.run(
        [sys.executable, SUPPORT / "lake_steps.py", *map(str, arguments)],
        capture_output=True, text=True, timeout=900,
    )  # fmt: skip
    *reports, _ = [json.loads(line) for line in done.stdout.splitlines()]
    assert [report["bad"] for report in reports if report["bad"]] == [], done.stderr
    assert done.returncode == 0, done.stderr
    return reports


needs_compiler = pytest.mark.usefixtures("c_compiler")


@needs_compiler
@pytest.mark.parametrize("works", [WRITING, MENDING], ids=["writing", "mending"])
def test_refused_and_killed_at_a_call(works: tuple[str, ...]) -> None:
    reports = _sweep(59, *works, "before", "ENOSPC", "EIO", "once")
    reached = {report["work"] for report in reports if report["points"]}
    assert reached == set(works)
    stopped = {report["act"] for report in reports if report["stopped"]}
    assert stopped == {"before", "ENOSPC", "EIO"}


@needs_compiler
def test_refused_for_ever_locked_and_cut_short() -> None:
    for report in _sweep(19, "upsert", "EMFILE", "EIO", "ever"):
        assert int(str(report["stopped"])) > 0
    for report in _sweep(1, "upsert", "ENOLCK", "short", "once"):
        assert int(str(report["points"])) > 0
        assert (int(str(report["stopped"])) > 0) == (report["act"] == "ENOLCK")


@needs_compiler
def test_the_very_first_looks_at_a_lake_are_refused(tmp_path: Path) -> None:
    """Whether the folder is a lake at all, and of which format: the first calls of every work."""
    script = tmp_path / "first_calls.py"
    script.write_text(
        textwrap.dedent(f"""
            import json, sys
            sys.path[:0] = [{str(SUPPORT.parent)!r}, {str(SUPPORT.parents[1])!r}]
            from support.faultline import ready
            faults = ready()
            from support import lake_steps
            lake_steps.LAST = 4
            for name in ("first", "upsert", "repair", "read"):
                for ever in (False, True):
                    report = lake_steps.sweep(faults, name, "EIO", ever=ever, stride=1)
                    print(json.dumps(report))
        """)
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=600)
    reports = [json.loads(line) for line in done.stdout.splitlines()]
    assert [text for report in reports for text in report["bad"]] == [], done.stderr
    assert [report["points"] for report in reports] == [3] * 8, done.stderr


@needs_compiler
def test_the_sweep_sees_silence_that_is_taken_for_an_empty_folder(tmp_path: Path) -> None:
    """What it is there for, planted: a file that cannot be looked at counts as absent."""
    script = tmp_path / "planted.py"
    script.write_text(
        textwrap.dedent(f"""
            import os, sys
            sys.path[:0] = [{str(SUPPORT.parent)!r}, {str(SUPPORT.parents[1])!r}]
            from support.faultline import ready
            faults = ready()
            from support import lake_steps
            from xq.lake import folders
            folders.look = lambda path: os.stat(path) if os.path.exists(path) else None
            report = lake_steps.sweep(faults, "read", "EIO", ever=False, stride=3)
            print("\\n".join(report["bad"]))
        """)
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=600)
    assert "rows came" in done.stdout, done.stderr


def test_the_kernel_s_own_limit_on_open_files(tmp_path: Path) -> None:
    """RLIMIT_NOFILE makes real calls fail, whichever of them comes first."""
    code = f"""
        import os, resource, sys
        sys.path.insert(0, {str(SUPPORT.parent)!r})
        from pathlib import Path
        from support.lake_worker import bars, dataset
        from xq.errors import StorageFailed
        from xq.lake.reader import Lake
        from xq.lake.writer import LakeWriter
        root, btc = Path({str(tmp_path / "lake")!r}), dataset("AAA/USDT")
        LakeWriter(root).upsert(btc, bars(range(200, 300)))
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)
        used = len(os.listdir("/proc/self/fd")) - 1  # the listing's own
        for spare in range(4):
            resource.setrlimit(resource.RLIMIT_NOFILE, (used + spare, limit[1]))
            try:
                LakeWriter(root).upsert(btc, bars(range(250, 350)))
                said = "done"
            except StorageFailed as error:
                said = error.message
            resource.setrlimit(resource.RLIMIT_NOFILE, limit)
            print(spare, Lake(root).table(btc).num_rows, said)
        print(LakeWriter(root).upsert(btc, bars(range(250, 350))).added)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=120
    )
    *lines, _ = done.stdout.splitlines()
    assert len(lines) == 4, done.stderr
    before = len([hour for hour in range(200, 300) if hour % 37 != 5])
    refused = [line for line in lines if "too many open files" in line]
    assert refused, lines
    assert all(f" {before} " in line for line in refused if "nothing was changed" in line)
    assert all("done" in line for line in lines if line not in refused)
