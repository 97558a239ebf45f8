"""The README's console blocks, typed into a terminal one after another."""

import re
from pathlib import Path

import pytest
from support.console import commands, matches, typed

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"


def test_the_readme_shows_what_happens(tmp_path: Path) -> None:
    blocks = commands(README.read_text(encoding="utf-8"))
    assert len(blocks) >= 6
    folder = tmp_path
    for command, wanted in blocks:
        if command.startswith("cd "):
            folder /= command.removeprefix("cd ").strip()
            continue
        code, shown = typed(command, folder)
        assert code == 0, f"$ {command}\n{shown}"
        assert matches(wanted, shown), f"$ {command}\n--- README\n{wanted}\n--- shown\n{shown}"


@pytest.mark.parametrize(
    ("wanted", "shown", "same"),
    [
        ("a 1.0\n", "a 1.0\n", True),
        ("a …\nb\n", "a 17\nb\n", True),
        ("a\n…\nz\n", "a\nb\nc\nz\n", True),
        ("a 1.0\n", "a 1x0\n", False),
        ("a …\n", "b 1\n", False),
    ],
)
def test_the_comparison_can_fail(wanted: str, shown: str, same: bool) -> None:
    assert matches(wanted, shown) is same


def test_every_file_and_target_the_readme_names_exists() -> None:
    text = README.read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", text):
        assert (ROOT / target).exists(), target
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"`make ([a-z-]+)`", text):
        assert f"\n{target}:" in makefile, target


def test_the_strategy_in_the_readme_passes_the_law_on_recorded_bars(tmp_path: Path) -> None:
    text = README.read_text(encoding="utf-8")
    [plugin] = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    script = (
        "xq init . --exchange sim && cp plugin.py strategies/from_readme.py"
        " && xq collect --days 40 && xq strategies check from_readme"
    )
    (tmp_path / "plugin.py").write_text(plugin, encoding="utf-8")
    code, shown = typed(script, tmp_path)
    assert code == 0, shown
