"""ccxt loaded one exchange at a time is, for everybody else in the process, plain ccxt."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

_LIGHT = "from xq.venues.light_ccxt import exchange_class; kind = exchange_class('binanceusdm')\n"
_ALL = """
import ccxt, json, sys
def shown(name, value):
    where = getattr(value, "__module__", "")
    value = value if isinstance(value, (str, list, dict)) and name[:2] != "__" else ""
    return [name, type(getattr(ccxt, name)).__name__, str(where), str(value)]
print(json.dumps([shown(name, getattr(ccxt, name)) for name in dir(ccxt)]))
"""


def run(code: str, path: Path | None = None) -> Any:
    """What a fresh interpreter prints, as JSON."""
    paths = [str(path)] if path else []
    paths += filter(None, [os.environ.get("PYTHONPATH"), str(Path(__file__).parents[2])])
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_one_exchange_is_loaded_and_no_other() -> None:
    code = _LIGHT + "import json, sys; print(json.dumps([name for name in sys.modules]))"
    loaded = {name for name in run(code) if name.startswith("ccxt.")}
    assert {"ccxt.binanceusdm", "ccxt.base.errors"} <= loaded
    assert not {"ccxt.kraken", "ccxt.bybit", "ccxt.async_support"} & loaded


def test_everything_else_is_there_once_it_is_looked_at() -> None:
    assert run(_LIGHT + _ALL) == run("import ccxt.abstract.binanceusdm\n" + _ALL)


@pytest.mark.parametrize(
    "claim",
    [
        "ccxt.binanceusdm is kind",
        "ccxt.NetworkError is sys.modules['ccxt.base.errors'].NetworkError",
        "issubclass(kind, ccxt.Exchange) and isinstance(kind(), ccxt.binance)",
        "len(ccxt.exchanges) > 100 and type(ccxt) is type(sys)",
        "hasattr(ccxt, 'kraken') and not hasattr(ccxt, 'no_such_exchange')",
        "isinstance(ccxt.__version__, str)",
        "__import__('ccxt.bybit').bybit.__name__ == 'bybit'",
        "__import__('ccxt.bybit') and isinstance(ccxt.bybit, type)",
    ],
)
def test_the_first_look_may_be_any(claim: str) -> None:
    assert run(f"{_LIGHT}import ccxt, json, sys\nprint(json.dumps(bool({claim})))")


def test_errors_taken_early_are_those_of_the_package() -> None:
    code = """
from ccxt.base.errors import BadSymbol
from ccxt import BadSymbol as same, kraken
import ccxt.bybit, json
print(json.dumps([BadSymbol is same, issubclass(kraken, ccxt.Exchange),
                  isinstance(ccxt.bybit, type), exchange_class("kraken") is kraken]))
"""
    assert run(_LIGHT + code) == [True, True, True, True]


def test_threads_may_look_at_once() -> None:
    code = """
import json, threading
from xq.venues.light_ccxt import exchange_class
start, seen = threading.Barrier(8), []
def look(place):
    start.wait()
    if place % 2:
        import ccxt
        seen.append(ccxt.Exchange.__name__ == "Exchange" and isinstance(ccxt.bybit, type))
    else:
        name = ["binance", "binanceusdm", "bybit", "kraken"][place // 2]
        seen.append(exchange_class(name).__name__ == name)
threads = [threading.Thread(target=look, args=(place,)) for place in range(8)]
[thread.start() for thread in threads], [thread.join() for thread in threads]
import ccxt
print(json.dumps([*seen, ccxt.kraken is exchange_class("kraken"), isinstance(ccxt.bybit, type)]))
"""
    assert run(code) == [True] * 10


@pytest.mark.parametrize("module", ["", "binance = None\n", "raise ImportError('not alone')\n"])
def test_a_package_laid_out_in_another_way_is_imported_as_a_whole(
    module: str, tmp_path: Path
) -> None:
    (tmp_path / "ccxt").mkdir()
    (tmp_path / "ccxt" / "__init__.py").write_text("class binance: pass\n")
    if module:
        (tmp_path / "ccxt" / "binance.py").write_text(module)
    code = """
import json
from xq.venues.light_ccxt import exchange_class
kind = exchange_class("binance")
import ccxt
print(json.dumps([kind is ccxt.binance, kind.__module__]))
"""
    assert run(code, tmp_path) == [True, "ccxt"]


def test_a_plain_module_of_that_name_works_too(tmp_path: Path) -> None:
    (tmp_path / "ccxt.py").write_text("class binance: pass\n")
    code = """
import json
from xq.venues.light_ccxt import exchange_class
print(json.dumps(exchange_class("binance").__module__))
"""
    assert run(code, tmp_path) == "ccxt"


def test_a_package_already_there_is_used_and_a_broken_one_says_so(tmp_path: Path) -> None:
    code = """
import ccxt, json, sys
from xq.venues.light_ccxt import exchange_class
same = exchange_class("binance") is ccxt.binance
print(json.dumps([same, "ccxt.kraken" in sys.modules]))
"""
    assert run(code) == [True, True]
    (tmp_path / "ccxt").mkdir()
    (tmp_path / "ccxt" / "__init__.py").write_text("1 / 0\n")
    broken = """
import json
from xq.venues.light_ccxt import exchange_class
seen = []
for _ in range(2):
    try:
        exchange_class("binance")
    except ZeroDivisionError as error:
        seen.append(str(error))
print(json.dumps(seen))
"""
    assert run(broken, tmp_path) == ["division by zero"] * 2
