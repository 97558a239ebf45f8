from pathlib import Path

import pytest
from support.plugins import plugin

from xq.errors import StrategyBroken, UnknownName, UsageError
from xq.strategy import load as loading
from xq.strategy.load import describe, find, load
from xq.strategy.sandbox import discover

BROKEN = {
    "syntax": ("def f(:\n", "SyntaxError: invalid syntax", ":1"),
    "raises": ("import math\nmath.sqrt(-1)\n", "ValueError: math domain error", ":2"),
    "missing": ("import no_such_library\n", "ModuleNotFoundError: No module named", ":1"),
    "exits": ("import sys\nsys.exit(2)\n", "SystemExit: 2", ":2"),
    "empty": ("", "expected one Strategy class in the file, found none", ".py"),
    "twins": (
        "from xq import Strategy\nclass A(Strategy): pass\nclass B(Strategy): pass\n",
        "expected one Strategy class in the file, found A, B",
        ".py",
    ),
    "mute": (
        "from xq import Strategy\nclass A(Strategy):\n    lookback = 3\n",
        "A does not define target_weights",
        ".py",
    ),
    "timeless": (
        "from xq import Strategy\nclass A(Strategy):\n    def target_weights(self, bars): ...\n",
        "A does not define lookback",
        ".py",
    ),
    "negative": (
        "from xq import Strategy\nclass A(Strategy):\n    lookback = 0\n"
        "    def target_weights(self, bars): ...\n",
        "lookback must be a whole number of bars from 1 on, found 0",
        ".py",
    ),
    "odd_default": (
        "from xq import Strategy, param\nclass A(Strategy):\n    n: int = param(1, low=5)\n",
        "the default must be a whole number of at least 5",
        ":3",
    ),
    "stray_bytes": ("\x00\x01", "", ""),
}


@pytest.mark.parametrize(("text", "message", "where"), BROKEN.values(), ids=BROKEN)
def test_a_broken_file_says_why_and_where(
    tmp_path: Path, text: str, message: str, where: str
) -> None:
    path = tmp_path / "subject.py"
    path.write_text(text)
    for found in (describe(path), discover(tmp_path)[0]):
        assert isinstance(found.error, StrategyBroken)
        assert message in found.error.message
        assert found.error.where is not None
        assert found.error.where.startswith(str(path))
        assert found.error.where.endswith(where)
    with pytest.raises(StrategyBroken):
        load(tmp_path, "subject", {})


def test_broken_files_harm_no_other(tmp_path: Path) -> None:
    for name, (text, _, _) in BROKEN.items():
        (tmp_path / f"{name}.py").write_text(text)
    (tmp_path / "endless.py").write_text("while True: pass\n")
    (tmp_path / "leaves.py").write_text("import os\nos._exit(0)\n")
    (tmp_path / "crashes.py").write_text("import os\nos.abort()\n")
    (tmp_path / "error.py").write_text("open('prices.csv')\n")
    plugin(tmp_path, "return bars.close", name="sound", lookback="7")
    found = {listing.name: listing for listing in discover(tmp_path, deadline_s=1.0)}
    assert set(found) == {*BROKEN, "endless", "leaves", "crashes", "error", "sound"}
    assert [name for name, listing in found.items() if listing.error is None] == ["sound"]
    assert found["sound"].lookback == 7
    kinds = {name: type(found[name].error).__name__ for name in ("endless", "error", "leaves")}
    assert kinds == {
        "endless": "StrategyTimeout",
        "error": "ImpureStrategy",
        "leaves": "StrategyBroken",
    }


def test_files_with_an_underscore_are_helpers(tmp_path: Path) -> None:
    (tmp_path / "_shared.py").write_text("LENGTH = 9\n")
    (tmp_path / "notes.txt").write_text("")
    plugin(tmp_path, "return bars.close", module="import _shared", lookback="_shared.LENGTH")
    assert list(find(tmp_path)) == ["subject"]
    assert discover(tmp_path)[0].lookback == 9


def test_what_a_listing_says(tmp_path: Path) -> None:
    spec = plugin(
        tmp_path,
        "return bars.close",
        attributes="length: int = param(5, low=2, high=9, unit='bars')\nside = param('a', "
        "choices=('a', 'b'))",
    )
    (apart,) = discover(tmp_path)
    assert apart == describe(spec.folder / "subject.py")
    assert apart.title == "A plugin of a test"
    assert apart.parameters["length"].high == 9
    assert apart.parameters["side"].choices == ("a", "b")
    assert load(spec.folder, "subject", {"length": "3"}).values == {"length": 3, "side": "a"}


def test_an_empty_folder_and_none_at_all(tmp_path: Path) -> None:
    assert discover(tmp_path) == ()
    assert discover(tmp_path / "absent") == ()
    with pytest.raises(UnknownName) as caught:
        load(tmp_path, "my_idea", {})
    assert caught.value.hint == "xq strategies new my_idea"


def test_names_and_parameters_are_suggested(tmp_path: Path) -> None:
    plugin(tmp_path, "return bars.close", attributes="length: int = param(5)")
    with pytest.raises(UnknownName, match="did you mean 'subject'"):
        load(tmp_path, "subjekt", {})
    with pytest.raises(UnknownName, match="did you mean 'length'"):
        load(tmp_path, "subject", {"lenght": 3})
    with pytest.raises(UsageError, match="length must be a whole number, found x"):
        load(tmp_path, "subject", {"length": "x"})


@pytest.mark.parametrize(
    ("docstring", "expected"),
    [
        (None, ("", "")),
        ("A title.", ("A title", "")),
        ("A title (Author 1999).\n\nMore (of it).", ("A title", "Author 1999")),
        ("A title over\ntwo lines (A 1; B 2)", ("A title over two lines", "A 1; B 2")),
    ],
)
def test_title_and_source(docstring: str | None, expected: tuple[str, str]) -> None:
    assert loading.title_and_source(docstring) == expected
