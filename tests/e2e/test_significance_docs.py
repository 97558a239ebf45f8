"""docs/significance.md: its console blocks are typed, its Python runs."""

import re
from pathlib import Path

import pytest
from support.console import commands, play

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "significance.md").read_text("utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_the_page_shows_what_happens(tmp_path: Path) -> None:
    assert play(PAGE, tmp_path)


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_its_python_runs(number: int) -> None:
    exec(compile(BLOCKS[number], f"significance-{number}", "exec"), {})


def test_the_page_has_blocks() -> None:
    assert len(commands(PAGE)) == 8
    assert len(BLOCKS) == 3


def test_modules_and_commands_named_exist() -> None:
    for name in set(re.findall(r"`(xq\.[a-z_.]+)`", PAGE)):
        path = Path(__file__).resolve().parents[2].joinpath(*name.split("."))
        assert path.with_suffix(".py").is_file(), name
