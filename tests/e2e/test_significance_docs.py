"""docs/significance.md: its console blocks are typed, its Python runs."""

import re
from pathlib import Path

import pytest
from support.console import commands, matches, typed

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "significance.md").read_text("utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_the_page_shows_what_happens(tmp_path: Path) -> None:
    folder = tmp_path
    for command, wanted in commands(PAGE):
        if command.startswith("cd "):
            folder /= command.removeprefix("cd ").strip()
            continue
        code, shown = typed(command, folder)
        assert code == 0, f"$ {command}\n{shown}"
        assert matches(wanted, shown), f"$ {command}\n--- page\n{wanted}\n--- shown\n{shown}"


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
