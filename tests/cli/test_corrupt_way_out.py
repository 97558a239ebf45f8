"""A stored file that cannot be read: what every command says, and that its hint mends it."""

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
SIM = ("--exchange", "sim")
COMMANDS = {
    "collect": ("collect", *SIM, "--days", "12"),
    "import": ("data", "import", "own.csv", *SIM),
    "export": ("data", "export", "out.csv", "--force", *SIM),
    "indicators": ("indicators", "ema:20", *SIM),
    "backtest": ("backtest", "--strategy", "trend_following", "--days", "2", *SIM),
    "sql": ("sql", "select sum(close) from ohlcv"),
}
DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "flip": lambda data: data[:900] + bytes([data[900] ^ 1]) + data[901:],
    "truncated": lambda data: data[: len(data) // 2],
    "text": lambda _: b"not parquet at all, but long enough to be looked at",
    "empty": lambda _: b"",
}


@pytest.fixture
def leaf(xq: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with strategies and two weeks of hours from the embedded venue."""
    xq("init", "w").check(0)
    monkeypatch.chdir(tmp_path / "w")
    xq("collect", *SIM, "--days", "10").check(0)
    xq("data", "export", "own.csv", *SIM).check(0)
    [path] = (tmp_path / "w" / "data" / "ohlcv").rglob("part.parquet")
    return path


def _hints(stderr: str) -> list[list[str]]:
    """The commands beside ``hint:``, split as a shell would."""
    text = stderr.partition("  hint:  ")[2]
    lines = [line.strip().removeprefix("or, without the venue: ") for line in text.splitlines()]
    return [shlex.split(line)[1:] for line in lines if line.startswith("xq ")]


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("name", COMMANDS)
def test_the_hint_mends(xq: Run, leaf: Path, name: str, damage: str) -> None:
    good = leaf.read_bytes()
    leaf.write_bytes(DAMAGE[damage](good))
    result = xq(*COMMANDS[name])
    assert result.exit_code == 4, result.stdout
    assert f"  where: {leaf}\n" in result.stderr
    repair, aside = _hints(result.stderr)
    assert aside == ["data", "quarantine", str(leaf)]
    xq(*repair).check(0, stderr="")
    assert name == "collect" or leaf.read_bytes() == good  # a collect has asked for more
    xq(*COMMANDS[name]).check(0)
    xq("data", "check").check(0)
    [row] = xq("data", "ls", "--kind", "ohlcv").rows
    assert (row["rows"] >= 240, row["missing"]) == (True, 0)  # some fetch more on their way


def test_without_the_venue_the_file_is_set_aside_and_the_import_brings_it_back(
    xq: Run, leaf: Path, tmp_path: Path
) -> None:
    good = leaf.read_bytes()
    leaf.write_bytes(good[:-50])
    _, aside = _hints(xq(*COMMANDS["import"]).stderr)
    result = xq(*aside)
    result.check(
        0, stderr="their rows are lost until xq collect, xq data repair or an import brings them\n"
    )
    [row] = result.rows
    assert Path(row["copy"]).read_bytes() == good[:-50]
    [kept] = xq("data", "quarantine").rows
    assert (kept["rule"], kept["dataset"]) == ("corrupt_file", "ohlcv BTC/USDT 1h on sim")
    assert not leaf.exists()
    xq("data", "verify").check(0)
    assert [(gap["whose"], gap["missing"]) for gap in xq("data", "gaps").rows] in (
        [],
        [("lost", 240)],
    )
    [report] = xq(*COMMANDS["import"]).rows
    assert report["added"] == 240
    assert leaf.read_bytes() == good


def test_after_setting_aside_a_collect_brings_the_bars_back(xq: Run, leaf: Path) -> None:
    good = leaf.read_bytes()
    leaf.write_bytes(b"x")
    xq("data", "quarantine", leaf).check(0)
    [row] = xq("collect", *SIM, "--days", "10").rows
    assert (row["new"], leaf.read_bytes() == good) == (240, True)


@pytest.mark.parametrize("kind", ["runs", "equity", "quarantine"])
def test_files_that_no_venue_has_are_set_aside(xq: Run, leaf: Path, kind: str) -> None:
    xq("backtest", "--strategy", "trend_following", "--days", "2", *SIM, "--save").check(0)
    bad = "ts,open,high,low,close,volume\n2023-12-01,1,2,1,1,1\n2023-12-01T01:00Z,1,0,2,1,1\n"
    Path("bad.csv").write_text(bad)
    xq("data", "import", "bad.csv", *SIM, "--quarantine").check(0)
    path = next((leaf.parents[5] / kind).rglob("part.parquet")).absolute()
    path.write_bytes(b"x")
    result = xq("sql", f"select count(*) as n from {kind}")
    result.check(4, "")
    [aside] = _hints(result.stderr)
    assert aside == ["data", "quarantine", str(path)]
    xq(*aside).check(0)
    xq("sql", f"select count(*) as n from {kind}").check(0)
    assert "corrupt_file" in {row["rule"] for row in xq("data", "quarantine").rows}


def test_a_damaged_manifest_and_a_damaged_ledger_have_a_way_out(xq: Run, leaf: Path) -> None:
    meta = leaf.parents[5] / ".xq"
    for path in (meta / "manifest").rglob("*.json"):
        path.write_text("gone")
    result = xq(*COMMANDS["collect"])
    assert result.exit_code == 4
    hint = result.stderr.partition("hint:  xq ")[2].partition("#")[0]
    xq(*shlex.split(hint)).check(0)
    xq(*COMMANDS["collect"]).check(0)
    for path in (meta / "coverage").rglob("*.json"):
        path.write_text("gone")
        result = xq(*COMMANDS["collect"])
        assert (result.exit_code, f"hint:  rm {path} " in result.stderr) == (4, True)
        path.unlink()
    xq(*COMMANDS["collect"]).check(0)


def test_sound_files_and_other_files_are_not_set_aside(xq: Run, leaf: Path) -> None:
    before = leaf.read_bytes()
    result = xq("data", "quarantine", leaf)
    assert result.stderr == (
        f"error: the file is sound, it stays\n  where: {leaf}\n"
        "  hint:  xq data rm takes whole datasets\n"
    )
    assert (result.exit_code, leaf.read_bytes()) == (2, before)
    for path in ("own.csv", "nothing", "", leaf.parents[5] / ".xq" / "format.json"):
        result = xq("data", "quarantine", path)
        assert (result.exit_code, "no file of the lake" in result.stderr) == (2, True)
