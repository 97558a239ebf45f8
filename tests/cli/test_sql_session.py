"""``xq sql`` on a terminal of 80 columns: typed at, read from, left."""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROMPT = "xq> "
PATIENCE = 120  # seconds that only a broken session uses up


def _own_terminal() -> None:
    """In the child: its terminal sends it Ctrl-C, even if the tests run with that switched off."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Terminal:
    """A process with a terminal of its own."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self._end, other = pty.openpty()
        fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 80, 0, 0))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "xq", "sql", *arguments],
            stdin=other, stdout=other, stderr=other, cwd=folder, start_new_session=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), "TERM": "dumb", "COLUMNS": "80"},
            preexec_fn=_own_terminal,
        )  # fmt: skip
        os.close(other)

    def until(self, text: str) -> str:
        """Everything shown up to a text."""
        shown = b""
        while not shown.endswith(text.encode()):
            ready, _, _ = select.select([self._end], [], [], PATIENCE)
            assert ready, f"waited for {text!r}, saw {shown!r}"
            shown += os.read(self._end, 1)
        return shown.decode().replace("\r", "")

    def type(self, text: str, then: str = PROMPT) -> str:
        """What is shown after a line is typed, without its echo, up to the next prompt."""
        self.send(f"{text}\n")
        return self.until(then).partition("\n")[2].removesuffix(then)

    def until_busy(self) -> None:
        """Wait until the process has computed for a second."""
        enough = self._ticks() + os.sysconf("SC_CLK_TCK")
        while self._ticks() < enough:
            select.select([], [], [], 0.05)

    def until_waiting(self) -> None:
        """Wait until the process sleeps, which here it only does for a key.

        A signal between two keys sets a flag that Python's readline looks at after the next one.
        """
        while self._stat()[0] != "S":
            select.select([], [], [], 0.01)

    def _ticks(self) -> int:
        return int(self._stat()[11]) + int(self._stat()[12])

    def _stat(self) -> list[str]:
        """Fields of the kernel's account of the process, from its state on."""
        return Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()

    def send(self, signs: str) -> None:
        """Type signs as they are."""
        os.write(self._end, signs.encode())

    def close(self) -> None:
        """End the process if it has not ended."""
        self.process.kill()
        self.process.wait()
        os.close(self._end)


@pytest.fixture
def terminal(xq: Callable[..., Any], tmp_path: Path) -> Iterator[Callable[..., Terminal]]:
    path = tmp_path / "bars.csv"
    path.write_text("ts,open,high,low,close,volume\n2024-01-01,10,12,9,11,1\n")
    xq("data", "import", path).check(0)
    opened: list[Terminal] = []

    def start(*arguments: str) -> Terminal:
        opened.append(Terminal(tmp_path, *arguments))
        opened[-1].until(PROMPT)
        return opened[-1]

    yield start
    for item in opened:
        item.close()


def test_a_session(terminal: Callable[..., Terminal], tmp_path: Path) -> None:
    session = terminal("--param", "symbol=BTC/USDT", "--param", "unused=1")
    assert "ohlcv_asof" in session.type(".tables")
    assert "TIMESTAMP WITH TIME ZONE" in session.type(".schema ohlcv")
    session.type("select close", then=" ..> ")
    session.type("from ohlcv -- not the end;", then=" ..> ")
    shown = session.type("where symbol = $symbol;")
    assert ("11" in shown.split(), "1 row" in shown) == (True, True)
    wide = session.type("select *, ts as t1, ts as t2, ts as t3, ts as t4 from ohlcv;")
    assert "── row 1 ──" in wide
    assert max(map(len, wide.splitlines())) <= 80
    many = session.type("select range as n from range(101);")
    assert ("the first 100 rows" in many, "99" in many.split()) == (True, True)
    session.send("\x04")
    assert session.process.wait(PATIENCE) == 0
    history = tmp_path / "state" / "sql_history"
    assert history.stat().st_mode & 0o777 == 0o600
    assert history.read_text().splitlines()[:2] == [".tables", ".schema ohlcv"]
    again = terminal()
    again.send("\x10")  # Ctrl-P, the arrow upwards of a terminal without arrows
    again.until("range(101);")
    again.type("")
    again.send(".quit\n")
    assert again.process.wait(PATIENCE) == 0


def test_a_mistake_ends_nothing(terminal: Callable[..., Terminal]) -> None:
    session = terminal()
    assert "error: expected a SELECT statement, found COPY" in session.type("copy ohlcv to 'x';")
    assert "did you mean '.tables'" in session.type(".table")
    assert "did you mean 'ohlcv'" in session.type(".schema ohlc")
    assert "error: $day has no value" in session.type("select $day;")
    assert "LINE 1: select nope from ohlcv;" in session.type("select nope from ohlcv;")
    assert "1 row" in session.type("select 1 as one;")


def test_ctrl_c_stops_a_statement_and_not_the_session(terminal: Callable[..., Terminal]) -> None:
    session = terminal()
    endless = "select count(*) from range(1000000000000) a where a.range % 7 = 3;"
    session.send(f"{endless}\n")
    session.until("= 3;\r\n")
    session.until_busy()
    session.send("\x03")
    assert "stopped" in session.until(PROMPT)
    assert "1 row" in session.type("select 1 as one;")


def test_ctrl_c_at_a_half_typed_line_clears_it_and_keeps_the_session(
    terminal: Callable[..., Terminal],
) -> None:
    session = terminal()
    session.send("select nonsense")
    session.until("select nonsense")
    session.until_waiting()
    session.send("\x03")
    assert "nonsense" not in session.until(PROMPT)
    assert "1 row" in session.type("select 1 as one;")
    session.type("select 2 as", then=" ..> ")
    session.send("gone")
    session.until("gone")
    session.until_waiting()
    session.send("\x03")
    session.until(PROMPT)
    shown = session.type("select 3 as three;")
    assert ("three" in shown, "gone" in shown, "1 row" in shown) == (True, False, True)
    session.send(".quit\n")
    assert session.process.wait(PATIENCE) == 0
