"""Whole commands on a pseudo-terminal of 40 to 100 columns."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINES = {
    "data ls": 40,
    "data ls --kind ohlcv": 80,
    "runs list": 60,
    "config show": 60,
    "doctor --offline": 40,
    "symbols --limit 3": 40,
    "backtest --strategy trend_following --days 2": 50,
}


def _surroundings() -> dict[str, str]:
    """The environment without settings of xq, proxies and a width."""
    away = ("COLUMNS", "LINES", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")
    return {
        key: text
        for key, text in os.environ.items()
        if key not in away and not key.startswith("XQ_")
    }


def _typed(line: str, width: int, folder: Path) -> list[str]:
    end, other = pty.openpty()
    fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", 40, width, 0, 0))
    surroundings = _surroundings()
    process = subprocess.Popen(
        [sys.executable, "-m", "xq", *line.split()],
        stdin=subprocess.DEVNULL, stdout=other, stderr=subprocess.DEVNULL, cwd=folder,
        env={**surroundings, "PYTHONPATH": str(ROOT), "TERM": "dumb", "NO_COLOR": "1",
             "XQ_EXCHANGE__NAME": "sim"},
    )  # fmt: skip
    os.close(other)
    shown = b""
    while True:
        try:
            part = os.read(end, 65_536)
        except OSError:
            break
        if not part:
            break
        shown += part
    os.close(end)
    assert process.wait() == 0, shown
    return [text.rstrip() for text in shown.decode().replace("\r\n", "\n").splitlines()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("narrow")
    for line in ("init w", "collect --exchange sim --days 4",
                 "backtest --strategy trend_following --days 2 --exchange sim --save"):  # fmt: skip
        subprocess.run(
            [sys.executable, "-m", "xq", *line.split()],
            cwd=path / "w" if (path / "w").exists() else path, check=True, capture_output=True,
            env={**_surroundings(), "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
    return path / "w"


@pytest.mark.parametrize("line", LINES)
def test_no_line_is_cut_or_wider_than_the_terminal(line: str, folder: Path) -> None:
    shown = _typed(line, LINES[line], folder)
    assert shown
    assert not [text for text in shown if "…" in text]
    paths = str(folder)
    wide = [text for text in shown if len(text) > LINES[line] and paths not in text]
    assert wide == []


def test_the_lake_in_eighty_columns(folder: Path) -> None:
    shown = _typed("data ls --kind ohlcv", 80, folder)
    text = "\n".join(shown)
    for part in ("BTC/USDT", "2024-01-01 00:00", "unreadable"):
        assert part in text


def test_a_backtest_in_fifty_columns(folder: Path) -> None:
    shown = _typed("backtest --strategy trend_following --days 2", 50, folder)
    assert shown[0] == "trend_following on BTC/USDT 1h  (fast=12 slow=26"
    assert shown[1].strip() == "short=false)"
    figures = [text for text in shown if text.startswith("  final equity")]
    assert len(figures) == 1
    assert len(figures[0].split()) == 3


def test_a_title_has_its_own_line(folder: Path) -> None:
    shown = [line.strip() for line in _typed("indicators ema:20 rsi:14 macd --last 1", 50, folder)]
    at = shown.index("BTC/USDT 1h of sim")
    assert set(shown[at + 1].removeprefix("── row 1 ")) == {"─"}
