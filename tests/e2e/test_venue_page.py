"""The page about the venue: its two terminals are typed, its programs run, what it names exists."""

import os
import pty
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest
from support.console import commands, matches, typed
from support.witness import python_of

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "docs" / "venue.md", *sorted((ROOT / "docs" / "venue").glob("*.md"))]
TEXT = PAGES[0].read_text(encoding="utf-8")
_FENCE = re.compile(r"^```(python|text|sql|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FOUND = [*_FENCE.findall(TEXT), ("", "")]
BLOCKS = [(kind, block, after) for (kind, block), (_, after) in pairwise(_FOUND)]
SDK = "binance_sdk"


@dataclass(frozen=True)
class Desk:
    """A folder with a venue that serves it, and what its terminal shows, at the page's ports."""

    folder: Path
    shown: str
    port: str

    def runs(self, program: str, python: Path = Path(sys.executable)) -> str:
        """What a program of the page prints."""
        name = self.folder / "program.py"
        name.write_text(program.replace(":8787", f":{self.port}"))
        done = subprocess.run(
            [python, name], cwd=self.folder, capture_output=True, text=True, timeout=300,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """Terminal one."""
    screen, slave = pty.openpty()
    command = [sys.executable, "-m", "xq", "sim", "--port", "0", "--admin-port", "0"]
    environment = {**os.environ, "TERM": "dumb", "COLUMNS": "300", "NO_COLOR": "1"}
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdin=slave, stdout=slave, stderr=slave
    ) as venue:
        os.close(slave)
        try:
            shown = _read(screen)
            port, admin = (
                re.findall(rf"^{name} +http://127.0.0.1:([0-9]+)", shown, re.MULTILINE)[0]
                for name in ("url", "admin")
            )
            (tmp_path / "desk.py").write_text(shown[shown.index("# Python") :])
            shown = shown.replace(f":{port}", ":8787").replace(f":{admin}", ":8788")
            yield Desk(tmp_path, shown, port)
        finally:
            venue.terminate()
        assert venue.wait(timeout=120) == 0
    os.close(screen)


def _read(screen: int) -> str:
    """What a terminal shows, up to the last line that the venue says."""
    shown = ""
    while not re.search(r"# Ctrl-C .*\n", shown):
        shown += os.read(screen, 65_536).decode().replace("\r\n", "\n")
    return shown


def test_what_is_shown_happens(desk: Desk) -> None:
    [(start, printed), *others] = commands(TEXT)
    assert start == "xq sim"
    assert matches(printed, desk.shown), desk.shown
    kinds = [kind for kind, _, _ in BLOCKS]
    assert (kinds.count("python"), kinds.count("sql"), len(others)) == (5, 1, 1)
    for kind, block, following in BLOCKS:
        if kind == "python" and SDK not in block:
            said = desk.runs(block)
            assert matches(following, said), f"{block}\n--- shown\n{said}"
        elif kind == "sql":
            with closing(sqlite3.connect(desk.folder / "state" / "sim.sqlite")) as ledger:
                assert all(ledger.execute(query).fetchall() for query in block.split(";")[:-1])
        elif kind == "console" and start not in block:
            [(command, _)] = others
            code, notes = typed(command, desk.folder)
            assert code == 0, notes


def test_the_official_sdk_trades_as_shown(desk: Desk) -> None:
    [(_, program, wanted)] = [item for item in BLOCKS if SDK in item[1]]
    said = desk.runs(program, python_of("sdk"))
    assert matches(wanted, said), said


def test_every_file_and_decision_that_it_names_exists() -> None:
    paths = re.findall(r"`((?:laws|unit|e2e|witness|contract|support)/[\w/.]+)`", TEXT)
    assert len(paths) > 20
    for path in paths:
        assert (ROOT / "tests" / path).exists(), path
    table = TEXT.partition("## What is modelled")[2].partition("## The ledger")[0]
    numbers = re.findall(r"\b(\d\d)\b(?=[,;) |])", table)
    assert len(numbers) > 10
    for number in numbers:
        assert list((ROOT / "docs" / "decisions").glob(f"00{number}-*.md")), number


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_page_and_section_linked_exists(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", page.read_text(encoding="utf-8")):
        path, _, section = target.partition("#")
        linked = (page.parent / path) if path else page
        assert linked.exists(), target
        heads = re.findall(r"^#+ (.*)$", linked.read_text(encoding="utf-8"), re.MULTILINE)
        slugs = {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}
        assert not section or section in slugs, target


def test_its_options_are_those_of_the_command(tmp_path: Path) -> None:
    code, shown = typed("xq sim --help", tmp_path)
    assert code == 0
    own = set(re.findall(r"^ +(?:-\w, )?(--[a-z-]+)", shown, re.MULTILINE))
    common = {"--output", "--config", "--quiet", "--verbose", "--log-format", "--help"}
    table = TEXT.partition("## Options")[2].partition("\n## ")[0]
    assert set(re.findall(r"--[a-z][a-z-]*", table)) == own - common
