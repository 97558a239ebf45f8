"""The pages about the lake: console blocks are typed, commands and options named must exist."""

import re
from pathlib import Path

import pytest
from support.console import commands, matches, typed

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "docs" / "lake.md", *sorted((ROOT / "docs" / "lake").glob("*.md"))]
PLAIN = re.compile(r"^```(?:sh)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NEEDS_DATA = "$XQ_TEST_DATA"


def _named(text: str) -> list[tuple[str, list[str]]]:
    """Command words and options of every line in a plain fence that starts with xq."""
    found = []
    for block in PLAIN.findall(text):
        for line in block.splitlines():
            said = line.partition("  #")[0].strip().removeprefix("$ ")
            if said.startswith("xq "):
                words = re.sub(r"\"[^\"]*\"|'[^']*'", "", said).split()[1:]
                name = [words[0], words[1]] if words[0] == "data" else [words[0]]
                found.append((" ".join(name), re.findall(r"--[a-z-]+", said)))
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_page_shows_what_happens(
    page: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    text = page.read_text(encoding="utf-8")
    extra = {}
    if NEEDS_DATA in text:
        extra["XQ_TEST_DATA"] = str(request.getfixturevalue("market_data"))
    folder = tmp_path
    for command, wanted in commands(text):
        if command.startswith("cd "):
            folder /= command.removeprefix("cd ").strip()
            continue
        code, shown = typed(command, folder, extra)
        assert code == 0, f"$ {command}\n{shown}"
        assert matches(wanted, shown), f"$ {command}\n--- page\n{wanted}\n--- shown\n{shown}"


def test_pages_have_blocks_to_type() -> None:
    typed_pages = {page.stem for page in PAGES if commands(page.read_text(encoding="utf-8"))}
    assert {"lake", "collecting", "checks", "commits", "repair"} <= typed_pages


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_command_and_option_named_exists(page: Path, tmp_path: Path) -> None:
    helps: dict[str, str] = {}
    for name, options in _named(page.read_text(encoding="utf-8")):
        if name not in helps:
            code, helps[name] = typed(f"xq {name} --help", tmp_path)
            assert code == 0, f"xq {name}: {helps[name]}"
        for option in options:
            assert re.search(rf"{option}\b", helps[name]), f"xq {name} has no {option}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_page_linked_exists(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def test_what_is_named_in_plain_fences_is_found() -> None:
    text = "```\nxq data repair --from FILE   # why\nother\n```\n```python\nxq no\n```\n"
    assert _named(text) == [("data repair", ["--from"])]


def test_a_terminal_that_can_do_nothing_still_shows_every_column(tmp_path: Path) -> None:
    command = "unset LINES; xq collect --exchange sim --days 1"
    code, shown = typed(command, tmp_path, {"COLUMNS": "100"})
    assert code == 0
    assert "via" in shown
    assert "rest" in shown
