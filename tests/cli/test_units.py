"""``xq trade --systemd``: units that systemd takes, whatever the folder is called."""

import configparser
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.stop_desk import desk_folder

Xq = Callable[..., Any]


@pytest.fixture
def printed(
    tmp_path: Path, xq: Xq, monkeypatch: pytest.MonkeyPatch
) -> dict[str, configparser.RawConfigParser]:
    folder = desk_folder(tmp_path / "my 50% desk")
    script = folder / "b in" / "xq"
    script.parent.mkdir()
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", [str(script)])
    monkeypatch.setenv("XQ_RISK__MAX_LEVERAGE", "2")
    monkeypatch.setenv("XQ_API_SECRET", "secret-that-must-not-be-shown")
    result = xq("trade", "--systemd", "--mode", "sim", "--param", "weight=0.25")
    result.check(0)
    assert "must-not-be-shown" not in result.stdout
    assert not (folder / "state").exists()
    units = {}
    for text in result.stdout.split("# ~/.config/systemd/user/")[1:]:
        name, _, body = text.partition("\n")
        units[name] = configparser.RawConfigParser(strict=True)
        units[name].optionxform = str  # type: ignore[assignment,method-assign]  # as configparser documents
        units[name].read_string(body)
        (tmp_path / name).write_text(body)
    return units


def test_both_units_say_what_runs_where(
    printed: dict[str, configparser.RawConfigParser], tmp_path: Path
) -> None:
    assert set(printed) == {"xq-trade-sim.service", "xq-watchdog-sim.service"}
    folder = str(tmp_path / "my 50% desk").replace("%", "%%")
    trade = printed["xq-trade-sim.service"]["Service"]
    assert trade["WorkingDirectory"] == folder
    assert trade["ExecStart"] == f'"{folder}/b in/xq" trade --mode sim --param weight=0.25'
    assert trade["Environment"] == "XQ_RISK__MAX_LEVERAGE=2"
    assert (trade["KillSignal"], int(trade["TimeoutStopSec"]) >= 10) == ("SIGTERM", True)
    watchdog = printed["xq-watchdog-sim.service"]["Service"]
    assert watchdog["ExecStart"] == f'"{folder}/b in/xq" watchdog --mode sim'
    assert (trade["Restart"], watchdog["Restart"]) == ("on-failure", "always")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_systemd_takes_them(
    printed: dict[str, configparser.RawConfigParser], tmp_path: Path
) -> None:
    for name in printed:
        found = subprocess.run(
            ["systemd-analyze", "verify", "--user", "--man=no", str(tmp_path / name)],
            capture_output=True, text=True, timeout=120, check=False,
            env={"PATH": "/usr/bin:/bin", "XDG_RUNTIME_DIR": str(tmp_path)},
        )  # fmt: skip
        assert (found.returncode, found.stderr) == (0, ""), found.stderr
