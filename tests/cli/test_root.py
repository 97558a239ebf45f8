"""The root command: help, version, suggestions, exit codes, pipes."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from xq.cli.app import COMMANDS

NAMES = [name for group in COMMANDS.values() for name in group]
Run = Callable[..., Any]


def _python(*arguments: str, **kwargs: Any) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "TYPER_USE_RICH": "1"}
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True, text=True, check=False, timeout=60, env=environment, **kwargs,
    )  # fmt: skip


def test_help_lists_every_command_with_its_own_first_line(xq: Run) -> None:
    result = xq("--help")
    result.check(0, stderr="")
    for group in COMMANDS.values():
        for name, line in group.items():
            assert re.search(rf"^  {name} +{re.escape(line)}$", result.stdout, re.MULTILINE)


@pytest.mark.parametrize("name", NAMES)
def test_the_table_says_what_the_command_says(xq: Run, name: str) -> None:
    module = import_module(f"xq.cli.{name}")
    line = next(line for group in COMMANDS.values() for key, line in group.items() if key == name)
    result = xq(name, "--help")
    result.check(0)
    assert line in " ".join(result.stdout.split()), module.__file__


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from xq.cli.app import run; run(['--help']);"
        "heavy = {'numpy', 'pandas', 'ccxt', 'vectorbt', 'duckdb', 'polars', 'pyarrow', 'rich',"
        " 'sqlalchemy', 'talib', 'numba'};"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = _python("-c", code)
    assert done.stderr.strip() == "[]"


def test_version() -> None:
    done = _python("-m", "xq", "--version")
    assert (done.returncode, done.stdout) == (0, "xq 0.1.0\n")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["colect"], 2, "no command named 'colect'; did you mean 'collect'?"),
        (["config", "show", "--wrong"], 2, "no such option: --wrong"),
        (["config", "show", "--output", "xml"], 2, "invalid value for '--output'"),
        (["config", "explain"], 2, "missing argument 'key'"),
        (["config", "explain", "trade.mod"], 3, "did you mean 'trade.mode'?"),
        (["config", "check", "--config", "gone.toml"], 3, "expected a config file, found none"),
        (["config", "check", "--config", "/"], 3, "expected a config file, found a folder"),
    ],
)
def test_bad_input_is_one_clear_error(xq: Run, arguments: list[str], code: int, said: str) -> None:
    result = xq(*arguments)
    assert result.exit_code == code
    assert result.stderr.startswith("error: ")
    assert said in result.stderr
    assert "hint:" in result.stderr
    assert result.stdout == ""
    assert "Traceback" not in result.stderr


def test_errors_are_json_on_stderr_when_json_is_asked_for(xq: Run) -> None:
    import json

    result = xq("config", "explain", "nope.nope", "--output", "json")
    assert json.loads(result.stderr)["exit_code"] == result.exit_code == 3


def test_a_reader_that_leaves_early_is_no_error() -> None:
    script = f"{sys.executable} -m xq config show --output json | head -1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.splitlines()[-1] == "0"
    assert done.stderr == ""


def test_shell_completion_knows_the_commands(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "_XQ_COMPLETE": "complete_bash",
        "COMP_WORDS": "xq back",
        "COMP_CWORD": "1",
    }
    done = subprocess.run(
        [sys.executable, "-m", "xq"],
        capture_output=True, text=True, env=environment, timeout=60, check=False,
    )  # fmt: skip
    assert done.stdout.split() == ["backtest"]


@pytest.mark.parametrize("kind", ["table", "json", "jsonl", "csv", "arrow"])
def test_every_output_format_of_rows(kind: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "xq", "config", "show", "--output", kind],
        capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0
    if kind == "arrow":
        import pyarrow as pa

        names = pa.ipc.open_stream(done.stdout).read_all().column_names
        assert names == ["key", "value", "origin"]
    else:
        assert b"exchange.name" in done.stdout


def test_a_locale_that_cannot_spell_the_answer_gets_it_escaped() -> None:
    environment = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run(
        [sys.executable, "-m", "xq", "config", "show", "--output", "json"],
        capture_output=True, text=True, env=environment, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


def test_a_refused_config_can_still_be_explained(xq: Run, tmp_path: Path) -> None:
    (tmp_path / "xq.toml").write_text("[trade]\nmode = 'mars'\n", encoding="utf-8")
    result = xq("config", "explain", "trade.mode", "--output", "json")
    assert (result.exit_code, '"default": "sim"' in result.stdout) == (0, True)
    assert "trade.mode" in result.stderr
    assert xq("config", "show").exit_code == 3


def test_a_full_stdout_is_an_error_and_no_traceback() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "xq", "config", "show", "--output", "json"],
            stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False,
        )  # fmt: skip
    assert done.returncode == 4
    assert "Traceback" not in done.stderr
