"""Command lines whose every call is to fail: what is there before them, and how they are run."""

import hashlib
import importlib
import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from support import torture_imports
from support.children import fork, heard
from support.lake_damage import flip
from support.lake_worker import OLDER, bars, dataset, squeeze
from support.torture_venue import HOUR, START

from xq.clock import iso
from xq.lake import layout, parquet
from xq.lake.ranges import Range
from xq.lake.writer import LakeWriter

AAA = "AAA/USDT"
OLD = range(200, 300)  # hours around the change of year, in two files
MORE = range(250, 350)
_SERIES = ["--exchange", "binance", "--symbol", AAA, "--timeframe", "1h"]
_KNOWN = ("xq", "pyarrow", "numpy", "pandas", "duckdb", "polars", "requests", "ccxt", "typer",
          "rich", "pydantic", "urllib3", "zipfile", "encodings")  # fmt: skip


@dataclass(frozen=True)
class Line:
    """One command line.

    Attributes
    ----------
    prepare
        Makes the folder it works in.
    changes
        Whether it brings or removes rows.
    whole
        Whether it does so at one instant.
    over
        What a second run may say instead of doing it again.
    answers
        Whether standard output is rows of the lake, always the same.
    """

    words: Callable[[Path], list[str]]
    prepare: Callable[[Path], object]
    changes: bool = False
    whole: bool = False
    over: Sequence[str] = field(default=())
    answers: bool = False

    def finished(self, stderr: str) -> bool:
        """Whether a second run has found that there is nothing left to do."""
        return any(text in stderr for text in self.over)

    def damaged(self, desk: Path) -> tuple[str, ...]:
        """Checksums of files that were damaged on purpose."""
        note = desk / "damaged"
        return (note.read_text(),) if note.exists() else ()


def _filled(desk: Path) -> None:
    (desk / "out").mkdir(parents=True)
    span = Range(START + OLD.start * HOUR, START + OLD.stop * HOUR)
    LakeWriter(desk / "data").upsert(dataset(AAA), bars(OLD), covered=span)


def _with_file(layout_of: str) -> Callable[[Path], None]:
    def prepare(desk: Path) -> None:
        _filled(desk)
        torture_imports.written(desk / "files", AAA, MORE, layout_of)

    return prepare


def _older(desk: Path) -> None:
    _filled(desk)
    squeeze(desk / "data", OLDER)
    parquet._ROW_GROUP = 131_072


def _damaged(desk: Path) -> None:
    _filled(desk)
    leaf = layout.leaves(desk / "data", dataset(AAA))[0]
    told = flip(desk / "data", dataset(AAA), leaf, random.Random(4))
    (desk / "damaged").write_text(told.split(" ")[1])


def _importing(layout_of: str) -> Line:
    def words(desk: Path) -> list[str]:
        [path] = (desk / "files").iterdir()
        series = ["--exchange", "binance"] if layout_of in torture_imports.NAMED else _SERIES
        return ["data", "import", str(path), *series]

    return Line(words, _with_file(layout_of), changes=True)


def _collecting(source: str) -> Line:
    until = iso(START + MORE.stop * HOUR)
    words = ["collect", *_SERIES, "--source", source, "--since", iso(START + OLD.start * HOUR),
             "--until", until]  # fmt: skip
    return Line(lambda _desk: words, _filled, changes=True)


_ASK = "select * from ohlcv where symbol = 'AAA/USDT' order by ts"

LINES = {
    **{f"import-{name}": _importing(name) for name in torture_imports.LAYOUTS},
    "collect": _collecting("rest"),
    "archive": _collecting("archive"),
    "repair": Line(lambda _desk: ["data", "repair", *_SERIES], _damaged, changes=True),
    "compact": Line(lambda _desk: ["data", "compact"], _older),
    "rm": Line(
        lambda _desk: ["data", "rm", "--symbol", AAA, "--yes"], _filled, changes=True, whole=True,
        over=("nothing stored matches",),
    ),
    "export": Line(
        lambda desk: ["data", "export", str(desk / "out" / "bars.csv"), *_SERIES, "--force"],
        _filled,
    ),
    "sql": Line(lambda _desk: ["sql", _ASK, "--output", "parquet"], _filled, answers=True),
    "sql-to": Line(
        lambda desk: ["sql", _ASK, "--to", str(desk / "out" / "bars.parquet"), "--force"], _filled
    ),
}  # fmt: skip


def fingerprint(desk: Path) -> str:
    """Of every file with rows, in the lake and beside it."""
    digest = hashlib.sha256()
    for path in sorted([*desk.glob("data/ohlcv/**/*.parquet"), *desk.glob("out/*")]):
        digest.update(str(path.relative_to(desk)).encode() + path.read_bytes())
    return digest.hexdigest()


def play(
    words: list[str],
    desk: Path,
    said: dict[int, Path],
    begin: Callable[[], None],
    end: Callable[[], None],
) -> None:
    """Run a command line in this process, whose streams go to files; never returns."""
    code = 9
    try:
        for number, path in said.items():
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), number)
        os.chdir(desk)
        from xq.cli.app import run

        begin()
        code = run(words)
        end()
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:  # noqa: BLE001 - a child never returns
        import traceback

        end()
        os.write(2, traceback.format_exc().encode())
    finally:
        os._exit(code)


@contextmanager
def venue() -> Iterator[None]:
    """A venue and its archive, to which the environment leads."""
    script = Path(__file__).with_name("torture_venue.py")
    clean = {name: text for name, text in os.environ.items() if name != "LD_PRELOAD"}
    with subprocess.Popen(
        [sys.executable, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env=clean,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        for name in [name for name in os.environ if "proxy" in name.lower()]:
            del os.environ[name]
        os.environ.update(told["environment"] | {"XQ_EXCHANGE__ARCHIVE_URL": told["url"]})
        yield
        process.communicate()


def preload(folder: Path, names: Sequence[str]) -> None:
    """Import what the lines import late, so that no child has to."""
    desk = folder / "first"
    for name in names:
        shutil.rmtree(desk, ignore_errors=True)

        def everything(say: Callable[[str], None], line: Line = LINES[name]) -> None:
            from xq.cli.app import run

            line.prepare(desk)
            streams = [os.dup(1), os.dup(2)]
            for number in (1, 2):
                os.dup2(os.open(os.devnull, os.O_WRONLY), number)
            os.chdir(desk)
            code = run(line.words(desk))
            for number, stream in zip((1, 2), streams, strict=True):
                os.dup2(stream, number)
            say(f"= {code}")
            for module in list(sys.modules):
                say(module)

        pid, pipe = fork(everything)
        said = heard(pipe)
        assert os.waitpid(pid, 0)[1] == 0, said
        assert said[0] == "= 0", (name, said[0])
        for module in said[1:]:
            if module.partition(".")[0] in _KNOWN and module not in sys.modules:
                try:
                    importlib.import_module(module)
                except ImportError:
                    continue
