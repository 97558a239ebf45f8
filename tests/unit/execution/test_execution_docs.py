"""The page about execution: its Python says what it shows."""

import doctest
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "execution.md"
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TEXT = PAGE.read_text(encoding="utf-8")


def test_the_page_shows_what_happens() -> None:
    code = "\n".join(BLOCK.findall(TEXT))
    page = doctest.DocTestParser().get_doctest(code, {}, "execution.md", str(PAGE), 0)
    assert len(page.examples) > 30
    said: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    runner.run(page, out=said.append)
    assert runner.summarize(verbose=False).failed == 0, "".join(said)


@pytest.mark.parametrize("path", re.findall(r"`((?:tests|xq)/[\w/]+\.py)`", TEXT))
def test_the_files_it_names_exist(path: str) -> None:
    assert (ROOT / path).is_file()
